package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// Reproduction is a stored verdict given again from what it was made of.
type Reproduction struct {
	Header store.Evaluation
	// Result is the digest of what came out, Document the evaluation document.
	Result   image.Digest
	Document json.RawMessage
	// Differences from what is stored, in words, by what they are about; empty when both are equal, byte for byte.
	Differences []Difference
}

// Equal says whether the same came out.
func (r *Reproduction) Equal() bool { return len(r.Differences) == 0 }

// Difference is one respect in which two verdicts, or two images, are not the same.
type Difference = advisory.Difference

// Reproduce gives a stored verdict again: from the version of the bundle, the analysis, the Dockerfile and the VEX documents
// that it names, with the matches of its feed revision, at its moment. Nothing is stored.
func (u *Evaluations) Reproduce(ctx context.Context, account string, id int64) (*Reproduction, error) {
	e, err := u.header(ctx, account, id)
	if err != nil {
		return nil, err
	}
	v, err := u.again(ctx, account, e)
	if err != nil {
		return nil, err
	}
	return &Reproduction{Header: e, Result: v.header.Result, Document: v.document, Differences: differences(e, v.header)}, nil
}

func differences(a, b store.Evaluation) []Difference {
	var list []Difference
	note := func(what, before, after string) {
		if before != after {
			list = append(list, Difference{What: what, Before: before, After: after})
		}
	}
	note("final_action", a.FinalAction, b.FinalAction)
	note("final_action_reason", a.FinalReason, b.FinalReason)
	note("result_digest", string(a.Result), string(b.Result))
	note("next_at", momentText(firstNextAt(a)), momentText(b.NextAt))
	return list
}

func momentText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func gone(format string, args ...any) error {
	return Errorf(ClassConflict, "inputs_gone", "the evaluation cannot be made again: "+format, args...)
}

// again makes a verdict from what a header names.
func (u *Evaluations) again(ctx context.Context, account string, e store.Evaluation) (*verdict, error) {
	img, err := u.store.ImageByRowID(ctx, e.ImageID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, gone("the image %s was deleted", e.ImageDigest)
	}
	if err != nil {
		return nil, err
	}
	document, err := u.checks.bundle(ctx, account, e.BundleDigest)
	if err != nil {
		return nil, gone("the bundle %s is no longer kept", e.BundleDigest)
	}
	bundle, err := u.checks.compiled(e.PolicyID, document)
	if err != nil {
		return nil, err
	}
	s, f, err := u.state(ctx, img, e)
	if err != nil {
		return nil, err
	}
	return u.checks.judge(ctx, account, e.Tag, img, s, f, bundle, store.Policy{ID: e.PolicyID, Digest: e.BundleDigest, Document: document}, e.Reason)
}

// state puts together what a verdict was made of.
func (u *Evaluations) state(ctx context.Context, img store.Image, e store.Evaluation) (*state, facts, error) {
	vulns := u.checks.vulns
	s := &state{at: e.EvaluatedAt, analysisID: e.AnalysisID, revision: store.Revision{ID: e.FeedRevision}}
	var err error
	img.Status = store.Analyzed // it was then
	if s.analyzed, err = vulns.content.of(ctx, img, e.AnalysisID); errors.Is(err, store.ErrNotFound) {
		err = gone("the analysis %s is no longer kept", e.AnalysisDigest)
	}
	if err != nil {
		return nil, facts{}, err
	}
	if err := u.dockerfile(ctx, e, s.analyzed); err != nil {
		return nil, facts{}, err
	}
	if s.findings, err = vulns.matcher.lay(ctx, s.analysisID, s.analyzed.Analysis, e.FeedRevision, false); err != nil {
		return nil, facts{}, err
	}
	f, err := u.facts(ctx, img, e, s)
	if err != nil {
		return nil, f, err
	}
	f.Confirmed = nil
	s.data = f.Gaps
	s.gaps = slices.Concat(s.analyzed.Analysis.Gaps, s.data)
	return s, f, u.vex(ctx, img, e, s)
}

// dockerfile puts the one with the digest in place.
func (u *Evaluations) dockerfile(ctx context.Context, e store.Evaluation, a *Analyzed) error {
	if e.DockerfileDigest == "" {
		a.Dockerfile, a.Mode = a.Analysis.Dockerfile, "Guessed"
		return nil
	}
	text, err := u.store.DockerfileByDigest(ctx, e.ImageID, e.DockerfileDigest)
	if errors.Is(err, store.ErrNotFound) {
		return gone("the Dockerfile %s is no longer kept", e.DockerfileDigest)
	}
	a.Dockerfile, a.Mode = text, "Actual"
	return err
}

// facts are those that were kept; of evaluations from before they were, what can still be known.
func (u *Evaluations) facts(ctx context.Context, img store.Image, e store.Evaluation, s *state) (facts, error) {
	var f facts
	if e.Facts != "" {
		return f, json.Unmarshal([]byte(e.Facts), &f)
	}
	f.ImageID, f.AnalyzedAt = img.ImageID, img.AnalyzedAt
	feed, err := u.checks.feedFacts(ctx, s.analyzed.Analysis, s.revision, s.at)
	if err != nil {
		return f, err
	}
	f.Feed = feedFact{feed.Present, feed.LastSync}
	f.Gaps, _, err = u.checks.vulns.matcher.gaps(ctx, s.analyzed.Analysis, s.at)
	return f, err
}

// vex lays the documents of the list on the findings.
func (u *Evaluations) vex(ctx context.Context, img store.Image, e store.Evaluation, s *state) error {
	if e.VEXDigest == "" {
		return nil
	}
	raw, err := u.store.Blobs().Get(ctx, e.VEXDigest)
	if err != nil {
		return fmt.Errorf("the stored list of VEX documents: %w", err)
	}
	var list []vexInput
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("the stored list of VEX documents: %w", err)
	}
	for _, in := range list {
		row, err := u.store.VEXByID(ctx, e.Account, in.ID)
		if errors.Is(err, store.ErrNotFound) {
			return gone("the VEX document %s is no longer kept", in.ID)
		}
		if err != nil {
			return err
		}
		row.Digest, row.Called, row.Counts, row.Failure = in.Digest, in.Called, in.Counts, in.Failure
		s.vex = append(s.vex, row)
	}
	docs := u.checks.vulns.vex
	tags, err := docs.tagsAt(ctx, img, Moment{At: e.EvaluatedAt})
	if err != nil {
		return err
	}
	return docs.apply(ctx, docs.subject(img, tags, s), s)
}
