package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"landwaiter.dev/analysis"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// read is an analysis with its document, which is in the blobs.
type read struct {
	analysis *image.Analysis
	document image.Digest
}

// readImage analyses an image, by as little work as possible: one whose layers the account may know, and which was merged
// before by the same rules, is only verified.
func readImage(ctx context.Context, r *analysis.Reader, in analysis.Input, known *knownLayers) (read, error) {
	key := r.Key(ctx, in)
	if done, ok, err := known.analysis(ctx, in, key); err != nil {
		return read{}, err
	} else if ok {
		return done, r.Verify(ctx, in)
	}
	a, _, err := r.Image(ctx, in, known)
	if err != nil {
		return read{}, err
	}
	doc, err := json.Marshal(a)
	if err != nil {
		return read{}, fmt.Errorf("writing the analysis: %w", err)
	}
	digest, err := known.store.Blobs().Put(ctx, doc)
	if err != nil {
		return read{}, err
	}
	err = known.store.Write(ctx, func(tx *store.Tx) error { return tx.PutAnalysisKey(ctx, key, digest) })
	return read{a, digest}, err
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
	return read{&a, document}, true, nil
}
