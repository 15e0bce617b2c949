package engine_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/engine"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// OSV's part for Debian and Debian's own tracker are two sources: when both fail, both are told.
func TestSourcesWithLikeNamesFailApart(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s, func(f *fixture, c *engine.Config) {
			c.Feeds.Places["debian"] = []string{filepath.Join(f.feeds.dir, "debian.json")}
		})
		f.feeds.raw(t, "debian.json", []byte("no JSON"))
		f.feeds.raw(t, "osv/Debian/all.zip", []byte("no archive"))
		failed := map[string]bool{}
		r := f.sync(t, engine.SyncRequest{})
		for _, g := range r.Groups {
			if g.Error != "" {
				failed[g.Group] = true
			}
		}
		if diff := cmp.Diff(map[string]bool{"Debian": true, "debian": true}, failed); r.OK || diff != "" {
			t.Errorf("failed (-want +got):\n%s\n%+v", diff, r)
		}
	})
}

// A record about no package is one of its source's, and in no group: the source says how many those are.
func TestASourceSaysHowManyRecordsAreInNoGroup(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		one := record("DEBIAN-CVE-2026-1000", "3.0.2-1", nil)
		none, elsewhere := object{"id": "DEBIAN-CVE-2026-2000", "modified": "2026-01-01T00:00:00Z"}, record("GHSA-1", "1", nil)
		elsewhere["affected"] = []object{{"package": object{"ecosystem": "npm", "name": "left-pad"}, "versions": []string{"1"}}}
		f.feeds.write(t, "Debian", one, none, elsewhere)
		for range 2 { // also when nothing is new
			f.sync(t, engine.SyncRequest{Flush: true})
			states, err := f.Feeds.State(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			grouped := int64(0)
			for _, g := range states[0].Groups {
				grouped += g.Records
			}
			for _, src := range states[0].Sources {
				if src.Name == "Debian" && (src.Records != 3 || src.Ungrouped != 2 || grouped != 1) {
					t.Errorf("%d records, %d in no group, %d in groups; want 3, 2 and 1", src.Records, src.Ungrouped, grouped)
				}
			}
		}
	})
}
