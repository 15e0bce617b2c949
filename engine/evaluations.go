package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// Evaluations shows the verdicts that were stored, gives them again from their inputs, and compares them.
type Evaluations struct {
	store  *store.Store
	checks *Checks
}

// EvaluationFilter narrows a list of stored verdicts; zero fields do not.
type EvaluationFilter struct {
	Image image.Digest
	// Tag, a full or short reference.
	Tag      string
	PolicyID string
	// Bundle is the digest of one version of a policy.
	Bundle image.Digest
	// Action is "go", "warn" or "stop".
	Action string
	// Since and Until are moments of evaluation, both included.
	Since, Until time.Time
	// Latest leaves the newest of each image, tag and policy.
	Latest bool
	// Limit bounds the list, [MaxEvaluations] at most; 0 stands for [DefaultEvaluations]. Before continues behind an evaluation.
	Limit  int
	Before int64
}

// How many verdicts one list has, unless told otherwise, and at most.
const (
	DefaultEvaluations = 100
	MaxEvaluations     = 1000
)

// EvaluationPage is a part of a list, newest first.
type EvaluationPage struct {
	Evaluations []store.Evaluation
	// Next is what Before of the next page is; 0 when this one is the last.
	Next int64
}

// StoredEvaluation is a stored verdict with its evidence. Once the retention time has taken the rows, the document has what
// the header knows.
type StoredEvaluation struct {
	Header   store.Evaluation
	Document json.RawMessage
	Bundle   json.RawMessage
}

// List lists stored verdicts, newest first.
func (u *Evaluations) List(ctx context.Context, account string, f EvaluationFilter) (*EvaluationPage, error) {
	if f.Limit <= 0 {
		f.Limit = DefaultEvaluations
	}
	limit := min(f.Limit, MaxEvaluations)
	if f.Tag != "" {
		ref, err := image.ParseReference(f.Tag)
		if err != nil {
			return nil, Errorf(ClassInvalid, "invalid_reference", "tag: %w", err)
		}
		f.Tag = ref.FullTag()
	}
	rows, err := u.store.EvaluationList(ctx, account, store.EvaluationFilter{
		Image: f.Image, Tag: f.Tag, Policy: f.PolicyID, Bundle: f.Bundle, Action: f.Action, Since: f.Since, Until: f.Until,
		Latest: f.Latest, Limit: limit + 1, Before: f.Before,
	})
	if err != nil {
		return nil, err
	}
	page := &EvaluationPage{Evaluations: rows}
	if len(rows) > limit {
		page.Evaluations = rows[:limit]
		page.Next = rows[limit-1].ID
	}
	return page, nil
}

// Get gives one stored verdict with its rows and the bundle that it was made with.
func (u *Evaluations) Get(ctx context.Context, account string, id int64) (*StoredEvaluation, error) {
	e, err := u.header(ctx, account, id)
	if err != nil {
		return nil, err
	}
	out := &StoredEvaluation{Header: e}
	if out.Document, err = u.checks.document(ctx, e); err != nil {
		return nil, err
	}
	if out.Bundle, err = u.checks.bundle(ctx, account, e.BundleDigest); err != nil {
		out.Bundle = json.RawMessage(`{}`)
	}
	return out, nil
}

func (u *Evaluations) header(ctx context.Context, account string, id int64) (store.Evaluation, error) {
	e, err := u.store.EvaluationByID(ctx, account, id)
	if errors.Is(err, store.ErrNotFound) {
		return e, Errorf(ClassNotFound, "evaluation_not_found", "evaluation %d is not known in this account", id)
	}
	return e, err
}
