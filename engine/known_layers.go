package engine

import (
	"context"
	"errors"
	"slices"

	"landwaiter.dev/analysis"
	"landwaiter.dev/image"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// knownLayers is what one account may know of layers that were read before. A layer is a pair of blob digest and diff ID
// that was verified by reading; what a config claims finds only such a pair. Known to one account is not known to all:
// another one gets at a report where a registry repository in which the blob was verified answers that account's own
// credentials for it, or after its own verified download.
type knownLayers struct {
	store   *store.Store
	account string
	// repository that the image comes from; zero for archives and layouts.
	repository image.Reference
	// options of the account for a registry; nil where there are no registries to ask.
	options func(context.Context, image.Reference) (source.RegistryOptions, error)
	// local trusts the one user of a local run with all that it has read.
	local bool
}

// Lookup implements [analysis.Known].
func (k *knownLayers) Lookup(ctx context.Context, id image.LayerID, revisions map[string]string) (*analysis.Report, error) {
	if known, err := k.may(ctx, id); err != nil || !known {
		return nil, err
	}
	report, err := loadReport(ctx, k.store, id, func(part, revision string) bool { return revisions[part] == revision })
	if err != nil {
		return nil, nil // a report that cannot be read any more is made again
	}
	return report, nil
}

// may says whether the layer was read before and the account may know what it says.
func (k *knownLayers) may(ctx context.Context, id image.LayerID) (bool, error) {
	row, err := k.store.LayerFor(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return k.mine(ctx, row, id.Blob)
}

func (k *knownLayers) mine(ctx context.Context, layer int64, blob image.Digest) (bool, error) {
	if k.local {
		return true, nil
	}
	if ok, err := k.store.LayerAccess(ctx, k.account, layer); err != nil || ok {
		return ok, err
	}
	if k.options == nil {
		return false, nil
	}
	repositories, err := k.store.LayerRepositories(ctx, layer)
	if err != nil {
		return false, err
	}
	// The repository at hand comes first: that the account may read it is about to be shown anyway.
	slices.SortStableFunc(repositories, func(a, b store.LayerRepository) int { return k.nearness(a) - k.nearness(b) })
	for _, r := range repositories[:min(len(repositories), maxRepositoriesAsked)] {
		ref := image.Reference{Registry: r.Registry, Repository: r.Repository, Digest: blob}
		opts, err := k.options(ctx, ref)
		if err != nil {
			return false, err
		}
		// No answer is no permission; the blob is fetched instead.
		if has, err := source.HasBlob(ctx, ref, blob, opts); err == nil && has {
			return true, k.store.Write(ctx, func(tx *store.Tx) error { return tx.GrantLayer(ctx, k.account, layer) })
		}
	}
	return false, nil
}

// maxRepositoriesAsked bounds the questions about one layer.
const maxRepositoriesAsked = 4

func (k *knownLayers) nearness(r store.LayerRepository) int {
	switch {
	case r.Registry != k.repository.Registry:
		return 2
	case r.Repository != k.repository.Repository:
		return 1
	default:
		return 0
	}
}

// Save implements [analysis.Known].
func (k *knownLayers) Save(ctx context.Context, r *analysis.Report) error {
	parts, err := r.Parts()
	if err != nil {
		return err
	}
	digests := make([]image.Digest, len(parts))
	for i, p := range parts {
		if digests[i], err = k.store.Blobs().Put(ctx, p.Data); err != nil {
			return err
		}
	}
	return k.store.Write(ctx, func(tx *store.Tx) error {
		id, err := tx.PutLayer(ctx, r.Layer, r.Size, r.TarSize)
		if err != nil {
			return err
		}
		for i, p := range parts {
			if err := tx.PutLayerPart(ctx, id, store.LayerPart{Name: p.Name, Revision: p.Revision, Blob: digests[i]}); err != nil {
				return err
			}
		}
		if k.repository.Repository != "" {
			if err := tx.AddLayerRepository(ctx, id, store.LayerRepository{Registry: k.repository.Registry, Repository: k.repository.Repository}); err != nil {
				return err
			}
		}
		if k.local {
			return nil
		}
		return tx.GrantLayer(ctx, k.account, id)
	})
}
