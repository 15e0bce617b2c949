package store

import (
	"context"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// EvaluationFilter narrows the list of an account's verdicts; zero fields do not.
type EvaluationFilter struct {
	Image image.Digest
	// Tag in full.
	Tag    string
	Policy string
	// Bundle is the digest of one version of a policy.
	Bundle image.Digest
	Action string
	// Since and Until are moments of evaluation, both included.
	Since, Until time.Time
	// Latest leaves the newest of each image, tag and policy.
	Latest bool
	// Limit bounds the list; 0 does not. Before continues behind the evaluation of this number.
	Limit  int
	Before int64
}

// EvaluationList lists the stored verdicts of an account, newest first.
func (q *Queries) EvaluationList(ctx context.Context, account string, f EvaluationFilter) ([]Evaluation, error) {
	where, args := []string{"e.account = ?"}, []any{account}
	add := func(given bool, cond string, arg any) {
		if given {
			where, args = append(where, cond), append(args, arg)
		}
	}
	add(f.Image != "", "e.image_digest = ?", string(f.Image))
	add(f.Tag != "", "e.tag = ?", f.Tag)
	add(f.Policy != "", "e.policy_id = ?", f.Policy)
	add(f.Bundle != "", "e.bundle_digest = ?", string(f.Bundle))
	add(f.Action != "", "e.final_action = ?", f.Action)
	add(!f.Since.IsZero(), "e.evaluated_at >= ?", micros(f.Since))
	add(!f.Until.IsZero(), "e.evaluated_at <= ?", micros(f.Until))
	add(f.Before > 0, "e.id < ?", f.Before)
	if f.Latest {
		where = append(where, "e.latest")
	}
	query := "SELECT " + evaluationColumns + " FROM evaluations e WHERE " + strings.Join(where, " AND ") + " ORDER BY e.id DESC"
	if f.Limit > 0 {
		query, args = query+" LIMIT ?", append(args, f.Limit)
	}
	rows, err := all(ctx, q, scanEvaluation, query, args...)
	return rows, describe(err, "listing evaluations")
}

// EvaluationByID returns a stored verdict of an account.
func (q *Queries) EvaluationByID(ctx context.Context, account string, id int64) (Evaluation, error) {
	e, err := first(ctx, q, scanEvaluation, "SELECT "+evaluationColumns+" FROM evaluations e WHERE e.account = ? AND e.id = ?", account, id)
	return e, describe(err, "evaluation %d", id)
}

// WaitingEvaluations lists the newest verdicts in force that lacked data of some ecosystem.
func (q *Queries) WaitingEvaluations(ctx context.Context) ([]Evaluation, error) {
	rows, err := all(ctx, q, scanEvaluation, "SELECT "+evaluationColumns+` FROM evaluations e JOIN images i ON i.id = e.image_row
		WHERE e.latest AND e.waits <> '' AND `+inForce+" ORDER BY e.id")
	return rows, describe(err, "listing evaluations that wait for data")
}
