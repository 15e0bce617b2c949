package engine

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/internal/testkit/synthetic"
	"landwaiter.dev/store"
)

// benchSync is a sync of a directory of OSV's bundles into a store, without the jobs that follow it.
func benchSync(s *store.Store, dir string) *syncFeeds {
	now := func() time.Time { return time.Now().UTC() }
	config := FeedConfig{Places: map[string][]string{osvDriver: {dir}}}
	return &syncFeeds{store: s, matcher: &matcher{store: s, now: now}, fetcher: newFetcher(os.TempDir(), config, now),
		config: config, log: slog.New(slog.DiscardHandler), now: now}
}

// osvSet is the set that is loaded: LANDWAITER_BENCH_OSV, a directory of OSV's bundles, or a fiftieth of the synthetic one.
func osvSet(b *testing.B) string {
	if dir := os.Getenv("LANDWAITER_BENCH_OSV"); dir != "" {
		return dir
	}
	dir := b.TempDir()
	if _, err := (synthetic.Set{Seed: 1, Share: 0.02}).Write(dir); err != nil {
		b.Fatal(err)
	}
	return dir
}

// processor is the processor time that this process has used.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is a figure of /proc/self/status in MB: "VmHWM" is the most memory that this process has had.
func resident(name string) float64 {
	raw, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024
		}
	}
	return 0
}

// forgetPeak makes VmHWM begin anew.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// otherWriters measures how long others wait for a short transaction until stop is called, which gives the longest and the one
// that a hundredth are longer than.
func otherWriters(b *testing.B, s *store.Store) (stop func() (longest, hundredth time.Duration)) {
	ctx, cancel := context.WithCancel(b.Context())
	var took []time.Duration
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			start := time.Now()
			if err := s.Write(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, "bench", "") }); err == nil {
				took = append(took, time.Since(start))
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	return func() (longest, hundredth time.Duration) {
		cancel()
		done.Wait()
		if len(took) == 0 {
			return 0, 0
		}
		slices.Sort(took)
		return took[len(took)-1], took[len(took)*99/100]
	}
}

// BenchmarkFirstLoad loads a set of advisories into an empty store; the goal is 600,000 records in three minutes with less
// than 500 MB.
func BenchmarkFirstLoad(b *testing.B) {
	dir := osvSet(b)
	for _, d := range storetest.Databases() {
		b.Run(d.Name, func(b *testing.B) {
			ctx := context.Background()
			var records int64
			var used time.Duration
			var peak, size float64
			var longest, hundredth time.Duration
			for b.Loop() {
				b.StopTimer()
				s := d.Open(b)
				u := benchSync(s, dir)
				forgetPeak()
				start := processor()
				stop := otherWriters(b, s)
				b.StartTimer()
				if _, err := u.run(ctx, syncArgs{}); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				longest, hundredth = stop()
				used += processor() - start
				peak = max(peak, resident("VmHWM"))
				groups, err := s.FeedGroups(ctx)
				if err != nil {
					b.Fatal(err)
				}
				folders, _ := filepath.Glob(filepath.Join(dir, "*", "all.zip"))
				for _, f := range folders {
					n, err := s.CountRecords(ctx, filepath.Base(filepath.Dir(f)), 1)
					if err != nil {
						b.Fatal(err)
					}
					records += n
				}
				if len(groups) == 0 || records == 0 {
					b.Fatal("nothing was loaded")
				}
				bytes, err := s.Size(ctx)
				if err != nil {
					b.Fatal(err)
				}
				size = float64(bytes) / 1e6
				b.StartTimer()
			}
			b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(used.Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(float64(used.Microseconds())/float64(records), "cpu-µs/record")
			b.ReportMetric(peak, "peak-MB")
			b.ReportMetric(float64(longest.Microseconds())/1000, "longest-wait-ms")
			b.ReportMetric(float64(hundredth.Microseconds())/1000, "p99-wait-ms")
			b.ReportMetric(size, "database-MB")
		})
	}
}
