package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/cosign"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// AttestationConfig says what becomes of VEX documents that lie next to images in their registries.
type AttestationConfig struct {
	// Fetch looks for them at each analysis.
	Fetch bool
	// Trust lets their statements hide findings though nobody trusted has signed them.
	Trust bool
}

// attested is what was found next to an image. Nil means that nobody looked.
type attested struct {
	docs     []attestedVEX
	failures []string
	// unanswered says that a registry failed to answer, for a while: what was found before may lie there still.
	unanswered bool
}

type attestedVEX struct {
	raw    []byte
	doc    *vex.Document
	origin string
	signed *store.VEXSignature // nil when nobody is found to have signed it
}

// lookForVEX fetches the VEX documents next to an open image of a registry, and finds out which of the signers made them. It
// never fails: what could not be read is told in the result.
func lookForVEX(ctx context.Context, src *source.Image, subjects []image.Digest, signers []cosign.Signer, now time.Time) *attested {
	subjects = slices.Compact(slices.DeleteFunc(slices.Clone(subjects), func(d image.Digest) bool { return d == "" }))
	found, errs := src.Attestations(ctx, subjects, vex.Wanted)
	out := &attested{}
	for _, err := range errs {
		out.failures = append(out.failures, err.Error())
		out.unanswered = out.unanswered || source.Unanswered(err)
	}
	begin := time.Now() // the time that it takes, not the clock's
	for _, a := range found {
		var signed *store.VEXSignature
		if len(signers) > 0 && time.Since(begin) < verifySignaturesWithin {
			if r := verifyNextTo(a, subjects, signers, now); r.Statement != nil {
				a.Raw, signed = r.Statement, signatureOf(r, signers) // what was signed, and nothing around it
			}
		}
		raw, doc, err := vex.ParseAttested(a.Raw, subjects)
		switch {
		case errors.Is(err, vex.ErrNotVEX):
		case err != nil:
			out.failures = append(out.failures, fmt.Sprintf("the attestation %s of %.100s: %v", a.Digest.Short(), a.Origin, err))
		default:
			out.add(attestedVEX{raw, doc, a.Origin, signed})
		}
	}
	return out
}

// add keeps a document once: where somebody signed it, as signed.
func (a *attested) add(d attestedVEX) {
	at := slices.IndexFunc(a.docs, func(have attestedVEX) bool { return bytes.Equal(have.raw, d.raw) })
	switch {
	case at < 0:
		a.docs = append(a.docs, d)
	case a.docs[at].signed == nil:
		a.docs[at] = d
	}
}

// signatureOf is who signed, as it is kept.
func signatureOf(r cosign.Result, signers []cosign.Signer) *store.VEXSignature {
	s := &store.VEXSignature{Identity: printable(r.Identity), Issuer: printable(r.Issuer)}
	for i := range signers {
		if slices.Contains(r.Signers, signers[i].Name) {
			s.By = append(s.By, store.VEXSigner{Name: signers[i].Name, ID: signers[i].ID()})
		}
	}
	return s
}

// failure is what could not be read, in one sentence; "" when all could.
func (a *attested) failure() string {
	const shown = 3
	n := len(a.failures)
	if n == 0 {
		return ""
	}
	s := "VEX attestations next to the image could not be read: " + strings.Join(a.failures[:min(n, shown)], "; ")
	if n > shown {
		s += fmt.Sprintf("; and %d more", n-shown)
	}
	return s
}

// attestations keeps what was found next to images.
type attestations struct {
	store   *store.Store
	jobs    *Jobs
	config  AttestationConfig
	signers []cosign.Signer
	now     func() time.Time
}

// look is [lookForVEX] where the settings want it.
func (u *attestations) look(ctx context.Context, src *source.Image, img store.Image) *attested {
	if !u.config.Fetch {
		return nil
	}
	return lookForVEX(ctx, src, []image.Digest{img.Digest, img.ParentDigest}, u.signers, u.now())
}

// blobs puts the documents where their rows will name them, before the transaction that makes the rows.
func (u *attestations) blobs(ctx context.Context, a *attested) error {
	if a == nil {
		return nil
	}
	for _, d := range a.docs {
		if _, err := u.store.Blobs().Put(ctx, d.raw); err != nil {
			return err
		}
	}
	return nil
}

// keep puts what was found in force for an image, and ends what is not there any more, or there as signed by others: unless the
// registry failed to answer, for what was not found. A damaged document keeps nothing in force, since anybody may have put it
// there.
func (u *attestations) keep(ctx context.Context, tx *store.Tx, img store.Image, a *attested, now time.Time) error {
	if a == nil {
		return nil
	}
	var found []store.VEX
	row := func() store.VEX {
		return store.VEX{ID: newVEXID(), Account: img.Account, Scope: store.VEXImage, Target: string(img.Digest), Source: store.VEXAttestation, From: now}
	}
	for _, d := range a.docs {
		v := row()
		v.Digest, v.Origin, v.Signed = image.DigestOf(d.raw), d.origin, d.signed
		v.Counts = u.config.Trust || v.Signed != nil
		describeVEX(&v, d.doc)
		found = append(found, v)
	}
	if failure := a.failure(); failure != "" {
		v := row()
		v.Failure = failure
		found = append(found, v)
	}
	have, err := tx.VEXFor(ctx, img.Account, []image.Digest{img.Digest}, nil, time.Time{})
	if err != nil {
		return err
	}
	for _, h := range have {
		same := func(f store.VEX) bool {
			return f.Digest == h.Digest && f.Failure == h.Failure && f.Counts == h.Counts && reflect.DeepEqual(f.Signed, h.Signed)
		}
		there := func(f store.VEX) bool { return f.Digest == h.Digest && f.Failure == "" }
		if h.Source != store.VEXAttestation || slices.ContainsFunc(found, same) || a.unanswered && h.Failure == "" && !slices.ContainsFunc(found, there) {
			continue
		}
		if err := tx.EndVEX(ctx, img.Account, h.ID); err != nil {
			return err
		}
	}
	for _, f := range found {
		if _, _, err := tx.PutVEX(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// trusted is what is left of a signature by the settings of today; nil when nothing is.
func (u *attestations) trusted(s *store.VEXSignature) *store.VEXSignature {
	if s == nil {
		return nil
	}
	left := *s
	left.By = slices.DeleteFunc(slices.Clone(s.By), func(by store.VEXSigner) bool {
		return !slices.ContainsFunc(u.signers, func(t cosign.Signer) bool { return t.Name == by.Name && t.ID() == by.ID })
	})
	if len(left.By) == 0 {
		return nil
	}
	return &left
}

// settle brings what was found earlier under the settings of today, from now on: documents that are not looked for any
// more end, others begin to count or cease to. Who signed counts as long as the settings trust the same under the same name;
// whom they trust anew is found at the next analysis.
func (u *attestations) settle(ctx context.Context) error {
	rows, err := u.store.AttestedVEX(ctx)
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(v store.VEX) bool {
		signed := u.trusted(v.Signed)
		return u.config.Fetch && (v.Failure != "" || v.Counts == (u.config.Trust || signed != nil) && reflect.DeepEqual(signed, v.Signed))
	})
	for batch := range slices.Chunk(rows, evaluateBatch) {
		err := u.store.Write(ctx, func(tx *store.Tx) error {
			var ids []int64
			for _, v := range batch {
				switch err := tx.EndVEX(ctx, v.Account, v.ID); {
				case errors.Is(err, store.ErrNotFound): // another node was faster
					continue
				case err != nil:
					return err
				}
				if u.config.Fetch {
					v.ID, v.Signed, v.From = newVEXID(), u.trusted(v.Signed), u.now()
					v.Counts = u.config.Trust || v.Signed != nil
					if _, _, err := tx.PutVEX(ctx, v); err != nil {
						return err
					}
				}
				img, err := tx.Image(ctx, v.Account, image.Digest(v.Target))
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				if !slices.Contains(ids, img.ID) {
					ids = append(ids, img.ID)
				}
			}
			return evaluateLater(ctx, tx, u.jobs, ids, "vex")
		})
		if err != nil {
			return err
		}
	}
	return nil
}
