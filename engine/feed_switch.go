package engine

import (
	"context"
	"slices"

	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/store"
)

// wholeFeed stands for all ecosystems where one could be named; wholeSync for the sync where a source could be.
const (
	wholeFeed = ""
	wholeSync = "sync"
)

// What is done to a part of the data; also the reason of the revision, and of the intervals that end with it.
const (
	disabled = "disabled"
	enabled  = "enabled"
	removed  = "deleted"
)

// feedSwitch switches an ecosystem, or with "" the whole feed, off or on, or deletes its data.
type feedSwitch struct {
	Ecosystem string `json:"ecosystem"`
	Do        string `json:"do"`
}

// deleted says that a group is switched off and has no data.
func deleted(g *store.FeedGroup) bool {
	return !g.Enabled && g.LastSync.IsZero() && g.Ecosystem != wholeFeed
}

// closeReason is why intervals end.
func (o *outcome) closeReason() string {
	if o.reason == disabled || o.reason == removed {
		return o.reason
	}
	return "advisory"
}

// evaluationReason is the reason of evaluations that a revision with this reason makes necessary.
func evaluationReason(revision string) string {
	if revision == "sync" || revision == imported {
		return "feed"
	}
	return "feed " + revision
}

// suspended are the matches that ended because their ecosystem was switched off, by package and id, where it is switched
// on again.
func (u *syncFeeds) suspended(ctx context.Context, o *outcome, rows []store.PackageRow) (map[int64]map[string]*store.Match, error) {
	if !o.everOff || o.reason == disabled || o.reason == removed {
		return nil, nil
	}
	ended, err := u.store.LastEnded(ctx, rowIDs(rows), o.rev, disabled, removed)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]map[string]*store.Match, len(ended))
	for pkg, matches := range ended {
		out[pkg] = make(map[string]*store.Match, len(matches))
		for i := range matches {
			out[pkg][matches[i].Finding.ID] = &matches[i]
		}
	}
	return out, nil
}

// stageSwitch stages a revision in which a part of the data is off, on again or gone. The rows of the groups change with
// the pointer.
func (u *syncFeeds) stageSwitch(ctx context.Context, o *outcome, s feedSwitch) error {
	o.changed, o.reason = true, s.Do
	switch s.Do {
	case disabled:
		if err := u.store.StageOff(ctx, o.rev, s.Ecosystem, true); err != nil {
			return err
		}
	case enabled:
		if err := u.store.StageOff(ctx, o.rev, s.Ecosystem, false); err != nil {
			return err
		}
		if o.deleted[s.Ecosystem] { // its records are in files that were read: they are read again
			for part, st := range o.states {
				if _, has := st.Counts[s.Ecosystem]; has {
					st.version = version{}
					o.states[part] = st
				}
			}
		}
	case removed:
		if err := u.stageDeleted(ctx, o, s.Ecosystem); err != nil {
			return err
		}
	}
	o.atSwitch = func(tx *store.Tx) error {
		if err := tx.PutSetting(ctx, settingSources, string(encode(o.states))); err != nil {
			return err
		}
		groups, err := tx.FeedGroups(ctx)
		if err != nil {
			return err
		}
		for _, g := range groups {
			if s.Ecosystem != wholeFeed && g.Ecosystem != s.Ecosystem || g.Ecosystem == wholeFeed {
				continue
			}
			if s.Ecosystem != wholeFeed {
				g.Enabled = s.Do == enabled
			}
			if s.Do == removed {
				g = store.FeedGroup{Feed: g.Feed, Group: g.Group, Ecosystem: g.Ecosystem, Enabled: g.Enabled, CreatedAt: g.CreatedAt}
			}
			if err := tx.PutFeedGroup(ctx, g); err != nil {
				return err
			}
		}
		if s.Do != enabled {
			return nil
		}
		_, err = u.jobs.insert(ctx, tx, syncArgs{}, nil) // what came while it was off
		return err
	}
	return nil
}

// stageDeleted ends the records that speak of an ecosystem and of none that is kept.
func (u *syncFeeds) stageDeleted(ctx context.Context, o *outcome, ecosystem string) error {
	var gone []string
	if ecosystem != wholeFeed {
		o.deleted[ecosystem] = true
		gone = sortedWords(o.deleted)
	}
	ids, err := u.store.RecordsOnlyOf(ctx, gone)
	if err != nil {
		return err
	}
	for _, part := range sortedWords(ids) {
		if err := u.store.StageRemoved(ctx, o.rev, part, ids[part]); err != nil {
			return err
		}
		st := o.states[part]
		st.Records -= int64(len(ids[part]))
		o.states[part] = st
	}
	for part, st := range o.states {
		if ecosystem == wholeFeed {
			if slices.ContainsFunc(feed.Drivers(), func(d feed.Driver) bool { return d.Name == driverOf(part) && d.Records != nil }) {
				delete(o.states, part)
			}
		} else if _, has := st.Counts[ecosystem]; has {
			st.Counts[ecosystem] = 0
		}
	}
	return nil
}

// switchedOff says that all that a part is known to have is switched off, so that it need not be read.
func (u *syncFeeds) switchedOff(o *outcome, part string) bool {
	counts := o.states[part].Counts
	for eco := range counts {
		if !o.off[eco] {
			return false
		}
	}
	return len(counts) > 0
}

// Switch switches a group of the feed off or on again, all of it with group "". It is a revision: matches end with it and
// begin again with the times that they had, and nobody is told.
func (u *Feeds) Switch(ctx context.Context, name, group string, on bool) (FeedState, error) {
	ecosystem, now, err := u.find(ctx, name, group)
	if err != nil {
		return FeedState{}, err
	}
	if now != on {
		do := disabled
		if on {
			do = enabled
		}
		if _, err := u.do(ctx, syncArgs{Switch: &feedSwitch{ecosystem, do}}, true); err != nil {
			return FeedState{}, err
		}
	}
	return u.one(ctx)
}

// Delete drops the data of a group that is switched off, or of the whole feed with group "".
func (u *Feeds) Delete(ctx context.Context, name, group string) (FeedState, error) {
	ecosystem, on, err := u.find(ctx, name, group)
	if err != nil {
		return FeedState{}, err
	}
	if on {
		what := "feed " + name
		if group != "" {
			what = "group " + group + " of feed " + name
		}
		return FeedState{}, Errorf(ClassConflict, "feed_enabled", "%s is enabled: disable it before you delete it", what)
	}
	if _, err := u.do(ctx, syncArgs{Switch: &feedSwitch{ecosystem, removed}}, true); err != nil {
		return FeedState{}, err
	}
	return u.one(ctx)
}

// find gives the ecosystem of a group, "" for the whole feed, and whether it is on.
func (u *Feeds) find(ctx context.Context, name, group string) (ecosystem string, on bool, err error) {
	if name != FeedName {
		return "", false, Errorf(ClassNotFound, "feed_not_found", "there is no feed %q: the one that there is is called %s", name, FeedName)
	}
	if group == "" {
		off, err := u.off(ctx)
		return wholeFeed, !off[wholeFeed], err
	}
	groups, err := u.store.FeedGroups(ctx)
	if err != nil {
		return "", false, err
	}
	for _, g := range groups {
		if g.Group == group && g.Ecosystem != wholeFeed {
			return g.Ecosystem, g.Enabled, nil
		}
	}
	return "", false, Errorf(ClassNotFound, "feed_group_not_found", "feed %s has no group %q", name, group)
}

func (u *Feeds) off(ctx context.Context) (map[string]bool, error) {
	rev, err := u.store.CurrentRevision(ctx)
	if err != nil {
		return nil, err
	}
	return u.store.OffAt(ctx, rev.ID)
}

func (u *Feeds) one(ctx context.Context) (FeedState, error) {
	list, err := u.State(ctx)
	if err != nil {
		return FeedState{}, err
	}
	return list[0], nil
}
