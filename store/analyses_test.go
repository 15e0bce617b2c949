package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

func TestPackagesAreKeptOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		odd := advisory.Package{Type: image.RPM, Ecosystem: "AlmaLinux:9", Namespace: "n", Name: "ü'\"", Version: "1:2-3", Arch: "x86_64",
			SourceName: "s", SourceVersion: "1:2", Modularity: "m:1:2:c"}
		shifted := odd // fields that run together must not be the same package
		shifted.SourceName, shifted.SourceVersion = "s1", ":2"
		in := []advisory.Package{pkg("z", "1"), odd, pkg("z", "1"), shifted, pkg("z", "2")}
		var first, second []store.PackageRow
		b.write(func(tx *store.Tx) (err error) { first, err = tx.UpsertPackages(b.ctx, in, keysOf); return err })
		b.write(func(tx *store.Tx) (err error) { second, err = tx.UpsertPackages(b.ctx, in, keysOf); return err })
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("the second time others came back:\n%s", diff)
		}
		for i := range in {
			if diff := cmp.Diff(in[i], first[i].Package); diff != "" {
				t.Errorf("package %d:\n%s", i, diff)
			}
		}
		ids := idsOf(first)
		if ids[0] != ids[2] || ids[1] == ids[3] || ids[0] == ids[4] {
			t.Errorf("rows %v: the 1st and 3rd are one, all others are not", ids)
		}
		if diff := cmp.Diff([]int64{ids[0], ids[4]}, idsOf(must(b.PackagesByKeys(b.ctx, []advisory.Key{key("z"), key("unknown")}))(t)), sorted); diff != "" {
			t.Errorf("packages called z:\n%s", diff)
		}
		if diff := cmp.Diff([]string{"AlmaLinux:9", "Debian:12"}, must(b.Ecosystems(b.ctx))(t)); diff != "" {
			t.Error(diff)
		}
		b.write(func(tx *store.Tx) error { return tx.SetMatched(b.ctx, ids[:1], 7) })
		for _, p := range must(b.PackagesIn(b.ctx, "Debian:12"))(t) {
			if want := map[bool]int64{true: 7, false: 0}[p.ID == ids[0]]; p.MatchedRevision != want {
				t.Errorf("%s %s was matched at %d, want %d", p.Name, p.Version, p.MatchedRevision, want)
			}
		}
	})
}

var sorted = cmpopts.SortSlices(func(a, b int64) bool { return a < b })

// Images on one base share its set; the images concerned by a package are found through it.
func TestImagesAreFoundByPackage(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		base := []advisory.Package{pkg("libc", "1"), pkg("ssl", "1")}
		one, two, other := b.image("one", nil), b.image("two", nil), b.image("other", func(i *store.Image) { i.Account = "b" })
		ones := b.analyse(&one, base, []advisory.Package{pkg("web", "1")})
		b.analyse(&two, base)
		b.analyse(&other, []advisory.Package{pkg("libc", "1")})
		dying := b.image("dying", nil)
		b.analyse(&dying, base)
		b.write(func(tx *store.Tx) error { return tx.SetState(b.ctx, dying.ID, "deleting") })

		libc, ssl, web := ones[0].ID, ones[1].ID, ones[2].ID
		for name, c := range map[string]struct{ packages, want []int64 }{
			"libc": {[]int64{libc}, []int64{one.ID, two.ID, other.ID}},
			"ssl":  {[]int64{ssl}, []int64{one.ID, two.ID}},
			"web":  {[]int64{web, 999}, []int64{one.ID}},
			"none": {nil, nil},
		} {
			if diff := cmp.Diff(c.want, must(b.ImagesWithPackages(b.ctx, c.packages))(t)); diff != "" {
				t.Errorf("%s (want -, have +):\n%s", name, diff)
			}
		}
		if diff := cmp.Diff(ones, must(b.PackagesOfAnalysis(b.ctx, one.AnalysisID))(t)); diff != "" {
			t.Error(diff)
		}
		shared := must(b.SetsOf(b.ctx, two.AnalysisID))(t)
		if sets := must(b.SetsOf(b.ctx, one.AnalysisID))(t); len(sets) != 2 || sets[0] != shared[0] {
			t.Errorf("sets %v and %v, want the base's in both", sets, shared)
		}
	})
}

func TestAnalysisInForce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", nil)
		b.analyse(&i, []advisory.Package{pkg("libc", "1")})
		first := i.AnalysisID
		b.clock.Advance(time.Hour)
		b.analyse(&i, []advisory.Package{pkg("libc", "1")})
		if i.AnalysisID != first {
			t.Errorf("the same document is analysis %d and %d", first, i.AnalysisID)
		}
		b.clock.Advance(time.Hour)
		b.analyse(&i, []advisory.Package{pkg("libc", "2")})
		second := i.AnalysisID
		for at, want := range map[time.Duration]int64{0: first, 90 * time.Minute: first, 2 * time.Hour: second, 99 * time.Hour: second} {
			if have := must(b.AnalysisAt(b.ctx, i.ID, day.Add(at)))(t); have.ID != want {
				t.Errorf("after %s analysis %d was in force, want %d", at, have.ID, want)
			}
		}
		if _, err := b.AnalysisAt(b.ctx, i.ID, day.Add(-time.Second)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("before the first analysis: %v", err)
		}
		a := must(b.AnalysisByID(b.ctx, first))(t)
		want := store.Analysis{ID: first, Document: a.Document, ManifestDigest: i.Digest, ImageID: i.ImageID, DistroID: "debian", DistroVersion: "12", CreatedAt: day}
		if diff := cmp.Diff(want, a); diff != "" {
			t.Error(diff)
		}
	})
}

// What no image holds any more goes; what another one shares stays.
func TestCollectTakesWhatNobodyHolds(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		one, two := b.image("one", nil), b.image("two", nil)
		ones := b.analyse(&one, []advisory.Package{pkg("libc", "1")}, []advisory.Package{pkg("web", "1")})
		b.analyse(&two, []advisory.Package{pkg("libc", "1")})
		b.write(func(tx *store.Tx) error {
			return tx.InsertMatches(b.ctx, []store.Match{match(ones[0].ID, "CVE-1", advisory.High), match(ones[1].ID, "CVE-2", advisory.High)})
		})
		if c := must(b.Collect(b.ctx))(t); !cmp.Equal(c, store.Collected{}) {
			t.Errorf("collected %+v while all is in use", c)
		}
		document := must(b.AnalysisByID(b.ctx, one.AnalysisID))(t).Document
		b.write(func(tx *store.Tx) error { return tx.DeleteImage(b.ctx, one.ID) })
		b.clock.Advance(25 * time.Hour)
		want := store.Collected{Analyses: 1, Sets: 1, Packages: 1, Findings: 1, Documents: []image.Digest{document}}
		if diff := cmp.Diff(want, must(b.Collect(b.ctx))(t)); diff != "" {
			t.Errorf("collected (want -, have +):\n%s", diff)
		}
		if m := must(b.MatchesOfAnalysis(b.ctx, two.AnalysisID, 0))(t); len(m) != 1 || m[0].Match.Finding.ID != "CVE-1" || m[0].Package.Name != "libc" {
			t.Errorf("the other image has %+v, want CVE-1 on libc", m)
		}
	})
}

// Packages, their set, the analysis and the image that it belongs to are put one transaction after the other, and what is
// collected between takes none of them, whether it is new or was left by an image that is gone.
func TestCollectLeavesWhatIsAboutToBePointedTo(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("old", nil)
		b.analyse(&i, []advisory.Package{pkg("libc", "1")})
		document := must(b.AnalysisByID(b.ctx, i.AnalysisID))(t).Document
		b.write(func(tx *store.Tx) error { return tx.DeleteImage(b.ctx, i.ID) })
		b.clock.Advance(25 * time.Hour)
		put := func(f func(tx *store.Tx) error) {
			t.Helper()
			b.write(func(tx *store.Tx) error {
				if _, err := tx.ShareRevision(b.ctx); err != nil {
					return err
				}
				return f(tx)
			})
			if c := must(b.Collect(b.ctx))(t); c.Sets+c.Packages+c.Findings > 0 {
				t.Errorf("collected %+v", c)
			}
			b.clock.Advance(time.Hour)
		}
		var rows []store.PackageRow
		sets := make([]int64, 2)
		for n, packages := range [][]advisory.Package{{pkg("libc", "1")}, {pkg("new", "1")}} {
			put(func(tx *store.Tx) (err error) {
				if rows, err = tx.UpsertPackages(b.ctx, packages, keysOf); err != nil {
					return err
				}
				sets[n], err = tx.PutPackageSet(b.ctx, digest("set", idsOf(rows)), idsOf(rows))
				return err
			})
		}
		put(func(tx *store.Tx) error {
			return tx.InsertMatches(b.ctx, []store.Match{match(rows[0].ID, "CVE-1", advisory.High)})
		})
		a := store.Analysis{Document: document, ManifestDigest: digest("manifest"), ImageID: digest("config")}
		put(func(tx *store.Tx) error { return tx.PutAnalysis(b.ctx, &a, sets) })
		if _, err := b.AnalysisByID(b.ctx, a.ID); err != nil {
			t.Errorf("the analysis: %v", err)
		}
		// Nobody came: a day later all of it goes.
		b.clock.Advance(25 * time.Hour)
		if c := must(b.Collect(b.ctx))(t); c.Analyses != 1 || c.Sets != 2 || c.Packages != 2 || c.Findings != 1 {
			t.Errorf("a day later collected %+v", c)
		}
	})
}
