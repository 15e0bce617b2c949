package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

func TestAllDocumentsOfARevision(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		const many = 1203 // more than are read at once
		var records []store.NewRecord
		want := map[string]string{}
		for i := range many {
			id := fmt.Sprintf("DSA-%04d", i)
			records, want[id] = append(records, record(id, "one", "ssl")), "one"
		}
		stage := func(rev int64, folder string, records ...store.NewRecord) {
			t.Helper()
			if err := b.StageRecords(b.ctx, rev, folder, records); err != nil {
				t.Fatal(err)
			}
		}
		stage(1, "Debian", records...)
		stage(1, "npm", record("GHSA-1", "x", "left-pad"))
		b.switchTo(1)
		stage(2, "Debian", record("DSA-0007", "changed", "ssl"))
		stage(2, "Go", record("GO-1", "x", "m"))
		if err := b.StageRemoved(b.ctx, 2, "npm", []string{"GHSA-1"}); err != nil {
			t.Fatal(err)
		}
		read := func(folder string, rev int64) map[string]string {
			t.Helper()
			got := map[string]string{}
			for text, err := range b.FolderDocuments(b.ctx, folder, rev) {
				if err != nil {
					t.Fatal(err)
				}
				var r advisory.Record
				if err := json.Unmarshal(text, &r); err != nil {
					t.Fatal(err)
				}
				if _, twice := got[r.ID]; twice {
					t.Errorf("%s comes twice", r.ID)
				}
				got[r.ID] = r.Summary
			}
			return got
		}
		if diff := cmp.Diff(want, read("Debian", 1)); diff != "" {
			t.Errorf("revision 1 while 2 is staged (-want +got):\n%s", diff)
		}
		want["DSA-0007"] = "changed"
		if diff := cmp.Diff(want, read("Debian", 2)); diff != "" {
			t.Errorf("revision 2 (-want +got):\n%s", diff)
		}
		for rev, want := range map[int64][]string{0: nil, 1: {"Debian", "npm"}, 2: {"Debian", "Go"}} {
			if diff := cmp.Diff(want, must(b.Folders(b.ctx, rev))(t)); diff != "" {
				t.Errorf("folders of revision %d (-want +got):\n%s", rev, diff)
			}
		}
		for range b.FolderDocuments(b.ctx, "Debian", 1) {
			break // who stops early is left alone
		}
	})
}

func TestTheNewestScores(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		if d := must(b.NewestEPSSDay(b.ctx))(t); d != "" {
			t.Errorf("without scores the newest day is %q", d)
		}
		var scores []store.EPSS
		for i := range 600 {
			scores = append(scores, store.EPSS{CVE: fmt.Sprintf("CVE-2026-%04d", i), Score: 0.5, Percentile: float64(i) / 600})
		}
		if err := errors.Join(b.PutEPSS(b.ctx, day, day, scores[:3]), b.PutEPSS(b.ctx, day.Add(24*time.Hour), day, scores)); err != nil {
			t.Fatal(err)
		}
		newest := must(b.NewestEPSSDay(b.ctx))(t)
		if want := day.Add(24 * time.Hour).Format(time.DateOnly); newest != want {
			t.Errorf("the newest day is %s, want %s", newest, want)
		}
		var got []store.EPSS
		for e, err := range b.EPSSOf(b.ctx, newest) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if diff := cmp.Diff(scores, got); diff != "" {
			t.Errorf("scores (-want +got):\n%s", diff)
		}
	})
}
