package engine

import (
	"context"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// dropImportBlobs removes documents that nothing names any more.
func dropImportBlobs(ctx context.Context, s *store.Store, digests ...image.Digest) error {
	for _, d := range digests {
		if d == "" {
			continue
		}
		used, err := s.ImportBlobInUse(ctx, d)
		if err == nil && !used {
			err = s.Blobs().Delete(ctx, d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// imports is the part of the reconciliation that ends operations whose time has passed and forgets what ended ones hold.
func (u *System) imports(ctx context.Context) error {
	for {
		var gone []image.Digest
		err := u.store.Write(ctx, func(tx *store.Tx) error {
			if _, err := tx.ExpireImports(ctx); err != nil {
				return err
			}
			var err error
			gone, err = tx.DropEndedImports(ctx, u.now().Add(-importShown), importBatch)
			return err
		})
		if err == nil {
			err = dropImportBlobs(ctx, u.store, gone...)
		}
		if err != nil || len(gone) < importBatch {
			return err
		}
	}
}

// importBatch is how many documents one transaction forgets.
const importBatch = 100
