package engine

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"testing"
	"time"

	"landwaiter.dev/internal/seal"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/internal/testkit/synthetic"
)

// inventories are the sizes that the benchmarks of re-matching have: LANDWAITER_BENCH_IMAGES=100000 is that of the goal.
func inventories() []int {
	if n, err := strconv.Atoi(os.Getenv("LANDWAITER_BENCH_IMAGES")); err == nil && n > 0 {
		return []int{n}
	}
	return []int{1000}
}

// share is how much of the ecosystems' advisories is loaded: LANDWAITER_BENCH_SHARE=1 is all of them.
func share() float64 {
	if f, err := strconv.ParseFloat(os.Getenv("LANDWAITER_BENCH_SHARE"), 64); err == nil && f > 0 {
		return f
	}
	return 0.05
}

// BenchmarkDelta is a sync after 100 records of Debian have changed, over an inventory: all of it, and the part from
// matching to new intervals and jobs for the images concerned, for which the goal is 5 s with 100,000 images on PostgreSQL.
func BenchmarkDelta(b *testing.B) {
	for _, images := range inventories() {
		for _, d := range storetest.Databases() {
			b.Run(d.Name+"/images="+strconv.Itoa(images), func(b *testing.B) { benchDelta(b, d, images) })
		}
	}
}

func benchDelta(b *testing.B, d storetest.Database, images int) {
	ctx := context.Background()
	s, dir := d.Open(b), b.TempDir()
	v := synthetic.Inventory{Seed: 1, Images: images}
	took := func(what string, f func() error) {
		start, cpu := time.Now(), processor()
		if err := f(); err != nil {
			b.Fatal(what, ": ", err)
		}
		b.Logf("%s: %.1f s, %.1f s of processor time", what, time.Since(start).Seconds(), (processor() - cpu).Seconds())
	}
	set := synthetic.Set{Seed: 1, Share: share(), Folders: v.Folders()}
	took("making the advisories", func() error { _, err := set.Write(dir); return err })
	took("making the inventory", func() error { return v.Write(ctx, s) })
	key, err := seal.FromText("a secret key for benchmarks")
	if err != nil {
		b.Fatal(err)
	}
	e, err := New(s, Config{
		HostID: "bench", Key: key, Log: slog.New(slog.DiscardHandler),
		Feeds: FeedConfig{Places: map[string][]string{osvDriver: {dir}}}, Now: func() time.Time { return time.Now().UTC() },
	})
	if err != nil {
		b.Fatal(err)
	}
	u := e.Feeds.sync
	took("first load and match", func() error { _, err := u.run(ctx, syncArgs{}); return err })
	size, err := s.Size(ctx)
	if err != nil {
		b.Fatal(err)
	}
	var matching time.Time
	u.progress = func(text string) {
		if text == (SyncProgress{Step: "matching"}).String() {
			matching = time.Now()
		}
	}
	set.Folders = set.Folders[:1]
	var rematch, used time.Duration
	packages, concerned := 0, 0
	for b.Loop() {
		b.StopTimer()
		set.Changed = 100 - set.Changed // there and back
		if _, err := set.Write(dir); err != nil {
			b.Fatal(err)
		}
		start := processor()
		b.StartTimer()
		result, err := u.run(ctx, syncArgs{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		rematch += time.Since(matching)
		used += processor() - start
		for _, g := range result[0].Groups {
			concerned = g.Images
		}
		rev, err := s.CurrentRevision(ctx)
		if err != nil {
			b.Fatal(err)
		}
		changed, err := s.ChangedPackages(ctx, rev.ID)
		if err != nil {
			b.Fatal(err)
		}
		packages = len(changed)
		b.StartTimer()
	}
	if packages == 0 || concerned == 0 {
		b.Fatal("the delta concerns nothing")
	}
	b.ReportMetric(rematch.Seconds()/float64(b.N), "match-s/op")
	b.ReportMetric(used.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(packages), "packages")
	b.ReportMetric(float64(concerned), "images")
	b.ReportMetric(float64(size)/1e6, "database-MB")
}
