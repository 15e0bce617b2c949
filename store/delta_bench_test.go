package store_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// images is how many images the inventory of a benchmark has; LANDWAITER_BENCH_IMAGES=100000 is the size of the goal.
func images() int {
	if n, err := strconv.Atoi(os.Getenv("LANDWAITER_BENCH_IMAGES")); err == nil && n > 0 {
		return n
	}
	return 2000
}

// inventory is many images of 300 packages on a base for each 200 images. The 270 packages of a base have one of 20 versions
// each, mixed so that no two bases are alike; 30 packages are shared by ten images. Each package has 20 matches.
func (b *bench) inventory(images int) {
	bases := max(images/200, 1)
	set := func(tx *store.Tx, name string, n int, version func(i int) string) (int64, error) {
		var packages []advisory.Package
		for i := range n {
			packages = append(packages, pkg(fmt.Sprintf("%.4s%d", name, i), version(i)))
		}
		rows, err := tx.UpsertPackages(b.ctx, packages, keysOf)
		if err != nil {
			return 0, err
		}
		return tx.PutPackageSet(b.ctx, digest(name), idsOf(rows))
	}
	baseSets := make([]int64, bases)
	for start := 0; start < images; start += 200 {
		b.write(func(tx *store.Tx) (err error) {
			if baseSets[start/200%bases] == 0 {
				j := start / 200
				version := func(i int) string { return fmt.Sprint((i*(1+j/20) + j) % 20) }
				if baseSets[j%bases], err = set(tx, fmt.Sprintf("base%d", j), 270, version); err != nil {
					return err
				}
			}
			for n := start; n < min(start+200, images); n++ {
				own, err := set(tx, fmt.Sprintf("own-%d", n/10), 30, func(int) string { return fmt.Sprint(n / 10) })
				if err != nil {
					return err
				}
				i := store.Image{Account: "a", Digest: digest("i", n), ImageID: digest("c", n), Status: store.Analyzed}
				if err := tx.InsertImage(b.ctx, &i); err != nil {
					return err
				}
				a := store.Analysis{Document: digest("a", n), ManifestDigest: i.Digest}
				if err := tx.PutAnalysis(b.ctx, &a, []int64{own, baseSets[start/200%bases]}); err != nil {
					return err
				}
				i.AnalysisID = a.ID
				if err := tx.UpdateImage(b.ctx, &i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	all := must(b.PackagesIn(b.ctx, "Debian:12"))(b.t)
	var matches []store.Match
	for _, p := range all {
		for v := range 20 {
			matches = append(matches, match(p.ID, fmt.Sprintf("CVE-%s-%d", p.Name, v), advisory.High))
		}
		if len(matches) > 10_000 {
			if err := b.StageMatches(b.ctx, 1, nil, "", matches); err != nil {
				b.t.Fatal(err)
			}
			matches = nil
		}
	}
	if err := b.StageMatches(b.ctx, 1, nil, "", matches); err != nil {
		b.t.Fatal(err)
	}
	b.switchTo(1)
}

// BenchmarkDelta is what a sync asks and writes when 100 records change, about packages that every image has:
// the packages concerned, their open matches, new intervals for all of these, and the images.
func BenchmarkDelta(b *testing.B) {
	onEachB(b, func(b *testing.B, s *bench) {
		s.inventory(images())
		var records []store.NewRecord
		for n := range 100 {
			records = append(records, record(fmt.Sprintf("DSA-%d", n), "x", fmt.Sprintf("base%d", n*2)))
		}
		b.ReportAllocs()
		b.ResetTimer()
		rev := int64(2)
		var packages, concerned int
		for b.Loop() {
			if err := s.StageRecords(s.ctx, rev, "Debian", records); err != nil {
				b.Fatal(err)
			}
			rows := must(s.PackagesStaged(s.ctx, rev))(b)
			packages = len(rows)
			for start := 0; start < len(rows); start += 500 {
				part := idsOf(rows[start:min(start+500, len(rows))])
				open := must(s.OpenMatches(s.ctx, part, rev-1))(b)
				var end []int64
				var begin []store.Match
				for _, list := range open {
					m := list[0]
					end = append(end, m.ID)
					m.Finding.Title = fmt.Sprint("revision ", rev)
					begin = append(begin, m)
				}
				if err := s.StageMatches(s.ctx, rev, end, "advisory", begin); err != nil {
					b.Fatal(err)
				}
			}
			s.switchTo(rev)
			concerned = len(must(s.ImagesWithPackages(s.ctx, must(s.ChangedPackages(s.ctx, rev))(b)))(b))
			rev++
		}
		b.ReportMetric(float64(packages), "packages")
		b.ReportMetric(float64(concerned), "images")
	})
}
