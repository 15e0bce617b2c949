package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// asReadBefore makes it look as if an earlier version had read a part's present file: change is done to what is remembered.
func (f *fixture) asReadBefore(t *testing.T, part string, change func(state object)) {
	t.Helper()
	err := f.store.Write(t.Context(), func(tx *store.Tx) error {
		raw, err := tx.Setting(t.Context(), "feeds.sources")
		if err != nil {
			return err
		}
		states := map[string]object{}
		if err := json.Unmarshal([]byte(raw), &states); err != nil {
			return err
		}
		change(states[part])
		changed, err := json.Marshal(states)
		if err != nil {
			return err
		}
		return tx.PutSetting(t.Context(), "feeds.sources", string(changed))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) revision(t *testing.T) int64 {
	t.Helper()
	rev, err := f.store.CurrentRevision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rev.ID
}

// A version of the program that makes more of the same file reads it again, though the source has nothing new; what comes
// out the same makes no work.
func TestWhatAnEarlierVersionReadIsReadAgain(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		f.hooks.take(t, 1)
		f.subscribe(t, "1", notify.VulnUpdate)
		// The present file says 3.0.3-1; what is stored of it is 3.0.2-1.
		f.feeds.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.3-1", object{"upstream": []string{"CVE-2026-1000"}}))
		raw, err := os.ReadFile(filepath.Join(f.feeds.dir, "osv", "Debian", "all.zip"))
		if err != nil {
			t.Fatal(err)
		}
		f.asReadBefore(t, "Debian", func(state object) { state["fingerprint"] = string(image.DigestOf(raw)) })
		f.sync(t, engine.SyncRequest{})
		before := map[string]string{"CVE-2026-1000": "3.0.2-1"}
		if diff := cmp.Diff(before, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Fatalf("the file was read though nothing about it is new (-want +got):\n%s", diff)
		}
		older := func(state object) { delete(state, "reader") }
		f.asReadBefore(t, "Debian", older)
		rev := f.revision(t)
		f.sync(t, engine.SyncRequest{})
		want := map[string]string{"CVE-2026-1000": "3.0.3-1"}
		if diff := cmp.Diff(want, f.vulns(t, img.Digest, engine.Moment{})); diff != "" || f.revision(t) != rev+1 {
			t.Errorf("read by an earlier version, revision %d after %d (-want +got):\n%s", f.revision(t), rev, diff)
		}
		if got := types(f.hooks.take(t, 1)); len(got) != 1 || got[0] != string(notify.VulnUpdate) {
			t.Errorf("told of %v", got)
		}
		for _, part := range []string{"Debian", "kev", "epss"} {
			f.asReadBefore(t, part, older)
		}
		if r := f.sync(t, engine.SyncRequest{}); !r.OK || f.revision(t) != rev+1 || r.Groups[0].Records != 0 || r.Groups[0].Images != 0 {
			t.Errorf("read again to the same: revision %d, %+v", f.revision(t), r)
		}
		// The start of a version that reads more syncs at once, though the last sync is new.
		f.asReadBefore(t, "Debian", older)
		if err := f.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.restart(t)
		waitFor(t, "sync", func() bool {
			read := false
			f.asReadBefore(t, "Debian", func(state object) { read = state["reader"] != nil })
			return read
		})
	})
}

// What was matched by older rules is matched again by the next sync: what the rules make otherwise ends one interval and
// begins the next, known as long as before, and what they make alike stays.
func TestWhatWasMatchedByOlderRulesIsMatchedAgain(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		ended := record("DEBIAN-CVE-2026-2000", "", object{"upstream": []string{"CVE-2026-2000"}})
		ended["affected"] = []object{{"package": object{"ecosystem": "Debian:12", "name": "openssl"},
			"ranges": []object{{"type": "ECOSYSTEM", "events": []object{{"introduced": "0"}, {"last_affected": "3.0.4-1"}}}}}}
		f.feeds.write(t, "Debian", ended, record("DEBIAN-CVE-2026-1000", "3.0.2-1", object{"upstream": []string{"CVE-2026-1000"}}))
		f.sync(t, engine.SyncRequest{})
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		f.hooks.take(t, 1)
		state := func() map[string]advisory.FixState {
			t.Helper()
			v, err := f.Vulns.Of(t.Context(), admin, img.Digest, engine.Moment{})
			if err != nil {
				t.Fatal(err)
			}
			out := map[string]advisory.FixState{}
			for _, one := range v.Findings {
				out[one.ID] = one.State
			}
			return out
		}
		want := map[string]advisory.FixState{"CVE-2026-1000": advisory.Fixed, "CVE-2026-2000": advisory.FixUnknown}
		if diff := cmp.Diff(want, state()); diff != "" {
			t.Fatalf("matched by the present rules (-want +got):\n%s", diff)
		}
		since := f.since(t, img.Digest, "CVE-2026-2000")
		rev := f.revision(t)
		matches, err := s.MatchesOfAnalysis(t.Context(), img.AnalysisID, rev)
		if err != nil || len(matches) != 2 {
			t.Fatalf("%d matches, %v", len(matches), err)
		}
		err = s.Write(t.Context(), func(tx *store.Tx) error {
			for _, m := range matches {
				if m.Match.Finding.ID == "CVE-2026-2000" {
					m.Match.Finding.State = advisory.Fixed
					if err := tx.StageMatches(t.Context(), rev+1, []int64{m.Match.ID}, "sync", []store.Match{m.Match}); err != nil {
						return err
					}
				}
			}
			if _, err := tx.SQL().ExecContext(t.Context(), "UPDATE packages SET match_rev = 0"); err != nil {
				return err
			}
			return tx.SwitchRevision(t.Context(), rev+1, "sync", time.Time{})
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := state()["CVE-2026-2000"]; got != advisory.Fixed {
			t.Fatalf("matched by older rules: %s", got)
		}
		f.sync(t, engine.SyncRequest{})
		if diff := cmp.Diff(want, state()); diff != "" {
			t.Errorf("matched again (-want +got):\n%s", diff)
		}
		if again := f.since(t, img.Digest, "CVE-2026-2000"); !again.Equal(since) {
			t.Errorf("known since %v, before since %v", again, since)
		}
		matches, err = s.MatchesOfAnalysis(t.Context(), img.AnalysisID, f.revision(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range matches {
			if m.Match.Finding.ID == "CVE-2026-1000" && m.Match.From > rev {
				t.Errorf("what came out the same begins at revision %d", m.Match.From)
			}
		}
		if pending, err := s.RulesPending(t.Context()); err != nil || pending {
			t.Errorf("something is still matched by older rules: %t, %v", pending, err)
		}
		last := f.revision(t)
		if f.sync(t, engine.SyncRequest{}); f.revision(t) != last {
			t.Error("the next sync makes another revision of the same")
		}
	})
}

// A record that was taken with a doubt is no other record when the file comes again: nothing of it is staged.
func TestADoubtfulRecordThatIsTheSameIsNoChange(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		doubtful := record("DEBIAN-CVE-2026-1000", "3.0.2-1", object{"upstream": []string{"CVE-2026-1000"}, "modified": "some day"})
		f.feeds.write(t, "Debian", doubtful)
		f.sync(t, engine.SyncRequest{})
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		rev := f.revision(t)
		f.asReadBefore(t, "Debian", func(state object) { delete(state, "reader") })
		if r := f.sync(t, engine.SyncRequest{}); f.revision(t) != rev || len(r.Groups[0].Problems) == 0 {
			t.Errorf("read again: revision %d after %d, %+v", f.revision(t), rev, r)
		}
		f.feeds.write(t, "Debian", doubtful, record("DEBIAN-CVE-2026-9000", "9", nil))
		if r := f.sync(t, engine.SyncRequest{}); r.Groups[0].Records != 1 {
			t.Errorf("with another record: %+v", r)
		}
		if diff := cmp.Diff(map[string]string{"CVE-2026-1000": "3.0.2-1", "CVE-2026-9000": "9"}, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
	})
}
