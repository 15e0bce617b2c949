package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	// allScores keeps the scores of all vulnerabilities, of one day: where no matches are stored it is not known which will
	// be asked for.
	allScores bool
	// progress is told what happens, for people who wait; may be nil.
	progress func(string)
	told     SyncProgress
}

// outcome is what a sync gathers on its way.
type outcome struct {
	start time.Time
	// rev is the revision that is staged, one after the current; reason why.
	rev     int64
	reason  string
	states  map[string]sourceState
	groups  map[string]*SyncedGroup // by ecosystem, and sources that failed
	changed bool
	failed  []string
	// asked are the ecosystems that were wanted.
	asked  map[string]bool
	images int
	// off are the ecosystems that are switched off, with "" all; deleted those of which no record is kept.
	off, deleted map[string]bool
	everOff      bool
	// foldersOff are the parts that do not count, because the settings set their source to none.
	foldersOff map[string]bool
	lock       *store.SyncLock
	// atSwitch is done in the transaction that moves the pointer; may be nil.
	atSwitch func(*store.Tx) error
}

// run is one sync. It fails only when nothing could be done; a source that failed is told in its groups. Of two nodes one
// stages: the other gets [store.ErrSyncing].
func (u *syncFeeds) run(ctx context.Context, args syncArgs) ([]SyncResult, error) {
	u.log.Info("feed sync start", "flush", args.Flush)
	o, err := u.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer o.lock.Release()
	if err := u.stageAll(ctx, o, args); err != nil {
		return nil, u.broken(ctx, o, err)
	}
	return u.result(ctx, o)
}

// stageAll asks every driver that has a place, and makes what is new the current revision.
func (u *syncFeeds) stageAll(ctx context.Context, o *outcome, args syncArgs) error {
	if args.Switch != nil {
		if err := u.stageSwitch(ctx, o, *args.Switch); err != nil {
			return err
		}
		return u.finish(ctx, o)
	}
	if err := u.followSettings(ctx, o); err != nil {
		return err
	}
	for _, d := range feed.Drivers() {
		var err error
		switch {
		case !u.config.on(d.Name) || o.off[wholeFeed]:
		case d.Records != nil:
			err = u.records(ctx, o, d, args)
		case d.Exploited != nil:
			err = u.exploited(ctx, o, d, args)
		case d.Scores != nil: // before the switch: no verdict on the new data is to miss them
			err = u.scores(ctx, o, d, args)
		}
		if err != nil {
			return err
		}
	}
	if err := u.rekey(ctx, o); err != nil {
		return err
	}
	return u.finish(ctx, o)
}

// begin takes the lock, takes back what a sync that was broken off has staged, and makes ready to stage the next
// revision. The caller releases the lock.
func (u *syncFeeds) begin(ctx context.Context) (*outcome, error) {
	lock, err := u.store.LockSync(ctx)
	if err != nil {
		return nil, err
	}
	o := &outcome{start: u.now(), reason: "sync", groups: map[string]*SyncedGroup{}, lock: lock, deleted: map[string]bool{}, asked: map[string]bool{}}
	if err := u.prepare(ctx, o); err != nil {
		lock.Release()
		return nil, err
	}
	return o, nil
}

func (u *syncFeeds) prepare(ctx context.Context, o *outcome) error {
	current, err := u.store.CurrentRevision(ctx)
	if err != nil {
		return err
	}
	o.rev = current.ID + 1
	if err := u.store.AbortStaged(ctx, o.rev); err != nil {
		return err
	}
	if o.off, err = u.store.OffAt(ctx, current.ID); err != nil {
		return err
	}
	if o.foldersOff, err = u.store.FoldersOffAt(ctx, current.ID); err != nil {
		return err
	}
	if o.everOff, err = u.store.EverOff(ctx); err != nil {
		return err
	}
	groups, err := u.store.FeedGroups(ctx)
	if err != nil {
		return err
	}
	for i := range groups {
		if deleted(&groups[i]) {
			o.deleted[groups[i].Ecosystem] = true
		}
	}
	o.states, err = sources(ctx, u.store)
	return err
}

// finish matches again what the staged data concerns, moves the pointer, and remembers the state of the sources. The
// first revision is made even when there is nothing in it.
func (u *syncFeeds) finish(ctx context.Context, o *outcome) error {
	if o.changed || o.rev == 1 {
		u.step(ctx, "matching", "", 0)
		var err error
		if o.images, err = u.rematchAndSwitch(ctx, o); err != nil {
			return err
		}
	}
	if err := u.remember(ctx, o); err != nil {
		return err
	}
	return evaluateWaiting(ctx, u.store, u.jobs)
}

// broken ends a sync that could not go on: what it staged is taken back at once where that is possible, which makes room
// on a full disk, else by the next sync; and what happened is told until a sync goes through.
func (u *syncFeeds) broken(ctx context.Context, o *outcome, err error) error {
	if ctx.Err() != nil {
		return err
	}
	if errors.Is(err, store.ErrNoSpace) {
		err = fmt.Errorf("%w; the data in place stays in force: make room, and sync again", err)
	}
	u.log.Error("feed sync broke off", "err", err.Error())
	if abort := u.store.AbortStaged(ctx, o.rev); abort != nil && !errors.Is(abort, store.ErrStaged) {
		u.log.Warn("what was staged is taken back by the next sync", "err", abort.Error())
	}
	states, read := sources(ctx, u.store)
	if read != nil {
		return err
	}
	st := states[wholeSync]
	st.LastError, st.LastAttempt = err.Error(), u.now()
	states[wholeSync] = st
	if write := u.store.Write(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, settingSources, string(encode(states))) }); write != nil {
		u.log.Warn("the failure could not be kept", "err", write.Error())
	}
	return err
}

// result is what is told of a sync that has ended, group by group; those of which nothing is new are there too, so that
// people see that they were looked at.
func (u *syncFeeds) result(ctx context.Context, o *outcome) ([]SyncResult, error) {
	groups, err := u.store.FeedGroups(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if o.groups[g.Ecosystem] == nil && g.Enabled && !o.off[wholeFeed] && g.LastError == "" && !g.LastSync.IsZero() {
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

// failedSource ends the key of a source that failed among the groups: no ecosystem ends so.
const failedSource = "\x00"

// fail notes that a source could not be used; the old data stays in place.
func (u *syncFeeds) fail(o *outcome, source string, err error) {
	u.log.Warn("feed failed", "source", source, "err", err.Error())
	st := o.states[source]
	_, lost := errors.AsType[*held](err)
	st.LastError, st.LastAttempt, st.Held, st.Absent = err.Error(), u.now(), lost, false
	o.states[source] = st
	o.failed = append(o.failed, source)
	o.groups[source+failedSource] = &SyncedGroup{Group: source, Error: err.Error(), Held: lost}
}
