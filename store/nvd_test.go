package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// nvdRecord is what NVD says of a CVE.
func nvdRecord(t *testing.T, id, text string, modified int) store.NewRecord {
	t.Helper()
	return must(store.EncodeRecord(&advisory.Record{
		ID: id, Details: text, Modified: time.Date(2026, 1, modified, 0, 0, 0, 0, time.UTC),
		Severity: []advisory.Score{{Type: "CVSS_V2", Score: "AV:N/AC:L/Au:N/C:P/I:P/A:P"}},
	}, nil))(t)
}

func TestNVD(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		stage := func(rev int64, folder string, records ...store.NewRecord) {
			t.Helper()
			if err := b.StageRecords(b.ctx, rev, folder, records); err != nil {
				t.Fatal(err)
			}
		}
		asked := []string{"CVE-1999-0001", "CVE-2024-0001", "CVE-2024-0002", "CVE-2025-0001", "CVE-9", "x"}
		said := func(rev int64) map[string]string {
			t.Helper()
			out := map[string]string{}
			for id, e := range must(b.NVDAt(b.ctx, asked, rev))(t) {
				out[id] = e.Description
				if len(e.CVSS) != 1 || e.CVSS[0].ID != id || e.CVSS[0].Base != 7.5 {
					t.Errorf("%s has the scores %+v", id, e.CVSS)
				}
			}
			return out
		}
		if got := said(0); len(got) > 0 {
			t.Errorf("without data: %v", got)
		}
		stage(1, "Debian", record("CVE-2024-0001", "of a publisher", "libc"))
		b.switchTo(1)
		rejected := must(store.EncodeRecord(&advisory.Record{ID: "CVE-2024-0002", Withdrawn: day}, nil))(t)
		stage(2, "nvd/2002", nvdRecord(t, "CVE-1999-0001", "old", 1))
		stage(2, "nvd/2024", nvdRecord(t, "CVE-2024-0001", "first", 1), rejected)
		stage(2, "nvdx", nvdRecord(t, "CVE-2025-0001", "none of NVD's", 1))
		b.switchTo(2)
		stage(3, "nvd/2024", nvdRecord(t, "CVE-2024-0001", "second", 2))
		stage(3, "nvd/page-1.json", nvdRecord(t, "CVE-2024-0001", "older", 1), nvdRecord(t, "CVE-2025-0001", "on a page", 1))
		for rev, want := range []map[string]string{
			{}, {}, {"CVE-1999-0001": "old", "CVE-2024-0001": "first"},
			{"CVE-1999-0001": "old", "CVE-2024-0001": "second", "CVE-2025-0001": "on a page"},
		} {
			if d := cmp.Diff(want, said(int64(rev))); d != "" {
				t.Errorf("at %d: %s", rev, d)
			}
		}
	})
}

// A package whose finding shares an id with a record of NVD that changes is matched again; no other is.
func TestPackagesStagedByNVD(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", nil)
		rows := b.analyse(&i, []advisory.Package{pkg("libc", "1"), pkg("ssl", "1"), pkg("zip", "1")})
		b.switchTo(1)
		b.write(func(tx *store.Tx) error {
			var list []store.Match
			for n, id := range []string{"CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003"} {
				m := match(rows[n].ID, "X-"+id, advisory.Low)
				m.From, m.Finding.IDs = 1, []string{id, "X-" + id}
				list = append(list, m)
			}
			return tx.InsertMatches(b.ctx, list)
		})
		staged := func(rev int64) (names []string) {
			t.Helper()
			for _, p := range must(b.PackagesStaged(b.ctx, rev))(t) {
				names = append(names, p.Name)
			}
			return names
		}
		if err := b.StageRecords(b.ctx, 2, "nvd/2024", []store.NewRecord{nvdRecord(t, "CVE-2024-0001", "x", 1), nvdRecord(t, "CVE-2024-0002", "x", 1)}); err != nil {
			t.Fatal(err)
		}
		if err := b.StageRecords(b.ctx, 2, "Elsewhere", []store.NewRecord{nvdRecord(t, "CVE-2024-0003", "x", 1)}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"libc", "ssl"}, staged(2)); d != "" {
			t.Error(d)
		}
		b.switchTo(2)
		if err := b.StageRemoved(b.ctx, 3, "nvd/2024", []string{"CVE-2024-0002"}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"ssl"}, staged(3)); d != "" {
			t.Error(d)
		}
	})
}

// BenchmarkNVDAt asks about 400 CVEs, without data of NVD and with 20,000 CVEs in each of four years.
func BenchmarkNVDAt(b *testing.B) {
	onEachB(b, func(b *testing.B, s *bench) {
		var asked []string
		for n := range 400 {
			asked = append(asked, fmt.Sprintf("CVE-%d-%04d", 2021+n%4, 7*n))
		}
		for n := range 30 {
			stageMany(b, s, fmt.Sprintf("Ecosystem %d", n), 1000, func(i int) string { return fmt.Sprintf("A-%d-%d", n, i) })
		}
		b.Run("without", func(b *testing.B) {
			for b.Loop() {
				must(s.NVDAt(s.ctx, asked, 1))(b)
			}
		})
		for year := 2021; year < 2025; year++ {
			stageMany(b, s, fmt.Sprintf("nvd/%d", year), 20_000, func(i int) string { return fmt.Sprintf("CVE-%d-%04d", year, i) })
		}
		b.Run("with", func(b *testing.B) {
			for b.Loop() {
				if got := must(s.NVDAt(s.ctx, asked, 1))(b); len(got) != len(asked) {
					b.Fatal(len(got))
				}
			}
		})
	})
}

func stageMany(b *testing.B, s *bench, folder string, n int, id func(int) string) {
	b.Helper()
	var records []store.NewRecord
	for i := range n {
		r := advisory.Record{ID: id(i), Details: strings.Repeat("It reads more than it may. ", 12), Severity: []advisory.Score{
			{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}, {Type: "CVSS_V2", Score: "AV:N/AC:L/Au:N/C:P/I:P/A:P"}}}
		for j := range 8 {
			r.Links = append(r.Links, advisory.Reference{Type: "WEB", URL: fmt.Sprintf("https://example.org/%d/%d", i, j)})
		}
		records = append(records, must(store.EncodeRecord(&r, nil))(b))
	}
	if err := s.StageRecords(s.ctx, 1, folder, records); err != nil {
		b.Fatal(err)
	}
}
