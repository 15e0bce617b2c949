package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// What one account has read is no other's business until it is granted.
func TestLayersAreSharedByGrantAlone(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		id := image.LayerID{Blob: digest("blob"), DiffID: digest("diff")}
		if _, err := b.LayerFor(b.ctx, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a layer nobody read gave %v", err)
		}
		var row int64
		parts := []store.LayerPart{{Name: "files", Revision: "1", Blob: must(b.Blobs().Put(b.ctx, []byte("files")))(t)}}
		b.write(func(tx *store.Tx) (err error) {
			if row, err = tx.PutLayer(b.ctx, id, 10, 20); err != nil {
				return err
			}
			again, err := tx.PutLayer(b.ctx, id, 10, 20)
			if again != row {
				t.Errorf("the same layer is record %d and %d", row, again)
			}
			return errors.Join(err, tx.GrantLayer(b.ctx, "a", row), tx.GrantLayer(b.ctx, "a", row),
				tx.AddLayerRepository(b.ctx, row, store.LayerRepository{Registry: "r", Repository: "web"}),
				tx.AddLayerRepository(b.ctx, row, store.LayerRepository{Registry: "r", Repository: "web"}),
				tx.PutLayerPart(b.ctx, row, store.LayerPart{Name: "files", Revision: "1", Blob: digest("replaced")}),
				tx.PutLayerPart(b.ctx, row, parts[0]))
		})
		if have := must(b.LayerFor(b.ctx, id))(t); have != row {
			t.Errorf("the layer is record %d, want %d", have, row)
		}
		// A config may claim any diff ID for a blob: only the pair that was read is known.
		if _, err := b.LayerFor(b.ctx, image.LayerID{Blob: id.Blob, DiffID: digest("claimed")}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another diff ID gave %v", err)
		}
		for account, want := range map[string]bool{"a": true, "b": false, "nobody": false} {
			if have := must(b.LayerAccess(b.ctx, account, row))(t); have != want {
				t.Errorf("account %q has access: %v, want %v", account, have, want)
			}
		}
		if diff := cmp.Diff(parts, must(b.LayerParts(b.ctx, row))(t)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]store.LayerRepository{{Registry: "r", Repository: "web"}}, must(b.LayerRepositories(b.ctx, row))(t)); diff != "" {
			t.Error(diff)
		}
	})
}
