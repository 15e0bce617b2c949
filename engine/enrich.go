package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/store"
)

// exploited stages the catalogue of exploited vulnerabilities.
func (u *syncFeeds) exploited(ctx context.Context, o *outcome, d feed.Driver, args syncArgs) error {
	st := o.states[d.Name]
	// A load of some ecosystems alone does not ask again for what is there.
	if len(args.Ecosystems) > 0 && !args.Again && !st.LastSync.IsZero() {
		return nil
	}
	f, err := u.fetcher.mirrors(u.config.Places[d.Name]).open(ctx, feed.Part{Name: d.Name}, st.Fingerprint)
	if errors.Is(err, errUnchanged) {
		o.states[d.Name] = sourceState{Fingerprint: st.Fingerprint, LastSync: u.now()}
		return nil
	}
	if err != nil {
		u.fail(o, d.Name, err)
		return ctx.Err()
	}
	defer f.Close()
	catalogue, err := d.Exploited(f.file)
	if err != nil {
		u.fail(o, d.Name, err)
		return nil
	}
	staged, err := u.stageExploited(ctx, o, d.Name, catalogue, args)
	if staged {
		o.states[d.Name] = sourceState{Fingerprint: f.fingerprint, LastSync: u.now()}
	}
	return err
}

// stageExploited stages a catalogue, whatever supplied it; false when it is held back.
func (u *syncFeeds) stageExploited(ctx context.Context, o *outcome, name string, catalogue *feed.Catalog, args syncArgs) (bool, error) {
	before, err := u.store.CurrentKEV(ctx)
	if err != nil {
		return false, err
	}
	if len(catalogue.Added)*2 < len(before) && !args.AcceptShrink {
		u.fail(o, name, fmt.Errorf("the KEV catalogue has %d entries where there were %d; it is held back until a sync with accept_shrink", len(catalogue.Added), len(before)))
		return false, nil
	}
	changed, err := u.store.StageKEV(ctx, o.rev, catalogue.Added)
	if err != nil {
		return false, err
	}
	o.changed = o.changed || len(changed) > 0
	o.states[name] = sourceState{LastSync: u.now()}
	return true, nil
}

// scores keeps the day's scores of the vulnerabilities that have a match. It changes no match and raises no notice.
func (u *syncFeeds) scores(ctx context.Context, o *outcome, d feed.Driver) error {
	fail := func(err error) error {
		u.fail(o, d.Name, err)
		return u.remember(ctx, o)
	}
	f, err := u.fetcher.mirrors(u.config.Places[d.Name]).open(ctx, feed.Part{Name: d.Name}, "")
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	wanted, err := u.matched(ctx)
	if err != nil {
		return err
	}
	rows := func(yield func(feed.Score, error) bool) {
		d.Scores(io.NewSectionReader(f.file, 0, f.size))(yield)
	}
	if err := u.keepScores(ctx, rows, func(cve string) bool { return wanted[cve] }); err != nil {
		if _, refused := errors.AsType[*feed.Refused](err); refused {
			return fail(err)
		}
		return err
	}
	o.states[d.Name] = sourceState{LastSync: u.now()}
	return u.remember(ctx, o)
}

// matched are the ids of all vulnerabilities that have a match.
func (u *syncFeeds) matched(ctx context.Context) (map[string]bool, error) {
	ids, err := u.store.VulnsWithMatch(ctx)
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	return wanted, err
}

// scoreBatch is how many scores are kept at once.
const scoreBatch = 1000

// keepScores keeps those that are wanted, some at a time. They are read twice: nothing is kept of what is refused in the end.
func (u *syncFeeds) keepScores(ctx context.Context, scores iter.Seq2[feed.Score, error], wanted func(cve string) bool) error {
	for _, err := range scores {
		if _, ok := errors.AsType[*feed.Problem](err); err != nil && !ok {
			return err
		}
	}
	day := u.now()
	var batch []store.EPSS
	for row, err := range scores {
		if _, ok := errors.AsType[*feed.Problem](err); ok {
			continue
		}
		if err != nil {
			return err
		}
		if d, err := time.Parse(time.DateOnly, row.Day); err == nil {
			day = d
		}
		if !wanted(row.CVE) {
			continue
		}
		if batch = append(batch, store.EPSS{CVE: row.CVE, Score: row.EPSS, Percentile: row.Percentile}); len(batch) == scoreBatch {
			if err := u.store.PutEPSS(ctx, day, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return u.store.PutEPSS(ctx, day, batch)
}
