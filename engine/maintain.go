package engine

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// unnamed is how long a document that nothing names any more stays: somebody may be about to name it again.
const unnamed = 24 * time.Hour

// maintain is the daily job that removes what nothing needs any more: analyses, packages and findings that no image
// holds, and, past the retention time, versions of advisories that have ended and old scores. It goes in small steps and
// may be stopped at any of them.
func (u *System) maintain(ctx context.Context, _ *river.Job[maintainArgs]) error {
	now := u.now()
	collected, err := u.store.Collect(ctx)
	if err != nil {
		return err
	}
	for _, d := range collected.Documents {
		if err := u.store.Blobs().DeleteOld(ctx, d, now.Add(-unnamed)); err != nil {
			return err
		}
	}
	u.log.Info("collected", "analyses", collected.Analyses, "sets", collected.Sets, "packages", collected.Packages, "findings", collected.Findings)
	if u.retention <= 0 {
		return nil
	}
	pruned, err := u.store.PruneAdvisories(ctx, now.Add(-u.retention))
	if err != nil {
		return err
	}
	u.log.Info("pruned", "advisories", pruned.Versions, "scores", pruned.Scores)
	return nil
}
