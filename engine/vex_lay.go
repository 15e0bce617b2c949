package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// vexDocuments reads documents that are kept, and lays those in force on the findings of images.
type vexDocuments struct {
	store *store.Store

	mu   sync.Mutex
	docs map[image.Digest]*vex.Document
	size int
}

// maxVEXCached bounds the sizes, as stored, of the documents that are kept as read, in bytes.
const maxVEXCached = 32 << 20

// read gives a document. It never changes under its digest, so what was read once is kept for a while.
func (u *vexDocuments) read(ctx context.Context, d image.Digest) (*vex.Document, error) {
	u.mu.Lock()
	doc := u.docs[d]
	u.mu.Unlock()
	if doc != nil {
		return doc, nil
	}
	raw, err := u.store.Blobs().Get(ctx, d)
	if err != nil {
		return nil, errVEXGone(d, err)
	}
	if doc, err = vex.Parse(raw); err != nil {
		return nil, errVEXGone(d, err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.size += len(raw); u.docs == nil || u.size > maxVEXCached {
		u.docs, u.size = map[image.Digest]*vex.Document{}, len(raw)
	}
	u.docs[d] = doc
	return doc, nil
}

// lay lays what is in force for an image at a moment on the findings of s.
func (u *vexDocuments) lay(ctx context.Context, img store.Image, m Moment, s *state) error {
	tags, err := u.tagsAt(ctx, img, m)
	if err != nil {
		return err
	}
	subject := u.subject(img, tags, s)
	if s.vex, err = u.inForce(ctx, &u.store.Queries, img, subject, m.At); err != nil {
		return err
	}
	return u.apply(ctx, subject, s)
}

// subject is what documents are laid on.
func (u *vexDocuments) subject(img store.Image, tags []store.Tag, s *state) *vex.Subject {
	subject := subjectOf(img, tags)
	subject.Platform, subject.Distro = s.analyzed.Analysis.Platform, s.analyzed.Analysis.Distro
	return &subject
}

// apply lays the documents of s.vex on its findings.
func (u *vexDocuments) apply(ctx context.Context, subject *vex.Subject, s *state) error {
	var docs []vex.Attached
	for _, row := range s.vex {
		if row.Failure != "" {
			s.gaps = append(s.gaps, image.Gap{Kind: image.GapAttestations, Layer: -1, Detail: row.Failure})
			continue
		}
		doc, err := u.read(ctx, row.Digest)
		if err != nil {
			return err
		}
		docs = append(docs, vex.Attached{Document: doc, Ref: row.ID, Called: row.Called, Counts: row.Counts, SignedBy: row.Signed.Names(), At: row.From})
	}
	s.vexUnmatched = vex.Apply(s.findings, s.analyzed.Analysis.Packages, subject, docs)
	return nil
}

// inForce lists what is attached to an image, in the order in which it was.
func (u *vexDocuments) inForce(ctx context.Context, q *store.Queries, img store.Image, s *vex.Subject, at time.Time) ([]store.VEX, error) {
	rows, err := q.VEXFor(ctx, img.Account, s.Digests[:min(2, len(s.Digests))], repositoriesOf(s), at)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(v store.VEX) bool { return v.Scope == store.VEXProduct && !attachedTo(v, s) }), nil
}

// attachedTo says whether a document of a product is one of an image's.
func attachedTo(v store.VEX, s *vex.Subject) bool {
	return v.Target == AllProducts || s.Named(v.Target)
}

// subjectOf gives the names of an image. A tag that has moved on still tells of its repository.
func subjectOf(img store.Image, tags []store.Tag) vex.Subject {
	s := vex.Subject{Digests: []image.Digest{img.Digest, img.ParentDigest}}
	if img.ImageID != "" {
		s.Digests = append(s.Digests, img.ImageID)
	}
	for _, t := range tags {
		r := image.Reference{Registry: t.Registry, Repository: t.Repository}
		if t.Current {
			r.Tag = t.Tag
		}
		s.References = append(s.References, r)
	}
	return s
}

func repositoriesOf(s *vex.Subject) []string {
	var list []string
	for _, r := range s.References {
		if name := vex.Repository(r); !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// tagsAt are the tags of an image as they were at a moment.
func (u *vexDocuments) tagsAt(ctx context.Context, img store.Image, m Moment) ([]store.Tag, error) {
	if m.At.IsZero() {
		return img.Tags, nil
	}
	var tags []store.Tag
	for _, t := range img.Tags {
		if t.DetectedAt.After(m.At) {
			if m.Retrospective {
				tags = append(tags, t)
			}
			continue
		}
		history, err := u.store.TagHistory(ctx, img.Account, t.Registry, t.Repository, t.Tag)
		if err != nil {
			return nil, err
		}
		t.Current = false
		for _, h := range history { // newest first
			if !h.DetectedAt.After(m.At) {
				t.Current = h.Digest == img.Digest
				break
			}
		}
		tags = append(tags, t)
	}
	return tags, nil
}

// vexInput is a document in force as an input of a verdict.
type vexInput struct {
	ID      string       `json:"id"`
	Digest  image.Digest `json:"digest,omitempty"`
	Called  string       `json:"called,omitempty"`
	Counts  bool         `json:"counts"`
	Failure string       `json:"failure,omitempty"`
}

// vexInputs writes down with which documents a verdict is made; nil when there are none.
func vexInputs(rows []store.VEX) []byte {
	if len(rows) == 0 {
		return nil
	}
	list := make([]vexInput, 0, len(rows))
	for _, v := range rows {
		list = append(list, vexInput{v.ID, v.Digest, v.Called, v.Counts, v.Failure})
	}
	return encode(list)
}
