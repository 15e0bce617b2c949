package engine

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// A package that an analysis has stored, and matches just while a sync looks at it, is matched once.
func TestAPackageMatchedWhileASyncLooksAtIt(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		held := &advisory.Record{ID: "GHSA-1", Affected: []advisory.Affected{{Ecosystem: "npm", Package: "left-pad", Versions: []string{"1"}}}}
		stage := func(rev int64) {
			t.Helper()
			n, err := store.EncodeRecord(held, held.Keys())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.StageRecords(ctx, rev, "npm", []store.NewRecord{n}); err != nil {
				t.Fatal(err)
			}
		}
		stage(1)
		var rows []store.PackageRow
		err := s.Write(ctx, func(tx *store.Tx) (err error) {
			if err := tx.SwitchRevision(ctx, 1, "sync", time.Now()); err != nil {
				return err
			}
			rows, err = tx.UpsertPackages(ctx, []advisory.Package{{Type: "npm", Ecosystem: "npm", Name: "left-pad", Version: "1"}}, advisory.Package.Keys)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		held.Summary = "now with a summary"
		stage(2)
		analysis := &matcher{store: s, now: time.Now}
		var once sync.Once
		u := &syncFeeds{store: s, log: slog.New(slog.DiscardHandler), now: time.Now, jobs: &Jobs{}}
		u.matcher = &matcher{store: s, now: func() time.Time {
			once.Do(func() {
				if err := analysis.matchNew(ctx, rows); err != nil {
					t.Error(err)
				}
			})
			return time.Now()
		}}
		lock, err := s.LockSync(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Release()
		if _, err := u.rematchAndSwitch(ctx, &outcome{rev: 2, reason: "sync", lock: lock}); err != nil {
			t.Fatal(err)
		}
		for rev, title := range map[int64]string{1: "", 2: "now with a summary"} {
			open, err := s.OpenMatches(ctx, rowIDs(rows), rev)
			if err != nil {
				t.Fatal(err)
			}
			if got := open[rows[0].ID]; len(got) != 1 || got[0].Finding.Title != title {
				t.Errorf("revision %d has the matches %+v", rev, got)
			}
		}
		if problems, err := s.Check(ctx); err != nil || len(problems) > 0 {
			t.Errorf("invariants: %v, %v", problems, err)
		}
	})
}
