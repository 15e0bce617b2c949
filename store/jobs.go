package store

import (
	"context"
	"errors"
)

// The job engine's table is asked for the few things that its own interface does not give.

// ReleaseJobs makes the running jobs of a node that is gone available to all; "" stands for every node. It returns how
// many there were. A try that ended so counts like any other.
func (t *Tx) ReleaseJobs(ctx context.Context, hostID string) (int64, error) {
	n, err := t.exec(ctx, "UPDATE river_job SET state = 'available' WHERE state = 'running' AND (? = '' OR "+t.d.lastTriedBy+" = ?)", hostID, hostID)
	return n, describe(err, "releasing the jobs of node %q", hostID)
}

// LiveJobs counts the jobs of a kind that are waiting or running.
func (q *Queries) LiveJobs(ctx context.Context, kind string) (int64, error) {
	var n int64
	err := q.one(ctx, "SELECT count(*) FROM river_job WHERE kind = ? AND finalized_at IS NULL", []any{kind}, &n)
	return n, describe(err, "counting jobs")
}

// JobImages lists the images that jobs of a kind, waiting or running, are about.
func (q *Queries) JobImages(ctx context.Context, kind string) ([]int64, error) {
	return all(ctx, q, scalar[int64], "SELECT DISTINCT "+q.d.jobImage+" FROM river_job WHERE kind = ? AND finalized_at IS NULL", kind)
}

// JobState is the state of a job in the job engine's words; "" when it is gone.
func (q *Queries) JobState(ctx context.Context, id int64) (string, error) {
	var state string
	err := q.one(ctx, "SELECT CAST(state AS TEXT) FROM river_job WHERE id = ?", []any{id}, &state)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return state, describe(err, "reading a job")
}
