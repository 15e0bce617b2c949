package store

import "context"

// SetStatus moves an image's analysis on, if it stands at one of from (any when from is empty), with the reason of a
// failure; it says whether it did. Two who try the same step cannot both succeed.
func (t *Tx) SetStatus(ctx context.Context, row int64, from []AnalysisStatus, to AnalysisStatus, reason, code string) (bool, error) {
	n, err := t.exec(ctx, `UPDATE images SET status = ?, error = ?, error_code = ?, updated_at = ?
		WHERE id = ? AND (? = 0 OR status {in texts})`,
		string(to), reason, code, micros(t.now()), row, len(from), list(from))
	return n > 0, describe(err, "changing the status of image record %d", row)
}

// SetState moves an image between "active" and "deleting"; [ErrNotFound] when it is gone.
func (t *Tx) SetState(ctx context.Context, row int64, state string) error {
	return describe(mustChange(t.exec(ctx, "UPDATE images SET state = ?, updated_at = ? WHERE id = ?", state, micros(t.now()), row)),
		"changing the state of image record %d", row)
}
