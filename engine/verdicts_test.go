package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// bundleText is a bundle that looks at vulnerabilities and at the age of the data, and excuses one finding until a day.
func bundleText(severity, expires string) []byte {
	return fmt.Appendf(nil, `{"id":"p","name":"P","version":"1_0",
		"mappings":[{"id":"m","name":"all","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["one"],"whitelist_ids":["w"]}],
		"policies":[{"id":"one","name":"one","version":"1_0","rules":[
			{"id":"r1","gate":"vulnerabilities","trigger":"package","action":"STOP","params":[{"name":"package_type","value":"all"},{"name":"severity_comparison","value":">="},{"name":"severity","value":%q}]},
			{"id":"r2","gate":"vulnerabilities","trigger":"stale_feed_data","action":"WARN","params":[{"name":"max_days_since_sync","value":"2"}]},
			{"id":"r3","gate":"dockerfile","trigger":"instruction","action":"WARN","params":[{"name":"instruction","value":"HEALTHCHECK"},{"name":"check","value":"not_exists"}]}]}],
		"whitelists":[{"id":"w","name":"ours","version":"1_0","items":[{"id":"i","gate":"vulnerabilities","trigger_id":"CVE-2026-1001+p1","expires_on":%q}]}],
		"whitelisted_images":[],"blacklisted_images":[]}`, severity, expires)
}

// verdicts is a world whose evaluations are run when the test says so.
type verdicts struct {
	*world
	evaluator *evaluate
	lastJob   int64
}

func newVerdicts(t *testing.T, d storetest.Database) *verdicts {
	w := newWorld(t, t, d)
	v := &verdicts{world: w, evaluator: &evaluate{store: w.store, vulns: w.e.Vulns, checks: w.e.Checks, policies: w.e.Policies, notices: w.e.Images.notices, jobs: w.e.Images.jobs}}
	w.says(0, "low")
	w.says(1, "high")
	w.sync()
	_, err := w.e.Policies.Put(w.ctx, admin, bundleText("medium", "2026-03-05T00:00:00Z"))
	w.must(err)
	_, err = w.e.Policies.Activate(w.ctx, admin, "p")
	w.must(err)
	v.work(t)
	return v
}

const admin = store.AdminAccount

// says publishes that everything before 9.0-1 of package n has a vulnerability.
func (w *world) says(n int, urgency string) {
	w.records[fmt.Sprintf("DEBIAN-CVE-2026-100%d", n)] = map[string]any{
		"id": fmt.Sprintf("DEBIAN-CVE-2026-100%d", n), "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z",
		"upstream": []string{fmt.Sprintf("CVE-2026-100%d", n)},
		"affected": []any{map[string]any{
			"package":            map[string]any{"ecosystem": "Debian:12", "name": fmt.Sprintf("p%d", n)},
			"ranges":             []any{map[string]any{"type": "ECOSYSTEM", "events": []any{map[string]any{"introduced": "0"}, map[string]any{"fixed": "9.0-1"}}}},
			"ecosystem_specific": map[string]any{"urgency": urgency},
		}},
	}
}

func debs(version string) []image.Package {
	var list []image.Package
	for n := range modelPackages {
		name := fmt.Sprintf("p%d", n)
		list = append(list, image.Package{Type: image.Deb, Name: name, Version: version, SourceName: name, SourceVersion: version, Layer: n % 2, Location: "var/lib/dpkg/status"})
	}
	return list
}

// has gives an image and a tag.
func (v *verdicts) has(name, tag string) {
	v.analyse(name, debs("1.0-1"))
	v.tag(name, tag)
}

func (v *verdicts) tag(name, tag string) {
	img := v.images[name].row
	v.must(v.store.Write(v.ctx, func(tx *store.Tx) error {
		if err := tx.PutTag(v.ctx, img.ID, store.Tag{Registry: "r.example", Repository: "app", Tag: tag, Digest: img.Digest, DetectedAt: v.clock.Now(), Current: true}); err != nil {
			return err
		}
		return evaluateLater(v.ctx, tx, v.e.Images.jobs, []int64{img.ID}, "tag")
	}))
}

// work runs the evaluations that were put off, and gives the reasons of those that were stored, oldest first.
func (v *verdicts) work(t *testing.T) []string {
	t.Helper()
	newest := int64(0)
	for _, e := range v.list(EvaluationFilter{Limit: 1}) {
		newest = e.ID
	}
	text := "args::text"
	if v.store.Embedded() {
		text = "json(args)"
	}
	rows, err := v.store.Pool().Query(fmt.Sprintf("SELECT id, %s FROM river_job WHERE kind = 'evaluate' AND id > %d ORDER BY id", text, v.lastJob))
	v.must(err)
	var jobs []evaluateArgs
	for rows.Next() {
		var raw string
		var args evaluateArgs
		v.must(rows.Scan(&v.lastJob, &raw))
		v.must(json.Unmarshal([]byte(raw), &args))
		jobs = append(jobs, args)
	}
	v.must(rows.Err())
	v.must(rows.Close())
	for _, job := range jobs {
		for _, id := range job.Images {
			v.must(v.evaluator.image(v.ctx, id, job.Reason))
		}
	}
	reasons := []string{}
	for _, e := range v.list(EvaluationFilter{}) {
		if e.ID > newest {
			reasons = append([]string{e.Reason}, reasons...)
		}
	}
	return reasons
}

func (v *verdicts) list(f EvaluationFilter) []store.Evaluation {
	page, err := v.e.Evaluations.List(v.ctx, admin, f)
	v.must(err)
	return page.Evaluations
}

// due does what the periodic job does, twice: what is put off already must not be evaluated twice.
func (v *verdicts) due() {
	v.must(v.e.System.due(v.ctx))
	v.must(v.e.System.due(v.ctx))
}

func (v *verdicts) addVEX(cve string) {
	_, err := v.e.VEX.Add(v.ctx, admin, AddVEX{Product: AllProducts, Document: fmt.Appendf(nil,
		`{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.org/%s","author":"us","timestamp":"2026-03-01T00:00:00Z","version":1,
		"statements":[{"vulnerability":{"name":%q},"products":[{"@id":"pkg:oci/app","subcomponents":[{"@id":"pkg:deb/debian/p3"}]}],"status":"not_affected","justification":"vulnerable_code_not_present"}]}`, cve, cve)})
	v.must(err)
}

// An evaluation is made when an input changed or its moment has come, and never otherwise.
func TestVerdictsAreMadeAgainWhenTheyMustAndNeverOtherwise(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			v := newVerdicts(t, d)
			none := []string{}
			v.has("a", "1")
			steps := []struct {
				what string
				do   func()
				want []string
			}{
				{"it is analysed", func() {}, []string{"analysis"}},
				{"nothing", func() { v.clock.Advance(time.Hour); v.due() }, none},
				{"a sync without news", func() { v.sync() }, none},
				{"a sync with news about others", func() { v.says(5, "high"); v.sync() }, none},
				{"a sync with news about it", func() { v.says(2, "high"); v.sync() }, []string{"feed"}},
				{"the same bundle", func() { v.put("medium") }, none},
				{"another bundle", func() { v.put("low") }, []string{"bundle"}},
				{"a VEX document", func() { v.addVEX("CVE-2026-1003") }, []string{"vex"}},
				{"the same analysis again", func() { v.clock.Advance(time.Minute); v.analyse("a", debs("1.0-1")) }, none},
				{"a Dockerfile", func() { v.dockerfile("a", "FROM scratch\nHEALTHCHECK NONE\n") }, []string{"analysis"}},
				{"other packages", func() { v.analyse("a", debs("2.0-1")) }, []string{"analysis"}},
				{"another tag", func() { v.tag("a", "2") }, []string{"tag"}},
				{"both before the data is old", func() { v.clock.Set(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)); v.due() }, none},
				{"the data is old", func() { v.clock.Set(time.Date(2026, 3, 3, 2, 0, 0, 0, time.UTC)); v.due() }, []string{"time", "time"}},
				{"nothing more", func() { v.clock.Advance(time.Hour); v.due() }, none},
				{"the data is fresh again, and nothing in it new", func() { v.sync() }, []string{"data", "data"}},
				{"once more", func() { v.clock.Advance(time.Minute); v.sync() }, none},
				{"an entry of an allowlist expires", func() { v.clock.Set(time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)); v.due() }, []string{"time", "time"}},
				{"it has expired", func() { v.clock.Advance(time.Minute); v.due() }, none},
			}
			for _, step := range steps {
				step.do()
				if diff := cmp.Diff(step.want, v.work(t)); diff != "" {
					t.Errorf("%s: verdicts made (-want +got):\n%s", step.what, diff)
				}
			}
			// A verdict that nobody keeps up to date is not due for ever: by another policy, for a tag that it has not.
			_, err := v.e.Policies.Put(v.ctx, admin, bytes.Replace(bundleText("low", "2026-03-06T00:00:00Z"), []byte(`"id":"p"`), []byte(`"id":"q"`), 1))
			v.must(err)
			for _, ask := range []CheckRequest{{PolicyID: "q", Tag: "r.example/app:1"}, {Tag: "r.example/other:9"}} {
				ask.Digest = v.images["a"].row.Digest
				_, err := v.e.Checks.Check(v.ctx, admin, ask)
				v.must(err)
			}
			v.clock.Set(time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC))
			due, err := v.store.DueEvaluations(v.ctx, v.clock.Now(), 10)
			v.must(err)
			for _, e := range due {
				if e.PolicyID == "q" || e.Tag == "r.example/other:9" {
					t.Errorf("due: policy %s, tag %s", e.PolicyID, e.Tag)
				}
			}
		})
	}
}

func (v *verdicts) put(severity string) {
	_, err := v.e.Policies.Put(v.ctx, admin, bundleText(severity, "2026-03-05T00:00:00Z"))
	v.must(err)
}

// dockerfile gives an image a Dockerfile, as adding it by force does.
func (v *verdicts) dockerfile(name, text string) {
	m := v.images[name]
	v.must(v.store.Write(v.ctx, func(tx *store.Tx) error { return tx.SetDockerfile(v.ctx, m.row.ID, text, v.clock.Now()) }))
	v.analyse(name, m.packages)
}

// history makes verdicts of every kind: with other data, bundles, Dockerfiles and VEX documents, before and after ages end.
func (v *verdicts) history(t *testing.T) {
	v.has("a", "1")
	v.has("b", "2")
	steps := []func(){
		func() {},
		func() { v.says(2, "high"); v.sync() },
		func() { v.says(3, "medium"); v.says(1, "low"); v.sync() },
		func() { v.put("low") },
		func() { v.addVEX("CVE-2026-1003") },
		func() { v.dockerfile("a", "FROM scratch\nHEALTHCHECK NONE\n") },
		func() { v.clock.Set(time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)); v.due() },
		func() { delete(v.records, "DEBIAN-CVE-2026-1002"); v.sync() },
		func() { v.tag("b", "1") },
		func() { v.clock.Set(time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)); v.due() },
	}
	made := 0
	for _, step := range steps {
		v.clock.Advance(time.Minute)
		step()
		made += len(v.work(t))
	}
	if made < 12 {
		t.Fatalf("only %d verdicts: the history shows nothing", made)
	}
}

// A stored verdict is given again, byte for byte, whatever came after it.
func TestStoredVerdictsAreReproduced(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			v := newVerdicts(t, d)
			v.history(t)
			v.clock.Advance(time.Hour)
			seen := map[image.Digest]bool{}
			for _, e := range v.list(EvaluationFilter{}) {
				r, err := v.e.Evaluations.Reproduce(v.ctx, admin, e.ID)
				v.must(err)
				kept, err := v.e.Evaluations.Get(v.ctx, admin, e.ID)
				v.must(err)
				var was, is any
				v.must(json.Unmarshal(kept.Document, &was))
				v.must(json.Unmarshal(r.Document, &is))
				if diff := cmp.Diff(was, is); diff != "" || !r.Equal() || r.Result != e.Result {
					t.Errorf("evaluation %d (%s): %+v\n%s", e.ID, e.Reason, r.Differences, diff)
				}
				seen[e.Result] = true
				// Asked as of its moment, the answer is the same.
				c, err := v.e.Checks.Check(v.ctx, admin, CheckRequest{Digest: e.ImageDigest, Tag: e.Tag, Interactive: true, Moment: Moment{At: e.EvaluatedAt}})
				v.must(err)
				if got := c.Evaluations[0].Header; got.Result != e.Result || got.BundleDigest != e.BundleDigest || got.FeedRevision != e.FeedRevision {
					t.Errorf("evaluation %d (%s) as of %s: %v", e.ID, e.Reason, e.EvaluatedAt, differences(e, got))
				}
			}
			if len(seen) < 6 {
				t.Errorf("only %d different verdicts: the history shows nothing", len(seen))
			}
			// One that is not what its inputs give is told.
			e := v.list(EvaluationFilter{Limit: 1})[0]
			other, err := v.store.Blobs().Put(v.ctx, []byte(`{"another": "verdict"}`))
			v.must(err)
			e.Result, e.FinalAction = other, "go"
			v.must(v.store.Write(v.ctx, func(tx *store.Tx) error { return tx.PutEvaluation(v.ctx, &e) }))
			r, err := v.e.Evaluations.Reproduce(v.ctx, admin, e.ID)
			v.must(err)
			if r.Equal() || len(r.Differences) != 2 {
				t.Errorf("a verdict that was tampered with: %+v", r.Differences)
			}
			v.must(v.store.Write(v.ctx, func(tx *store.Tx) error { return tx.DeleteImage(v.ctx, e.ImageID) }))
			if _, err := v.e.Evaluations.Reproduce(v.ctx, admin, e.ID); code(err) != "inputs_gone" {
				t.Errorf("of a deleted image: %v", err)
			}
			if _, err := v.e.Evaluations.Get(v.ctx, "another", e.ID); code(err) != "evaluation_not_found" {
				t.Errorf("of another account: %v", err)
			}
		})
	}
}

// The same inputs give the same bytes on each database, and when it is all done once more.
func TestEqualInputsGiveEqualBytes(t *testing.T) {
	t.Parallel()
	run := func(d storetest.Database) (out []string) {
		v := newVerdicts(t, d)
		v.history(t)
		for _, e := range v.list(EvaluationFilter{}) {
			raw, err := v.store.Blobs().Get(v.ctx, e.Result)
			v.must(err)
			out = append(out, fmt.Sprint(e.Tag, e.ImageDigest, e.BundleDigest, e.AnalysisDigest, e.DockerfileDigest, e.FeedRevision, e.EvaluatedAt, e.NextAt, e.FinalAction, e.Facts, string(raw)))
		}
		return out
	}
	databases := storetest.Databases()
	first := run(databases[0])
	for _, d := range databases {
		if diff := cmp.Diff(first, run(d)); diff != "" {
			t.Errorf("once more, on %s:\n%s", d.Name, diff)
		}
	}
}

func code(err error) string {
	if e, ok := err.(*Error); ok {
		return e.Code
	}
	return ""
}

// What differs between two verdicts, and which input brought it.
func TestVerdictsAreCompared(t *testing.T) {
	t.Parallel()
	v := newVerdicts(t, storetest.Databases()[0])
	v.has("a", "1")
	v.work(t)
	v.clock.Advance(time.Minute)
	v.says(2, "high")
	v.says(1, "low")
	v.sync()
	v.work(t)
	list := v.list(EvaluationFilter{Tag: "r.example/app:1"})
	if len(list) != 2 {
		t.Fatalf("%d verdicts", len(list))
	}
	d, err := v.e.Evaluations.Diff(v.ctx, admin, list[1].ID, list[0].ID)
	v.must(err)
	var came, went, why []string
	for _, r := range d.Added {
		came = append(came, r.Action+" "+r.TriggerID)
	}
	for _, r := range d.Removed {
		went = append(went, r.Action+" "+r.TriggerID)
	}
	for _, i := range d.Inputs {
		why = append(why, i.What)
	}
	if diff := cmp.Diff([]string{"stop CVE-2026-1002+p2"}, came); diff != "" {
		t.Error("came:", diff)
	}
	if diff := cmp.Diff([]string{"go CVE-2026-1001+p1"}, went); diff != "" {
		t.Error("went:", diff)
	}
	if diff := cmp.Diff([]string{"feed_revision", "feed_data", "time"}, why); diff != "" {
		t.Error("why:", diff)
	}
	if d.Unchanged != 1 {
		t.Errorf("%d rows as before, want the one about HEALTHCHECK", d.Unchanged)
	}
}
