package store_test

import (
	"fmt"
	"slices"
	"strings"
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

// wide is many images on 100 bases of 50 packages each, one of which, in all bases, has a vulnerability, as has a package
// that ten images hold.
func (b *bench) wide(images int) {
	var ids []int64
	b.write(func(tx *store.Tx) error {
		if _, err := tx.ShareRevision(b.ctx); err != nil {
			return err
		}
		for base := range 101 { // the last is the rare one
			var packages []advisory.Package
			for i := range 50 {
				packages = append(packages, pkg(fmt.Sprintf("package-%d", i+base/100*1000), fmt.Sprintf("%d", base)))
			}
			rows, err := tx.UpsertPackages(b.ctx, packages, keysOf)
			if err != nil {
				return err
			}
			if _, err := tx.PutPackageSet(b.ctx, digest(base), idsOf(rows)); err != nil {
				return err
			}
			ids = append(ids, rows[0].ID)
		}
		return nil
	})
	var matches []store.Match
	for i, id := range ids {
		matches = append(matches, match(id, map[bool]string{false: "CVE-ALL", true: "CVE-FEW"}[i == 100], advisory.High))
	}
	if err := b.StageMatches(b.ctx, 1, nil, "", matches); err != nil {
		b.t.Fatal(err)
	}
	b.switchTo(1)
	numbers := fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", images)
	hash := "'sha256:' || substr(CAST(i * 7919 % 1000003 AS TEXT) || 'a" + strings.Repeat("0", 64) + "', 1, 64)"
	for _, statement := range []string{
		"INSERT INTO analyses (document, manifest_digest, image_id, distro_id, distro_version, created_at) " + numbers + "SELECT " + hash + ", " + hash + ", '', '', '', 0 FROM n",
		"INSERT INTO analysis_sets (analysis_id, set_id) SELECT id, 1 + id % 100 FROM analyses",
		"INSERT INTO analysis_sets (analysis_id, set_id) SELECT id, 101 FROM analyses WHERE id <= 10",
		`INSERT INTO images (account, digest, parent_digest, image_id, status, state, error, error_code, created_at, updated_at, analyzed_at, analysis_id, annotations,
			dockerfile_digest, manifest_blob, parent_blob, distro, distro_version, architecture, size, layer_count)
			SELECT 'a', document, document, document, 'analyzed', 'active', '', '', 1, 1, 1, id, '{}', '', '', '', '', '', '', 1, 1 FROM analyses`,
		"INSERT INTO image_analyses (image_row, analysis_id, from_at, to_at) SELECT id, analysis_id, 1, 0 FROM images",
		"INSERT INTO tags (image_row, account, registry, repository, tag, detected_at, current) SELECT id, 'a', 'r', 'team/app', CAST(id AS TEXT), 1, TRUE FROM images",
		"ANALYZE",
	} {
		if _, err := b.Pool().Exec(statement); err != nil {
			b.t.Fatal(statement, err)
		}
	}
}

// BenchmarkHolders asks which images have a vulnerability that all of them have, and one that few have. The goal is a page in
// 250 ms, in 99 of 100 cases, for 100,000 images.
func BenchmarkHolders(b *testing.B) {
	onEachB(b, func(b *testing.B, s *bench) {
		s.wide(images())
		for _, c := range []struct {
			name, vuln    string
			limit, offset int
			at            time.Time
		}{
			{"few", "CVE-FEW", 100, 0, time.Time{}}, {"all, first page", "CVE-ALL", 100, 0, time.Time{}}, {"all, later page", "CVE-ALL", 100, images() / 2, time.Time{}},
			{"all, next page", "CVE-ALL", 100, 100, time.Time{}}, {"all, first page, as of", "CVE-ALL", 100, 0, day}, {"everything", "CVE-ALL", 0, 0, time.Time{}},
		} {
			b.Run(c.name, func(b *testing.B) {
				var total int64
				var took []time.Duration
				for b.Loop() {
					start := time.Now()
					found := must(s.MatchesOfVulns(s.ctx, []string{c.vuln}, 1))(b)
					var ids []int64
					for _, m := range found {
						ids = append(ids, m.Package.ID)
					}
					var err error
					if _, total, err = s.Holders(s.ctx, store.HolderFilter{Account: "a", Packages: ids, At: c.at, Limit: c.limit, Offset: c.offset}); err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(start))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
				b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
				b.ReportMetric(float64(total), "images")
			})
		}
	})
}
