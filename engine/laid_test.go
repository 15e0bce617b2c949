package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/engine"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// What is remembered of an image is what would be read: a caller that changes his findings changes nobody else's, and the
// next state of the data is another answer.
func TestRememberedFindingsAreNobodysToChange(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		ask := func() *engine.Vulnerabilities {
			t.Helper()
			v, err := f.Vulns.Of(t.Context(), admin, img.Digest, engine.Moment{})
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		first := ask()
		want := ask().Findings
		if len(want) != 1 {
			t.Fatalf("%d findings, want 1", len(want))
		}
		first.Findings[0].Ignored, first.Findings[0].ID = "changed", "changed"
		if diff := cmp.Diff(want, ask().Findings); diff != "" {
			t.Errorf("after a caller changed his (-want +got):\n%s", diff)
		}
		f.feeds.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.7-1", object{"upstream": []string{"CVE-2026-1000"}}))
		f.sync(t, engine.SyncRequest{})
		if diff := cmp.Diff(map[string]string{"CVE-2026-1000": "3.0.7-1"}, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Errorf("after a sync (-want +got):\n%s", diff)
		}
	})
}
