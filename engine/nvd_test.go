package engine_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// nvd writes a page of NVD's data.
func (f feeds) nvd(t *testing.T, cves ...object) {
	t.Helper()
	list := []object{}
	for _, c := range cves {
		list = append(list, object{"cve": c})
	}
	raw, err := json.Marshal(object{"format": "NVD_CVE", "version": "2.0", "vulnerabilities": list})
	if err != nil {
		t.Fatal(err)
	}
	f.raw(t, filepath.Join("nvd", "page.json"), raw)
}

// cve is a CVE of NVD with a score of version 3.1.
func cve(id, vector string, configurations ...object) object {
	return object{
		"id": id, "published": "2026-01-01T00:00:00.000", "lastModified": "2026-01-02T00:00:00.000", "vulnStatus": "Analyzed",
		"descriptions":   []object{{"lang": "en", "value": "Described by NVD. At length."}},
		"metrics":        object{"cvssMetricV31": []object{{"type": "Primary", "cvssData": object{"vectorString": vector}}}},
		"configurations": []object{{"nodes": []object{{"operator": "OR", "cpeMatch": configurations}}}},
	}
}

const (
	worst  = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
	milder = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"
)

// NVD's data rates and describes findings, finds what is wrong with programs that belong to no package, and changes no
// other finding; a score that changes ends one interval and begins the next.
func TestNVDRatesAndFinds(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s, func(_ *fixture, c *engine.Config) {
			home := feeds{filepath.Dir(c.Feeds.Places["osv"][0])}
			home.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.2-1", object{"upstream": []string{"CVE-2026-1000"}, "summary": ""}))
			home.nvd(t, cve("CVE-2026-0001", milder))
			c.Feeds.Places["nvd"] = []string{filepath.Join(home.dir, "nvd")}
		})
		build := testkit.Image(
			testkit.Layer(testkit.Dir("etc"), testkit.File("etc/os-release", osRelease)),
			testkit.Layer(testkit.File("var/lib/dpkg/status", dpkgStatus("3.0.1-1"))),
			testkit.Layer(testkit.File("usr/local/go/VERSION", "go1.20.1\ntime 2023-02-14T00:00:00Z\n")),
		)
		build.Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		find := func(m engine.Moment) map[string]advisory.ImageFinding {
			t.Helper()
			v, err := f.Vulns.Of(t.Context(), admin, img.Digest, m)
			if err != nil {
				t.Fatal(err)
			}
			out := map[string]advisory.ImageFinding{}
			for _, one := range v.Findings {
				out[one.ID] = one
			}
			return out
		}
		before := find(engine.Moment{})
		if one := before["CVE-2026-1000"]; len(before) != 1 || one.Severity != advisory.Unknown || len(one.CVSS) > 0 {
			t.Fatalf("before: %+v", before)
		}
		program := object{"vulnerable": true, "criteria": "cpe:2.3:a:golang:go:*:*:*:*:*:*:*:*", "versionStartExcluding": "1.20", "versionEndExcluding": "1.20.2"}
		anyVersion := object{"vulnerable": true, "criteria": "cpe:2.3:a:golang:go:*:*:*:*:*:*:*:*"}
		f.feeds.nvd(t, cve("CVE-2026-1000", worst), cve("CVE-2026-0001", milder, program), cve("CVE-2026-0002", worst, anyVersion))
		if r := f.sync(t, engine.SyncRequest{}); !r.OK {
			t.Fatalf("%+v", r)
		}
		got := find(engine.Moment{})
		rated := got["CVE-2026-1000"]
		if rated.Severity != advisory.Critical || rated.SeveritySource != "CVE-2026-1000: NVD CVSS v3" || rated.Title != "Described by NVD." || rated.ByCPE() {
			t.Errorf("the finding of the package: %+v", rated.Finding)
		}
		found := got["CVE-2026-0001"]
		want := []advisory.Evidence{{Record: "CVE-2026-0001", Ecosystem: "CPE", Package: "golang:go", Compared: "1.20.1", Range: "> 1.20, < 1.20.2", Fixed: "1.20.2"}}
		if d := cmp.Diff(want, found.Evidence); d != "" || len(got) != 2 || found.Package.Type != image.Binary || !found.ByCPE() {
			t.Errorf("%d findings, that of the program: %+v\n%s", len(got), found, d)
		}

		// The description changes where there is a title already: nothing that is stored does.
		described := cve("CVE-2026-1000", worst)
		described["descriptions"] = []object{{"lang": "en", "value": "Described by NVD. Now shorter."}}
		f.feeds.nvd(t, described, cve("CVE-2026-0001", milder, program))
		if r := f.sync(t, engine.SyncRequest{}); r.Groups[0].Images != 0 {
			t.Errorf("images were touched: %+v", r)
		}
		f.feeds.nvd(t, cve("CVE-2026-1000", milder), cve("CVE-2026-0001", milder, program))
		f.sync(t, engine.SyncRequest{})
		if now := find(engine.Moment{})["CVE-2026-1000"]; now.Severity != advisory.Medium || !now.Since.Equal(rated.Since) {
			t.Errorf("after NVD rated it lower: %s since %s, not %s", now.Severity, now.Since, rated.Since)
		}
		for _, on := range []bool{false, true} {
			if _, err := f.Feeds.Switch(t.Context(), engine.FeedName, "nvdv2:cves", on); err != nil {
				t.Fatal(err)
			}
			got := find(engine.Moment{})
			if on && (len(got) != 2 || got["CVE-2026-1000"].Severity != advisory.Medium || !got["CVE-2026-1000"].Since.Equal(rated.Since)) ||
				!on && (len(got) != 1 || got["CVE-2026-1000"].Severity != advisory.Unknown) {
				t.Errorf("the group switched on: %t: %+v", on, got)
			}
		}
		said, err := s.NVDAt(t.Context(), []string{"CVE-2026-1000", "CVE-2026-0009"}, 1<<40)
		if err != nil || len(said) != 1 || said["CVE-2026-1000"].CVSS[0].Base != 5.3 {
			t.Errorf("NVD says %+v, %v", said, err)
		}
		v, err := f.Vulns.Of(t.Context(), admin, img.Digest, engine.Moment{})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range v.Gaps {
			if strings.Contains(g.Detail, "generic") {
				t.Errorf("a gap for what was matched: %s", g.Detail)
			}
		}
	})
}
