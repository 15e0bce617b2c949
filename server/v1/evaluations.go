package v1

import (
	"context"
	"time"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/report"
	"landwaiter.dev/store"
)

// Evaluations knows the verdicts that were stored. What is not known is refused with code evaluation_not_found, what cannot be
// given again with inputs_gone, what has lost its rows with rows_gone.
type Evaluations interface {
	List(ctx context.Context, account string, f engine.EvaluationFilter) (*engine.EvaluationPage, error)
	Get(ctx context.Context, account string, id int64) (*engine.StoredEvaluation, error)
	Reproduce(ctx context.Context, account string, id int64) (*engine.Reproduction, error)
	Diff(ctx context.Context, account string, a, b int64) (*engine.VerdictDiff, error)
	DiffImages(ctx context.Context, account string, a, b image.Digest, tag string, m engine.Moment) (*engine.ImageDiff, error)
}

// EvaluationRecord is a stored verdict with the digests of all that it was made of.
type EvaluationRecord struct {
	ID           int64        `json:"evaluation_id"`
	Digest       image.Digest `json:"imageDigest"`
	Tag          string       `json:"fulltag"`
	PolicyID     string       `json:"policyId"`
	Status       string       `json:"status" enum:"pass,fail"`
	Final        string       `json:"final_action" enum:"go,warn,stop"`
	FinalReason  string       `json:"final_action_reason"`
	EvaluatedAt  time.Time    `json:"evaluated_at"`
	Reason       string       `json:"reason" doc:"Why it was made: requested, analysis, feed, bundle, tag, vex, data, time"`
	Revision     int64        `json:"feed_revision" doc:"State of the advisory data"`
	Bundle       image.Digest `json:"bundle_digest"`
	Analysis     image.Digest `json:"analysis_digest,omitempty"`
	Dockerfile   image.Digest `json:"dockerfile_digest,omitempty" doc:"Absent when no Dockerfile was given"`
	VEX          image.Digest `json:"vex_digest,omitempty" doc:"Of the list of VEX documents in force; absent when there were none"`
	Result       image.Digest `json:"result_digest" doc:"Of the evaluation document without its times"`
	Facts        *raw         `json:"facts,omitempty" doc:"Inputs that no digest stands for"`
	NextAt       *time.Time   `json:"next_at,omitempty" doc:"When time alone may change the verdict"`
	Waits        []string     `json:"waits_for,omitempty" doc:"Ecosystems whose data was missing or too old"`
	Reproducible bool         `json:"reproducible"`
	RowsGone     bool         `json:"rows_gone,omitempty" doc:"The retention time has taken the rows"`
}

func newEvaluation(e *store.Evaluation) EvaluationRecord {
	rec := EvaluationRecord{
		ID: e.ID, Digest: e.ImageDigest, Tag: e.Tag, PolicyID: e.PolicyID, Status: engine.Status(e.FinalAction), Final: e.FinalAction, FinalReason: e.FinalReason,
		EvaluatedAt: e.EvaluatedAt, Reason: e.Reason, Revision: e.FeedRevision, Bundle: e.BundleDigest, Analysis: e.AnalysisDigest,
		Dockerfile: e.DockerfileDigest, VEX: e.VEXDigest, Result: e.Result, Waits: e.Waits, Reproducible: e.Reproducible, RowsGone: e.RowsGone,
	}
	if e.Facts != "" {
		facts := raw(e.Facts)
		rec.Facts = &facts
	}
	if !e.NextAt.IsZero() {
		rec.NextAt = &e.NextAt
	}
	return rec
}

// EvaluationList is a page of stored verdicts, newest first.
type EvaluationList struct {
	Evaluations []EvaluationRecord `json:"evaluations"`
	Next        int64              `json:"next,omitempty" doc:"What before of the next page is; absent when this is the last"`
}

// EvaluationAnswer is one with its rows and its bundle.
type EvaluationAnswer struct {
	EvaluationRecord
	Detail report.CheckDetail `json:"detail"`
}

// ReproductionAnswer says whether a stored verdict comes out again.
type ReproductionAnswer struct {
	Evaluation  EvaluationRecord    `json:"evaluation"`
	Equal       bool                `json:"equal"`
	Result      image.Digest        `json:"result_digest" doc:"Of what came out"`
	Differences []engine.Difference `json:"differences"`
}

// EvaluationPath names a stored verdict in a path.
type EvaluationPath struct {
	ID int64 `path:"evaluationId" minimum:"1"`
}

type listEvaluations struct {
	Image    string `query:"imageDigest"`
	Tag      string `query:"fulltag" doc:"Of all images that had it"`
	PolicyID string `query:"policyId"`
	Bundle   string `query:"bundle_digest" doc:"One version of a policy"`
	Action   string `query:"final_action" enum:"go,warn,stop"`
	Since    string `query:"since" doc:"First moment of evaluation (RFC 3339)"`
	Until    string `query:"until" doc:"Last moment of evaluation"`
	Latest   bool   `query:"latest" doc:"The newest of each image, tag and policy alone"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Before   int64  `query:"before" minimum:"0" doc:"Continue behind this evaluation"`
}

type diffEvaluations struct {
	EvaluationPath
	Other int64 `query:"other" required:"true" minimum:"1" doc:"The evaluation to compare it with, which counts as the later one"`
}

func (r *routes) evaluations() {
	const tag = "Policy evaluation"
	add(r, "GET /evaluations", tag, "List stored evaluations, newest first", r.listEvaluations)
	add(r, "GET /evaluations/{evaluationId}", tag, "Get a stored evaluation with its rows and its bundle", r.getEvaluation)
	add(r, "GET /evaluations/{evaluationId}/reproduction", tag, "Make a stored evaluation again from its inputs, and say whether the same comes out", r.reproduce)
	add(r, "GET /evaluations/{evaluationId}/diff", tag, "What differs between two stored evaluations, and which inputs do", r.diffEvaluations)
	add(r, "GET /images/{imageDigest}/diff", "Images", "What differs between two images: packages, files, config, vulnerabilities, verdict", r.diffImages)
}

func (r *routes) listEvaluations(ctx context.Context, in *listEvaluations) (EvaluationList, error) {
	f := engine.EvaluationFilter{Tag: in.Tag, PolicyID: in.PolicyID, Bundle: image.Digest(in.Bundle), Action: in.Action, Latest: in.Latest, Limit: in.Limit, Before: in.Before}
	var err error
	if in.Image != "" {
		if f.Image, err = digestOf(in.Image); err != nil {
			return EvaluationList{}, err
		}
	}
	for _, t := range []struct {
		name, text string
		into       *time.Time
	}{{"since", in.Since, &f.Since}, {"until", in.Until, &f.Until}} {
		if t.text == "" {
			continue
		}
		if *t.into, err = timeOf(t.name, t.text); err != nil {
			return EvaluationList{}, err
		}
	}
	page, err := r.Evaluations.List(ctx, account(ctx), f)
	if err != nil {
		return EvaluationList{}, err
	}
	out := EvaluationList{Evaluations: make([]EvaluationRecord, 0, len(page.Evaluations)), Next: page.Next}
	for i := range page.Evaluations {
		out.Evaluations = append(out.Evaluations, newEvaluation(&page.Evaluations[i]))
	}
	return out, nil
}

func (r *routes) getEvaluation(ctx context.Context, in *EvaluationPath) (EvaluationAnswer, error) {
	e, err := r.Evaluations.Get(ctx, account(ctx), in.ID)
	if err != nil {
		return EvaluationAnswer{}, err
	}
	return EvaluationAnswer{newEvaluation(&e.Header), report.DetailOf(e.Document, e.Bundle)}, nil
}

func (r *routes) reproduce(ctx context.Context, in *EvaluationPath) (ReproductionAnswer, error) {
	p, err := r.Evaluations.Reproduce(ctx, account(ctx), in.ID)
	if err != nil {
		return ReproductionAnswer{}, err
	}
	return ReproductionAnswer{newEvaluation(&p.Header), p.Equal(), p.Result, append([]engine.Difference{}, p.Differences...)}, nil
}

// EvaluationRow is one row of an evaluation.
type EvaluationRow struct {
	Gate      string            `json:"gate"`
	Trigger   string            `json:"trigger"`
	TriggerID string            `json:"trigger_id"`
	Message   string            `json:"message"`
	Action    string            `json:"action" enum:"go,warn,stop"`
	PolicyID  string            `json:"policy_id"`
	Allowed   *policy.AllowedBy `json:"allowed_by,omitempty"`
}

func newRow(r *policy.Row) EvaluationRow {
	return EvaluationRow{r.Gate, r.Trigger, r.TriggerID, r.Message, r.Action, r.PolicyID, r.Allowed}
}

// RowDiff is how the rows of two evaluations differ.
type RowDiff struct {
	Added     []EvaluationRow `json:"rows_added"`
	Removed   []EvaluationRow `json:"rows_removed"`
	Changed   []RowChange     `json:"rows_changed"`
	Unchanged int             `json:"rows_unchanged_count"`
}

// RowChange is a row that both have, with another action, message or allowlist.
type RowChange struct {
	Before EvaluationRow `json:"before"`
	After  EvaluationRow `json:"after"`
}

func newRowDiff(d *engine.RowDiff) RowDiff {
	out := RowDiff{[]EvaluationRow{}, []EvaluationRow{}, []RowChange{}, d.Unchanged}
	for i := range d.Added {
		out.Added = append(out.Added, newRow(&d.Added[i]))
	}
	for i := range d.Removed {
		out.Removed = append(out.Removed, newRow(&d.Removed[i]))
	}
	for i := range d.Changed {
		out.Changed = append(out.Changed, RowChange{newRow(&d.Changed[i].Before), newRow(&d.Changed[i].After)})
	}
	return out
}

// EvaluationDiff is how two evaluations differ.
type EvaluationDiff struct {
	Before EvaluationRecord    `json:"before"`
	After  EvaluationRecord    `json:"after"`
	Inputs []engine.Difference `json:"inputs" doc:"Those that are not the same: image, tag, policy, bundle, analysis, dockerfile, vex, feed_revision, feed_data, time"`
	RowDiff
	ProblemsAdded   []policy.Problem `json:"problems_added"`
	ProblemsRemoved []policy.Problem `json:"problems_removed"`
}

func newEvaluationDiff(d *engine.VerdictDiff) *EvaluationDiff {
	if d == nil {
		return nil
	}
	return &EvaluationDiff{
		Before: newEvaluation(&d.Before.Header), After: newEvaluation(&d.After.Header), Inputs: d.Inputs, RowDiff: newRowDiff(&d.RowDiff),
		ProblemsAdded: append([]policy.Problem{}, d.ProblemsAdded...), ProblemsRemoved: append([]policy.Problem{}, d.ProblemsRemoved...),
	}
}

func (r *routes) diffEvaluations(ctx context.Context, in *diffEvaluations) (EvaluationDiff, error) {
	d, err := r.Evaluations.Diff(ctx, account(ctx), in.ID, in.Other)
	if err != nil {
		return EvaluationDiff{}, err
	}
	return *newEvaluationDiff(d), nil
}
