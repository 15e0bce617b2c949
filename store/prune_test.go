package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// Old versions of records go when their time is over; later revisions lose nothing, and earlier ones say that they have.
func TestPruneAdvisories(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		key := key("libc")
		summaries := func(rev int64) (out []string) {
			for _, r := range must(b.Records(b.ctx, []advisory.Key{key}, rev))(t)[key] {
				out = append(out, r.Summary)
			}
			return out
		}
		for rev, summary := range []string{"", "one", "two", "three", "four"} {
			if rev == 0 {
				continue
			}
			if err := b.StageRecords(b.ctx, int64(rev), "Debian", []store.NewRecord{record("DSA-1", summary, "libc")}); err != nil {
				t.Fatal(err)
			}
			b.switchTo(int64(rev))
			b.clock.Advance(24 * time.Hour)
		}
		if p := must(b.PruneAdvisories(b.ctx, day.Add(-time.Hour)))(t); p.Versions != 0 {
			t.Errorf("%d versions went before there was a revision", p.Versions)
		}
		// A day and a half after the first revision the second is in force.
		if p := must(b.PruneAdvisories(b.ctx, day.Add(36*time.Hour)))(t); p.Versions != 1 {
			t.Errorf("%d versions went, want the first", p.Versions)
		}
		for rev, want := range map[int64][]string{2: {"two"}, 3: {"three"}, 4: {"four"}} {
			if diff := cmp.Diff(want, summaries(rev)); diff != "" {
				t.Errorf("revision %d:\n%s", rev, diff)
			}
		}
		if _, err := b.Records(b.ctx, []advisory.Key{key}, 1); !errors.Is(err, store.ErrNotKept) {
			t.Errorf("what was removed is asked for: %v", err)
		}
		if p := must(b.PruneAdvisories(b.ctx, day.Add(36*time.Hour)))(t); p.Versions != 0 {
			t.Errorf("again: %d versions", p.Versions)
		}
	})
}

func TestPruneScores(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		for n := range 4 {
			scores := []store.EPSS{{CVE: "CVE-1", Score: float64(n) / 10}}
			if n == 0 {
				scores = append(scores, store.EPSS{CVE: "CVE-2", Score: 0.9})
			}
			if err := b.PutEPSS(b.ctx, day.AddDate(0, 0, n), day.AddDate(0, 0, n), scores); err != nil {
				t.Fatal(err)
			}
		}
		// What came late was not known then, so that what it follows stays.
		if err := b.PutEPSS(b.ctx, day.AddDate(0, 0, 1), day.AddDate(0, 0, 9), []store.EPSS{{CVE: "CVE-2", Score: 0.1}}); err != nil {
			t.Fatal(err)
		}
		if p := must(b.PruneAdvisories(b.ctx, day.AddDate(0, 0, 2)))(t); p.Scores != 2 {
			t.Errorf("%d scores went, want those of two days", p.Scores)
		}
		have := must(b.EPSSAt(b.ctx, []string{"CVE-1", "CVE-2"}, day.AddDate(0, 0, 2), day.AddDate(0, 0, 2)))(t)
		if diff := cmp.Diff(map[string]store.EPSS{"CVE-1": {CVE: "CVE-1", Day: "2026-03-03", Score: 0.2}, "CVE-2": {CVE: "CVE-2", Day: "2026-03-01", Score: 0.9}}, have); diff != "" {
			t.Error(diff)
		}
	})
}

// A blob that was put again a moment ago stays: a row that names it is on its way.
func TestDeleteOldLeavesWhatWasPutAgain(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		put := func(text string) image.Digest { return must(b.Blobs().Put(b.ctx, []byte(text)))(t) }
		d := put("text")
		if err := b.Blobs().DeleteOld(b.ctx, d, b.clock.Now().Add(-24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if !must(b.Blobs().Has(b.ctx, d))(t) {
			t.Fatal("a blob went that was put just now")
		}
		if err := b.Blobs().DeleteOld(b.ctx, d, time.Now().AddDate(100, 0, 0)); err != nil {
			t.Fatal(err)
		}
		if must(b.Blobs().Has(b.ctx, d))(t) {
			t.Error("an old blob stayed")
		}
		if put("text"); !must(b.Blobs().Has(b.ctx, d))(t) {
			t.Error("a blob that went could not be put again")
		}
	})
}
