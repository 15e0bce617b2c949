package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// vulns are the ids and severities of matches, by package name.
func vulns(list []store.PackageMatch) map[string]map[string]advisory.Severity {
	m := map[string]map[string]advisory.Severity{}
	for _, p := range list {
		if m[p.Package.Name] == nil {
			m[p.Package.Name] = map[string]advisory.Severity{}
		}
		m[p.Package.Name][p.Match.Finding.ID] = p.Match.Finding.Severity
	}
	return m
}

type severities = map[string]advisory.Severity

func TestMatchesHaveALife(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", nil)
		// libc is in both layers' shares, as a package that two databases name.
		rows := b.analyse(&i, []advisory.Package{pkg("libc", "1"), pkg("ssl", "1")}, []advisory.Package{pkg("libc", "1")})
		libc, ssl := rows[0].ID, rows[1].ID
		b.switchTo(1)
		full := match(libc, "CVE-1", advisory.High)
		full.From, full.FixSince, full.Since = 1, day.Add(time.Hour), day
		full.Finding = advisory.Finding{ID: "CVE-1", IDs: []string{"CVE-1", "GHSA-1"}, Severity: advisory.High, Fixes: []string{"2"}, State: advisory.Fixed,
			CVSS: []advisory.CVSS{{Source: "nvd", Version: "3.1", Vector: "CVSS:3.1/…", Base: 9.8}}, Title: "ü", Published: day, KnownExploited: "2026-01-01",
			Evidence: []advisory.Evidence{{Record: "DSA-1", Ecosystem: "Debian:12", Package: "libc", Compared: "1", Range: "< 2", Fixed: "2"}}}
		b.write(func(tx *store.Tx) error {
			second := match(ssl, "CVE-2", advisory.Low)
			second.From = 1
			return tx.InsertMatches(b.ctx, []store.Match{full, second, full})
		})
		open := must(b.OpenMatches(b.ctx, []int64{libc, ssl}, 1))(t)
		want := full
		want.ID = open[libc][0].ID
		if diff := cmp.Diff([]store.Match{want}, open[libc]); diff != "" {
			t.Errorf("the match on libc (want -, have +):\n%s", diff)
		}

		// Staged: CVE-1 changes its severity, CVE-2 ends, CVE-3 begins.
		err := b.StageMatches(b.ctx, 2, []int64{open[libc][0].ID, open[ssl][0].ID}, "advisory",
			[]store.Match{match(libc, "CVE-1", advisory.Critical), match(ssl, "CVE-3", advisory.Low)})
		if err != nil {
			t.Fatal(err)
		}
		before := map[string]severities{"libc": {"CVE-1": advisory.High}, "ssl": {"CVE-2": advisory.Low}}
		after := map[string]severities{"libc": {"CVE-1": advisory.Critical}, "ssl": {"CVE-3": advisory.Low}}
		at := func(rev int64, want map[string]severities) {
			t.Helper()
			if diff := cmp.Diff(want, vulns(must(b.MatchesOfAnalysis(b.ctx, i.AnalysisID, rev))(t))); diff != "" {
				t.Errorf("revision %d (want -, have +):\n%s", rev, diff)
			}
		}
		at(0, map[string]severities{})
		at(1, before)
		at(2, after)
		if err := b.AbortStaged(b.ctx, 2); err != nil {
			t.Fatal(err)
		}
		at(2, before)
		b.sound()
		err = b.StageMatches(b.ctx, 2, []int64{open[libc][0].ID, open[ssl][0].ID}, "advisory",
			[]store.Match{match(libc, "CVE-1", advisory.Critical), match(ssl, "CVE-3", advisory.Low), match(987654, "CVE-9", advisory.Low)})
		if err != nil {
			t.Fatal(err)
		}
		b.switchTo(2)
		at(1, before)
		at(2, after)
		if diff := cmp.Diff([]int64{libc, ssl}, must(b.ChangedPackages(b.ctx, 2))(t), sorted); diff != "" {
			t.Errorf("packages changed by revision 2:\n%s", diff)
		}
		if err := b.StageMatches(b.ctx, 3, []int64{must(b.OpenMatches(b.ctx, []int64{ssl}, 2))(t)[ssl][0].ID}, "feed disabled", nil); err != nil {
			t.Fatal(err)
		}
		b.switchTo(3)
		if quiet := must(b.ChangedPackages(b.ctx, 3, "feed disabled"))(t); len(quiet) != 0 {
			t.Errorf("a disabled feed notifies about %v", quiet)
		}
		if p := must(b.PackagesWithVulns(b.ctx, []string{"CVE-1", "CVE-2"}))(t); len(p["CVE-1"]) != 1 || p["CVE-1"][0].ID != libc {
			t.Errorf("packages with an open match of CVE-1 or CVE-2: %v, want libc", p)
		}
	})
}

// What has to be matched again after a sync: packages by the names of changed records, by exploited vulnerabilities, and
// those that came while the sync ran.
func TestPackagesStaged(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		if err := b.StageRecords(b.ctx, 1, "Debian", []store.NewRecord{record("1", "x", "libc"), record("2", "x", "ssl"), record("3", "x", "zip")}); err != nil {
			t.Fatal(err)
		}
		b.switchTo(1)
		i := b.image("one", nil)
		rows := b.analyse(&i, []advisory.Package{pkg("libc", "1"), pkg("ssl", "1"), pkg("zip", "1"), pkg("bash", "1")})
		b.write(func(tx *store.Tx) error {
			m := match(rows[3].ID, "CVE-7", advisory.Low)
			m.From, m.Finding.IDs = 1, []string{"CVE-7", "CVE-8"}
			return tx.InsertMatches(b.ctx, []store.Match{m})
		})
		if err := b.StageRecords(b.ctx, 2, "Debian", []store.NewRecord{record("1", "y", "libc")}); err != nil {
			t.Fatal(err)
		}
		if err := b.StageRemoved(b.ctx, 2, "Debian", []string{"2"}); err != nil {
			t.Fatal(err)
		}
		names := func(rows []store.PackageRow, err error) []string {
			var list []string
			for _, p := range must(rows, err)(t) {
				list = append(list, p.Name+" "+p.Version)
			}
			return list
		}
		if diff := cmp.Diff([]string{"libc 1", "ssl 1"}, names(b.PackagesStaged(b.ctx, 2))); diff != "" {
			t.Error(diff)
		}
		must(b.StageKEV(b.ctx, 2, map[string]string{"CVE-8": "2026-01-01", "CVE-99": "2026-01-01"}, nil))(t)
		if diff := cmp.Diff([]string{"libc 1", "ssl 1", "bash 1"}, names(b.PackagesStaged(b.ctx, 2))); diff != "" {
			t.Error(diff)
		}
		last := must(b.LastPackage(b.ctx))(t)
		two := b.image("two", nil)
		b.analyse(&two, []advisory.Package{pkg("libc", "2"), pkg("zip", "2")})
		if diff := cmp.Diff([]string{"libc 2"}, names(b.PackagesStagedSince(b.ctx, 2, last))); diff != "" {
			t.Errorf("packages that came meanwhile:\n%s", diff)
		}
	})
}
