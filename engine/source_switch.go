package engine

import (
	"context"
	"slices"

	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/store"
)

// followSettings puts the settings in force as revisions of their own: what a source brought that is set to none counts no
// more, and what one brought that is set again counts at once, with the times that it had. Matches end with the reason
// "disabled", and nobody is told of either: it is not what is known that changed. What came as an archive has no source
// that could be set to none. Only servers do this.
func (u *syncFeeds) followSettings(ctx context.Context, o *outcome) error {
	if u.jobs == nil {
		return nil // a scan has settings of its own, and others use the same data
	}
	off, on := u.switchedBySettings(o.states, o.foldersOff)
	for _, s := range []struct {
		folders []string
		off     bool
		reason  string
	}{{off, true, disabled}, {on, false, enabled}} {
		if len(s.folders) == 0 {
			continue
		}
		u.log.Info("sources switched by the settings", "off", s.off, "parts", len(s.folders))
		o.reason, o.changed = s.reason, true
		if err := u.store.StageFoldersOff(ctx, o.rev, s.folders, s.off); err != nil {
			return err
		}
		if _, err := u.rematchAndSwitch(ctx, o); err != nil {
			return err
		}
		o.reason, o.changed = "sync", false
		if err := u.prepare(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// switchedBySettings lists the parts that count and whose source is set to none, and those that do not count and whose
// source is set.
func (u *syncFeeds) switchedBySettings(states map[string]sourceState, isOff map[string]bool) (off, on []string) {
	for _, part := range sortedWords(states) {
		st := states[part]
		i := slices.IndexFunc(feed.Drivers(), func(d feed.Driver) bool { return d.Name == driverOf(part) })
		if st.LastSync.IsZero() || part == wholeSync || i < 0 || feed.Drivers()[i].Scores != nil {
			continue // of scores only those of the day that is asked about are shown
		}
		wanted := u.config.on(driverOf(part)) || st.Archive != ""
		switch {
		case !wanted && !isOff[part]:
			off = append(off, part)
		case wanted && isOff[part]:
			on = append(on, part)
		}
	}
	return off, on
}

// settingsPending says whether the next sync has to put settings in force.
func (u *syncFeeds) settingsPending(ctx context.Context) (bool, error) {
	states, err := sources(ctx, u.store)
	if err != nil {
		return false, err
	}
	rev, err := u.store.CurrentRevision(ctx)
	if err != nil {
		return false, err
	}
	isOff, err := u.store.FoldersOffAt(ctx, rev.ID)
	off, on := u.switchedBySettings(states, isOff)
	return len(off)+len(on) > 0, err
}

// countAgain lets a part of an archive count whose source is set to none.
func (u *syncFeeds) countAgain(ctx context.Context, o *outcome, part string) error {
	if !o.foldersOff[part] {
		return nil
	}
	o.changed = true
	return u.store.StageFoldersOff(ctx, o.rev, []string{part}, false)
}

// ecosystemsOff are the ecosystems of which rev matches nothing, with "" all: they are switched off, or all sources that
// have them are set to none.
func ecosystemsOff(ctx context.Context, s *store.Store, rev int64) (map[string]bool, error) {
	off, err := s.OffAt(ctx, rev)
	if err != nil {
		return nil, err
	}
	folders, err := s.FoldersOffAt(ctx, rev)
	if err != nil || len(folders) == 0 {
		return off, err
	}
	states, err := sources(ctx, s)
	if err != nil {
		return nil, err
	}
	counts := map[string]bool{}
	for part, st := range states {
		for eco := range st.Counts {
			counts[eco] = counts[eco] || !folders[part]
		}
	}
	for eco, does := range counts {
		if !does {
			off[eco] = true
		}
	}
	return off, nil
}
