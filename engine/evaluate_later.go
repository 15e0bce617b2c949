package engine

import (
	"context"
	"slices"

	"github.com/riverqueue/river"

	"landwaiter.dev/store"
)

// evaluateBatch is how many images one evaluation job brings up to date; of images that nobody watches it is more, since
// nobody waits for the first of them.
const (
	evaluateBatch  = 100
	unwatchedBatch = 400
)

// Reasons that a tag may have lost meanwhile.
const (
	reasonTime = "time"
	reasonData = "data"
)

// Evaluations of images that nobody watches come after all others, whenever those were put off.
const unwatchedPriority = 3

// evaluateLater puts off the evaluation of images.
func evaluateLater(ctx context.Context, tx *store.Tx, jobs *Jobs, ids []int64, reason string) error {
	return evaluateAt(ctx, tx, jobs, ids, reason, evaluateBatch, river.PriorityDefault)
}

// evaluateWatchedFirst puts off the evaluation of many images: those with a tag that somebody watches come first.
func evaluateWatchedFirst(ctx context.Context, tx *store.Tx, jobs *Jobs, ids []int64, reason string) error {
	watched, err := tx.WatchedImages(ctx, ids)
	if err != nil {
		return err
	}
	if err := evaluateLater(ctx, tx, jobs, watched, reason); err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool {
		_, is := slices.BinarySearch(watched, id)
		return is
	})
	return evaluateAt(ctx, tx, jobs, rest, reason, unwatchedBatch, unwatchedPriority)
}

func evaluateAt(ctx context.Context, tx *store.Tx, jobs *Jobs, ids []int64, reason string, batch, priority int) error {
	for part := range slices.Chunk(ids, batch) {
		if _, err := jobs.insert(ctx, tx, evaluateArgs{Images: part, Reason: reason}, &river.InsertOpts{Priority: priority}); err != nil {
			return err
		}
	}
	return nil
}

// evaluateWaiting puts off the evaluation of what lacked advisory data that has come, or come anew, since.
func evaluateWaiting(ctx context.Context, s *store.Store, jobs *Jobs) error {
	rows, err := s.WaitingEvaluations(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}
	groups, err := s.FeedGroups(ctx)
	if err != nil {
		return err
	}
	rev, err := s.CurrentRevision(ctx)
	if err != nil {
		return err
	}
	off, err := s.OffAt(ctx, rev.ID)
	if err != nil || off[wholeFeed] {
		return err
	}
	came := map[string]store.FeedGroup{}
	for _, g := range groups {
		if g.LastError == "" && !off[g.Ecosystem] {
			came[g.Ecosystem] = g
		}
	}
	var ids []int64
	for _, e := range rows {
		if slices.ContainsFunc(e.Waits, func(eco string) bool { return came[eco].LastSync.After(e.EvaluatedAt) }) {
			ids = append(ids, e.ImageID)
		}
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return nil
	}
	return s.Write(ctx, func(tx *store.Tx) error { return evaluateWatchedFirst(ctx, tx, jobs, ids, reasonData) })
}
