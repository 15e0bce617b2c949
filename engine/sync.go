package engine

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/store"
)

// syncFeeds stages what is new at the sources under the next revision, matches again what that concerns, and moves the
// pointer. Before the pointer moves nothing of it can be seen.
type syncFeeds struct {
	store   *store.Store
	jobs    *Jobs
	matcher *matcher
	fetcher *fetcher
	config  FeedConfig
	log     *slog.Logger
	now     func() time.Time
	// progress is told what happens, for people who wait; may be nil.
	progress func(string)
}

// outcome is what a sync gathers on its way.
type outcome struct {
	start time.Time
	// rev is the revision that is staged, one after the current.
	rev     int64
	states  map[string]sourceState
	groups  map[string]*SyncedGroup // by ecosystem
	changed bool
	failed  []string
	images  int
}

// run is one sync. It fails only when nothing could be done; a source that failed is told in its groups.
func (u *syncFeeds) run(ctx context.Context, args syncArgs) ([]SyncResult, error) {
	u.log.Info("feed sync start", "flush", args.Flush)
	o, err := u.begin(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range feed.Drivers() {
		switch {
		case !u.config.on(d.Name):
		case d.Records != nil:
			err = u.records(ctx, o, d, args)
		case d.Exploited != nil:
			err = u.exploited(ctx, o, d, args)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := u.finish(ctx, o); err != nil {
		return nil, err
	}
	for _, d := range feed.Drivers() {
		if d.Scores != nil && u.config.on(d.Name) {
			if err := u.scores(ctx, o, d); err != nil {
				return nil, err
			}
		}
	}
	return u.result(ctx, o)
}

// begin takes back what a sync that was broken off has staged, and makes ready to stage the next revision.
func (u *syncFeeds) begin(ctx context.Context) (*outcome, error) {
	current, err := u.store.CurrentRevision(ctx)
	if err != nil {
		return nil, err
	}
	o := &outcome{start: u.now(), rev: current.ID + 1, groups: map[string]*SyncedGroup{}}
	if err := u.store.AbortStaged(ctx, o.rev); err != nil {
		return nil, err
	}
	o.states, err = sources(ctx, u.store)
	return o, err
}

// finish matches again what the staged data concerns, moves the pointer, and remembers the state of the sources. The
// first revision is made even when there is nothing in it.
func (u *syncFeeds) finish(ctx context.Context, o *outcome) error {
	if o.changed || o.rev == 1 {
		var err error
		if o.images, err = u.rematchAndSwitch(ctx, o); err != nil {
			return err
		}
	}
	return u.remember(ctx, o)
}

// result is what is told of a sync that has ended, group by group; those of which nothing is new are there too, so that
// people see that they were looked at.
func (u *syncFeeds) result(ctx context.Context, o *outcome) ([]SyncResult, error) {
	groups, err := u.store.FeedGroups(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if o.groups[g.Ecosystem] == nil && g.LastError == "" && !g.LastSync.IsZero() {
			o.groups[g.Ecosystem] = &SyncedGroup{Group: g.Group, OK: true}
		}
	}
	result := SyncResult{Feed: FeedName, OK: len(o.failed) == 0, Seconds: u.now().Sub(o.start).Seconds()}
	for _, eco := range sortedWords(o.groups) {
		g := *o.groups[eco]
		g.Images = o.images
		result.Groups = append(result.Groups, g)
	}
	rev, err := u.store.CurrentRevision(ctx)
	if err != nil {
		return nil, err
	}
	u.log.Info("feed sync done", "revision", rev.ID, "changed", o.changed, "images", o.images, "failed", o.failed, "seconds", result.Seconds)
	return []SyncResult{result}, nil
}

// fail notes that a source could not be used; the old data stays in place.
func (u *syncFeeds) fail(o *outcome, source string, err error) {
	u.log.Warn("feed failed", "source", source, "err", err.Error())
	st := o.states[source]
	st.LastError, st.Absent = err.Error(), false
	o.states[source] = st
	o.failed = append(o.failed, source)
	name := strings.ToLower(source)
	o.groups[name] = &SyncedGroup{Group: name, Error: err.Error()}
}

func (u *syncFeeds) tell(what string) {
	if u.progress != nil {
		u.progress(what)
	}
}
