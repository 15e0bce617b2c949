// Package cosign verifies what cosign and its kin put beside an image in a registry: signatures and attestations made with
// a key. It reads the three forms in use: the payload of a signature with the signature as an annotation, an attestation as
// a DSSE envelope, and a Sigstore bundle of either. It needs no network, and says of each why it was not verified.
//
// Signatures with a certificate in place of a key (keyless signing) are recognised and never count as verified.
package cosign

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// The media types of what is verified.
const (
	simpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json"
	dsseEnvelope  = "application/vnd.dsse.envelope.v1+json"
	bundlePrefix  = "application/vnd.dev.sigstore.bundle"
	// artefactPrefix is what artefacts are called that hold a signature and refer to an image.
	artefactPrefix = "application/vnd.dev.cosign.artifact."
)

// The annotations that cosign puts on the layer of a signature.
const (
	signatureKey   = "dev.cosignproject.cosign/signature"
	certificateKey = "dev.sigstore.cosign/certificate"
)

// signPredicate is the predicate of a bundle that is a plain signature.
const signPredicate = "https://sigstore.dev/cosign/sign/v1"

// maxSignatures of one envelope that are tried.
const maxSignatures = 16

// Wanted says whether a layer or artefact of that media type may be a signature.
func Wanted(mediaType, _ string) bool {
	return mediaType == simpleSigning || mediaType == dsseEnvelope || strings.HasPrefix(mediaType, bundlePrefix) || strings.HasPrefix(mediaType, artefactPrefix)
}

// Artefact is a document beside an image, with the annotations of its layer.
type Artefact struct {
	MediaType   string
	Raw         []byte
	Annotations map[string]string
}

// Result is what is known of one artefact.
type Result struct {
	// PredicateType of an attestation; "" for a signature.
	PredicateType string
	// Signer is the name of the key that made it; "" when it was not verified, and Problem says why.
	Signer  string
	Problem string
}

// Verify compares an artefact with the keys. It must be about one of the subjects: the digests of the image's manifest and
// of the index that it came with.
func Verify(a Artefact, subjects []image.Digest, keys []Key) Result {
	v := verification{subjects: subjects, keys: keys}
	switch {
	case a.MediaType == simpleSigning:
		return v.signature(a)
	case strings.HasPrefix(a.MediaType, bundlePrefix):
		return v.bundle(a)
	default:
		return v.envelope(a.Raw, a.Annotations[certificateKey] != "")
	}
}

type verification struct {
	subjects []image.Digest
	keys     []Key
}

const (
	keyless = "it was made with a certificate, and only keys are verified"
	foreign = "no key that is trusted has made it"
)

// signature verifies a payload in the form of "simple signing".
func (v *verification) signature(a Artefact) Result {
	var payload struct {
		Critical struct {
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
		} `json:"critical"`
	}
	if err := json.Unmarshal(a.Raw, &payload); err != nil {
		return Result{Problem: "its payload is damaged"}
	}
	if !slices.Contains(v.subjects, image.Digest(payload.Critical.Image.Digest)) {
		return Result{Problem: fmt.Sprintf("it is about another image, %.80q", payload.Critical.Image.Digest)}
	}
	if a.Annotations[certificateKey] != "" {
		return Result{Problem: keyless}
	}
	sig, err := base64.StdEncoding.DecodeString(a.Annotations[signatureKey])
	if err != nil || len(sig) == 0 {
		return Result{Problem: "it has no signature, or a damaged one"}
	}
	if name, ok := v.signer(a.Raw, sig); ok {
		return Result{Signer: name}
	}
	return Result{Problem: foreign}
}

// signer is the first key that made a signature.
func (v *verification) signer(data, sig []byte) (string, bool) {
	for _, k := range v.keys {
		if k.made(data, sig) {
			return k.Name, true
		}
	}
	return "", false
}

// envelope verifies a DSSE envelope that holds an in-toto statement.
func (v *verification) envelope(raw []byte, certified bool) Result {
	var e struct {
		PayloadType string `json:"payloadType"`
		Payload     string `json:"payload"`
		Signatures  []struct {
			Sig string `json:"sig"`
		} `json:"signatures"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return Result{PredicateType: "unknown", Problem: "its envelope is damaged"}
	}
	payload, err := decode(e.Payload)
	var s struct {
		PredicateType string `json:"predicateType"`
		Subject       []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	if err != nil || json.Unmarshal(payload, &s) != nil || s.PredicateType == "" {
		return Result{PredicateType: "unknown", Problem: "it holds no in-toto statement"}
	}
	out := Result{PredicateType: s.PredicateType}
	if out.PredicateType == signPredicate {
		out.PredicateType = ""
	}
	about := false
	for _, subject := range s.Subject {
		about = about || slices.Contains(v.subjects, image.Digest("sha256:"+subject.Digest["sha256"]))
	}
	switch {
	case !about:
		out.Problem = "it is about another image"
	case certified:
		out.Problem = keyless
	case len(e.Signatures) > maxSignatures:
		out.Problem = fmt.Sprintf("it has %d signatures; %d are tried", len(e.Signatures), maxSignatures)
	default:
		out.Problem = foreign
		signed := encoding(e.PayloadType, payload)
		for _, one := range e.Signatures {
			sig, err := decode(one.Sig)
			if err != nil {
				continue
			}
			if name, ok := v.signer(signed, sig); ok {
				out.Signer, out.Problem = name, ""
				break
			}
		}
	}
	return out
}

// encoding is what a DSSE signature is over (DSSE v1, "pre-authentication encoding").
func encoding(payloadType string, payload []byte) []byte {
	return append(fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(payloadType), payloadType, len(payload)), payload...)
}

// decode reads base64 in either alphabet, as DSSE allows.
func decode(s string) ([]byte, error) {
	if strings.ContainsAny(s, "-_") {
		return base64.URLEncoding.DecodeString(s)
	}
	return base64.StdEncoding.DecodeString(s)
}

// bundle verifies a Sigstore bundle. One that signs a blob by its digest is about no image.
func (v *verification) bundle(a Artefact) Result {
	var b struct {
		Material struct {
			Certificate json.RawMessage `json:"certificate"`
			Chain       json.RawMessage `json:"x509CertificateChain"`
		} `json:"verificationMaterial"`
		Envelope json.RawMessage `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(a.Raw, &b); err != nil {
		return Result{Problem: "its bundle is damaged"}
	}
	if len(b.Envelope) == 0 {
		return Result{Problem: "its bundle signs no statement about an image"}
	}
	return v.envelope(b.Envelope, len(b.Material.Certificate) > 0 || len(b.Material.Chain) > 0)
}
