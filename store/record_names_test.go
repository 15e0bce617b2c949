package store_test

import (
	"testing"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
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

// Records of Maven that were stored before artifacts were names of their own are found by these, and go with them.
func TestMigrationFilesOldRecordsUnderTheirArtifacts(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		r := &advisory.Record{ID: "GHSA-1", Affected: []advisory.Affected{{Ecosystem: "Maven", Package: "org.a:x"}, {Ecosystem: "Maven", Package: "org.b:x"}, {Ecosystem: "Maven", Package: "org.a:y"}, {Ecosystem: "npm", Package: "n:x"}}}
		old := []advisory.Key{{Ecosystem: "Maven", Name: "org.a:x"}, {Ecosystem: "Maven", Name: "org.b:x"}, {Ecosystem: "Maven", Name: "org.a:y"}, {Ecosystem: "npm", Name: "n:x"}}
		if err := b.StageRecords(b.ctx, 1, "Maven", []store.NewRecord{must(store.EncodeRecord(r, old))(t)}); err != nil {
			t.Fatal(err)
		}
		b.switchTo(1)
		i := b.image("one", nil)
		artifact := advisory.Key{Ecosystem: "Maven", Name: ":x"}
		b.analyse(&i, []advisory.Package{{Type: image.Maven, Ecosystem: artifact.Ecosystem, Name: artifact.Name, Version: "1"}}) // filed so by the bench
		for range 2 {                                                                                                            // twice is as good as once
			if err := b.FileArtifacts(b.ctx); err != nil {
				t.Fatal(err)
			}
		}
		if found := must(b.Records(b.ctx, []advisory.Key{artifact}, 1))(t); len(found[artifact]) != 1 {
			t.Errorf("under the artifact: %v", found)
		}
		if found := must(b.Records(b.ctx, []advisory.Key{{Ecosystem: "npm", Name: ":x"}}, 1))(t); len(found) > 0 {
			t.Errorf("npm has no artifacts: %v", found)
		}
		if err := b.StageRemoved(b.ctx, 2, "Maven", []string{"GHSA-1"}); err != nil {
			t.Fatal(err)
		}
		if rows := must(b.PackagesStaged(b.ctx, 2))(t); len(rows) != 1 {
			t.Errorf("%d packages are to be matched again, want 1", len(rows))
		}
	})
}
