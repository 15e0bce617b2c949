package v1

import (
	"context"
	"time"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/report"
)

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
	add(r, "GET /images/{imageDigest}/check", tag, "Evaluate an image", func(ctx context.Context, in *check) (report.CheckAnswer, error) {
		d, err := digestOf(in.Digest)
		if err != nil {
			return nil, err
		}
		return r.check(ctx, d, in.CheckQuery)
	})
	add(r, "GET /images/by_id/{imageId}/check", tag, "Evaluate an image, by image id", func(ctx context.Context, in *checkByID) (report.CheckAnswer, error) {
		img, err := r.byID(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return r.check(ctx, img.Digest, in.CheckQuery)
	})
}

func (r *routes) check(ctx context.Context, d image.Digest, q CheckQuery) (report.CheckAnswer, error) {
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
	out := report.Checked{Digest: string(done.Image.Digest), FullTag: or(done.FullTag, ref.FullTag())}
	for i := range done.Evaluations {
		e := &done.Evaluations[i]
		one := report.Evaluation{
			PolicyID: e.PolicyID, FinalAction: e.FinalAction, At: e.EvaluatedAt, Revision: done.Revision, ID: e.Header.ID,
			Document: e.Document, Bundle: e.Bundle,
		}
		if at := asked(m, done.AsOf); at != nil {
			one.AsOf = time.Time(*at)
		}
		if e.Header.FeedRevision != 0 {
			one.Revision = e.Header.FeedRevision
		}
		out.Evaluations = append(out.Evaluations, one)
	}
	return out.Answer(q.Detail), nil
}
