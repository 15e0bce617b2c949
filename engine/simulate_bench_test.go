package engine

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"landwaiter.dev/internal/seal"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/internal/testkit/synthetic"
	"landwaiter.dev/policy"
)

// stricter is the default bundle with another severity to stop at, so that most verdicts change.
func stricter() []byte {
	return fmt.Appendf(nil, `{"id":"stricter","version":"1_0","mappings":[{"id":"m","name":"all","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["one"],"whitelist_ids":[]}],
		"policies":[{"id":"one","name":"one","version":"1_0","rules":[
			{"id":"r1","gate":"vulnerabilities","trigger":"package","action":"STOP","params":[{"name":"package_type","value":"all"},{"name":"severity_comparison","value":">="},{"name":"severity","value":"medium"}]},
			{"id":"r2","gate":"dockerfile","trigger":"exposed_ports","action":"WARN","params":[{"name":"ports","value":"22"},{"name":"type","value":"blacklist"}]}]}],
		"whitelists":[],"whitelisted_images":[],"blacklisted_images":[]}`)
}

// BenchmarkSimulate is a candidate over an inventory; the goal is 10,000 images in less than a minute
// (LANDWAITER_BENCH_IMAGES=10000).
func BenchmarkSimulate(b *testing.B) {
	for _, images := range inventories() {
		for _, d := range storetest.Databases() {
			b.Run(d.Name+"/images="+strconv.Itoa(images), func(b *testing.B) { benchSimulate(b, d, images) })
		}
	}
}

func benchSimulate(b *testing.B, d storetest.Database, images int) {
	ctx := context.Background()
	s, dir := d.Open(b), b.TempDir()
	v := synthetic.Inventory{Seed: 1, Images: images, Documents: true}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	_, err := synthetic.Set{Seed: 1, Share: share(), Folders: v.Folders()}.Write(dir)
	must(err)
	must(v.Write(ctx, s))
	key, err := seal.FromText("a secret key for benchmarks")
	must(err)
	e, err := New(s, Config{
		HostID: "bench", Key: key, Log: slog.New(slog.DiscardHandler),
		Feeds: FeedConfig{Places: map[string][]string{osvDriver: {dir}}}, Now: func() time.Time { return time.Now().UTC() },
	})
	must(err)
	_, err = e.Feeds.sync.run(ctx, syncArgs{})
	must(err)
	p, err := e.Policies.Put(ctx, admin, policy.Default())
	must(err)
	_, err = e.Policies.Activate(ctx, admin, p.ID)
	must(err)
	b.ReportAllocs()
	forgetPeak()
	start := processor()
	var sum *Simulation
	for b.Loop() {
		sum, err = e.Simulations.Run(ctx, admin, SimulateRequest{Document: stricter()}, func(one *Simulated) error { return one.Err })
		must(err)
	}
	if sum.Verdicts != images || sum.Changed == 0 {
		b.Fatalf("%+v", sum)
	}
	findings := 0
	for _, t := range sum.Triggers {
		findings += t.Added + t.Removed + t.Changed
	}
	b.ReportMetric(float64(images*b.N)/b.Elapsed().Seconds(), "images/s")
	b.ReportMetric((processor()-start).Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(resident("VmHWM"), "peak-MB")
	b.ReportMetric(float64(sum.Changed), "changed")
	b.ReportMetric(float64(findings)/float64(images), "rows/image")
}
