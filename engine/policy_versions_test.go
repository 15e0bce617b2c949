package engine_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// Every version of a bundle can be listed and read again, by number, digest and moment, also after the bundle is deleted.
func TestVersionsOfABundle(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		if _, err := s.EnsureAdmin(t.Context(), "hash"); err != nil {
			t.Fatal(err)
		}
		begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		var hours atomic.Int64
		c := config(t, feeds{t.TempDir()}, "http://127.0.0.1", "node-1")
		c.Now = func() time.Time { return begin.Add(time.Duration(hours.Load()) * time.Hour) }
		e, err := engine.New(s, c)
		if err != nil {
			t.Fatal(err)
		}
		put := func(source string) store.Policy {
			t.Helper()
			p, err := e.Policies.Put(t.Context(), admin, []byte(source))
			if err != nil {
				t.Fatal(err)
			}
			hours.Add(1)
			return p
		}
		bundle := func(name string) string {
			return fmt.Sprintf(`{"id":"b","version":"1_0","name":%q,"policies":[],"mappings":[]}`, name)
		}
		one := put(bundle("one"))
		two := put("id: b\nversion: 1_0\nname: two\npolicies: []\nmappings: []\n")
		put("id: b\nversion: 1_0 # the same\nname: two\npolicies: []\nmappings: []\n")
		put(bundle("one"))

		list, err := e.Policies.Versions(t.Context(), admin, "b")
		if err != nil {
			t.Fatal(err)
		}
		version := func(n int, d image.Digest, from, to int) engine.PolicyVersion {
			v := engine.PolicyVersion{Number: n, PolicyVersion: store.PolicyVersion{PolicyID: "b", Digest: d, From: begin.Add(time.Duration(from) * time.Hour)}}
			if to > 0 {
				v.To = begin.Add(time.Duration(to) * time.Hour)
			}
			return v
		}
		want := []engine.PolicyVersion{version(3, one.Digest, 3, 0), version(2, two.Digest, 1, 3), version(1, one.Digest, 0, 1)}
		if diff := cmp.Diff(want, list); diff != "" {
			t.Errorf("versions (-want +got):\n%s", diff)
		}
		if err := e.Policies.Delete(t.Context(), admin, "b"); err != nil {
			t.Fatal(err)
		}
		for asked, number := range map[string]int{
			"1": 1, "2": 2, "3": 3, string(two.Digest): 2, two.Digest.Hex()[:12]: 2, string(one.Digest): 3, "2026-03-01T00:59:59Z": 1, "2026-03-01T02:30:00Z": 2,
			"0": 0, "4": 0, "-1": 0, "": 0, "sha256:": 0, "2026-02-01T00:00:00Z": 0, "x": 0,
		} {
			v, err := e.Policies.Version(t.Context(), admin, "b", asked)
			if number == 0 && err == nil || number > 0 && (err != nil || v.Number != number || image.DigestOf(v.Document) != v.Digest) {
				t.Errorf("%q is version %d (%v), want %d", asked, v.Number, err, number)
			}
		}
		for _, account := range []string{admin, "other"} {
			if _, err := e.Policies.Versions(t.Context(), account, map[string]string{admin: "c", "other": "b"}[account]); err == nil {
				t.Errorf("account %s: versions of a bundle that is not there", account)
			}
		}
	})
}
