package engine_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/engine"
	"landwaiter.dev/internal/clock"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// loader loads advisory data into a store, as a scan does.
func loader(t *testing.T, s *store.Store, places map[string][]string, ecosystems ...string) *engine.Local {
	return &engine.Local{
		Store: s, Feeds: engine.FeedConfig{Places: places, Ecosystems: ecosystems}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now, TempDir: t.TempDir(),
	}
}

// recordsOf are the ids that a folder has at the current revision, with the revision.
func recordsOf(t *testing.T, s *store.Store, folder string) (int64, []string) {
	t.Helper()
	rev, err := s.CurrentRevision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.CurrentRecords(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.CountRecords(t.Context(), folder, rev.ID)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for id := range list {
		ids = append(ids, id)
	}
	if int64(len(ids)) != n {
		ids = append(ids, fmt.Sprintf("(staged, and %d in force)", n))
	}
	slices.Sort(ids)
	return rev.ID, ids
}

const childSync = "LANDWAITER_TEST_CHILD_SYNC"

// TestChildSync is no test: it is the process that TestAKilledSyncLeavesTheOldDataWhole kills.
func TestChildSync(t *testing.T) {
	raw := os.Getenv(childSync)
	if raw == "" {
		t.Skip("only as a child")
	}
	var in struct {
		Options store.Options
		Source  string
	}
	if err := json.Unmarshal([]byte(raw), &in); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), in.Options)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(loader(t, s, map[string][]string{"osv": {in.Source}}).Sync(t.Context(), []string{"Debian", "npm"}))
}

func TestAKilledSyncLeavesTheOldDataWhole(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			f := feeds{t.TempDir()}
			npm := record("GHSA-aaaa-bbbb-cccc", "2", object{"affected": []object{{"package": object{"ecosystem": "npm", "name": "b"}, "versions": []string{"1"}}}})
			f.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.2-1", nil), record("DEBIAN-CVE-2026-2000", "3.0.2-1", nil))
			f.write(t, "npm", npm)
			files := http.FileServer(http.Dir(filepath.Join(f.dir, "osv")))
			var stall atomic.Bool
			reached := make(chan struct{}, 9)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if stall.Load() && strings.Contains(r.URL.Path, "npm") {
					reached <- struct{}{}
					<-r.Context().Done()
					return
				}
				files.ServeHTTP(w, r)
			}))
			defer server.Close()
			options := d.Options(t)
			s, err := store.Open(t.Context(), options)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			local := loader(t, s, map[string][]string{"osv": {server.URL}})
			if err := local.Sync(t.Context(), []string{"Debian", "npm"}); err != nil {
				t.Fatal(err)
			}
			// Another process stages half of the next day, and is killed.
			f.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.2-2", nil), record("DEBIAN-CVE-2026-3000", "3.0.2-1", nil))
			stall.Store(true)
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildSync$", "-test.v")
			in, _ := json.Marshal(map[string]any{"Options": map[string]any{"DataDir": options.DataDir, "DatabaseURL": options.DatabaseURL}, "Source": server.URL})
			var out bytes.Buffer
			child.Env, child.Stdout, child.Stderr = append(os.Environ(), childSync+"="+string(in)), &out, &out
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- child.Wait() }()
			select {
			case <-reached:
			case err := <-ended:
				t.Fatalf("the child ended by itself: %v\n%s", err, &out)
			case <-time.After(time.Minute):
				t.Fatal("the child staged nothing in a minute")
			}
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-ended
			rev, got := recordsOf(t, s, "Debian")
			if diff := cmp.Diff([]string{"DEBIAN-CVE-2026-1000", "DEBIAN-CVE-2026-3000"}, got); rev != 1 || diff != "" {
				t.Errorf("killed at revision %d, want 1 with the next one staged (-want +got):\n%s", rev, diff)
			}
			for id, want := range map[string]int{"DEBIAN-CVE-2026-1000": 1, "DEBIAN-CVE-2026-2000": 1, "DEBIAN-CVE-2026-3000": 0} {
				if list, err := s.RecordByID(t.Context(), id, rev); err != nil || len(list) != want {
					t.Errorf("%s is there %d times, want %d; %v", id, len(list), want, err)
				}
			}
			stall.Store(false)
			if err := local.Sync(t.Context(), []string{"Debian", "npm"}); err != nil {
				t.Fatal(err)
			}
			if rev, got := recordsOf(t, s, "Debian"); rev != 2 || !slices.Equal(got, []string{"DEBIAN-CVE-2026-1000", "DEBIAN-CVE-2026-3000"}) {
				t.Errorf("after the next sync: revision %d with %v", rev, got)
			}
			if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
				t.Errorf("invariants: %v, %v", problems, err)
			}
		})
	}
}

// Two nodes, and a request beside a sync that runs: one stages, the others are refused or wait.
func TestOneSyncAtATime(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			options := d.Options(t)
			s, err := store.Open(t.Context(), options)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			f := start(t, s)
			quiet := func() bool { p, err := f.Feeds.Progress(t.Context()); return err == nil && !p.Running }
			waitFor(t, "end of the first sync", quiet)
			lock, err := s.LockSync(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := lock.Held(t.Context()); err != nil {
				t.Error(err)
			}
			other := s
			if options.DatabaseURL != "" {
				if other, err = store.Open(t.Context(), options); err != nil {
					t.Fatal(err)
				}
				defer other.Close()
			}
			if _, err := other.LockSync(t.Context()); !errors.Is(err, store.ErrSyncing) {
				t.Errorf("a second lock: %v, want %v", err, store.ErrSyncing)
			}
			// While another node stages, this one's job waits, and says so.
			if _, err := f.Feeds.Sync(t.Context(), engine.SyncRequest{}); err != nil {
				t.Fatal(err)
			}
			for name, ask := range map[string]func() error{
				"sync":   func() error { _, err := f.Feeds.Sync(t.Context(), engine.SyncRequest{}); return err },
				"switch": func() error { _, err := f.Feeds.Switch(t.Context(), engine.FeedName, "", false); return err },
			} {
				if e, ok := errors.AsType[*engine.Error](ask()); !ok || e.Class != engine.ClassConflict {
					t.Errorf("%s beside a sync: %v, want a conflict", name, e)
				}
			}
			if p, err := f.Feeds.Progress(t.Context()); err != nil || !p.Running {
				t.Errorf("progress %+v, %v; want one that runs", p, err)
			}
			lock.Release()
			waitFor(t, "end of the sync", quiet)
		})
	}
}

// What one mirror serves broken or halved, another one has whole.
func TestABrokenMirrorIsPassedOver(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		good, bad := feeds{t.TempDir()}, feeds{t.TempDir()}
		three := []object{record("DEBIAN-CVE-2026-1000", "1", nil), record("DEBIAN-CVE-2026-2000", "1", nil), record("DEBIAN-CVE-2026-3000", "1", nil)}
		good.write(t, "Debian", three...)
		bad.raw(t, "osv/Debian/all.zip", []byte("<html>sorry</html>"))
		places := map[string][]string{"osv": {filepath.Join(bad.dir, "osv"), filepath.Join(good.dir, "osv")}}
		for i := range 2 {
			if err := loader(t, s, places).Sync(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if _, got := recordsOf(t, s, "Debian"); len(got) != 3 {
				t.Errorf("look %d: %v", i, got)
			}
			bad.write(t, "Debian", three[0]) // more than half is lost there
		}
		// Held where it is lost everywhere.
		good.write(t, "Debian", three[0])
		if err := loader(t, s, places).Sync(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "held back") {
			t.Errorf("%v, want held back", err)
		}
		if _, got := recordsOf(t, s, "Debian"); len(got) != 3 {
			t.Errorf("held: %v", got)
		}
	})
}

// "all" of a URL is what its list of ecosystems names.
func TestAllEcosystemsOfAURL(t *testing.T) {
	t.Parallel()
	s := storetest.Databases()[0].Open(t)
	f := feeds{t.TempDir()}
	f.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "1", nil))
	f.write(t, "npm", record("GHSA-aaaa-bbbb-cccc", "2", object{"affected": []object{{"package": object{"ecosystem": "npm", "name": "b"}, "versions": []string{"1"}}}}))
	f.raw(t, "osv/ecosystems.txt", []byte("Debian\nDebian:12\nnpm\n"))
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(f.dir, "osv"))))
	defer server.Close()
	if err := loader(t, s, map[string][]string{"osv": {server.URL}}, "all").Sync(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"Debian", "npm"} {
		if _, got := recordsOf(t, s, folder); len(got) != 1 {
			t.Errorf("%s: %v", folder, got)
		}
	}
}

// A clock that goes back refuses no data, and leaves the revisions in order.
func TestAClockThatGoesBack(t *testing.T) {
	t.Parallel()
	now := clock.NewFake(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		now := clock.NewFake(now.Now())
		f := feeds{t.TempDir()}
		local := loader(t, s, map[string][]string{"osv": {filepath.Join(f.dir, "osv")}})
		local.Now = now.Now
		for i, d := range []time.Duration{0, -240 * time.Hour, 500 * time.Hour} {
			now.Set(now.Now().Add(d))
			f.write(t, "Debian", record("DEBIAN-CVE-2026-1000", fmt.Sprint(i+1), nil))
			if err := local.Sync(t.Context(), nil); err != nil {
				t.Fatalf("sync %d: %v", i, err)
			}
		}
		revisions, err := s.Revisions(context.Background())
		if err != nil || len(revisions) != 3 {
			t.Fatalf("%v, %v", revisions, err)
		}
		for i := range revisions[1:] {
			if revisions[i].SwitchedAt.Before(revisions[i+1].SwitchedAt) {
				t.Errorf("revision %d is of %v, before the one before it", revisions[i].ID, revisions[i].SwitchedAt)
			}
		}
	})
}

// The state of each source is told: its age, its records, what was skipped, and what is held.
func TestSourcesTellTheirState(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		f.feeds.raw(t, "kev.json", []byte(`{"vulnerabilities": [{"cveID": "CVE-2026-9999", "dateAdded": "2026-02-03"}, {"cveID": "CVE-2026-9998", "dateAdded": "soon"}]}`))
		f.feeds.raw(t, "epss.csv", []byte("#model_version:v1,score_date:2026-03-01T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1000,0.5,0.9\nCVE-2026-1001,2,0.9\nnonsense\n"))
		one := record("DEBIAN-CVE-2026-1000", "1", nil)
		f.feeds.write(t, "Debian", one, record("DEBIAN-CVE-2026-2000", "1", nil), record("DEBIAN-CVE-2026-3000", "1", nil))
		f.sync(t, engine.SyncRequest{})
		f.feeds.write(t, "Debian", one)
		f.sync(t, engine.SyncRequest{})
		state, err := f.Feeds.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, one := range state[0].Sources {
			if one.LastSync.IsZero() || one.LastAttempt.Before(one.LastSync) {
				t.Errorf("%s: last synced %v, last asked %v", one.Name, one.LastSync, one.LastAttempt)
			}
			got = append(got, fmt.Sprint(one.Name, " of ", one.Driver, ": ", one.Records, ", held ", one.Held, ", skipped ", one.Skipped, " ", len(one.Problems), ", failed ", one.Error != ""))
		}
		want := []string{
			"Debian of osv: 3, held true, skipped 0 0, failed true",
			"epss of epss: 1, held false, skipped 2 2, failed false",
			"kev of kev: 1, held false, skipped 1 1, failed false",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("sources (-want +got):\n%s", diff)
		}
		if bad := state[0].Failing; len(bad) != 1 || !bad[0].Held {
			t.Errorf("failing: %+v, want one that is held", bad)
		}
	})
}

// A full disk ends the sync with a sentence; the data in place stays in force, and the next sync goes through.
func TestADiskThatIsFullWhileStaging(t *testing.T) {
	t.Parallel()
	s := storetest.Databases()[0].Open(t)
	f := start(t, s)
	pages := func(n string) {
		t.Helper()
		if _, err := s.Pool().ExecContext(t.Context(), "PRAGMA max_page_count = "+n); err != nil {
			t.Fatal(err)
		}
	}
	var many []object
	for i := range 5000 {
		many = append(many, record(fmt.Sprintf("DEBIAN-CVE-2026-%d", 1000+i), "3.0.2-1", object{"details": rand.Text()}))
	}
	f.feeds.write(t, "Debian", many...)
	waitFor(t, "end of the first sync", func() bool { p, err := f.Feeds.Progress(t.Context()); return err == nil && !p.Running })
	var now int64
	if err := s.Pool().QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&now); err != nil {
		t.Fatal(err)
	}
	pages(fmt.Sprint(now + 50))
	_, err := f.Feeds.Sync(t.Context(), engine.SyncRequest{Wait: true})
	if e, ok := errors.AsType[*engine.Error](err); !ok || e.Code != "feed_sync_failed" || !strings.Contains(e.Message, "no space is left on the disk") {
		t.Fatalf("%v, want that no space is left", err)
	}
	if rev, got := recordsOf(t, s, "Debian"); rev != 1 || len(got) != 1 {
		t.Errorf("revision %d with %d records, want 1 with 1", rev, len(got))
	}
	if got := f.failing(t); !slices.Equal(got, []string{"sync"}) {
		t.Errorf("failing: %v, want sync", got)
	}
	pages("1000000000")
	if r := f.sync(t, engine.SyncRequest{}); !r.OK {
		t.Errorf("with room again: %+v", r)
	}
	if rev, got := recordsOf(t, s, "Debian"); rev != 2 || len(got) != 5000 {
		t.Errorf("with room again: revision %d with %d records", rev, len(got))
	}
	if got := f.failing(t); len(got) > 0 {
		t.Errorf("with room again: failing %v", got)
	}
}
