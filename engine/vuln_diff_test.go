package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// on is a world whose history a test writes itself, on each database.
func on(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			f(t, newWorld(t, t, d))
		})
	}
}

func deb(name, version string) image.Package {
	return image.Package{Type: image.Deb, Name: name, Version: version, SourceName: name, SourceVersion: version, Location: "var/lib/dpkg/status"}
}

// serve makes a publisher serve a record about packages of Debian 12; fixed "" is none.
func (w *world) serve(id, urgency, fixed string, packages ...string) {
	events := []any{map[string]any{"introduced": "0"}}
	if fixed != "" {
		events = append(events, map[string]any{"fixed": fixed})
	}
	var affected []any
	for _, p := range packages {
		affected = append(affected, map[string]any{"package": map[string]any{"ecosystem": "Debian:12", "name": p},
			"ranges": []any{map[string]any{"type": "ECOSYSTEM", "events": events}}, "ecosystem_specific": map[string]any{"urgency": urgency}})
	}
	w.records["DEBIAN-"+id] = map[string]any{"id": "DEBIAN-" + id, "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z", "upstream": []string{id}, "affected": affected}
}

// tick moves the clock on and gives where it stood: what was done until then can be asked with it.
func (w *world) tick() Moment {
	now := w.clock.Now()
	w.clock.Advance(time.Hour)
	return Moment{At: now}
}

// told shows a difference: "+CVE-1 p0: new_advisory DEBIAN-CVE-1".
func told(d *VulnDiff) []string {
	out := []string{}
	for i, list := range [][]DiffRow{d.Added, d.Removed, d.Changed} {
		for _, r := range list {
			f := r.After
			if f == nil {
				f = r.Before
			}
			line := fmt.Sprintf("%s%s %s:", "+-~"[i:i+1], f.ID, f.Package.Name)
			for _, c := range r.Changes {
				line += fmt.Sprintf(" [%s %s→%s]", c.What, c.Before, c.After)
			}
			for _, why := range r.Reasons {
				line += " " + why.Kind
				if why.Record != "" {
					line += "(" + why.Record + ")"
				}
			}
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

func (w *world) diff(name string, from, to Moment) []string {
	w.t.Helper()
	d, err := w.e.Vulns.Diff(w.ctx, store.AdminAccount, w.images[name].row.Digest, from, to)
	w.must(err)
	return told(d)
}

func TestWhatCameAndWentAndWhy(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, w *world) {
		w.serve("CVE-2026-1001", "low", "3.0-1", "p0")
		w.serve("CVE-2026-1002", "high", "", "p1")
		w.serve("CVE-2026-1003", "high", "", "p2")
		w.serve("CVE-2026-1004", "high", "", "p0")
		w.sync()
		w.analyse("web", []image.Package{deb("p0", "1.0-1"), deb("p1", "1.0-1"), deb("p2", "1.0-1")})
		start := w.tick()

		// A new advisory, one that changes, one that is withdrawn, one that goes, and one that becomes exploited.
		w.serve("CVE-2026-1005", "medium", "2.0-1", "p1")
		w.serve("CVE-2026-1001", "high", "4.0-1", "p0")
		w.records["DEBIAN-CVE-2026-1002"]["withdrawn"] = "2026-03-01T00:00:00Z"
		delete(w.records, "DEBIAN-CVE-2026-1003")
		w.kev["CVE-2026-1004"] = "2026-03-01"
		w.sync()
		changed := w.tick()
		if diff := cmp.Diff([]string{
			"+CVE-2026-1005 p1: new_advisory(DEBIAN-CVE-2026-1005)",
			"-CVE-2026-1002 p1: advisory_withdrawn(DEBIAN-CVE-2026-1002)",
			"-CVE-2026-1003 p2: advisory_removed(DEBIAN-CVE-2026-1003)",
			"~CVE-2026-1001 p0: [severity Low→High] [fix 3.0-1→4.0-1] [range DEBIAN-CVE-2026-1001: >= 0, < 3.0-1→DEBIAN-CVE-2026-1001: >= 0, < 4.0-1] advisory_changed(DEBIAN-CVE-2026-1001)",
			"~CVE-2026-1004 p0: [known_exploited →2026-03-01] known_exploited",
		}, w.diff("web", start, changed)); diff != "" {
			t.Errorf("advisories (-want +got):\n%s", diff)
		}

		// Another analysis: a package of another version, one more, one less.
		w.analyse("web", []image.Package{deb("p0", "3.5-1"), deb("p3", "1.0-1")})
		w.serve("CVE-2026-1006", "low", "", "p3")
		w.sync()
		again := w.tick()
		if diff := cmp.Diff([]string{
			"+CVE-2026-1006 p3: package_added new_advisory(DEBIAN-CVE-2026-1006)",
			"-CVE-2026-1005 p1: package_removed",
			"~CVE-2026-1001 p0: [version 1.0-1→3.5-1] package_changed",
			"~CVE-2026-1004 p0: [version 1.0-1→3.5-1] package_changed",
		}, w.diff("web", changed, again)); diff != "" {
			t.Errorf("packages (-want +got):\n%s", diff)
		}
		w.analyse("web", []image.Package{deb("p0", "4.0-1"), deb("p3", "1.0-1")})
		mended := w.tick()
		if diff := cmp.Diff([]string{"-CVE-2026-1001 p0: package_changed", "~CVE-2026-1004 p0: [version 3.5-1→4.0-1] package_changed"}, w.diff("web", again, mended)); diff != "" {
			t.Errorf("mended (-want +got):\n%s", diff)
		}

		// A group of the feed that is switched off.
		_, err := w.e.Feeds.sync.run(w.ctx, syncArgs{Switch: &feedSwitch{"Debian:12", disabled}})
		w.must(err)
		off := w.tick()
		if diff := cmp.Diff([]string{"-CVE-2026-1004 p0: source_switched_off", "-CVE-2026-1006 p3: source_switched_off"}, w.diff("web", mended, off)); diff != "" {
			t.Errorf("switched off (-want +got):\n%s", diff)
		}
		_, err = w.e.Feeds.sync.run(w.ctx, syncArgs{Switch: &feedSwitch{"Debian:12", enabled}})
		w.must(err)
		if diff := cmp.Diff([]string{"+CVE-2026-1004 p0: source_switched_on", "+CVE-2026-1006 p3: source_switched_on"}, w.diff("web", off, Moment{})); diff != "" {
			t.Errorf("switched on (-want +got):\n%s", diff)
		}
		if got := w.diff("web", start, Moment{At: start.At.Add(time.Minute)}); len(got) > 0 {
			t.Errorf("without a change: %v", got)
		}

		// Before the image was known, and a time after time.
		_, err = w.e.Vulns.Diff(w.ctx, store.AdminAccount, w.images["web"].row.Digest, Moment{At: start.At.Add(-time.Minute)}, Moment{})
		if e, ok := err.(*Error); !ok || e.Code != "not_known_then" {
			t.Errorf("before the image was known: %v", err)
		}
		_, err = w.e.Vulns.Diff(w.ctx, store.AdminAccount, w.images["web"].row.Digest, again, again)
		if e, ok := err.(*Error); !ok || e.Class != ClassInvalid {
			t.Errorf("no time between: %v", err)
		}
	})
}

func TestDifferenceOfTwoImages(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, w *world) {
		w.serve("CVE-2026-1001", "low", "3.0-1", "p0")
		w.serve("CVE-2026-1002", "high", "", "p1", "p2")
		w.sync()
		w.analyse("old", []image.Package{deb("p0", "1.0-1"), deb("p1", "1.0-1")})
		w.analyse("new", []image.Package{deb("p0", "3.0-1"), deb("p1", "1.0-1"), deb("p2", "1.0-1")})
		d, err := w.e.Vulns.DiffImages(w.ctx, store.AdminAccount, w.images["old"].row.Digest, w.images["new"].row.Digest, Moment{})
		w.must(err)
		if diff := cmp.Diff([]string{"+CVE-2026-1002 p2: package_added", "-CVE-2026-1001 p0: package_changed"}, told(d)); diff != "" || d.Unchanged != 1 {
			t.Errorf("%d unchanged (-want +got):\n%s", d.Unchanged, diff)
		}
	})
}

// A statement that hides, and the rule by which a distribution decides about what it packages, count in queries as they do for
// an image.
func TestQueriesApplyTheRules(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, w *world) {
		w.serve("CVE-2026-1001", "low", "3.0-1", "p0")
		w.serve("CVE-2026-1002", "low", "2.0-1", "src")
		w.sync()
		owner := image.Package{Type: image.Deb, Name: "python3-x", Version: "2.0-1", SourceName: "src", SourceVersion: "2.0-1"}
		ref := owner.Ref()
		owned := image.Package{Type: image.Python, Name: "x", Version: "1.0", OwnedBy: &ref, Location: "usr/lib/x"}
		free := image.Package{Type: image.Python, Name: "x", Version: "1.0", Location: "opt/x"}
		w.analyse("owned", []image.Package{owner, owned, deb("p0", "1.0-1")})
		w.analyse("both", []image.Package{owner, owned, free})
		// The language's own advisory, which the distribution's names too.
		rev, err := w.store.CurrentRevision(w.ctx)
		w.must(err)
		n, err := store.EncodeRecord(pysec, pysec.Keys())
		w.must(err)
		w.must(w.store.StageRecords(w.ctx, rev.ID+1, "PyPI", []store.NewRecord{n}))
		w.must(w.store.Write(w.ctx, func(tx *store.Tx) error { return tx.SwitchRevision(w.ctx, rev.ID+1, "test", w.clock.Now()) }))
		rows, err := w.store.PackagesNamed(w.ctx, "x")
		w.must(err)
		found, err := w.e.Vulns.matcher.match(w.ctx, rows, rev.ID+1)
		w.must(err)
		w.must(w.store.Write(w.ctx, func(tx *store.Tx) error {
			return tx.InsertMatches(w.ctx, []store.Match{{PackageID: rows[0].ID, Finding: found[rows[0].ID][0], From: rev.ID + 1, Since: w.clock.Now()}})
		}))

		query := func(id string) map[string]string {
			out := map[string]string{}
			held, err := w.e.Queries.ImagesByVulnerability(w.ctx, store.AdminAccount, ByVulnerability{ID: id})
			w.must(err)
			for _, h := range held.Images {
				for name, m := range w.images {
					if m.row.Digest == h.Image.Digest {
						out[name] = fmt.Sprint(len(h.Packages), " counts, ", len(h.Ignored), " ignored")
					}
				}
			}
			return out
		}
		if diff := cmp.Diff(map[string]string{"owned": "0 counts, 1 ignored", "both": "1 counts, 0 ignored"}, query("CVE-2026-1002")); diff != "" {
			t.Errorf("owned (-want +got):\n%s", diff)
		}

		before := w.tick()
		if diff := cmp.Diff(map[string]string{"owned": "1 counts, 0 ignored"}, query("CVE-2026-1001")); diff != "" {
			t.Errorf("before VEX (-want +got):\n%s", diff)
		}
		_, err = w.e.VEX.Add(w.ctx, store.AdminAccount, AddVEX{Image: w.images["owned"].row.Digest, Document: []byte(`{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.com/vex/1",
			"author": "us", "timestamp": "2026-03-01T00:00:00Z", "version": 1, "statements": [{"vulnerability": {"name": "CVE-2026-1001"}, "products": [{"@id": "pkg:deb/debian/p0"}],
			"status": "not_affected", "justification": "vulnerable_code_not_present"}]}`)})
		w.must(err)
		if diff := cmp.Diff(map[string]string{"owned": "0 counts, 1 ignored"}, query("CVE-2026-1001")); diff != "" {
			t.Errorf("with VEX (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"-CVE-2026-1001 p0: vex"}, w.diff("owned", before, Moment{})); diff != "" {
			t.Errorf("difference by VEX (-want +got):\n%s", diff)
		}
	})
}

var pysec = &advisory.Record{ID: "GHSA-aaaa-bbbb-cccc", Aliases: []string{"CVE-2026-1002"}, Affected: []advisory.Affected{
	{Ecosystem: "PyPI", Package: "x", Versions: []string{"1.0"}},
}}

func TestQueriesOverPackagesAndRecords(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, w *world) {
		w.serve("CVE-2026-1001", "low", "3.0-1", "p0")
		w.kev["CVE-2026-1001"] = "2026-02-03"
		before := w.tick()
		w.sync()
		w.must(w.store.PutEPSS(w.ctx, w.clock.Now(), w.clock.Now(), []store.EPSS{{CVE: "CVE-2026-1001", Score: 0.5, Percentile: 0.9}}))
		w.analyse("web", []image.Package{deb("p0", "1.0-1"), {Type: image.Maven, Namespace: "org.a", Name: "Core", Version: "1", Location: "a.jar"}})

		for q, want := range map[ByPackage]int{
			{Name: "p0"}: 1, {Name: "P0"}: 0, {Name: "p0", Version: "1.0-1", Type: "DPKG"}: 1, {Name: "p0", Version: "2"}: 0, {Name: "p0", Type: "rpm"}: 0,
			{Name: "core"}: 1, {Name: "org.a:core"}: 1, {Name: "org.b:core"}: 0, {Name: "p0", Page: Page{Number: 2}}: 0, {Name: "p0", Page: Page{Number: 2, Limit: 1}}: 0,
			{Name: "p0", Moment: before}: 0, {Name: "p0", Moment: Moment{At: before.At, Retrospective: true}}: 1,
		} {
			got, err := w.e.Queries.ImagesByPackage(w.ctx, store.AdminAccount, q)
			if err != nil || len(got.Images) != want {
				t.Errorf("%+v: %d images, want %d, %v", q, len(got.Images), want, err)
			}
		}
		if got, err := w.e.Queries.ImagesByPackage(w.ctx, "another", ByPackage{Name: "p0"}); err != nil || len(got.Images) > 0 {
			t.Errorf("another account sees %+v, %v", got, err)
		}

		known, err := w.e.Queries.Vulnerabilities(w.ctx, KnownVulnerabilities{IDs: []string{"CVE-2026-1001"}, Namespaces: []string{"debian:12"}, Wanted: advisory.Wanted{Name: "p0", Version: "1.0-1"}})
		w.must(err)
		if len(known.Vulnerabilities) != 1 || known.Total != 1 {
			t.Fatalf("%+v", known)
		}
		if v := known.Vulnerabilities[0]; v.ID != "CVE-2026-1001" || v.Severity != advisory.Low || v.KnownExploited != "2026-02-03" || v.EPSS == nil || v.EPSS.Score != 0.5 || v.Affected[0].Range != "< 3.0-1" {
			t.Errorf("%+v", v)
		}
		_, err = w.e.Queries.Vulnerabilities(w.ctx, KnownVulnerabilities{IDs: []string{"CVE-2026-1001"}, Moment: before})
		if e, ok := err.(*Error); !ok || e.Code != "not_known_then" {
			t.Errorf("before there was data: %v", err)
		}
		known, err = w.e.Queries.Vulnerabilities(w.ctx, KnownVulnerabilities{IDs: []string{"CVE-2026-1001"}, Moment: Moment{At: before.At, Retrospective: true}})
		if err != nil || len(known.Vulnerabilities) > 0 || known.Revision != 0 {
			t.Errorf("retrospective: %+v, %v", known, err)
		}
		// Retrospectively the image is known that came later, by the records of then.
		late := w.tick()
		w.analyse("late", []image.Package{deb("p0", "2.0-1")})
		for retrospective, want := range map[bool]int{false: 1, true: 2} {
			got, err := w.e.Queries.ImagesByVulnerability(w.ctx, store.AdminAccount, ByVulnerability{ID: "CVE-2026-1001", Moment: Moment{At: late.At, Retrospective: retrospective}})
			if err != nil || len(got.Images) != want {
				t.Errorf("retrospective %v: %d images, want %d, %v", retrospective, len(got.Images), want, err)
			}
		}
		v, err := w.e.Vulns.Of(w.ctx, store.AdminAccount, w.images["web"].row.Digest, Moment{})
		w.must(err)
		if s := v.EPSSOf(&v.Findings[0].Finding); s == nil || s.Score != 0.5 || s.Day != "2026-03-01" {
			t.Errorf("EPSS of the finding: %+v", s)
		}
	})
}

// What a sync concerns is evaluated at once where somebody watches, and after all else where nobody does.
func TestWatchedImagesAreEvaluatedFirst(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, w *world) {
		w.serve("CVE-2026-1001", "low", "3.0-1", "p0")
		w.sync()
		w.analyse("a", []image.Package{deb("p0", "1.0-1")})
		w.analyse("b", []image.Package{deb("p0", "2.0-1")})
		w.analyse("c", []image.Package{deb("p1", "1.0-1")})
		w.must(w.store.Write(w.ctx, func(tx *store.Tx) error {
			tag := store.Tag{Registry: "r.example", Repository: "team/b", Tag: "1", Current: true}
			if err := tx.PutTag(w.ctx, w.images["b"].row.ID, tag); err != nil {
				return err
			}
			return tx.PutSubscription(w.ctx, &store.Subscription{Account: store.AdminAccount, Type: "vuln_update", Key: tag.FullTag(), Active: true})
		}))
		w.serve("CVE-2026-1001", "high", "3.0-1", "p0")
		if diff := cmp.Diff([]int64{w.images["b"].row.ID, w.images["a"].row.ID}, w.sync()); diff != "" {
			t.Errorf("order of evaluation (-want +got):\n%s", diff)
		}
		if got := w.sync(); len(got) > 0 {
			t.Errorf("a sync that brings nothing evaluates %v", got)
		}
	})
}
