package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/store"
)

// exploited stages the catalogue of exploited vulnerabilities.
func (u *syncFeeds) exploited(ctx context.Context, o *outcome, d feed.Driver, args syncArgs) error {
	st := o.states[d.Name]
	// A load of some ecosystems alone does not ask again for what is there.
	if len(args.Ecosystems) > 0 && !st.LastSync.IsZero() {
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
	if err == nil {
		var before map[string]string
		if before, err = u.store.CurrentKEV(ctx); err != nil {
			return err
		}
		if len(catalogue.Added)*2 < len(before) && !args.AcceptShrink {
			err = fmt.Errorf("the KEV catalogue has %d entries where there were %d; it is held back until a sync with accept_shrink", len(catalogue.Added), len(before))
		}
	}
	if err != nil {
		u.fail(o, d.Name, err)
		return nil
	}
	changed, err := u.store.StageKEV(ctx, o.rev, catalogue.Added)
	if err != nil {
		return err
	}
	o.changed = o.changed || len(changed) > 0
	o.states[d.Name] = sourceState{Fingerprint: f.fingerprint, LastSync: u.now()}
	return nil
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
	ids, err := u.store.VulnsWithMatch(ctx)
	if err != nil {
		return err
	}
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	day := u.now()
	var scores []store.EPSS
	for row, err := range d.Scores(f.file) {
		if _, ok := errors.AsType[*feed.Problem](err); ok {
			continue
		}
		if err != nil {
			return fail(err)
		}
		if d, err := time.Parse(time.DateOnly, row.Day); err == nil {
			day = d
		}
		if wanted[row.CVE] {
			scores = append(scores, store.EPSS{CVE: row.CVE, Score: row.EPSS, Percentile: row.Percentile})
		}
	}
	if err := u.store.PutEPSS(ctx, day, scores); err != nil {
		return err
	}
	o.states[d.Name] = sourceState{LastSync: u.now()}
	return u.remember(ctx, o)
}
