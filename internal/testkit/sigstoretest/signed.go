package sigstoretest

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"testing"
	"time"
)

// Statement is the payload type of attestations.
const Statement = "application/vnd.in-toto+json"

// Signed is something that was signed with a certificate, with all that tells of it. What is set to nil is left out of the
// forms.
type Signed struct {
	Payload []byte
	// Type of the payload, in an envelope; "" for a plain signature.
	Type        string
	Signature   []byte
	Certificate *x509.Certificate
	Chain       []*x509.Certificate
	// Chained puts the chain also into bundles of version 0.3, where the certificate stands alone otherwise.
	Chained   bool
	Entry     *Entry
	Timestamp []byte
}

// Sign signs with a new key, as cosign does without one: certified, entered and stamped at a time.
func (s *Sigstore) Sign(t testing.TB, who Identity, payload []byte, kind string, at time.Time) *Signed {
	t.Helper()
	key := NewKey(t)
	out := &Signed{Payload: payload, Type: kind, Certificate: s.Certify(t, key.Public(), who, at.Add(-time.Minute), true), Chain: []*x509.Certificate{s.fulcio.Certificate, s.root.Certificate}}
	out.Signature = Sign(t, key, out.Over())
	out.Entry = s.Enter(t, out.LogBody(t), at)
	out.Timestamp = s.Stamp(t, out.Signature, at)
	return out
}

// Over is what the signature is over.
func (s *Signed) Over() []byte {
	if s.Type == "" {
		return s.Payload
	}
	return append(fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(s.Type), s.Type, len(s.Payload)), s.Payload...)
}

// LogBody is what the transparency log keeps of it.
func (s *Signed) LogBody(t testing.TB) []byte {
	t.Helper()
	certificate := []byte(PEM(s.Certificate))
	sum := sha256.Sum256(s.Payload)
	hash := object{"algorithm": "sha256", "value": hex.EncodeToString(sum[:])}
	if s.Type == "" {
		return marshal(t, object{"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": object{"data": object{"hash": hash},
			"signature": object{"content": s.Signature, "publicKey": object{"content": certificate}}}})
	}
	envelope := sha256.Sum256(s.Envelope(t))
	return marshal(t, object{"apiVersion": "0.0.1", "kind": "dsse", "spec": object{"payloadHash": hash,
		"envelopeHash": object{"algorithm": "sha256", "value": hex.EncodeToString(envelope[:])},
		"signatures":   []object{{"signature": base64.StdEncoding.EncodeToString(s.Signature), "verifier": certificate}}}})
}

// Envelope is the DSSE envelope of an attestation.
func (s *Signed) Envelope(t testing.TB) []byte {
	t.Helper()
	return marshal(t, s.envelope())
}

func (s *Signed) envelope() object {
	return object{"payloadType": s.Type, "payload": s.Payload, "signatures": []object{{"sig": s.Signature}}}
}

// Annotations are those with which cosign tells of it.
func (s *Signed) Annotations(t testing.TB) map[string]string {
	t.Helper()
	a := map[string]string{"dev.sigstore.cosign/certificate": PEM(s.Certificate), "dev.sigstore.cosign/chain": PEM(s.Chain...)}
	if s.Type == "" {
		a["dev.cosignproject.cosign/signature"] = base64.StdEncoding.EncodeToString(s.Signature)
	}
	if e := s.Entry; e != nil {
		a["dev.sigstore.cosign/bundle"] = string(marshal(t, object{"SignedEntryTimestamp": e.Promise,
			"Payload": object{"body": e.Body, "integratedTime": e.At, "logIndex": 0, "logID": hex.EncodeToString(e.LogID)}}))
	}
	if s.Timestamp != nil {
		a["dev.sigstore.cosign/rfc3161timestamp"] = string(marshal(t, object{"SignedRFC3161Timestamp": s.Timestamp}))
	}
	return a
}

// Bundle is the Sigstore bundle of a version, "0.1" to "0.3".
func (s *Signed) Bundle(t testing.TB, version string) []byte {
	t.Helper()
	material := object{"certificate": object{"rawBytes": s.Certificate.Raw}}
	mediaType := "application/vnd.dev.sigstore.bundle.v" + version + "+json"
	if version != "0.3" {
		mediaType = "application/vnd.dev.sigstore.bundle+json;version=" + version
	}
	if version != "0.3" || s.Chained {
		chain := []object{{"rawBytes": s.Certificate.Raw}}
		for _, c := range s.Chain {
			chain = append(chain, object{"rawBytes": c.Raw})
		}
		material = object{"x509CertificateChain": object{"certificates": chain}}
	}
	if e := s.Entry; e != nil {
		kind := object{"kind": "hashedrekord", "version": "0.0.1"}
		if s.Type != "" {
			kind["kind"] = "dsse"
		}
		entry := object{"logIndex": "0", "logId": object{"keyId": e.LogID}, "kindVersion": kind, "integratedTime": strconv.FormatInt(e.At, 10),
			"inclusionPromise": object{"signedEntryTimestamp": e.Promise}, "canonicalizedBody": e.Body}
		if version != "0.1" {
			entry["inclusionProof"] = object{"logIndex": "0", "rootHash": e.Hash, "treeSize": "1", "hashes": []string{}, "checkpoint": object{"envelope": e.Checkpoint}}
		}
		material["tlogEntries"] = []object{entry}
	}
	if s.Timestamp != nil {
		material["timestampVerificationData"] = object{"rfc3161Timestamps": []object{{"signedTimestamp": s.Timestamp}}}
	}
	return marshal(t, object{"mediaType": mediaType, "verificationMaterial": material, "dsseEnvelope": s.envelope()})
}
