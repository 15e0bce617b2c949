package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"landwaiter.dev/analysis"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// read is an analysis with its document, which is in the blobs.
type read struct {
	analysis *image.Analysis
	document image.Digest
	// verified waits until the blobs have been hashed and says whether they are what they were: nothing of the analysis
	// may be told or kept before. Nil when there is nothing to wait for.
	verified func() error
	// attested is what was found next to the image; nil when nobody looked.
	attested *attested
	// signatures next to the image; nil when nobody looked.
	signatures *foundSignatures
}

// readImage analyses an image, by as little work as possible: one whose layers the account may know, and which was merged
// before by the same rules, is only verified, while the caller may already work with what is known.
func readImage(ctx context.Context, r *analysis.Reader, in analysis.Input, known *knownLayers) (read, error) {
	key := r.Key(ctx, in)
	if done, ok, err := known.analysis(ctx, in, key); err != nil {
		return read{}, err
	} else if ok {
		outcome := make(chan error, 1)
		go func() { outcome <- r.Verify(ctx, in) }()
		done.verified = sync.OnceValue(func() error { return <-outcome })
		return done, nil
	}
	a, _, err := r.Image(ctx, in, known)
	if err != nil {
		return read{}, err
	}
	done, err := keepDocument(ctx, known.store, a)
	if err != nil {
		return read{}, err
	}
	return done, known.store.Write(ctx, func(tx *store.Tx) error { return tx.PutAnalysisKey(ctx, key, done.document) })
}

// keepDocument puts an analysis into the blobs.
func keepDocument(ctx context.Context, s *store.Store, a *image.Analysis) (read, error) {
	doc, err := json.Marshal(a)
	if err != nil {
		return read{}, fmt.Errorf("writing the analysis: %w", err)
	}
	digest, err := s.Blobs().Put(ctx, doc)
	return read{analysis: a, document: digest}, err
}

// analysis gives the analysis that is kept under a key, when the account may know every layer of the image.
func (k *knownLayers) analysis(ctx context.Context, in analysis.Input, key image.Digest) (read, bool, error) {
	document, err := k.store.AnalysisByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return read{}, false, nil
	}
	if err != nil {
		return read{}, false, err
	}
	for i, l := range in.Manifest.Layers {
		if i >= len(in.Config.DiffIDs) {
			return read{}, false, nil // no image; who reads it says so
		}
		may, err := k.may(ctx, image.LayerID{Blob: l.Digest, DiffID: in.Config.DiffIDs[i]})
		if err != nil || !may {
			return read{}, false, err
		}
	}
	raw, err := k.store.Blobs().Get(ctx, document)
	var a image.Analysis
	if err != nil || json.Unmarshal(raw, &a) != nil {
		return read{}, false, nil // a document that cannot be read any more is made again
	}
	return read{analysis: &a, document: document}, true, nil
}
