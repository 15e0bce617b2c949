package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// operation begins one of account a that lives for an hour.
func (b *bench) operation(id string) store.Import {
	b.t.Helper()
	i := store.Import{ID: id, Account: "a", State: store.ImportPending, ExpiresAt: b.clock.Now().Add(time.Hour)}
	b.write(func(tx *store.Tx) error { return tx.InsertImport(b.ctx, &i) })
	return i
}

// content uploads a text to an operation.
func (b *bench) content(operation, kind, text string) store.ImportContent {
	b.t.Helper()
	c := store.ImportContent{Kind: kind, Digest: must(b.Blobs().Put(b.ctx, []byte(text)))(b.t), MediaType: "text/plain", Size: int64(len(text))}
	b.write(func(tx *store.Tx) (err error) { c, err = tx.PutImportContent(b.ctx, operation, c); return err })
	return c
}

func TestImportGathersContents(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		op := b.operation("one")
		want := []store.ImportContent{b.content("one", "packages", "{}")}
		b.clock.Advance(time.Minute)
		if again := b.content("one", "packages", "{}"); !again.CreatedAt.Equal(want[0].CreatedAt) {
			t.Errorf("the same document again is of %s, want the first answer", again.CreatedAt)
		}
		want = append(want, b.content("one", "manifest", "{}"))
		if diff := cmp.Diff(want, must(b.ImportContents(b.ctx, "one"))(t)); diff != "" {
			t.Errorf("documents (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(op, must(b.Import(b.ctx, "a", "one"))(t)); diff != "" {
			t.Errorf("operation (-want +got):\n%s", diff)
		}
		if _, err := b.Import(b.ctx, "b", "one"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("account b got the operation of account a: %v", err)
		}
		pending, bytes, err := b.ImportsHeld(b.ctx, "a")
		if err != nil || pending != 1 || bytes != 4 {
			t.Errorf("%d pending, %d bytes, %v", pending, bytes, err)
		}
		if pending, bytes, err := b.ImportsHeld(b.ctx, "b"); err != nil || pending != 0 || bytes != 0 {
			t.Errorf("of account b %d pending, %d bytes, %v", pending, bytes, err)
		}
	})
}

// What nobody finished expires; what ended gives its documents back at once and is forgotten later.
func TestImportsEnd(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		b.operation("late")
		late := b.content("late", "packages", "late")
		shared := b.content("late", "manifest", "shared")
		b.clock.Advance(50 * time.Minute)
		b.operation("young")
		b.content("young", "manifest", "shared")
		b.clock.Advance(20 * time.Minute)
		b.write(func(tx *store.Tx) error {
			n, err := tx.ExpireImports(b.ctx)
			if n != 1 {
				t.Errorf("%d expired, want one", n)
			}
			return err
		})
		var gone []image.Digest
		drop := func(before time.Time) {
			b.write(func(tx *store.Tx) (err error) { gone, err = tx.DropEndedImports(b.ctx, before, 10); return err })
		}
		drop(day)
		if len(gone) != 2 {
			t.Errorf("%d documents dropped, want both of the expired operation", len(gone))
		}
		for d, want := range map[image.Digest]bool{late.Digest: false, shared.Digest: true} {
			if used := must(b.ImportBlobInUse(b.ctx, d))(t); used != want {
				t.Errorf("%s in use: %v", d.Short(), used)
			}
		}
		if op := must(b.Import(b.ctx, "a", "late"))(t); op.State != store.ImportExpired {
			t.Errorf("the operation is %s", op.State)
		}
		drop(b.clock.Now().Add(time.Minute))
		if list := must(b.Imports(b.ctx, "a"))(t); len(list) != 1 || list[0].ID != "young" {
			t.Errorf("left are %v", list)
		}
	})
}

// An image keeps what it was made of as long as it is there.
func TestImageImport(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", nil)
		if _, is, err := b.ImageImport(b.ctx, i.ID); err != nil || is {
			t.Errorf("an image of a registry: %v, %v", is, err)
		}
		b.operation("op")
		packages := b.content("op", "packages", "{}")
		want := store.ImageImport{Operation: "op", Packages: packages.Digest, Manifest: packages.Digest, Config: packages.Digest, MediaType: "application/json"}
		b.write(func(tx *store.Tx) error {
			if err := tx.PutImageImport(b.ctx, i.ID, store.ImageImport{Operation: "before", Packages: packages.Digest}); err != nil {
				return err
			}
			if err := tx.PutImageImport(b.ctx, i.ID, want); err != nil {
				return err
			}
			if moved, err := tx.SetImportState(b.ctx, "op", []store.ImportState{store.ImportPending}, store.ImportProcessing); err != nil || !moved {
				t.Errorf("moved: %v, %v", moved, err)
			}
			return tx.EndImportOf(b.ctx, i.ID, store.ImportComplete)
		})
		have, is, err := b.ImageImport(b.ctx, i.ID)
		if diff := cmp.Diff(want, have); err != nil || !is || diff != "" {
			t.Errorf("%v, %v (-want +got):\n%s", is, err, diff)
		}
		if op := must(b.Import(b.ctx, "a", "op"))(t); op.State != store.ImportComplete {
			t.Errorf("the operation is %s", op.State)
		}
		b.write(func(tx *store.Tx) error { _, err := tx.DropEndedImports(b.ctx, day, 10); return err })
		if !must(b.ImportBlobInUse(b.ctx, packages.Digest))(t) {
			t.Error("the image's document counts as unused")
		}
		b.write(func(tx *store.Tx) error { return tx.DeleteImage(b.ctx, i.ID) })
		if must(b.ImportBlobInUse(b.ctx, packages.Digest))(t) {
			t.Error("the document of a deleted image counts as used")
		}
	})
}
