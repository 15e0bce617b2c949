package engine

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"landwaiter.dev/internal/seal"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/internal/testkit/synthetic"
	"landwaiter.dev/policy"
	"landwaiter.dev/policy/gate"
	"landwaiter.dev/store"
)

// everyTrigger is a bundle with a rule for each trigger, made of the examples of its parameters, and an allowlist. The images of
// the synthetic inventory have no files to look at.
func everyTrigger() []byte {
	type pair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	type rule struct {
		ID      string `json:"id"`
		Gate    string `json:"gate"`
		Trigger string `json:"trigger"`
		Action  string `json:"action"`
		Params  []pair `json:"params"`
	}
	type item struct {
		Gate string `json:"gate"`
		ID   string `json:"trigger_id"`
	}
	rules, items := []rule{}, []item{}
	for _, g := range gate.Active() {
		for _, t := range g.Triggers {
			if g.Name == "files" || g.Name == "passwd_file" {
				continue
			}
			r := rule{fmt.Sprint(len(rules)), g.Name, t.Name, "WARN", []pair{}}
			for _, p := range t.Params {
				if p.Example != "" {
					r.Params = append(r.Params, pair{p.Name, p.Example})
				}
			}
			rules = append(rules, r)
		}
	}
	for i := range 200 {
		items = append(items, item{"vulnerabilities", fmt.Sprintf("CVE-2026-%d+package-%d", i, i)})
	}
	return encode(map[string]any{
		"id": "everything", "version": "1_0", "name": "everything",
		"mappings": []json.RawMessage{json.RawMessage(`{"id":"m","name":"all","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["one"],"whitelist_ids":["w"]}`)},
		"policies": []any{map[string]any{"id": "one", "name": "one", "version": "1_0", "rules": rules}}, "whitelists": []any{map[string]any{"id": "w", "version": "1_0", "items": items}},
	})
}

// BenchmarkCheck is one check of an image, with the default bundle and with one that has every trigger.
func BenchmarkCheck(b *testing.B) {
	d := storetest.Databases()[0]
	s, dir := d.Open(b), b.TempDir()
	v := synthetic.Inventory{Seed: 1, Images: 2, Documents: true}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	_, err := synthetic.Set{Seed: 1, Share: 0.02, Folders: v.Folders()}.Write(dir)
	must(err)
	must(v.Write(b.Context(), s))
	key, err := seal.FromText("a secret key for benchmarks")
	must(err)
	e, err := New(s, Config{
		HostID: "bench", Key: key, Log: slog.New(slog.DiscardHandler),
		Feeds: FeedConfig{Places: map[string][]string{osvDriver: {dir}}}, Now: func() time.Time { return time.Now().UTC() },
	})
	must(err)
	_, err = e.Feeds.sync.run(b.Context(), syncArgs{})
	must(err)
	images, err := s.Images(b.Context(), admin, store.ImageFilter{Status: store.Analyzed})
	must(err)
	for name, document := range map[string][]byte{"default": policy.Default(), "everything": everyTrigger()} {
		p, err := e.Policies.Put(b.Context(), admin, document)
		must(err)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := e.Checks.Check(b.Context(), admin, CheckRequest{Digest: images[0].Digest, Tag: images[0].Tags[0].FullTag(), PolicyID: p.ID, Interactive: true})
				must(err)
			}
		})
	}
}
