package store_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

func TestRevisionsFollowEachOther(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		if r := must(b.CurrentRevision(b.ctx))(t); r.ID != 0 || !r.SwitchedAt.IsZero() {
			t.Errorf("before the first sync the revision is %+v", r)
		}
		if _, known, err := b.RevisionAt(b.ctx, day); err != nil || known {
			t.Errorf("before the first sync a revision is known: %v, %v", known, err)
		}
		b.switchTo(1)
		b.clock.Advance(time.Hour)
		for _, rev := range []int64{0, 1, 3} {
			err := b.Write(b.ctx, func(tx *store.Tx) error { return tx.SwitchRevision(b.ctx, rev, "x", time.Time{}) })
			if !errors.Is(err, store.ErrConflict) {
				t.Errorf("switching from 1 to %d gave %v", rev, err)
			}
			if rev <= 1 {
				if err := b.AbortStaged(b.ctx, rev); !errors.Is(err, store.ErrStaged) {
					t.Errorf("aborting revision %d gave %v", rev, err)
				}
			}
		}
		b.switchTo(2)
		want := store.Revision{ID: 2, SwitchedAt: day.Add(time.Hour), Reason: "sync"}
		if diff := cmp.Diff(want, must(b.CurrentRevision(b.ctx))(t)); diff != "" {
			t.Error(diff)
		}
		for after, want := range map[time.Duration]int64{0: 1, 59 * time.Minute: 1, time.Hour: 2, 99 * time.Hour: 2} {
			if r, known, err := b.RevisionAt(b.ctx, day.Add(after)); err != nil || !known || r.ID != want {
				t.Errorf("after %s the revision was %d (%v, %v), want %d", after, r.ID, known, err, want)
			}
		}
	})
}

func TestRecordsUnderTheirNames(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		err := b.StageRecords(b.ctx, 1, "Debian", []store.NewRecord{record("DSA-1", "one", "libc", "ssl"), record("DSA-2", "two", "ssl")})
		if err != nil {
			t.Fatal(err)
		}
		have := must(b.Records(b.ctx, []advisory.Key{key("libc"), key("ssl"), key("none"), {Ecosystem: "Debian:11", Name: "libc"}}, 1))(t)
		ids := map[advisory.Key][]string{}
		for k, list := range have {
			for _, r := range list {
				ids[k] = append(ids[k], r.ID+" "+r.Summary)
			}
		}
		want := map[advisory.Key][]string{key("libc"): {"DSA-1 one"}, key("ssl"): {"DSA-1 one", "DSA-2 two"}}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Error(diff)
		}
		if have[key("libc")][0] != have[key("ssl")][0] {
			t.Error("one record is two values")
		}
		if n := must(b.Records(b.ctx, []advisory.Key{key("libc")}, 0))(t); len(n) != 0 {
			t.Error("staged records are seen at the current revision")
		}
		err = b.StageRecords(b.ctx, 1, "Debian", []store.NewRecord{record("X", "1", "p"), record("X", "2", "p")})
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("one id twice in a feed gave %v", err)
		}
		if r := must(b.RecordByID(b.ctx, "DSA-1", 1))(t); len(r) != 1 || r[0].Summary != "one" {
			t.Errorf("record by id: %v", r)
		}
	})
}

// Whatever is staged, aborted, staged again and switched: each revision keeps the records that it had, and what is staged
// shows to nobody who asks for another. The model keeps every past answer.
func TestRevisionsKeepEveryPastAnswer(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			revisionsModel(rt, b, fmt.Sprint(run))
		})
	})
}

// revisionsModel plays on, at whatever revision the store is, with folders and a name of its own.
func revisionsModel(rt *rapid.T, b *bench, name string) {
	type state map[string]string // folder and record -> text
	folders, ids := []string{"A" + name, "B" + name}, []string{"1", "2", "3"}
	ok := func(err error) {
		rt.Helper()
		if err != nil {
			rt.Fatal(err)
		}
	}
	current, err := b.CurrentRevision(b.ctx)
	ok(err)
	past, next := []state{{}}, state{}
	rev := func() int64 { return current.ID + int64(len(past)) }
	ok(b.AbortStaged(b.ctx, rev()))
	for range rapid.IntRange(1, 12).Draw(rt, "steps") {
		folder, id := rapid.SampledFrom(folders).Draw(rt, "folder"), rapid.SampledFrom(ids).Draw(rt, "id")
		switch rapid.SampledFrom([]string{"stage", "stage", "stage", "remove", "abort", "switch"}).Draw(rt, "step") {
		case "stage":
			text := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(rt, "text")
			ok(b.StageRecords(b.ctx, rev(), folder, []store.NewRecord{record(id, text, "p"+id, name)}))
			next[folder+id] = text
		case "remove":
			ok(b.StageRemoved(b.ctx, rev(), folder, []string{id, "unknown"}))
			delete(next, folder+id)
		case "abort":
			ok(b.AbortStaged(b.ctx, rev()))
			next = maps.Clone(past[len(past)-1])
		case "switch":
			b.switchTo(rev())
			past = append(past, next)
			next = maps.Clone(next)
		}
	}
	for n, want := range append(slices.Clone(past), next) {
		var expect, have []string
		for at, text := range want {
			expect = append(expect, at[len(at)-1:]+" "+text)
		}
		records, err := b.Records(b.ctx, []advisory.Key{key(name)}, current.ID+int64(n))
		ok(err)
		for _, r := range records[key(name)] {
			have = append(have, r.ID+" "+r.Summary)
		}
		slices.Sort(expect)
		slices.Sort(have)
		if diff := cmp.Diff(expect, have); diff != "" {
			rt.Fatalf("revision %d of %d (want -, have +):\n%s", n, len(past)-1, diff)
		}
		var count int64
		for _, folder := range folders {
			n, err := b.CountRecords(b.ctx, folder, current.ID+int64(n))
			ok(err)
			count += n
		}
		if int(count) != len(want) {
			rt.Fatalf("revision %d counts %d records, want %d", n, count, len(want))
		}
	}
}

func TestKEVByRevision(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		stage := func(rev int64, c map[string]string, want ...string) {
			t.Helper()
			changed := must(b.StageKEV(b.ctx, rev, c, nil))(t)
			slices.Sort(changed)
			if diff := cmp.Diff(want, changed); diff != "" {
				t.Errorf("revision %d changes:\n%s", rev, diff)
			}
		}
		one := map[string]string{"CVE-1": "2026-01-01", "CVE-2": "2026-01-02"}
		two := map[string]string{"CVE-2": "2026-02-02", "CVE-3": "2026-02-03"}
		stage(1, one, "CVE-1", "CVE-2")
		b.switchTo(1)
		stage(2, one)
		stage(2, two, "CVE-1", "CVE-2", "CVE-3")
		if diff := cmp.Diff(one, must(b.KEVAt(b.ctx, 1))(t)); diff != "" {
			t.Errorf("staging changed the current catalogue:\n%s", diff)
		}
		if err := b.AbortStaged(b.ctx, 2); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one, must(b.CurrentKEV(b.ctx))(t)); diff != "" {
			t.Errorf("after the abort:\n%s", diff)
		}
		stage(2, two, "CVE-1", "CVE-2", "CVE-3")
		b.switchTo(2)
		for rev, want := range map[int64]map[string]string{0: {}, 1: one, 2: two} {
			if diff := cmp.Diff(want, must(b.KEVAt(b.ctx, rev))(t)); diff != "" {
				t.Errorf("revision %d:\n%s", rev, diff)
			}
		}
	})
}

// A moment knows the scores of days until then, as far as they were loaded by then; a day that comes again with other
// values does not change what was known before.
func TestEPSSOfTheDay(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		put := func(of, loaded int, score float64, cves ...string) {
			var list []store.EPSS
			for _, c := range cves {
				list = append(list, store.EPSS{CVE: c, Score: score, Percentile: score / 2})
			}
			if err := b.PutEPSS(b.ctx, day.AddDate(0, 0, of), day.AddDate(0, 0, loaded), list); err != nil {
				t.Fatal(err)
			}
		}
		put(0, 0, 0.1, "CVE-1", "CVE-2")
		put(2, 2, 0.9, "CVE-1")
		put(2, 3, 0.3, "CVE-1")
		put(2, 4, 0.3, "CVE-1") // says nothing new
		put(1, 5, 0.7, "CVE-1", "CVE-2")
		for at, want := range map[[2]int]string{
			{-1, 9}: "", {0, -1}: "", {9, -1}: "",
			{1, 1}: "CVE-1 0.1 2026-03-01, CVE-2 0.1 2026-03-01",
			{2, 2}: "CVE-1 0.9 2026-03-03, CVE-2 0.1 2026-03-01",
			{4, 4}: "CVE-1 0.3 2026-03-03, CVE-2 0.1 2026-03-01",
			{5, 5}: "CVE-1 0.3 2026-03-03, CVE-2 0.7 2026-03-02",
			{1, 5}: "CVE-1 0.7 2026-03-02, CVE-2 0.7 2026-03-02",
		} {
			have := must(b.EPSSAt(b.ctx, []string{"CVE-1", "CVE-2", "CVE-3"}, day.AddDate(0, 0, at[0]), day.AddDate(0, 0, at[1])))(t)
			var words []string
			for _, cve := range slices.Sorted(maps.Keys(have)) {
				words = append(words, fmt.Sprint(cve, " ", have[cve].Score, " ", have[cve].Day))
			}
			if diff := cmp.Diff(want, strings.Join(words, ", ")); diff != "" {
				t.Errorf("of day %d, known on day %d:\n%s", at[0], at[1], diff)
			}
		}
		for e, err := range b.EPSSOf(b.ctx, "2026-03-03") {
			if err != nil || e.Score != 0.3 {
				t.Errorf("of the day: %+v, %v", e, err)
			}
		}
	})
}

func TestLargeFeedIsStagedInParts(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		var records []store.NewRecord
		for n := range 1203 {
			records = append(records, record(fmt.Sprintf("R-%04d", n), "x", fmt.Sprintf("p%d", n%50)))
		}
		if err := b.StageRecords(b.ctx, 1, "Debian", records); err != nil {
			t.Fatal(err)
		}
		current := must(b.CurrentRecords(b.ctx, "Debian"))(t)
		if len(current) != len(records) || current["R-1202"] != records[1202].Digest {
			t.Errorf("%d records were staged, want %d with their digests", len(current), len(records))
		}
		if err := b.AbortStaged(b.ctx, 1); err != nil {
			t.Fatal(err)
		}
		if left := must(b.CurrentRecords(b.ctx, "Debian"))(t); len(left) != 0 {
			t.Errorf("%d records are left after the abort", len(left))
		}
	})
}
