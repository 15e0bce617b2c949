package engine_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/engine"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// javaArchive is a Java archive with these entries, all of them empty.
func javaArchive(t *testing.T, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names {
		if _, err := w.Create(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// An archive that names no group is matched when a sync brings a record about its artifact and its classes tell the group;
// what nothing tells is named as a gap.
func TestArchivesWithoutAGroupAreMatched(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		testkit.Image(testkit.Layer(testkit.Dir("etc"), testkit.File("etc/os-release", osRelease)), testkit.Layer(
			testkit.File("srv/spring-webmvc-5.3.17.jar", javaArchive(t, "org/springframework/web/A.class", "org/springframework/web/b/B.class")),
			testkit.File("srv/other-1.0.jar", javaArchive(t, "org/other/A.class")),
		)).Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		f.hooks.take(t, 1)
		if got := f.gaps(t, img.Digest); !strings.Contains(got, "no advisory data for Maven: its 2 packages were not matched") || strings.Contains(got, "group") {
			t.Errorf("before the sync: gaps are %q", got)
		}
		affected := func(name string) object {
			return object{"package": object{"ecosystem": "Maven", "name": name}, "ranges": []object{{"type": "ECOSYSTEM", "events": []object{{"introduced": "0"}, {"fixed": "5.3.18"}}}}}
		}
		f.feeds.write(t, "Maven", object{"id": "GHSA-36p3-wjmg-h94x", "modified": "2026-01-01T00:00:00Z", "affected": []object{
			affected("org.springframework:spring-webmvc"), affected("com.else:other"), affected("org.springframework:spring-webflux")}})
		f.sync(t, engine.SyncRequest{})
		if diff := cmp.Diff(map[string]string{"GHSA-36p3-wjmg-h94x": "5.3.18"}, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Errorf("after the sync (-want +got):\n%s", diff)
		}
		v, err := f.Vulns.Of(t.Context(), admin, img.Digest, engine.Moment{})
		if err != nil {
			t.Fatal(err)
		}
		const why = "the archive names no group; org.springframework is inferred: its classes are in org/springframework/web"
		if len(v.Findings) != 1 || v.Findings[0].Inferred() != why {
			t.Errorf("inferred as %+v", v.Findings)
		}
		if got := f.gaps(t, img.Digest); !strings.Contains(got, "were not matched: 1 (srv/other-1.0.jar)") {
			t.Errorf("after the sync: gaps are %q", got)
		}
	})
}
