package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// switchFeed switches, and waits for the sync that follows when something is switched on.
func (f *fixture) switchFeed(t *testing.T, group string, on bool) engine.FeedState {
	t.Helper()
	s, err := f.Feeds.Switch(t.Context(), engine.FeedName, group, on)
	if err != nil {
		t.Fatalf("switching %q: %v", group, err)
	}
	waitFor(t, "end of the work that follows", func() bool {
		p, err := f.Feeds.Progress(t.Context())
		live, err2 := f.store.LiveJobs(t.Context(), "evaluate")
		return errors.Join(err, err2) == nil && !p.Running && live == 0
	})
	return s
}

func (f *fixture) gaps(t *testing.T, d image.Digest) string {
	t.Helper()
	v, err := f.Vulns.Of(t.Context(), admin, d, engine.Moment{})
	if err != nil {
		t.Fatal(err)
	}
	var gaps []string
	for _, g := range v.Gaps {
		gaps = append(gaps, g.Detail)
	}
	return strings.Join(gaps, "; ")
}

func (f *fixture) since(t *testing.T, d image.Digest, id string) time.Time {
	t.Helper()
	v, err := f.Vulns.Of(t.Context(), admin, d, engine.Moment{})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range v.Findings {
		if one.ID == id {
			return one.Since
		}
	}
	return time.Time{}
}

// What is switched off is not matched, is a gap, and comes back as it was; nobody is told of any of it.
func TestAGroupSwitchedOffAndOn(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		f.hooks.take(t, 1)
		f.subscribe(t, "1", notify.VulnUpdate, notify.PolicyEval)
		known := map[string]string{"CVE-2026-1000": "3.0.2-1"}
		since := f.since(t, img.Digest, "CVE-2026-1000")
		for _, group := range []string{"debian:12", ""} {
			before := time.Now()
			state := f.switchFeed(t, group, false)
			off := !state.Enabled
			for _, g := range state.Groups {
				off = off || g.Group == group && !g.Enabled
			}
			if !off {
				t.Errorf("%q is shown as enabled: %+v", group, state)
			}
			if got := f.vulns(t, img.Digest, engine.Moment{}); len(got) > 0 {
				t.Errorf("%q off: found %v", group, got)
			}
			if diff := cmp.Diff(known, f.vulns(t, img.Digest, engine.Moment{At: before})); diff != "" {
				t.Errorf("%q off: as it was before (-want +got):\n%s", group, diff)
			}
			if gaps := f.gaps(t, img.Digest); !strings.Contains(gaps, "advisory data for Debian:12 is switched off") {
				t.Errorf("%q off: gaps are %q", group, gaps)
			}
			// A sync, and an image that comes meanwhile, change nothing.
			f.sync(t, engine.SyncRequest{Flush: true})
			debianImage("3.0.1-1"+group[:min(1, len(group))]).Push(t, f.registry, "app", "2"+group[:min(1, len(group))])
			late := f.add(t, "2"+group[:min(1, len(group))])
			f.hooks.take(t, 1)
			if got := f.vulns(t, late.Digest, engine.Moment{}); len(got) > 0 {
				t.Errorf("%q off: found %v in an image that came later", group, got)
			}
			f.switchFeed(t, group, true)
			if diff := cmp.Diff(known, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
				t.Errorf("%q on again (-want +got):\n%s", group, diff)
			}
			if diff := cmp.Diff(known, f.vulns(t, late.Digest, engine.Moment{})); diff != "" {
				t.Errorf("%q on again: the image that came later (-want +got):\n%s", group, diff)
			}
			if again := f.since(t, img.Digest, "CVE-2026-1000"); !again.Equal(since) {
				t.Errorf("%q on again: known since %v, before since %v", group, again, since)
			}
			if gaps := f.gaps(t, img.Digest); strings.Contains(gaps, "switched off") {
				t.Errorf("%q on again: gaps are %q", group, gaps)
			}
		}
		if got := f.hooks.take(t, 0); len(got) > 0 {
			t.Errorf("told of what was switched: %v", types(got))
		}
		if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
			t.Errorf("invariants: %v, %v", problems, err)
		}
	})
}

// What is news is told, though data was switched since the last verdict and changed nothing.
func TestNewsAfterASwitch(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		debianImage("3.0.2-1").Push(t, f.registry, "app", "1")
		f.add(t, "1")
		f.hooks.take(t, 1)
		f.subscribe(t, "1", notify.PolicyEval)
		bundle := func(rules string) {
			t.Helper()
			p, err := f.Policies.Put(t.Context(), admin, []byte(`{"id":"b","version":"1_0","name":"b","whitelists":[],
				"mappings":[{"id":"m","name":"all","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_id":"p","whitelist_ids":[]}],
				"policies":[{"id":"p","name":"p","version":"1_0","rules":[`+rules+`]}]}`))
			if err == nil {
				_, err = f.Policies.Activate(t.Context(), admin, p.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		bundle("")
		waitFor(t, "end of the evaluations", func() bool {
			live, err := f.store.LiveJobs(t.Context(), "evaluate")
			return err == nil && live == 0
		})
		f.hooks.take(t, 0)
		f.switchFeed(t, "", false)
		f.switchFeed(t, "", true)
		bundle(`{"id":"r","gate":"always","trigger":"always","action":"STOP","params":[]}`)
		if diff := cmp.Diff([]string{notify.PolicyEval}, types(f.hooks.take(t, 1))); diff != "" {
			t.Errorf("a bundle that stops, after the switches (-want +got):\n%s", diff)
		}
	})
}

func TestAGroupIsDeletedWhenItIsOff(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		eleven := record("DEBIAN-CVE-2026-7000", "1", nil)
		eleven["affected"] = []object{{"package": object{"ecosystem": "Debian:11", "name": "openssl"}, "versions": []string{"1"}}}
		both := record("DEBIAN-CVE-2026-8000", "9", object{"upstream": []string{"CVE-2026-8000"}})
		both["affected"] = append(both["affected"].([]object), eleven["affected"].([]object)...)
		twelve := record("DEBIAN-CVE-2026-1000", "3.0.2-1", object{"upstream": []string{"CVE-2026-1000"}})
		f.feeds.write(t, "Debian", twelve, eleven, both)
		f.sync(t, engine.SyncRequest{})
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		code := func(err error) string {
			e, _ := errors.AsType[*engine.Error](err)
			if e == nil {
				return ""
			}
			return string(e.Class) + " " + e.Code
		}
		_, enabled := f.Feeds.Delete(t.Context(), engine.FeedName, "debian:12")
		_, all := f.Feeds.Delete(t.Context(), engine.FeedName, "")
		_, group := f.Feeds.Switch(t.Context(), engine.FeedName, "debian:99", false)
		_, none := f.Feeds.Switch(t.Context(), engine.FeedName, "none", false)
		_, feed := f.Feeds.Delete(t.Context(), "packages", "")
		if diff := cmp.Diff([]string{"conflict feed_enabled", "conflict feed_enabled", "not_found feed_group_not_found", "not_found feed_group_not_found", "not_found feed_not_found"},
			[]string{code(enabled), code(all), code(group), code(none), code(feed)}); diff != "" {
			t.Errorf("refusals (-want +got):\n%s", diff)
		}
		records := func() map[string]int64 {
			rev, err := s.CurrentRevision(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n, err := s.CountRecords(t.Context(), "Debian", rev.ID)
			if err != nil {
				t.Fatal(err)
			}
			out := map[string]int64{"in the store": n}
			state, err := f.Feeds.State(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range state[0].Groups {
				out[g.Group] = g.Records
			}
			return out
		}
		f.switchFeed(t, "debian:12", false)
		if _, err := f.Feeds.Delete(t.Context(), engine.FeedName, "debian:12"); err != nil {
			t.Fatal(err)
		}
		// What speaks of another release too is kept for that one; a sync does not bring the rest back.
		want := map[string]int64{"in the store": 2, "debian:11": 2, "debian:12": 0}
		if diff := cmp.Diff(want, records()); diff != "" {
			t.Errorf("deleted: records (-want +got):\n%s", diff)
		}
		f.sync(t, engine.SyncRequest{Flush: true})
		if diff := cmp.Diff(want, records()); diff != "" {
			t.Errorf("deleted, after a sync: records (-want +got):\n%s", diff)
		}
		f.switchFeed(t, "debian:12", true)
		if diff := cmp.Diff(map[string]int64{"in the store": 3, "debian:11": 2, "debian:12": 2}, records()); diff != "" {
			t.Errorf("on again: records (-want +got):\n%s", diff)
		}
		want2 := map[string]string{"CVE-2026-1000": "3.0.2-1", "CVE-2026-8000": "9"}
		if diff := cmp.Diff(want2, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Errorf("on again (-want +got):\n%s", diff)
		}
		f.switchFeed(t, "", false)
		if _, err := f.Feeds.Delete(t.Context(), engine.FeedName, ""); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int64{"in the store": 0}, records()); diff != "" {
			t.Errorf("the whole feed deleted: records (-want +got):\n%s", diff)
		}
		f.switchFeed(t, "", true)
		if diff := cmp.Diff(want2, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Errorf("the whole feed on again (-want +got):\n%s", diff)
		}
		if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
			t.Errorf("invariants: %v, %v", problems, err)
		}
	})
}
