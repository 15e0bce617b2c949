package engine_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/engine"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// What a source brought does not count once the settings set it to none, and counts again as it was when it is set again;
// nobody is told of either, and what was known before stays known.
func TestASourceSetToNone(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		places := func(without ...string) func(*fixture, *engine.Config) {
			return func(f *fixture, c *engine.Config) {
				c.Feeds.Places["nvd"] = []string{filepath.Join(f.feeds.dir, "nvd")}
				for _, name := range without {
					delete(c.Feeds.Places, name)
				}
			}
		}
		f := start(t, s, func(f *fixture, c *engine.Config) {
			program := object{"vulnerable": true, "criteria": "cpe:2.3:a:golang:go:*:*:*:*:*:*:*:*", "versionEndExcluding": "1.20.2"}
			f.feeds.nvd(t, cve("CVE-2026-1000", worst), cve("CVE-2026-0001", milder, program))
			f.feeds.kev(t, "CVE-2026-1000")
			places()(f, c)
		})
		testkit.Image(
			testkit.Layer(testkit.Dir("etc"), testkit.File("etc/os-release", osRelease)),
			testkit.Layer(testkit.File("var/lib/dpkg/status", dpkgStatus("3.0.1-1"))),
			testkit.Layer(testkit.File("usr/local/go/VERSION", "go1.20.1\ntime 2023-02-14T00:00:00Z\n")),
		).Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		f.hooks.take(t, 1)
		f.subscribe(t, "1", notify.VulnUpdate, notify.PolicyEval)
		type seen struct {
			Severity  advisory.Severity
			Exploited string
			Since     time.Time
		}
		look := func(m engine.Moment) map[string]seen {
			t.Helper()
			v, err := f.Vulns.Of(t.Context(), admin, img.Digest, m)
			if err != nil {
				t.Fatal(err)
			}
			out := map[string]seen{}
			for _, one := range v.Findings {
				out[one.ID] = seen{one.Severity, one.KnownExploited, one.Since}
			}
			return out
		}
		restart := func(change func(*fixture, *engine.Config)) {
			t.Helper()
			if err := f.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			before, err := s.CurrentRevision(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			f.restart(t, change)
			waitFor(t, "the sync that follows the settings", func() bool {
				now, err := s.CurrentRevision(t.Context())
				sync, err2 := s.LiveJobs(t.Context(), "sync")
				live, err3 := s.LiveJobs(t.Context(), "evaluate")
				return errors.Join(err, err2, err3) == nil && now.ID > before.ID && sync+live == 0
			})
		}
		full := look(engine.Moment{})
		rated := full["CVE-2026-1000"]
		if len(full) != 2 || rated.Severity != advisory.Critical || rated.Exploited == "" {
			t.Fatalf("with all sources: %+v", full)
		}
		at := time.Now()

		restart(places("nvd", "kev"))
		want := map[string]seen{"CVE-2026-1000": {Since: rated.Since}}
		if diff := cmp.Diff(want, look(engine.Moment{})); diff != "" {
			t.Errorf("NVD and the catalogue set to none (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(full, look(engine.Moment{At: at})); diff != "" {
			t.Errorf("as it was before (-want +got):\n%s", diff)
		}
		if gaps := f.gaps(t, img.Digest); !strings.Contains(gaps, "advisory data for CPE is switched off") || strings.Contains(gaps, "Debian") {
			t.Errorf("NVD and the catalogue set to none: gaps are %q", gaps)
		}
		restart(places("nvd", "kev", "osv"))
		if got := look(engine.Moment{}); len(got) > 0 {
			t.Errorf("all set to none: %+v", got)
		}
		if gaps := f.gaps(t, img.Digest); !strings.Contains(gaps, "advisory data for Debian:12 is switched off") {
			t.Errorf("all set to none: gaps are %q", gaps)
		}
		f.sync(t, engine.SyncRequest{Flush: true}) // changes nothing
		state, err := f.Feeds.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range state[0].Groups {
			if g.Enabled {
				t.Errorf("all set to none: the group %s is shown as enabled", g.Group)
			}
		}
		for _, part := range state[0].Sources {
			if !part.Off && part.Driver != "epss" {
				t.Errorf("all set to none: the part %s is not shown as off", part.Name)
			}
		}
		rev, err := s.CurrentRevision(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		restart(places())
		if diff := cmp.Diff(full, look(engine.Moment{})); diff != "" {
			t.Errorf("all set again (-want +got):\n%s", diff)
		}
		if gaps := f.gaps(t, img.Digest); strings.Contains(gaps, "switched off") {
			t.Errorf("all set again: gaps are %q", gaps)
		}
		if now, err := s.CurrentRevision(t.Context()); err != nil || now.ID != rev.ID+1 || now.Reason != "enabled" {
			t.Errorf("revision %+v after %d, %v", now, rev.ID, err)
		}
		if got := f.hooks.take(t, 0); len(got) > 0 {
			t.Errorf("told of settings: %v", types(got))
		}
		if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
			t.Errorf("invariants: %v, %v", problems, err)
		}
	})
}

// An archive has no source here that could be set to none: what it brings counts, also where the same was loaded before.
func TestAnArchiveWhereSourcesAreNone(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		data := f.export(t, archiveKey(t))
		known := f.vulns(t, img.Digest, engine.Moment{})
		if err := f.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.restart(t, noSources)
		waitFor(t, "the source to be off", func() bool { return len(f.vulns(t, img.Digest, engine.Moment{})) == 0 })
		if _, err := f.imported(t, data, engine.ImportFeeds{AllowUnsigned: true}); err != nil {
			t.Fatal(err)
		}
		f.sync(t, engine.SyncRequest{})
		if diff := cmp.Diff(known, f.vulns(t, img.Digest, engine.Moment{})); diff != "" || len(known) == 0 {
			t.Errorf("after the import (-want +got):\n%s", diff)
		}
		for _, part := range f.state(t).Sources {
			if part.Off || part.Driver != "epss" && !strings.HasPrefix(part.Archive, "archive feeds-2026.lwf of 20") {
				t.Errorf("%s is shown as off: %t, from %q", part.Name, part.Off, part.Archive)
			}
		}
		if got := f.state(t).Archives["debian:12"]; !strings.HasPrefix(got, "archive feeds-2026.lwf of 20") {
			t.Errorf("the group is shown as from %q", got)
		}
	})
}
