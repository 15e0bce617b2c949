package store_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// Packages that were filed by older rules get their new names and wait to be matched until a revision has done that,
// however often the work is broken off before.
func TestPackagesAreFiledAnew(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		one := advisory.Package{Type: "rpm", Ecosystem: "Red Hat:enterprise_linux:9", Name: "openssl-libs", Version: "3", SourceName: "openssl"}
		two := advisory.Package{Type: "npm", Ecosystem: "npm", Name: "left-pad", Version: "1"}
		before := func(p advisory.Package) []advisory.Key { return p.Keys()[:1] }
		img := b.image("a", nil)
		var rows []store.PackageRow
		b.write(func(tx *store.Tx) (err error) {
			if rows, err = tx.UpsertPackages(b.ctx, []advisory.Package{one, two}, before); err != nil {
				return err
			}
			set, err := tx.PutPackageSet(b.ctx, "sha256:set", []int64{rows[0].ID, rows[1].ID})
			if err != nil {
				return err
			}
			a := store.Analysis{Document: must(b.Blobs().Put(b.ctx, []byte("{}")))(t)}
			if err := tx.PutAnalysis(b.ctx, &a, []int64{set}); err != nil {
				return err
			}
			img.AnalysisID = a.ID
			_, err = tx.SQL().ExecContext(b.ctx, "UPDATE packages SET key_rev = 0")
			return err
		})
		names := func(list []store.PackageRow, err error) []string {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			out := []string{}
			for _, p := range list {
				out = append(out, p.Name)
			}
			slices.Sort(out)
			return out
		}
		source := []advisory.Key{{Ecosystem: one.Ecosystem, Name: "openssl"}}
		if got := names(b.PackagesByKeys(b.ctx, source)); len(got) > 0 || !must(b.KeysPending(b.ctx))(t) || must(b.RekeyedPending(b.ctx))(t) {
			t.Fatalf("before: %v by the source", got)
		}
		if diff := cmp.Diff([]string{}, names(b.PackagesKeyed(b.ctx, img.AnalysisID, 0))); diff != "" {
			t.Errorf("before: by the present rules (-want +got):\n%s", diff)
		}
		for range 2 { // the second after a crash
			if err := b.RekeyPackages(b.ctx, advisory.Package.Keys); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"openssl-libs"}, names(b.PackagesByKeys(b.ctx, source))); diff != "" {
				t.Errorf("by the source (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"openssl-libs"}, names(b.PackagesStaged(b.ctx, 1))); diff != "" {
				t.Errorf("to be matched again (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"left-pad"}, names(b.PackagesKeyed(b.ctx, img.AnalysisID, 1))); diff != "" {
				t.Errorf("by the present rules (-want +got):\n%s", diff)
			}
		}
		b.write(func(tx *store.Tx) error { return tx.SetRekeyed(b.ctx, 1) })
		b.switchTo(1)
		if got := names(b.PackagesStaged(b.ctx, 2)); len(got) > 0 || must(b.KeysPending(b.ctx))(t) {
			t.Errorf("afterwards %v has to be matched again", got)
		}
		for rev, want := range [][]string{{"left-pad"}, {"left-pad", "openssl-libs"}} {
			if diff := cmp.Diff(want, names(b.PackagesKeyed(b.ctx, img.AnalysisID, int64(rev)))); diff != "" {
				t.Errorf("at revision %d by the present rules (-want +got):\n%s", rev, diff)
			}
		}
	})
}
