package engine

import (
	"context"
	"errors"
	"time"

	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/store"
)

// fileOf gives the one file of a driver that has no parts, or nil when nothing of it is new or it failed, which is noted.
func (u *syncFeeds) fileOf(ctx context.Context, o *outcome, d feed.Driver, known version) (*fetched, error) {
	src, err := u.fetcher.mirrors(d.Name, u.config.Places[d.Name])
	if err != nil {
		return nil, err
	}
	defer src.client.CloseIdleConnections()
	u.step(ctx, "fetching", d.Name, 0)
	f, err := src.open(ctx, feed.Part{Name: d.Name}, known, 0)
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, errUnchanged):
		o.states[d.Name] = o.states[d.Name].checked(u.now())
		return nil, nil
	case errors.Is(err, errNoSpace) || ctx.Err() != nil:
		return nil, err
	}
	u.fail(o, d.Name, err)
	return nil, nil
}

// exploited stages the catalogue of exploited vulnerabilities.
func (u *syncFeeds) exploited(ctx context.Context, o *outcome, d feed.Driver, args syncArgs) error {
	st := o.states[d.Name]
	// A load of some ecosystems alone does not ask again for what is there.
	if len(args.Ecosystems) > 0 && !args.Again && !st.LastSync.IsZero() {
		return nil
	}
	f, err := u.fileOf(ctx, o, d, st.known(&d, args))
	if f == nil || err != nil {
		return err
	}
	defer f.Close()
	catalogue, err := d.Exploited(f.file)
	if err != nil {
		u.fail(o, d.Name, err)
		return nil
	}
	staged, err := u.stageExploited(ctx, o, d.Name, catalogue, args)
	if staged {
		st = o.states[d.Name]
		st.read(&d, f.version)
		o.states[d.Name] = st
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
		u.fail(o, name, shrunk("the KEV catalogue", "entries", len(catalogue.Added), len(before)))
		return false, nil
	}
	details := make(map[string]store.KEVDetail, len(catalogue.Details))
	for cve, d := range catalogue.Details {
		details[cve] = store.KEVDetail(d)
	}
	changed, err := u.store.StageKEV(ctx, o.rev, catalogue.Added, details)
	if err != nil {
		return false, err
	}
	o.changed = o.changed || len(changed) > 0
	st := sourceState{LastSync: u.now(), LastAttempt: u.now(), Records: int64(len(catalogue.Added)), Skipped: len(catalogue.Problems)}
	for _, p := range catalogue.Problems[:min(len(catalogue.Problems), keptProblems)] {
		st.Problems = append(st.Problems, p.Error())
	}
	o.states[name] = st
	return true, nil
}

// The scopes in which scores are kept: as rows for all vulnerabilities, or a whole file and rows for those with a match.
// There were others before: whoever has another one reads the file again.
const (
	scopeAll  = "all"
	scopeFile = "file"
)

// scores keeps the day's scores. It changes no match and raises no notice.
func (u *syncFeeds) scores(ctx context.Context, o *outcome, d feed.Driver, args syncArgs) error {
	scope := scopeFile
	if u.allScores {
		scope = scopeAll
	}
	st := o.states[d.Name]
	known := st.known(&d, args)
	if st.Scope != scope {
		known = version{}
	}
	f, err := u.fileOf(ctx, o, d, known)
	if f == nil || err != nil {
		return err
	}
	defer f.Close()
	day := u.now()
	st = sourceState{LastSync: u.now(), LastAttempt: u.now(), Scope: scope}
	st.read(&d, f.version)
	var scores []store.EPSS
	for row, err := range d.Scores(f.file) {
		if p, ok := errors.AsType[*feed.Problem](err); ok {
			if st.Skipped++; len(st.Problems) < keptProblems {
				st.Problems = append(st.Problems, p.Error())
			}
			continue
		}
		if err != nil {
			u.fail(o, d.Name, err)
			return nil
		}
		if at, err := time.Parse(time.DateOnly, row.Day); err == nil {
			day = at
		}
		st.Records++
		scores = append(scores, store.EPSS{CVE: row.CVE, Score: row.EPSS, Percentile: row.Percentile})
	}
	began := u.now()
	if u.allScores {
		if err = u.store.PutEPSS(ctx, day, began, scores); err == nil {
			err = u.store.DropEPSS(ctx, day)
		}
	} else {
		err = u.store.PutEPSSFile(ctx, day, began, u.now(), scores)
	}
	if err == nil {
		err = keepScoresKnown(ctx, u.store, began)
	}
	if err != nil {
		return err
	}
	o.states[d.Name] = st
	return nil
}
