package engine

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// outsideBundle asks for what lies outside of the image.
const outsideBundle = `{"id":"p","name":"P","version":"1_0",
	"mappings":[{"id":"m","name":"all","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["one"],"whitelist_ids":[]}],
	"policies":[{"id":"one","name":"one","version":"1_0","rules":[
		{"id":"r1","gate":"inheritance","trigger":"base_outdated","action":"WARN","params":[]},
		{"id":"r2","gate":"inheritance","trigger":"packages","action":"WARN","params":[{"name":"origin","value":"base"},{"name":"names","value":"p0"}]},
		{"id":"r3","gate":"exploitability","trigger":"epss","action":"STOP","params":[{"name":"min_score","value":"0.5"}]},
		{"id":"r4","gate":"exploitability","trigger":"kev","action":"STOP","params":[{"name":"due_passed","value":"true"},{"name":"ransomware","value":"true"}]},
		{"id":"r5","gate":"analysis","trigger":"stale_source","action":"WARN","params":[{"name":"max_days","value":"5"}]},
		{"id":"r6","gate":"signatures","trigger":"unsigned","action":"WARN","params":[]},
		{"id":"r7","gate":"expression","trigger":"matches","action":"WARN","params":[{"name":"expression","value":"base.known && findings.exists(f, f.epss > 0.9)"},{"name":"id","value":"cel"}]}]}],
	"whitelists":[],"whitelisted_images":[],"blacklisted_images":[]}`

func layers(names ...string) []image.Layer {
	var list []image.Layer
	for _, n := range names {
		list = append(list, image.Layer{LayerID: image.LayerID{Blob: image.DigestOf([]byte("blob " + n)), DiffID: image.DigestOf([]byte("diff " + n))}})
	}
	return list
}

// ids are the trigger ids of the newest verdict of a tag, but for the one about signatures, which nobody looks for here.
func (v *verdicts) ids(t *testing.T, tag string) []string {
	t.Helper()
	list := v.list(EvaluationFilter{Tag: "r.example/app:" + tag, Limit: 1})
	if len(list) == 0 {
		t.Fatalf("%s has no verdict", tag)
	}
	e, err := v.e.Evaluations.evidence(v.ctx, admin, list[0].ID)
	v.must(err)
	var ids []string
	for _, r := range e.rows {
		if r.TriggerID != "unsigned" {
			ids = append(ids, r.Trigger+" "+r.TriggerID)
		}
	}
	if len(ids) == len(e.rows) {
		t.Errorf("%s counts as signed", tag)
	}
	return ids
}

// What lies outside of an image counts in its verdict from the moment on from which it is known, and no sooner; a verdict is
// the same when it is given again.
func TestFactsFromOutside(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			v := newVerdicts(t, d)
			_, err := v.e.Policies.Put(v.ctx, admin, []byte(outsideBundle))
			v.must(err)
			v.layers = map[string][]image.Layer{"base": layers("a", "b"), "web": layers("a", "b", "c"), "newbase": layers("a", "b2")}
			start := v.clock.Now().UTC()
			midnight := start.Truncate(24*time.Hour).AddDate(0, 0, 1)
			v.has("web", "web")
			v.work(t)
			expect := func(what string, want ...string) {
				t.Helper()
				if diff := cmp.Diff(want, v.ids(t, "web")); diff != "" {
					t.Errorf("%s: %s", what, diff)
				}
			}
			expect("no base is known")
			v.clock.Advance(time.Minute)
			v.has("base", "base")
			v.work(t)
			v.work(t)
			expect("the base came", "packages p0")
			v.clock.Advance(time.Minute)
			v.has("newbase", "base")
			v.work(t)
			v.work(t)
			expect("the tag of the base moved", "base_outdated r.example/app:base", "packages p0")
			v.must(v.store.PutEPSS(v.ctx, start, v.clock.Now(), []store.EPSS{{CVE: "CVE-2026-1001", Score: 0.95, Percentile: 0.99}}))
			v.clock.Advance(time.Minute)
			v.due()
			v.work(t)
			expect("the scores of the day are there", "base_outdated r.example/app:base", "packages p0")
			v.clock.Set(midnight)
			v.due()
			if diff := cmp.Diff([]string{"time", "time", "time"}, v.work(t)); diff != "" && v.list(EvaluationFilter{Limit: 1})[0].Reason != "time" {
				t.Error(diff)
			}
			expect("the day is over", "base_outdated r.example/app:base", "packages p0", "epss CVE-2026-1001+p1", "matches cel")
			v.kev["CVE-2026-1000"] = start.Format(time.DateOnly)
			v.kevMore = map[string]map[string]any{"CVE-2026-1000": {"dueDate": midnight.Format(time.DateOnly), "knownRansomwareCampaignUse": "Known"}}
			v.clock.Advance(time.Minute)
			v.sync()
			v.work(t)
			expect("the due date has not passed", "base_outdated r.example/app:base", "packages p0", "epss CVE-2026-1001+p1", "matches cel")
			v.clock.Set(midnight.AddDate(0, 0, 1))
			v.due()
			v.work(t)
			expect("the due date has passed", "base_outdated r.example/app:base", "packages p0", "epss CVE-2026-1001+p1", "kev CVE-2026-1000+p0", "matches cel")
			v.clock.Set(midnight.AddDate(0, 0, 6))
			v.due()
			v.work(t)
			// Scores of an older day that come late, and others for a day that is there, change no verdict that was given.
			v.clock.Advance(time.Minute)
			v.must(v.store.PutEPSS(v.ctx, start.AddDate(0, 0, -3), v.clock.Now(), []store.EPSS{{CVE: "CVE-2026-1001", Score: 0.99, Percentile: 0.99}}))
			v.must(v.store.PutEPSS(v.ctx, start, v.clock.Now(), []store.EPSS{{CVE: "CVE-2026-1001", Score: 0.1, Percentile: 0.1}}))
			if got := strings.Join(v.ids(t, "web"), "\n"); !strings.Contains(got, "stale_source Debian:12") || !strings.Contains(got, "stale_source kev") {
				t.Errorf("the data is old: %s", got)
			}
			for _, e := range v.list(EvaluationFilter{}) {
				r, err := v.e.Evaluations.Reproduce(v.ctx, admin, e.ID)
				v.must(err)
				if !r.Equal() {
					kept, _ := v.e.Evaluations.Get(v.ctx, admin, e.ID)
					var was, is any
					v.must(json.Unmarshal(kept.Document, &was))
					v.must(json.Unmarshal(r.Document, &is))
					t.Errorf("evaluation %d (%s) given again: %+v\n%s", e.ID, e.Reason, r.Differences, cmp.Diff(was, is))
				}
			}
			// A point in time knows what was known then.
			c, err := v.e.Checks.Check(v.ctx, admin, CheckRequest{Digest: v.images["web"].row.Digest, Tag: "r.example/app:web", Interactive: true, Moment: Moment{At: start.Add(30 * time.Second)}})
			v.must(err)
			if raw := string(c.Evaluations[0].Document); strings.Contains(raw, "out of date") || strings.Contains(raw, "CVE-2026-1001+p1") {
				t.Errorf("of before the base came: %s", raw)
			}
		})
	}
}
