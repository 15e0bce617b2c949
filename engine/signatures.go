package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/cosign"
	"landwaiter.dev/policy/gate"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// verifySignaturesWithin bounds the verification of all that lies next to an image.
const verifySignaturesWithin = 30 * time.Second

// foundSignatures are signatures as they are kept: with what exactly the settings trusted under the name of who signed.
type foundSignatures struct {
	Found    []foundSignature `json:"found,omitempty"`
	Failures []string         `json:"failures,omitempty"`
}

type foundSignature struct {
	gate.Signature
	SignerID string `json:"signer_id,omitempty"`
}

// facts are signatures as gates see them; nil when nobody looked.
func (f *foundSignatures) facts() *gate.Signatures {
	if f == nil {
		return nil
	}
	out := &gate.Signatures{Failures: f.Failures}
	for _, one := range f.Found {
		out.Found = append(out.Found, one.Signature)
	}
	return out
}

// lookForSignatures fetches what lies next to an open image of a registry and compares it with those who are trusted. It never
// fails: what could not be read is told in the result. Nil when nobody is trusted, and for images of other sources.
func lookForSignatures(ctx context.Context, src *source.Image, subjects []image.Digest, signers []cosign.Signer, now time.Time) *foundSignatures {
	if len(signers) == 0 || !src.Remote {
		return nil
	}
	subjects = slices.Compact(slices.DeleteFunc(slices.Clone(subjects), func(d image.Digest) bool { return d == "" }))
	found, errs := src.Signatures(ctx, subjects, cosign.Wanted)
	out := &foundSignatures{}
	for _, err := range errs {
		out.Failures = append(out.Failures, strings.ToValidUTF8(err.Error(), "\ufffd"))
	}
	begin := time.Now() // the time that it takes, not the clock's
	for _, a := range found {
		if time.Since(begin) > verifySignaturesWithin {
			out.Failures = append(out.Failures, "verifying what lies there took longer than "+verifySignaturesWithin.String())
			break
		}
		r := verifyNextTo(a, subjects, signers, now)
		one := foundSignature{Signature: gate.Signature{PredicateType: printable(r.PredicateType), Identity: printable(r.Identity), Issuer: printable(r.Issuer), Problem: printable(r.Problem), Origin: printable(a.Origin)}}
		if len(r.Signers) == 0 {
			out.Found = append(out.Found, one)
		}
		for i := range signers { // rules name each of those who signed
			if slices.Contains(r.Signers, signers[i].Name) {
				one.Trust, one.SignerID = signers[i].Name, signers[i].ID()
				out.Found = append(out.Found, one)
			}
		}
	}
	slices.SortStableFunc(out.Found, func(a, b foundSignature) int {
		return cmp.Or(strings.Compare(a.Origin, b.Origin), strings.Compare(a.PredicateType, b.PredicateType), strings.Compare(a.Trust, b.Trust), strings.Compare(a.Problem, b.Problem))
	})
	return out
}

// verifyNextTo verifies one document that lies next to an image.
func verifyNextTo(a source.Attestation, subjects []image.Digest, signers []cosign.Signer, now time.Time) cosign.Result {
	return cosign.Verify(cosign.Artefact{MediaType: a.MediaType, Raw: a.Raw, Annotations: a.Annotations}, subjects, signers, now)
}

// printable bounds a text that a stranger wrote.
func printable(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// keepSignatures puts what was found in force for an image. Where nobody looked the last word stays, unless nobody is trusted
// any more.
func keepSignatures(ctx context.Context, tx *store.Tx, img store.Image, found *foundSignatures, signers []cosign.Signer) error {
	document := ""
	switch {
	case found != nil:
		document = string(encode(found))
	case len(signers) > 0:
		return nil
	}
	_, err := tx.PutSignatures(ctx, img.Account, img.Digest, document)
	return err
}

// signaturesAt is what was known of the signatures beside an image at a moment; nil when nobody had looked.
func signaturesAt(ctx context.Context, s *store.Store, account string, d image.Digest, at time.Time) (*gate.Signatures, error) {
	text, err := s.SignaturesAt(ctx, account, d, at)
	if err != nil || text == "" {
		return nil, err
	}
	out := &gate.Signatures{}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		return nil, fmt.Errorf("the stored signatures of %s: %w", d, err)
	}
	return out, nil
}

// SignaturesNextTo compares what lies next to an image of a registry that was just read with those who are trusted; nil where
// nobody is.
func (l *Local) SignaturesNextTo(ctx context.Context, src *source.Image, signers []cosign.Signer) *gate.Signatures {
	return lookForSignatures(ctx, src, []image.Digest{src.Manifest.Digest, src.Parent}, signers, l.Now()).facts()
}
