package vex

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// ErrNotVEX is an attestation that says something else than VEX: provenance, an SBOM without judgements.
var ErrNotVEX = errors.New("the attestation is no VEX")

// predicates are beginnings or parts of the predicate types that hold VEX documents.
var predicates = []string{"openvex.dev/ns", "cyclonedx.org/", "csaf"}

// carriers are words in the media types of what may carry a VEX document.
var carriers = []string{"in-toto", "dsse", "sigstore.bundle", "vex", "cyclonedx", "csaf"}

// Wanted says whether something next to an image may be a VEX document, by its media type and the type of its predicate,
// which may be unknown ("").
func Wanted(mediaType, predicateType string) bool {
	if predicateType != "" && !isPredicate(predicateType) {
		return false
	}
	return slices.ContainsFunc(carriers, func(word string) bool { return strings.Contains(mediaType, word) })
}

func isPredicate(t string) bool {
	return slices.ContainsFunc(predicates, func(p string) bool { return strings.Contains(t, p) })
}

// envelope is a DSSE envelope, alone or within a Sigstore bundle.
type envelope struct {
	PayloadType string    `json:"payloadType"`
	Payload     string    `json:"payload"`
	Inner       *envelope `json:"dsseEnvelope"`
}

// Unwrap takes the VEX document out of an attestation about one of subjects: an in-toto statement, alone or in a DSSE
// envelope or a Sigstore bundle; a bare document is taken as it is. The signature is not looked at. Attestations of other
// kinds are [ErrNotVEX].
func Unwrap(raw []byte, subjects []image.Digest) ([]byte, error) {
	if len(raw) > 2*MaxSize {
		return nil, ErrTooBig
	}
	if isXML(raw) {
		return raw, nil // a bare document, or nothing of ours
	}
	if err := shape(raw); err != nil {
		return nil, fmt.Errorf("the attestation is refused: %w", err)
	}
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, fmt.Errorf("the attestation is no JSON object: %w", err)
	}
	if e.Inner != nil {
		e = *e.Inner
	}
	if e.Payload != "" {
		if e.PayloadType != "application/vnd.in-toto+json" {
			return nil, ErrNotVEX
		}
		decoded, err := base64.StdEncoding.DecodeString(e.Payload)
		if err != nil {
			return nil, fmt.Errorf("the attestation's payload is no base64: %w", err)
		}
		if err := shape(decoded); err != nil {
			return nil, fmt.Errorf("the attestation is refused: %w", err)
		}
		raw = decoded
	}
	var s struct {
		Type    string `json:"_type"`
		Subject []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("the attestation's statement cannot be read: %w", err)
	}
	if s.Type == "" && s.PredicateType == "" && e.Payload == "" {
		return raw, nil
	}
	if !strings.HasPrefix(s.Type, "https://in-toto.io/Statement/") || !isPredicate(s.PredicateType) {
		return nil, ErrNotVEX
	}
	about := false
	for _, one := range s.Subject {
		about = about || slices.Contains(subjects, image.Digest("sha256:"+one.Digest["sha256"]))
	}
	if !about {
		return nil, errors.New("the attestation is about another image")
	}
	return predicate(s.Predicate), nil
}

// predicate is the document: some tools wrap it, as an object or as a text.
func predicate(raw json.RawMessage) []byte {
	var wrapped struct {
		Data json.RawMessage `json:"Data"`
	}
	if json.Unmarshal(raw, &wrapped) != nil || len(wrapped.Data) == 0 {
		return raw
	}
	if s := text(wrapped.Data); s != "" {
		return []byte(s)
	}
	return wrapped.Data
}

// ParseAttested reads the VEX document of an attestation about one of subjects, and gives the document's own bytes. An
// SBOM that judges nothing is [ErrNotVEX].
func ParseAttested(raw []byte, subjects []image.Digest) ([]byte, *Document, error) {
	inner, err := Unwrap(raw, subjects)
	if err != nil {
		return nil, nil, err
	}
	d, err := Parse(inner)
	if errors.Is(err, errNoStatements) || errors.Is(err, ErrNotRecognised) {
		return nil, nil, ErrNotVEX
	}
	return inner, d, err
}
