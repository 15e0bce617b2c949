package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"landwaiter.dev/image"
)

const evaluationColumns = `e.id, e.account, e.image_row, e.image_digest, e.tag, e.policy_id, e.bundle_digest, e.analysis_id, e.dockerfile_digest,
	e.feed_revision, e.evaluated_at, e.final_action, e.final_reason, e.reason, e.result, e.next_at, e.reproducible, e.rows_gone, e.vex_digest,
	e.analysis_digest, e.facts, e.waits`

func scanEvaluation(row scanner, e *Evaluation) error {
	var waits string
	err := row.Scan(&e.ID, &e.Account, &e.ImageID, &e.ImageDigest, &e.Tag, &e.PolicyID, &e.BundleDigest, &e.AnalysisID, &e.DockerfileDigest,
		&e.FeedRevision, moment{&e.EvaluatedAt}, &e.FinalAction, &e.FinalReason, &e.Reason, &e.Result, moment{&e.NextAt}, &e.Reproducible, &e.RowsGone, &e.VEXDigest,
		&e.AnalysisDigest, &e.Facts, &waits)
	if waits != "" {
		e.Waits = strings.Split(waits, waitsBreak)
	}
	return err
}

// waitsBreak stands between the ecosystems of Waits; "Red Hat" has a blank.
const waitsBreak = "\n"

// PutEvaluation keeps a verdict, the newest of its image, tag and policy, and sets its ID; a zero EvaluatedAt is now.
func (t *Tx) PutEvaluation(ctx context.Context, e *Evaluation) error {
	e.EvaluatedAt = t.orNow(e.EvaluatedAt)
	// Of two that come at once, the second waits here, and sees the first as the newest.
	var id int64
	if err := t.one(ctx, "SELECT id FROM images WHERE id = ?{lock}", []any{e.ImageID}, &id); err != nil && !errors.Is(err, ErrNotFound) {
		return describe(err, "keeping an evaluation")
	}
	_, err := t.exec(ctx, "UPDATE evaluations SET latest = FALSE WHERE account = ? AND image_digest = ? AND tag = ? AND policy_id = ? AND latest",
		e.Account, string(e.ImageDigest), e.Tag, e.PolicyID)
	if err != nil {
		return describe(err, "keeping an evaluation")
	}
	err = t.one(ctx, `INSERT INTO evaluations (account, image_row, image_digest, tag, policy_id, bundle_digest, analysis_id, dockerfile_digest,
			feed_revision, evaluated_at, final_action, final_reason, reason, result, next_at, reproducible, latest, rows_gone, vex_digest,
			analysis_digest, facts, waits)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, TRUE, FALSE, ?, ?, ?, ?) RETURNING id`,
		[]any{e.Account, e.ImageID, string(e.ImageDigest), e.Tag, e.PolicyID, string(e.BundleDigest), e.AnalysisID, string(e.DockerfileDigest),
			e.FeedRevision, micros(e.EvaluatedAt), e.FinalAction, e.FinalReason, e.Reason, string(e.Result), micros(e.NextAt), e.Reproducible, string(e.VEXDigest),
			string(e.AnalysisDigest), e.Facts, strings.Join(e.Waits, waitsBreak)}, &e.ID)
	return describe(err, "keeping an evaluation")
}

// ConfirmEvaluation notes that a verdict came out again: with another next moment, and with facts that say so.
func (t *Tx) ConfirmEvaluation(ctx context.Context, id int64, next time.Time, facts string) error {
	_, err := t.exec(ctx, "UPDATE evaluations SET next_at = ?, facts = ? WHERE id = ?", micros(next), facts, id)
	return describe(err, "confirming an evaluation")
}

// Evaluations lists the stored verdicts of an image and tag, newest first, of one policy unless "".
func (q *Queries) Evaluations(ctx context.Context, account string, digest image.Digest, tag, policy string) ([]Evaluation, error) {
	return all(ctx, q, scanEvaluation, "SELECT "+evaluationColumns+` FROM evaluations e
		WHERE e.account = ? AND e.image_digest = ? AND e.tag = ? AND (? = '' OR e.policy_id = ?) ORDER BY e.id DESC`,
		account, string(digest), tag, policy, policy)
}

// LastEvaluation returns the newest verdict of an image and tag, of one policy unless "".
func (q *Queries) LastEvaluation(ctx context.Context, account string, digest image.Digest, tag, policy string) (Evaluation, error) {
	e, err := first(ctx, q, scanEvaluation, "SELECT "+evaluationColumns+` FROM evaluations e
		WHERE e.account = ? AND e.image_digest = ? AND e.tag = ? AND (? = '' OR e.policy_id = ?) ORDER BY e.id DESC LIMIT 1`,
		account, string(digest), tag, policy, policy)
	return e, describe(err, "an evaluation of image %.100q", digest)
}

// inForce narrows newest verdicts, e, of images, i, to those that are kept up to date.
const inForce = `i.state = 'active' AND i.status = 'analyzed'
	AND EXISTS (SELECT 1 FROM policies p WHERE p.account = e.account AND p.id = e.policy_id AND p.active)
	AND EXISTS (SELECT 1 FROM tags t WHERE t.image_row = i.id AND t.current AND t.registry || '/' || t.repository || ':' || t.tag = e.tag)`

// DueEvaluations lists the newest verdicts whose NextAt has come at a time, the longest due first: those by the active policy,
// of active images, for tags that they still have. Others wait until somebody asks, or activates the policy, or the tag returns.
func (q *Queries) DueEvaluations(ctx context.Context, at time.Time, limit int) ([]Evaluation, error) {
	return all(ctx, q, scanEvaluation, "SELECT "+evaluationColumns+` FROM evaluations e JOIN images i ON i.id = e.image_row
		WHERE e.latest AND e.next_at > 0 AND e.next_at <= ? AND `+inForce+` ORDER BY e.next_at, e.id LIMIT ?`,
		micros(at), limit)
}

// DeleteEvaluationRows takes the documents from at most limit verdicts older than a time, whose headers stay, and returns
// the digests of those that no other verdict shows: the caller removes them from the blobs. Call it until none is left.
func (t *Tx) DeleteEvaluationRows(ctx context.Context, before time.Time, limit int) (gone []image.Digest, n int64, err error) {
	ids, err := all(ctx, &t.Queries, scalar[int64], "SELECT id FROM evaluations WHERE evaluated_at < ? AND NOT rows_gone ORDER BY evaluated_at LIMIT ?",
		micros(before), limit)
	if err != nil || len(ids) == 0 {
		return nil, 0, describe(err, "reading old evaluations")
	}
	n, err = t.exec(ctx, "UPDATE evaluations SET rows_gone = TRUE WHERE id {in ids}", list(ids))
	if err != nil {
		return nil, 0, describe(err, "clearing old evaluations")
	}
	gone, err = all(ctx, &t.Queries, scalar[image.Digest], `SELECT DISTINCT e.result FROM evaluations e WHERE e.id {in ids} AND e.result <> ''
		AND NOT EXISTS (SELECT 1 FROM evaluations o WHERE o.result = e.result AND NOT o.rows_gone)`, list(ids))
	return gone, n, describe(err, "reading old evaluations")
}
