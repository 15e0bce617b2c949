package synthetic_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/internal/testkit/synthetic"
	"landwaiter.dev/store"
)

// read gives the records of all bundles below dir, by folder and id.
func read(t *testing.T, dir string) map[string]*advisory.Record {
	t.Helper()
	records := map[string]*advisory.Record{}
	files, _ := filepath.Glob(filepath.Join(dir, "*", "all.zip"))
	for _, name := range files {
		folder := filepath.Base(filepath.Dir(name))
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range feed.ReadOSV(file, info.Size(), folder) {
			if err != nil {
				t.Fatal(folder, ": ", err)
			}
			records[folder+"/"+r.ID] = r
		}
	}
	return records
}

func write(t *testing.T, s synthetic.Set) (string, synthetic.Written) {
	t.Helper()
	dir := t.TempDir()
	w, err := s.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, w
}

// Every record of each ecosystem can be read without a doubt, and the same seed makes the same.
func TestSet(t *testing.T) {
	t.Parallel()
	s := synthetic.Set{Seed: 1, Share: 0.002}
	dir, w := write(t, s)
	records := read(t, dir)
	if len(records) != int(w.Records) || len(records) < 1000 {
		t.Fatalf("%d records could be read of %d", len(records), w.Records)
	}
	again, _ := write(t, s)
	if diff := cmp.Diff(records, read(t, again)); diff != "" {
		t.Error(diff)
	}
	s.Folders, s.Changed = []string{"Debian"}, 7
	later, _ := write(t, s)
	changed := 0
	for id, r := range read(t, later) {
		if !cmp.Equal(r, records[id]) {
			changed++
		}
	}
	if changed != 7 {
		t.Errorf("%d records have changed, want 7", changed)
	}
}

// Images share bases and have about 300 packages, some of which the advisories are about.
func TestInventory(t *testing.T) {
	t.Parallel()
	dir, _ := write(t, synthetic.Set{Seed: 1, Share: 0.01, Folders: []string{"Debian"}})
	names := map[advisory.Key]bool{}
	for _, r := range read(t, dir) {
		for _, k := range r.Keys() {
			names[k] = true
		}
	}
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		v := synthetic.Inventory{Seed: 1, Images: 40}
		if err := v.Write(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		page, err := s.ImagesWithPackages(t.Context(), nil)
		if err != nil || len(page) != 0 {
			t.Fatal(page, err)
		}
		packages, err := s.PackagesIn(t.Context(), "Debian:12")
		if err != nil {
			t.Fatal(err)
		}
		var ids []int64
		for _, p := range packages {
			for _, k := range p.Package.Keys() {
				if names[k] {
					ids = append(ids, p.ID)
					break
				}
			}
		}
		images, err := s.ImagesWithPackages(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		if len(images) != 40 {
			t.Errorf("%d images have one of %d packages that advisories are about, want all 40", len(images), len(ids))
		}
		rows, err := s.PackagesOfAnalysis(t.Context(), 1)
		if err != nil || len(rows) != 300 {
			t.Errorf("an image has %d packages (%v), want 300", len(rows), err)
		}
		if wrong, err := s.Check(t.Context()); err != nil {
			t.Error(err)
		} else {
			for _, w := range wrong {
				if len(w) < 17 || w[:17] != "a blob is missing" {
					t.Error(w)
				}
			}
		}
	})
}
