package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// AttestationConfig says what becomes of VEX documents that lie next to images in their registries.
type AttestationConfig struct {
	// Fetch looks for them at each analysis.
	Fetch bool
	// Trust lets their statements hide findings, though no signature is verified.
	Trust bool
}

// attested is what was found next to an image. Nil means that nobody looked.
type attested struct {
	docs     []attestedVEX
	failures []string
}

type attestedVEX struct {
	raw    []byte
	doc    *vex.Document
	origin string
}

// lookForVEX fetches the VEX documents next to an open image of a registry. It never fails: what could not be read is
// told in the result.
func lookForVEX(ctx context.Context, src *source.Image, subjects []image.Digest) *attested {
	subjects = slices.Compact(slices.DeleteFunc(slices.Clone(subjects), func(d image.Digest) bool { return d == "" }))
	found, errs := src.Attestations(ctx, subjects, vex.Wanted)
	out := &attested{}
	for _, err := range errs {
		out.failures = append(out.failures, err.Error())
	}
	for _, a := range found {
		raw, doc, err := vex.ParseAttested(a.Raw, subjects)
		switch {
		case errors.Is(err, vex.ErrNotVEX):
		case err != nil:
			out.failures = append(out.failures, fmt.Sprintf("the attestation %s of %.100s: %v", a.Digest.Short(), a.Origin, err))
		default:
			out.docs = append(out.docs, attestedVEX{raw, doc, a.Origin})
		}
	}
	return out
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
	store  *store.Store
	jobs   *Jobs
	config AttestationConfig
	now    func() time.Time
}

// look is [lookForVEX] where the settings want it.
func (u *attestations) look(ctx context.Context, src *source.Image, img store.Image) *attested {
	if !u.config.Fetch {
		return nil
	}
	return lookForVEX(ctx, src, []image.Digest{img.Digest, img.ParentDigest})
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

// keep puts what was found in force for an image, and ends what is not there any more: unless something could not be read,
// which may be just that.
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
		v.Digest, v.Origin, v.Counts = image.DigestOf(d.raw), d.origin, u.config.Trust
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
		same := func(f store.VEX) bool { return f.Digest == h.Digest && f.Failure == h.Failure && f.Counts == h.Counts }
		if h.Source != store.VEXAttestation || slices.ContainsFunc(found, same) || len(a.failures) > 0 && h.Failure == "" {
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

// settle brings what was found earlier under the settings of today, from now on: documents that are not looked for any
// more end, others begin to count or cease to.
func (u *attestations) settle(ctx context.Context) error {
	rows, err := u.store.AttestedVEX(ctx)
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(v store.VEX) bool {
		return u.config.Fetch && (v.Counts == u.config.Trust || v.Failure != "")
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
					v.ID, v.Counts, v.From = newVEXID(), u.config.Trust, u.now()
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
