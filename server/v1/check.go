package v1

import (
	"context"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
)

// CheckAnswer is the nested form of a check: digest, then full tag, then evaluations.
type CheckAnswer []map[string]map[string][]CheckRow

// CheckRow is one evaluation.
type CheckRow struct {
	PolicyID   string      `json:"policyId"`
	Status     string      `json:"status" enum:"pass,fail"`
	LastEval   clock       `json:"last_evaluation"`
	Detail     CheckDetail `json:"detail"`
	Final      string      `json:"final_action" enum:"go,warn,stop"`
	Revision   int64       `json:"feed_revision" doc:"State of the advisory data that answered"`
	AsOf       *clock      `json:"as_of,omitempty"`
	Evaluation int64       `json:"evaluation_id,omitempty" doc:"Of the stored evaluation; absent when it was not stored"`
}

// CheckDetail is empty when detail=false.
type CheckDetail struct {
	Result *raw `json:"result,omitempty"`
	Policy *raw `json:"policy,omitempty"`
}

// CheckQuery says what to evaluate.
type CheckQuery struct {
	Moment
	Tag         string `query:"tag" required:"true" doc:"Tag to evaluate for; it need not be one of the image's"`
	PolicyID    string `query:"policyId" doc:"Default: the active one"`
	Detail      bool   `query:"detail" default:"true"`
	History     bool   `query:"history" doc:"All stored evaluations, newest first"`
	Interactive bool   `query:"interactive" doc:"Evaluate without storing"`
}

type check struct {
	ImagePath
	CheckQuery
}

type checkByID struct {
	ImageIDPath
	CheckQuery
}

func (r *routes) checks() {
	const tag = "Policy evaluation"
	add(r, "GET /images/{imageDigest}/check", tag, "Evaluate an image", func(ctx context.Context, in *check) (CheckAnswer, error) {
		d, err := digestOf(in.Digest)
		if err != nil {
			return nil, err
		}
		return r.check(ctx, d, in.CheckQuery)
	})
	add(r, "GET /images/by_id/{imageId}/check", tag, "Evaluate an image, by image id", func(ctx context.Context, in *checkByID) (CheckAnswer, error) {
		img, err := r.byID(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return r.check(ctx, img.Digest, in.CheckQuery)
	})
}

func (r *routes) check(ctx context.Context, d image.Digest, q CheckQuery) (CheckAnswer, error) {
	m, err := q.Moment.read()
	if err != nil {
		return nil, err
	}
	ref, err := image.ParseReference(q.Tag)
	switch {
	case err != nil:
		return nil, badReference("tag", q.Tag, err)
	case ref.Tag == "":
		return nil, invalid("'tag' must be a tag, not the digest %.200q", q.Tag)
	}
	done, err := r.Checks.Check(ctx, account(ctx), engine.CheckRequest{
		Digest: d, Tag: ref.FullTag(), PolicyID: q.PolicyID, History: q.History, Interactive: q.Interactive, Moment: m,
	})
	if err != nil {
		return nil, err
	}
	rows := make([]CheckRow, 0, len(done.Evaluations))
	for i := range done.Evaluations {
		e := &done.Evaluations[i]
		row := CheckRow{
			PolicyID: e.PolicyID, Status: "pass", LastEval: clock(e.EvaluatedAt), Final: e.FinalAction,
			Revision: done.Revision, AsOf: asked(m, done.AsOf), Evaluation: e.Header.ID,
		}
		if e.FinalAction == "stop" {
			row.Status = "fail"
		}
		if e.Header.FeedRevision != 0 {
			row.Revision = e.Header.FeedRevision
		}
		if q.Detail {
			result, bundle := raw(e.Document), raw(e.Bundle)
			row.Detail = CheckDetail{&result, &bundle}
		}
		rows = append(rows, row)
	}
	tag := done.FullTag
	if tag == "" {
		tag = ref.FullTag()
	}
	return CheckAnswer{{string(done.Image.Digest): {tag: rows}}}, nil
}
