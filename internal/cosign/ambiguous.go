package cosign

import (
	"bytes"
	"fmt"
	"strings"

	"landwaiter.dev/internal/jsonscan"
)

// members are the keys of an object that are read, with those of the objects below them, also of each in an array.
type members map[string]members

var (
	simpleMembers    = members{"critical": {"type": nil, "image": {"docker-manifest-digest": nil}}}
	envelopeMembers  = members{"payloadType": nil, "payload": nil, "signatures": {"sig": nil}}
	statementMembers = members{"_type": nil, "predicateType": nil, "subject": {"digest": {"sha256": nil}}}
	bundleMembers    = members{"mediaType": nil, "verificationMaterial": {"certificate": nil, "x509CertificateChain": nil, "tlogEntries": nil, "timestampVerificationData": nil}, "dsseEnvelope": envelopeMembers}
)

// ambiguous says why two readers may understand a document differently; "" when they agree: a key is given twice, or one that
// is read stands there in other capitals, which some readers take for it and others do not.
func ambiguous(raw []byte, read members) string {
	if err := jsonscan.Twice(raw); err != nil {
		return err.Error()
	}
	return variant(raw, read)
}

func variant(raw []byte, read members) (problem string) {
	if len(read) == 0 {
		return ""
	}
	raw = bytes.TrimSpace(raw)
	if bytes.HasPrefix(raw, []byte("[")) {
		_ = jsonscan.Elements(raw, func(one []byte) bool { // damage was looked for
			problem = variant(one, read)
			return problem == ""
		})
		return problem
	}
	if !bytes.HasPrefix(raw, []byte("{")) {
		return ""
	}
	_ = jsonscan.Fields(raw, func(key, value []byte) bool {
		for name, below := range read {
			switch {
			case string(key) == name:
				problem = variant(value, below)
			case strings.EqualFold(string(key), name):
				problem = fmt.Sprintf("it has the key %.80q where %q is meant", key, name)
			}
			if problem != "" {
				return false
			}
		}
		return true
	})
	return problem
}
