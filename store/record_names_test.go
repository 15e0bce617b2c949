package store_test

import (
	"testing"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// Records that a version stored which did not put their names beside them are found by a sync that ends them.
func TestMigrationPutsNamesBesideOldRecords(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		r := &advisory.Record{ID: "DSA-1", Affected: []advisory.Affected{{Ecosystem: "Debian:12", Package: "libc"}}}
		n := must(store.EncodeRecord(r, r.Keys()))(t)
		if err := b.StageRecords(b.ctx, 1, "Debian", []store.NewRecord{n}); err != nil {
			t.Fatal(err)
		}
		b.switchTo(1)
		i := b.image("one", nil)
		b.analyse(&i, []advisory.Package{pkg("libc", "1")})
		if _, err := b.Pool().Exec("UPDATE advisory_versions SET names = ''"); err != nil {
			t.Fatal(err)
		}
		if err := b.FileNames(b.ctx); err != nil {
			t.Fatal(err)
		}
		if err := b.StageRemoved(b.ctx, 2, "Debian", []string{"DSA-1"}); err != nil {
			t.Fatal(err)
		}
		if rows := must(b.PackagesStaged(b.ctx, 2))(t); len(rows) != 1 {
			t.Errorf("%d packages are to be matched again, want 1", len(rows))
		}
	})
}
