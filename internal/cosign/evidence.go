package cosign

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"landwaiter.dev/image"
)

// evidence is what an artefact says and who is said to have signed it, in whichever form it came. Everything that is
// verified is verified on these values, so that no two readers of one document can understand it differently.
type evidence struct {
	predicateType string
	subjects      []image.Digest
	payload       []byte
	payloadType   string // "" for a plain signature, which is over the payload itself
	signatures    [][]byte
	// material reads what comes with a certificate; nil when the artefact has none.
	material func() (*material, string)
}

// read takes an artefact apart, and says what is wrong when that cannot be done.
func read(a Artefact) (evidence, string) {
	var e evidence
	var problem string
	switch {
	case a.MediaType == simpleSigning:
		e, problem = readSimple(a)
	case strings.HasPrefix(a.MediaType, bundlePrefix):
		return readBundle(a.Raw)
	default:
		e, problem = readEnvelope(a.Raw)
	}
	if a.Annotations[certificateKey] != "" {
		e.material = func() (*material, string) { return annotated(a.Annotations) }
	}
	return e, problem
}

// readSimple reads a payload in the form of "simple signing".
func readSimple(a Artefact) (evidence, string) {
	var payload struct {
		Critical struct {
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
			Type string `json:"type"`
		} `json:"critical"`
	}
	if err := json.Unmarshal(a.Raw, &payload); err != nil {
		return evidence{}, "its payload is damaged"
	}
	if problem := ambiguous(a.Raw, simpleMembers); problem != "" {
		return evidence{}, "its payload is ambiguous: " + problem
	}
	if payload.Critical.Type != signatureType {
		return evidence{}, fmt.Sprintf("its payload is no signature of an image but %.80q", payload.Critical.Type)
	}
	e := evidence{payload: a.Raw, subjects: []image.Digest{image.Digest(payload.Critical.Image.Digest)}}
	if sig, err := base64.StdEncoding.DecodeString(a.Annotations[signatureKey]); err == nil && len(sig) > 0 {
		e.signatures = [][]byte{sig}
	}
	return e, ""
}

// readEnvelope reads a DSSE envelope that holds an in-toto statement.
func readEnvelope(raw []byte) (evidence, string) {
	var from struct {
		PayloadType string `json:"payloadType"`
		Payload     string `json:"payload"`
		Signatures  []struct {
			Sig string `json:"sig"`
		} `json:"signatures"`
	}
	e := evidence{predicateType: "unknown"}
	if err := json.Unmarshal(raw, &from); err != nil {
		return e, "its envelope is damaged"
	}
	if problem := ambiguous(raw, envelopeMembers); problem != "" {
		return e, "its envelope is ambiguous: " + problem
	}
	payload, err := decode(from.Payload)
	var s struct {
		Type          string `json:"_type"`
		PredicateType string `json:"predicateType"`
		Subject       []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	if err != nil || json.Unmarshal(payload, &s) != nil || s.PredicateType == "" || from.PayloadType != statementType || !strings.HasPrefix(s.Type, statementPrefix) {
		return e, "it holds no in-toto statement"
	}
	if problem := ambiguous(payload, statementMembers); problem != "" {
		return e, "its statement is ambiguous: " + problem
	}
	e.predicateType, e.payload, e.payloadType = s.PredicateType, payload, from.PayloadType
	if e.predicateType == signPredicate {
		e.predicateType = ""
	}
	for _, subject := range s.Subject {
		e.subjects = append(e.subjects, image.Digest("sha256:"+subject.Digest["sha256"]))
	}
	if n := len(from.Signatures); n > maxSignatures {
		return e, fmt.Sprintf("it has %d signatures; %d are tried", n, maxSignatures)
	}
	for _, one := range from.Signatures {
		sig, err := decode(one.Sig)
		if err != nil {
			sig = nil // it is none, and counts as one
		}
		e.signatures = append(e.signatures, sig)
	}
	return e, ""
}

// readBundle reads a Sigstore bundle. One that signs a blob by its digest is about no image.
func readBundle(raw []byte) (evidence, string) {
	var b struct {
		MediaType string          `json:"mediaType"`
		Material  json.RawMessage `json:"verificationMaterial"`
		Envelope  json.RawMessage `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		return evidence{}, "its bundle is damaged"
	}
	if problem := ambiguous(raw, bundleMembers); problem != "" {
		return evidence{}, "its bundle is ambiguous: " + problem
	}
	if len(b.Envelope) == 0 {
		return evidence{}, "its bundle signs no statement about an image"
	}
	e, problem := readEnvelope(b.Envelope)
	var certified struct {
		Certificate json.RawMessage `json:"certificate"`
		Chain       json.RawMessage `json:"x509CertificateChain"`
	}
	if len(b.Material) > 0 && json.Unmarshal(b.Material, &certified) == nil && (len(certified.Certificate) > 0 || len(certified.Chain) > 0) {
		e.material = func() (*material, string) { return bundled(b.MediaType, b.Material) }
	}
	return e, problem
}

// signed is what the signatures are over: the payload, in an envelope with its type (DSSE v1, "pre-authentication encoding").
func (e *evidence) signed() []byte {
	if e.payloadType == "" {
		return e.payload
	}
	return append(fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(e.payloadType), e.payloadType, len(e.payload)), e.payload...)
}

// statement is what an envelope holds; nil for a plain signature.
func (e *evidence) statement() []byte {
	if e.payloadType != statementType {
		return nil
	}
	return e.payload
}

// decode reads base64 in either alphabet, as DSSE and JSON forms of protocol buffers allow.
func decode(s string) ([]byte, error) {
	if strings.ContainsAny(s, "-_") {
		return base64.URLEncoding.DecodeString(s)
	}
	return base64.StdEncoding.DecodeString(s)
}
