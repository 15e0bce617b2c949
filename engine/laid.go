package engine

import (
	"context"
	"fmt"
	"slices"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// Bounds of what is kept of images that are asked about again and again, twice over: bytes of analysis documents, and
// findings, each of which takes about a kilobyte.
const (
	keptAnalyses = 8 << 20
	keptFindings = 12_000
)

// recent remembers what was read and laid of images that were asked about lately. What it gives is shared and must not be
// changed. A nil one remembers nothing.
type recent struct {
	analyses *kept[image.Digest, *image.Analysis]
	laid     *kept[laidKey, []advisory.ImageFinding]
}

// laidKey names all that findings of an analysis depend on: the analysis, its packages, and a revision that is or was
// current.
type laidKey struct {
	analysis, revision int64
	sets               string
}

func newRecent() *recent {
	return &recent{newKept[image.Digest, *image.Analysis](keptAnalyses), newKept[laidKey, []advisory.ImageFinding](keptFindings)}
}

// analyzed is [Content.of] with what is remembered.
func (r *recent) analyzed(ctx context.Context, c *Content, img store.Image, analysisID int64) (*Analyzed, error) {
	if r == nil {
		return c.of(ctx, img, analysisID)
	}
	document, err := c.document(ctx, img, analysisID)
	if err != nil {
		return nil, err
	}
	a, known := r.analyses.get(document)
	if !known {
		var size int
		if a, size, err = c.decode(ctx, img, document); err != nil {
			return nil, err
		}
		r.analyses.add(document, a, size)
	}
	shared := *a
	return analyzedOf(img, document, &shared), nil
}

// lay is [matcher.lay], of what was matched here, with what is remembered. The list is the caller's own.
func (r *recent) lay(ctx context.Context, m *matcher, analysisID int64, a *image.Analysis, rev int64) ([]advisory.ImageFinding, error) {
	if r == nil {
		return m.lay(ctx, analysisID, a, rev, false)
	}
	sets, err := m.store.SetsOf(ctx, analysisID)
	if err != nil {
		return nil, err
	}
	key := laidKey{analysisID, rev, fmt.Sprint(sets)}
	if known, ok := r.laid.get(key); ok {
		return slices.Clone(known), nil
	}
	// What waits may yet be matched at this very revision, by the analysis of another image.
	waits, err := m.store.WaitsToMatch(ctx, analysisID)
	if err != nil {
		return nil, err
	}
	found, err := m.lay(ctx, analysisID, a, rev, false)
	if err == nil && !waits {
		r.laid.add(key, slices.Clone(found), len(found)+1)
	}
	return found, err
}
