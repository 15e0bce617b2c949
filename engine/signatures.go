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

// lookForSignatures fetches what lies next to an open image of a registry and compares it with the keys. It never fails: what
// could not be read is told in the result. Nil without keys, and for images of other sources.
func lookForSignatures(ctx context.Context, src *source.Image, subjects []image.Digest, keys []cosign.Key) *gate.Signatures {
	if len(keys) == 0 || !src.Remote {
		return nil
	}
	subjects = slices.Compact(slices.DeleteFunc(slices.Clone(subjects), func(d image.Digest) bool { return d == "" }))
	found, errs := src.Signatures(ctx, subjects, cosign.Wanted)
	out := &gate.Signatures{}
	for _, err := range errs {
		out.Failures = append(out.Failures, strings.ToValidUTF8(err.Error(), "\ufffd"))
	}
	for _, a := range found {
		r := cosign.Verify(cosign.Artefact{MediaType: a.MediaType, Raw: a.Raw, Annotations: a.Annotations}, subjects, keys)
		out.Found = append(out.Found, gate.Signature{
			PredicateType: printable(r.PredicateType), Trust: r.Signer, Problem: printable(r.Problem), Origin: printable(a.Origin),
		})
	}
	slices.SortStableFunc(out.Found, func(a, b gate.Signature) int {
		return cmp.Or(strings.Compare(a.Origin, b.Origin), strings.Compare(a.PredicateType, b.PredicateType), strings.Compare(a.Trust, b.Trust), strings.Compare(a.Problem, b.Problem))
	})
	return out
}

// printable bounds a text that a stranger wrote.
func printable(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// keepSignatures puts what was found in force for an image; where nobody looked, the last word stays.
func keepSignatures(ctx context.Context, tx *store.Tx, img store.Image, found *gate.Signatures) error {
	if found == nil {
		return nil
	}
	_, err := tx.PutSignatures(ctx, img.Account, img.Digest, string(encode(found)))
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

// SignaturesNextTo compares what lies next to an image of a registry that was just read with keys; nil where there are none.
func (l *Local) SignaturesNextTo(ctx context.Context, src *source.Image, keys []cosign.Key) *gate.Signatures {
	return lookForSignatures(ctx, src, []image.Digest{src.Manifest.Digest, src.Parent}, keys)
}
