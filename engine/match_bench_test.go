package engine

import (
	"context"
	"slices"
	"testing"
	"time"

	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/internal/testkit/synthetic"
)

// BenchmarkMatch is matching an image of 500 packages with all advisories of its ecosystems, asked again and again; the
// goal is 20 ms. Cold is the first time after the store was opened.
func BenchmarkMatch(b *testing.B) {
	for _, d := range storetest.Databases() {
		b.Run(d.Name, func(b *testing.B) {
			ctx := context.Background()
			s, dir := d.Open(b), b.TempDir()
			v := synthetic.Inventory{Seed: 1, Images: 40}
			if _, err := (synthetic.Set{Seed: 1, Share: share(), Folders: v.Folders()}).Write(dir); err != nil {
				b.Fatal(err)
			}
			u := benchSync(s, dir)
			if _, err := u.run(ctx, syncArgs{}); err != nil {
				b.Fatal(err)
			}
			if err := v.Write(ctx, s); err != nil {
				b.Fatal(err)
			}
			rows, err := s.PackagesIn(ctx, "Debian:12")
			if err != nil || len(rows) < 450 {
				b.Fatal(len(rows), err)
			}
			languages, err := s.PackagesIn(ctx, "npm")
			if err != nil {
				b.Fatal(err)
			}
			rows = slices.Concat(rows[:450], languages[:min(50, len(languages))])
			start := time.Now()
			found, err := u.matcher.match(ctx, rows, 1)
			if err != nil {
				b.Fatal(err)
			}
			cold := time.Since(start)
			findings := 0
			for _, list := range found {
				findings += len(list)
			}
			b.ReportAllocs()
			cpu := processor()
			for b.Loop() {
				if _, err := u.matcher.match(ctx, rows, 1); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processor()-cpu).Microseconds())/1000/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(cold.Microseconds())/1000, "cold-ms")
			b.ReportMetric(float64(len(rows)), "packages")
			b.ReportMetric(float64(findings), "findings")
		})
	}
}
