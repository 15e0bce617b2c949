package servertest

import (
	"context"
	"time"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/store"
)

// evaluations has two of each analysed image: number 2n-1 is a pass with one row, 2n a day later a stop with another.
type evaluations struct{ e *Engine }

// The bundles of evaluations, before and after.
var bundleBefore, bundleAfter = image.DigestOf([]byte("before")), image.DigestOf([]byte("after"))

func rowNamed(id, action string) policy.Row {
	return policy.Row{TriggerID: id, Gate: "vulnerabilities", Trigger: "package", Message: "HIGH Vulnerability found in os package type (dpkg) - openssl (" + id + ")", Action: action, PolicyID: "one"}
}

// all expects no lock, and gives them oldest first.
func (v evaluations) all(account string) []store.Evaluation {
	v.e.mu.Lock()
	defer v.e.mu.Unlock()
	var list []store.Evaluation
	for _, i := range v.e.images {
		if i.Account != account || len(i.Tags) == 0 {
			continue
		}
		n := int64(len(list))
		e := store.Evaluation{
			ID: n + 1, Account: account, ImageDigest: i.Digest, Tag: i.Tags[0].FullTag(), PolicyID: "strict", BundleDigest: bundleBefore, AnalysisDigest: DigestOf("analysis"),
			FeedRevision: 3, EvaluatedAt: Start, FinalAction: "go", FinalReason: policy.ByPolicy, Reason: "analysis", Result: DigestOf("result"), Reproducible: true,
			Facts: `{"image_id":"` + string(i.ImageID) + `"}`,
		}
		later := e
		later.ID, later.BundleDigest, later.EvaluatedAt, later.FinalAction, later.Reason, later.Result = n+2, bundleAfter, Start.Add(24*time.Hour), "stop", "bundle", DigestOf("later")
		list = append(list, e, later)
	}
	return list
}

// List narrows by tag, image and page.
func (v evaluations) List(_ context.Context, account string, f engine.EvaluationFilter) (*engine.EvaluationPage, error) {
	out := &engine.EvaluationPage{}
	list := v.all(account)
	for n := len(list) - 1; n >= 0; n-- {
		e := list[n]
		if f.Tag != "" && e.Tag != f.Tag || f.Image != "" && e.ImageDigest != f.Image || f.PolicyID != "" && e.PolicyID != f.PolicyID ||
			f.Action != "" && e.FinalAction != f.Action || f.Before > 0 && e.ID >= f.Before || f.Latest && e.ID%2 == 1 {
			continue
		}
		if len(out.Evaluations) == f.Limit {
			out.Next = out.Evaluations[f.Limit-1].ID
			break
		}
		out.Evaluations = append(out.Evaluations, e)
	}
	return out, nil
}

func (v evaluations) find(account string, id int64) (store.Evaluation, error) {
	for _, e := range v.all(account) {
		if e.ID == id {
			return e, nil
		}
	}
	return store.Evaluation{}, engine.Errorf(engine.ClassNotFound, "evaluation_not_found", "evaluation %d is not known in this account", id)
}

// Get gives a document without rows.
func (v evaluations) Get(_ context.Context, account string, id int64) (*engine.StoredEvaluation, error) {
	e, err := v.find(account, id)
	if err != nil {
		return nil, err
	}
	return &engine.StoredEvaluation{Header: e, Bundle: []byte(`{"id":"strict"}`),
		Document: []byte(`{"image_id":"x","final_action":"` + e.FinalAction + `","final_action_reason":"policy_evaluation","evaluation_problems":[],"result":{"x":{"result":{"header":[],"rows":[]}}}}`)}, nil
}

// Reproduce finds that the second of each image comes out otherwise.
func (v evaluations) Reproduce(_ context.Context, account string, id int64) (*engine.Reproduction, error) {
	e, err := v.find(account, id)
	if err != nil {
		return nil, err
	}
	out := &engine.Reproduction{Header: e, Result: e.Result}
	if id%2 == 0 {
		out.Result, out.Differences = DigestOf("otherwise"), []engine.Difference{{What: "final_action", Before: "stop", After: "go"}}
	}
	return out, nil
}

func (v evaluations) Diff(_ context.Context, account string, a, b int64) (*engine.VerdictDiff, error) {
	before, err := v.find(account, a)
	if err != nil {
		return nil, err
	}
	after, err := v.find(account, b)
	if err != nil {
		return nil, err
	}
	return verdictDiff(before, after), nil
}

func verdictDiff(before, after store.Evaluation) *engine.VerdictDiff {
	return &engine.VerdictDiff{
		Before: engine.VerdictSide{Header: before, Rows: 2}, After: engine.VerdictSide{Header: after, Rows: 2},
		Inputs: []engine.Difference{{What: "bundle", Before: string(before.BundleDigest), After: string(after.BundleDigest)}},
		RowDiff: engine.RowDiff{Added: []policy.Row{rowNamed("CVE-2023-0464+openssl", "stop")}, Removed: []policy.Row{rowNamed("CVE-2020-1+zlib", "warn")},
			Changed: []engine.RowChange{{Before: rowNamed("CVE-2020-2+bash", "warn"), After: rowNamed("CVE-2020-2+bash", "go")}}, Unchanged: 1},
	}
}

// DiffImages finds one package of each kind.
func (v evaluations) DiffImages(ctx context.Context, account string, a, b image.Digest, _ string, m engine.Moment) (*engine.ImageDiff, error) {
	vulns, err := v.e.DiffImages(ctx, account, a, b, m)
	if err != nil {
		return nil, err
	}
	side := func(img store.Image) engine.ImageSide {
		return engine.ImageSide{Image: img, Packages: 3, Layers: 2, Size: 1000}
	}
	pkg := func(name, version string) image.Package {
		return image.Package{Type: image.Deb, Name: name, Version: version}
	}
	return &engine.ImageDiff{
		Before: side(vulns.Before.Image), After: side(vulns.After.Image), Added: []image.Package{pkg("curl", "8.0")}, Removed: []image.Package{pkg("wget", "1.21")},
		Changed: []engine.PackageChange{{Before: pkg("openssl", "3.0.1"), After: pkg("openssl", "3.0.2")}}, Unchanged: 1, SharedLayers: 1,
		Files:  engine.FileDiff{Before: image.FileCount{Total: 10}, After: image.FileCount{Total: 12}, Compared: true, Added: 3, Removed: 1, Changed: 2},
		Config: []engine.Difference{{What: "user", Before: "root", After: "app"}}, Findings: vulns,
	}, nil
}

type simulations struct{ e *Engine }

// Run says that every analysed image with a tag stops, and refuses what is no JSON object with an id.
func (s simulations) Run(ctx context.Context, account string, r engine.SimulateRequest, tell func(*engine.Simulated) error) (*engine.Simulation, error) {
	if _, err := policy.Parse(r.Document); err != nil {
		return nil, engine.Errorf(engine.ClassInvalid, "invalid_policy", "Bundle failed validation: %w", err)
	}
	sum := &engine.Simulation{Transitions: map[[2]string]int{}, Triggers: map[[2]string]*engine.TriggerChange{}, Candidate: image.DigestOf(r.Document),
		Against: "strict", AgainstDigest: bundleBefore, Revision: 3, AsOf: Start, Seconds: 0.5}
	for _, e := range evaluations(s).all(account) {
		if e.ID%2 == 0 {
			continue
		}
		d := verdictDiff(e, e)
		one := &engine.Simulated{Image: e.ImageDigest, Tag: e.Tag, Before: engine.SimulatedVerdict{FinalAction: "go", FinalReason: policy.ByPolicy, Rows: 2},
			After: engine.SimulatedVerdict{FinalAction: "stop", FinalReason: policy.ByPolicy, Rows: 3}, RowDiff: d.RowDiff, More: 4}
		if r.Rows < 0 {
			one.RowDiff = engine.RowDiff{Unchanged: 1}
		}
		if err := tell(one); err != nil {
			return nil, err
		}
		sum.Images++
		sum.Verdicts++
		sum.Changed++
		sum.RowsChanged++
		sum.Transitions[[2]string{"go", "stop"}]++
		sum.Triggers[[2]string{"vulnerabilities", "package"}] = &engine.TriggerChange{Added: sum.Verdicts, Removed: sum.Verdicts}
	}
	return sum, ctx.Err()
}
