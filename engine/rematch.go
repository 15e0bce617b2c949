package engine

import (
	"context"
	"slices"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// rematchAndSwitch looks again at the packages that what is staged concerns, stages the intervals that end and begin
// with it, and moves the pointer. It gives the number of images concerned, whose evaluation it puts off with the move.
func (u *syncFeeds) rematchAndSwitch(ctx context.Context, o *outcome) (int, error) {
	last, err := u.store.LastPackage(ctx)
	if err != nil {
		return 0, err
	}
	rows, err := u.store.PackagesStaged(ctx, o.rev)
	if err != nil {
		return 0, err
	}
	looked := make(map[int64]bool, len(rows))
	var changed []int64
	spares := &spared{u: u, rev: o.rev, owners: map[string][]int64{}}
	for batch := range slices.Chunk(rows, matchBatch) {
		d, err := u.difference(ctx, o, batch)
		if err != nil {
			return 0, err
		}
		if err := u.store.StageMatches(ctx, o.rev, d.close, o.closeReason(), d.open); err != nil {
			return 0, err
		}
		changed = append(changed, d.packages...)
		if err := spares.look(ctx, batch, d.packages); err != nil {
			return 0, err
		}
		for _, r := range batch {
			looked[r.ID] = true
		}
	}
	images := 0
	if err := o.lock.Held(ctx); err != nil {
		return 0, err
	}
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.LockRevision(ctx); err != nil {
			return err
		}
		// Packages that came since the list was made are matched under the lock.
		late, err := tx.PackagesStagedSince(ctx, o.rev, last)
		if err != nil {
			return err
		}
		late = slices.DeleteFunc(late, func(r store.PackageRow) bool { return looked[r.ID] })
		raced, err := u.raced(ctx, tx, o.rev, rows)
		if err != nil {
			return err
		}
		late = append(late, raced...)
		concerned := slices.Clone(changed)
		for batch := range slices.Chunk(late, matchBatch) {
			d, err := u.difference(ctx, o, batch)
			if err != nil {
				return err
			}
			if err := tx.StageMatches(ctx, o.rev, d.close, o.closeReason(), d.open); err != nil {
				return err
			}
			concerned = append(concerned, d.packages...)
			if err := spares.look(ctx, batch, d.packages); err != nil {
				return err
			}
			if err := tx.SetMatched(ctx, rowIDs(batch), o.rev); err != nil {
				return err
			}
		}
		// Of the others it is enough to note the rules, afterwards.
		fresh := slices.DeleteFunc(slices.Clone(rows), func(r store.PackageRow) bool { return r.MatchedRevision > 0 })
		if err := tx.SetMatched(ctx, rowIDs(fresh), o.rev); err != nil {
			return err
		}
		if err := tx.SetRekeyed(ctx, o.rev); err != nil {
			return err
		}
		if err := tx.SwitchRevision(ctx, o.rev, o.reason, u.now()); err != nil {
			return err
		}
		if o.atSwitch != nil {
			if err := o.atSwitch(tx); err != nil {
				return err
			}
		}
		ids, err := tx.ImagesWithPackages(ctx, concerned)
		if err != nil {
			return err
		}
		owned, err := spares.images(ctx, &tx.Queries)
		if err != nil {
			return err
		}
		ids = append(ids, owned...)
		slices.Sort(ids)
		ids = slices.Compact(ids)
		images = len(ids)
		return evaluateWatchedFirst(ctx, tx, u.jobs, ids, evaluationReason(o.reason))
	})
	if err != nil {
		return 0, err
	}
	return images, u.store.MatchedByRules(ctx, rowIDs(rows))
}

// raced are the packages that had never been matched when they were looked at here and were matched with the current
// revision meanwhile; what was staged of their matches is taken back.
func (u *syncFeeds) raced(ctx context.Context, tx *store.Tx, rev int64, rows []store.PackageRow) ([]store.PackageRow, error) {
	fresh := slices.DeleteFunc(slices.Clone(rows), func(r store.PackageRow) bool { return r.MatchedRevision > 0 })
	if len(fresh) == 0 {
		return nil, nil
	}
	unmatched, err := tx.Unmatched(ctx, rowIDs(fresh))
	if err != nil {
		return nil, err
	}
	raced := slices.DeleteFunc(fresh, func(r store.PackageRow) bool {
		_, still := slices.BinarySearch(unmatched, r.ID)
		return still
	})
	return raced, tx.UnstageMatches(ctx, rev, rowIDs(raced))
}

// difference is how the matches of some packages change at a revision.
type difference struct {
	close    []int64
	open     []store.Match
	packages []int64
}

func (u *syncFeeds) difference(ctx context.Context, o *outcome, rows []store.PackageRow) (difference, error) {
	var d difference
	rev := o.rev
	before, err := u.store.OpenMatches(ctx, rowIDs(rows), rev-1)
	if err != nil {
		return d, err
	}
	after, err := u.matcher.match(ctx, rows, rev)
	if err != nil {
		return d, err
	}
	suspended, err := u.suspended(ctx, o, rows)
	if err != nil {
		return d, err
	}
	for _, r := range rows {
		old := map[string]*store.Match{}
		for i := range before[r.ID] {
			m := &before[r.ID][i]
			old[m.Finding.ID] = m
		}
		n := len(d.close) + len(d.open)
		for _, f := range after[r.ID] {
			m := old[f.ID]
			delete(old, f.ID)
			if m != nil && sameFinding(m.Finding, f) {
				continue
			}
			if m != nil {
				d.close = append(d.close, m.ID)
			}
			if m == nil {
				m = suspended[r.ID][f.ID] // what was known before it was switched off is no news
			}
			d.open = append(d.open, u.matcher.opened(r.ID, rev, f, m))
		}
		for _, m := range old {
			d.close = append(d.close, m.ID)
		}
		if len(d.close)+len(d.open) > n {
			d.packages = append(d.packages, r.ID)
		}
	}
	slices.Sort(d.close)
	return d, nil
}

// sameFinding says whether two findings are the same in all that is stored.
func sameFinding(a, b advisory.Finding) bool { return string(encode(a)) == string(encode(b)) }
