package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// held shows holders as "digest's first letters: packages".
func held(list []store.Holder, names map[image.Digest]string) []string {
	out := []string{}
	for _, h := range list {
		out = append(out, fmt.Sprint(names[h.Digest], " ", len(h.Packages)))
	}
	return out
}

func TestWhoHoldsAPackage(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		base := []advisory.Package{pkg("libc", "1"), pkg("ssl", "1")}
		names := map[image.Digest]string{}
		made := map[string]*store.Image{}
		var rows []store.PackageRow
		for _, n := range []string{"one", "two", "three"} {
			i := b.image(n, nil)
			sets := [][]advisory.Package{base, {pkg("own-"+n, "1")}}
			if n == "three" {
				sets = sets[1:]
			}
			got := b.analyse(&i, sets...)
			if n == "one" {
				rows = got
			}
			names[i.Digest], made[n] = n, &i
		}
		deleted := b.image("deleted", func(i *store.Image) { i.State = "deleting" })
		b.analyse(&deleted, base)
		other := b.image("other", func(i *store.Image) { i.Account = "b" })
		b.analyse(&other, base)

		byDigest := []string{"one 2", "two 2"}
		if made["two"].Digest < made["one"].Digest {
			byDigest = []string{"two 2", "one 2"}
		}
		both := idsOf(rows[:2])
		list, total, err := b.Holders(b.ctx, store.HolderFilter{Account: "a", Packages: both})
		if err != nil || total != 2 {
			t.Fatal(total, err)
		}
		if diff := cmp.Diff(byDigest, held(list, names)); diff != "" {
			t.Errorf("all (-want +got):\n%s", diff)
		}
		for page := range 3 {
			list, total, err := b.Holders(b.ctx, store.HolderFilter{Account: "a", Packages: both, Limit: 1, Offset: page})
			if err != nil || total != 2 {
				t.Fatal(page, total, err)
			}
			if diff := cmp.Diff(byDigest[min(page, 2):min(page+1, 2)], held(list, names)); diff != "" {
				t.Errorf("page %d (-want +got):\n%s", page, diff)
			}
		}
		if list, total, err := b.Holders(b.ctx, store.HolderFilter{Account: "a"}); len(list)+int(total) > 0 || err != nil {
			t.Errorf("no package: %v, %v", list, err)
		}

		// Image three comes to hold the base later.
		then := b.clock.Now()
		b.clock.Advance(time.Hour)
		b.analyse(made["three"], base)
		late := b.image("late", nil)
		b.analyse(&late, base)
		for at, want := range map[time.Time]int64{{}: 4, then: 2, b.clock.Now(): 4} {
			if _, total, err := b.Holders(b.ctx, store.HolderFilter{Account: "a", Packages: both, At: at}); err != nil || total != want {
				t.Errorf("at %v: %d, want %d, %v", at, total, want, err)
			}
		}
		if _, total, err := b.Holders(b.ctx, store.HolderFilter{Account: "a", Packages: both, At: then, Later: true}); err != nil || total != 3 {
			t.Errorf("with what came later: %d, want 3, %v", total, err)
		}
	})
}

func TestPackagesByNameAndVulnerability(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", nil)
		rows := b.analyse(&i, []advisory.Package{pkg("PyYAML", "1"), pkg("pyyaml", "2"), pkg("yaml", "1")})
		if got := must(b.PackagesNamed(b.ctx, "pYYAML"))(t); len(got) != 2 {
			t.Errorf("by name: %v", got)
		}
		m := match(rows[0].ID, "GHSA-1", advisory.High)
		m.Finding.IDs = []string{"CVE-1", "GHSA-1"}
		if err := b.StageMatches(b.ctx, 1, nil, "", []store.Match{m, match(rows[1].ID, "GHSA-2", advisory.Low)}); err != nil {
			t.Fatal(err)
		}
		b.switchTo(1)
		open := must(b.OpenMatches(b.ctx, idsOf(rows), 1))(t)
		if err := b.StageMatches(b.ctx, 2, []int64{open[rows[0].ID][0].ID}, "advisory", nil); err != nil {
			t.Fatal(err)
		}
		b.switchTo(2)
		for id, want := range map[string][2]int{"CVE-1": {1, 0}, "GHSA-1": {1, 0}, "GHSA-2": {1, 1}, "CVE-2": {0, 0}} {
			for n, w := range want {
				got := must(b.MatchesOfVulns(b.ctx, []string{id}, int64(n+1)))(t)
				if len(got) != w {
					t.Errorf("%s at revision %d: %v", id, n+1, got)
				}
			}
		}
	})
}

func TestRecordsByEveryIDThatTheyHave(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		encode := func(r advisory.Record) store.NewRecord {
			n, err := store.EncodeRecord(&r, nil)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		ghsa := encode(advisory.Record{ID: "GHSA-1", Aliases: []string{"CVE-2024-0001", "PYSEC-1"}})
		bundle := encode(advisory.Record{ID: "ALSA-1", Related: []string{"CVE-2024-0001", "CVE-2024-0002"}})
		plain := encode(advisory.Record{ID: "DEBIAN-CVE-2024-0001"})
		for folder, list := range map[string][]store.NewRecord{"npm": {ghsa}, "PyPI": {ghsa}, "AlmaLinux": {bundle}, "Debian": {plain}} {
			if err := b.StageRecords(b.ctx, 1, folder, list); err != nil {
				t.Fatal(err)
			}
		}
		b.switchTo(1)
		if err := b.StageRemoved(b.ctx, 2, "Debian", []string{"DEBIAN-CVE-2024-0001"}); err != nil {
			t.Fatal(err)
		}
		b.switchTo(2)
		known := func(rev int64, ids ...string) []string {
			out := []string{}
			for _, r := range must(b.RecordsKnownAs(b.ctx, ids, rev))(t) {
				out = append(out, r.ID)
			}
			return out
		}
		for _, c := range []struct {
			rev  int64
			ids  []string
			want []string
		}{
			{1, []string{"CVE-2024-0001"}, []string{"ALSA-1", "DEBIAN-CVE-2024-0001", "GHSA-1"}},
			{2, []string{"CVE-2024-0001"}, []string{"ALSA-1", "GHSA-1"}},
			{2, []string{"CVE-2024-0002", "PYSEC-1"}, []string{"ALSA-1", "GHSA-1"}},
			{2, []string{"GHSA-1"}, []string{"GHSA-1"}},
			{2, []string{"CVE-2024-9999"}, []string{}},
		} {
			if diff := cmp.Diff(c.want, known(c.rev, c.ids...)); diff != "" {
				t.Errorf("%v at revision %d (-want +got):\n%s", c.ids, c.rev, diff)
			}
		}
		// What is taken back leaves no id behind; the invariants look for it.
		if err := b.StageRecords(b.ctx, 3, "npm", []store.NewRecord{encode(advisory.Record{ID: "GHSA-1", Aliases: []string{"CVE-2024-0003"}})}); err != nil {
			t.Fatal(err)
		}
		if err := b.AbortStaged(b.ctx, 3); err != nil {
			t.Fatal(err)
		}
	})
}

// A database that had records before there was a table of their ids gets it filled.
func TestMigrationFilesTheIDsOfOldRecords(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		n, err := store.EncodeRecord(&advisory.Record{ID: "GHSA-1", Aliases: []string{"CVE-2024-0001"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.StageRecords(b.ctx, 1, "npm", []store.NewRecord{n}); err != nil {
			t.Fatal(err)
		}
		b.switchTo(1)
		if _, err := b.Pool().Exec("DELETE FROM advisory_ids"); err != nil {
			t.Fatal(err)
		}
		if err := b.FileIDs(b.ctx); err != nil {
			t.Fatal(err)
		}
		if got := must(b.RecordsKnownAs(b.ctx, []string{"CVE-2024-0001"}, 1))(t); len(got) != 1 {
			t.Errorf("after the migration: %v", got)
		}
	})
}

// BenchmarkHolders asks which images hold a package that all have, one that few have, and for the third page of all.
func BenchmarkHolders(b *testing.B) {
	onEachB(b, func(b *testing.B, s *bench) {
		s.inventory(images())
		for name, c := range map[string]struct {
			vuln          string
			limit, offset int
		}{
			"all, first page": {"CVE-base7-1", 100, 0}, "all, page 300": {"CVE-base7-1", 100, 30_000}, "everything": {"CVE-base7-1", 0, 0}, "few": {"CVE-own-7-1", 100, 0},
		} {
			b.Run(name, func(b *testing.B) {
				var total int64
				for b.Loop() {
					found := must(s.MatchesOfVulns(s.ctx, []string{c.vuln}, 1))(b)
					var ids []int64
					for _, m := range found {
						ids = append(ids, m.Package.ID)
					}
					var err error
					if _, total, err = s.Holders(s.ctx, store.HolderFilter{Account: "a", Packages: ids, Limit: c.limit, Offset: c.offset}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(total), "images")
			})
		}
	})
}
