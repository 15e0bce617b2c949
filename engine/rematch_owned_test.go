package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/engine"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// A record by which the distribution comes to spare its package hides the finding of the language package in it, and one
// that goes brings it back: the images concerned are evaluated and told about, others are not.
func TestTheDistributionComesToDecide(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s, func(f *fixture, _ *engine.Config) {
			f.feeds.write(t, "PyPI", object{
				"schema_version": "1.6.0", "id": "GHSA-aaaa-bbbb-cccc", "aliases": []string{"CVE-2026-5000"}, "modified": "2026-01-01T00:00:00Z",
				"affected": []object{{"package": object{"ecosystem": "PyPI", "name": "x"}, "versions": []string{"1.0"}}},
			})
		})
		const python = "usr/lib/python3/dist-packages/x-1.0.dist-info/METADATA"
		status := dpkgStatus("3.0.1-1") + "Package: python3-x\nStatus: install ok installed\nArchitecture: all\nMaintainer: Somebody\nSource: x\nVersion: 1.0-1\n\n"
		file := testkit.File(python, "Metadata-Version: 2.1\nName: x\nVersion: 1.0\n")
		testkit.Image(
			testkit.Layer(testkit.Dir("etc"), testkit.File("etc/os-release", osRelease)),
			testkit.Layer(testkit.File("var/lib/dpkg/status", status), testkit.File("var/lib/dpkg/info/python3-x.list", "/"+python+"\n"), file),
		).Push(t, f.registry, "app", "1")
		testkit.Image(
			testkit.Layer(testkit.Dir("etc"), testkit.File("etc/os-release", osRelease)),
			testkit.Layer(testkit.File("var/lib/dpkg/status", dpkgStatus("3.0.1-1")), file),
		).Push(t, f.registry, "app", "2")
		owned, free := f.add(t, "1"), f.add(t, "2")
		f.hooks.take(t, 2)
		f.subscribe(t, "1", notify.VulnUpdate)
		f.subscribe(t, "2", notify.VulnUpdate)
		openssl := record("DEBIAN-CVE-2026-1000", "3.0.2-1", object{"upstream": []string{"CVE-2026-1000"}})
		spares := record("DEBIAN-CVE-2026-5000", "", object{"upstream": []string{"CVE-2026-5000"}})
		spares["affected"] = []object{{"package": object{"ecosystem": "Debian:12", "name": "x"},
			"ranges": []object{{"type": "ECOSYSTEM", "events": []object{{"introduced": "0"}, {"fixed": "0.9-1"}}}}}}
		both := map[string]string{"CVE-2026-1000": "3.0.2-1", "GHSA-aaaa-bbbb-cccc": ""}
		for _, c := range []struct {
			records []object
			want    map[string]string
		}{
			{[]object{openssl, spares}, map[string]string{"CVE-2026-1000": "3.0.2-1"}},
			{[]object{openssl}, both},
		} {
			f.feeds.write(t, "Debian", c.records...)
			r := f.sync(t, engine.SyncRequest{})
			for _, g := range r.Groups {
				if g.Images != 1 {
					t.Errorf("with %d records %d images are concerned", len(c.records), g.Images)
				}
			}
			if diff := cmp.Diff(c.want, f.vulns(t, owned.Digest, engine.Moment{})); diff != "" {
				t.Errorf("with %d records (-want +got):\n%s", len(c.records), diff)
			}
			if diff := cmp.Diff(both, f.vulns(t, free.Digest, engine.Moment{})); diff != "" {
				t.Errorf("with %d records, what nobody owns (-want +got):\n%s", len(c.records), diff)
			}
			if got := types(f.hooks.take(t, 1)); len(got) != 1 || got[0] != notify.VulnUpdate {
				t.Errorf("with %d records: told of %v", len(c.records), got)
			}
		}
	})
}
