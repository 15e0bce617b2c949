package engine_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// asStoredBefore makes the packages of an analysis what an earlier version kept: programs without the names that CPE gives
// them, no package under a name that is looked up now, and nothing with a number of the rules.
func asStoredBefore(t *testing.T, s *store.Store, analysis int64) {
	t.Helper()
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.PackagesOfAnalysis(t.Context(), analysis)
		if err != nil {
			return err
		}
		packages := make([]advisory.Package, len(rows))
		for i, r := range rows {
			packages[i] = r.Package
			if r.Ecosystem == advisory.EcosystemCPE {
				packages[i].Ecosystem, packages[i].Namespace = "", ""
			}
		}
		kept, err := tx.UpsertPackages(t.Context(), packages, advisory.Package.Keys)
		if err != nil {
			return err
		}
		ids := make([]int64, len(kept))
		for i := range kept {
			ids[i] = kept[i].ID
		}
		set, err := tx.PutPackageSet(t.Context(), image.DigestOf(fmt.Append(nil, "as before", ids)), ids)
		if err != nil {
			return err
		}
		if err := tx.RekeyAnalysis(t.Context(), analysis, []int64{set}); err != nil {
			return err
		}
		for _, query := range []string{"DELETE FROM package_keys", "UPDATE analyses SET key_rev = 0", "UPDATE packages SET key_rev = 0",
			"UPDATE package_sets SET put_at = 0"} {
			if _, err := tx.SQL().ExecContext(t.Context(), query); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Collect(t.Context()); err != nil { // the packages that nobody holds now
		t.Fatal(err)
	}
}

// What an earlier version stored is found by what came since: by a source that looks packages up by other names, and by
// records under names that the packages were not filed under. Until then it is a gap.
func TestWhatWasStoredByOlderRulesIsMatched(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		testkit.Image(
			testkit.Layer(testkit.Dir("etc"), testkit.File("etc/os-release", osRelease)),
			testkit.Layer(testkit.File("var/lib/dpkg/status", dpkgStatus("3.0.1-1"))),
			testkit.Layer(testkit.File("usr/local/go/VERSION", "go1.20.1\ntime 2023-02-14T00:00:00Z\n")),
		).Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		f.hooks.take(t, 1)
		f.subscribe(t, "1", notify.VulnUpdate)
		since := f.since(t, img.Digest, "CVE-2026-1000")
		if err := f.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		asStoredBefore(t, s, img.AnalysisID)
		const gap = "2 packages are not matched by all of their names yet"
		if got := f.gaps(t, img.Digest); !strings.Contains(got, gap) {
			t.Errorf("before the sync: gaps are %q", got)
		}
		known := map[string]string{"CVE-2026-1000": "3.0.2-1"}
		if diff := cmp.Diff(known, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Errorf("before the sync (-want +got):\n%s", diff)
		}
		before := time.Now()

		program := object{"vulnerable": true, "criteria": "cpe:2.3:a:golang:go:*:*:*:*:*:*:*:*", "versionEndExcluding": "1.20.2"}
		f.feeds.nvd(t, cve("CVE-2026-0001", worst, program))
		f.feeds.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.2-1", object{"upstream": []string{"CVE-2026-1000"}}),
			record("DEBIAN-CVE-2026-3000", "3.0.3-1", object{"upstream": []string{"CVE-2026-3000"}}))
		// The start of a version with other rules syncs at once, though the last sync is new.
		f.restart(t, func(_ *fixture, c *engine.Config) {
			c.Feeds.Places["nvd"] = []string{filepath.Join(f.feeds.dir, "nvd")}
		})
		want := map[string]string{"CVE-2026-1000": "3.0.2-1", "CVE-2026-3000": "3.0.3-1", "CVE-2026-0001": "1.20.2"}
		waitFor(t, "sync", func() bool { return len(f.vulns(t, img.Digest, engine.Moment{})) == len(want) })
		if diff := cmp.Diff(want, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Errorf("after the sync (-want +got):\n%s", diff)
		}
		if again := f.since(t, img.Digest, "CVE-2026-1000"); !again.Equal(since) {
			t.Errorf("what was known is known since %v, before since %v", again, since)
		}
		if got := f.gaps(t, img.Digest); strings.Contains(got, "names") || strings.Contains(got, "generic") {
			t.Errorf("after the sync: gaps are %q", got)
		}
		if got := types(f.hooks.take(t, 1)); len(got) != 1 || got[0] != string(notify.VulnUpdate) {
			t.Errorf("told of %v", got)
		}
		v, err := f.Vulns.Of(t.Context(), admin, img.Digest, engine.Moment{At: before})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(known, ids(v)); diff != "" {
			t.Errorf("as it was before (-want +got):\n%s", diff)
		}
		told := false
		for _, g := range v.Gaps {
			told = told || strings.Contains(g.Detail, "2 packages were not matched by all of their names then")
		}
		if !told {
			t.Errorf("as it was before: gaps are %v", v.Gaps)
		}
		if pending, err := s.KeysPending(t.Context()); err != nil || pending {
			t.Errorf("something is still stored by older rules: %t, %v", pending, err)
		}
		if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
			t.Errorf("invariants: %v, %v", problems, err)
		}
	})
}
