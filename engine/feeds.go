package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"landwaiter.dev/store"
)

// FeedName is the one feed that /v1 shows; its groups are ecosystems with their releases.
const FeedName = "vulnerabilities"

// noGroup is the group that is listed when no feed is configured: clients wait until one has synced.
const noGroup = "none"

const settingRequested = "feeds.requested"

// Feeds shows the advisory data and brings it up to date.
type Feeds struct {
	store  *store.Store
	jobs   *Jobs
	config FeedConfig
	sync   *syncFeeds
	// version of this program, which archives name.
	version string
	now     func() time.Time

	mu sync.Mutex
	// results go to those who asked for a sync here and wait for its end.
	results map[int64]chan synced
	// uploading is held while an archive arrives.
	uploading sync.Mutex
}

// State gives the feed with its groups.
func (u *Feeds) State(ctx context.Context) ([]FeedState, error) {
	groups, err := u.store.FeedGroups(ctx)
	if err != nil {
		return nil, err
	}
	rev, err := u.store.CurrentRevision(ctx)
	if err != nil {
		return nil, err
	}
	off, err := ecosystemsOff(ctx, u.store, rev.ID)
	if err != nil {
		return nil, err
	}
	foldersOff, err := u.store.FoldersOffAt(ctx, rev.ID)
	if err != nil {
		return nil, err
	}
	f := FeedState{Name: FeedName, Enabled: !off[wholeFeed], Revision: rev.ID}
	for _, g := range groups {
		if g.LastSync.IsZero() && g.Enabled {
			continue // listed once it has loaded
		}
		g.Enabled = g.Enabled && (g.Ecosystem == wholeFeed || !off[g.Ecosystem])
		f.Groups = append(f.Groups, g)
		if f.CreatedAt.IsZero() || g.CreatedAt.Before(f.CreatedAt) {
			f.CreatedAt = g.CreatedAt
		}
		if g.LastSync.After(f.UpdatedAt) {
			f.UpdatedAt = g.LastSync
		}
	}
	if f.LastFullSync, err = lastFullSync(ctx, u.store); err != nil {
		return nil, err
	}
	if f.CreatedAt.IsZero() {
		f.CreatedAt = f.LastFullSync
	}
	states, err := sources(ctx, u.store)
	if err != nil {
		return nil, err
	}
	for _, name := range sortedWords(states) {
		st := states[name]
		if st.LastError != "" && !st.Absent {
			f.Failing = append(f.Failing, FailingSource{name, st.LastSync, st.LastError, st.Held})
		}
		if name != wholeSync {
			f.Sources = append(f.Sources, FeedSource{
				Name: name, Driver: driverOf(name), LastSync: st.LastSync, LastAttempt: st.LastAttempt, Records: st.Records, Ungrouped: st.Ungrouped,
				Error: st.LastError, Held: st.Held, Skipped: st.Skipped, Problems: st.Problems,
				Off: foldersOff[name], Archive: st.Archive,
			})
		}
	}
	f.Archives = archivesOf(f.Groups, states)
	if f.Archive, err = archiveState(ctx, u.store, states); err != nil {
		return nil, err
	}
	f.Sync, err = u.Progress(ctx)
	return []FeedState{f}, err
}

// Sync loads what is new. One sync runs at a time: a second request is refused.
func (u *Feeds) Sync(ctx context.Context, r SyncRequest) ([]SyncResult, error) {
	return u.do(ctx, syncArgs{Flush: r.Flush, AcceptShrink: r.AcceptShrink}, r.Wait)
}

// do puts off a sync, and gives its result when it has ended. Of two requests at one moment, on whatever nodes, one is
// refused.
func (u *Feeds) do(ctx context.Context, args syncArgs, wait bool) ([]SyncResult, error) {
	var id int64
	done := make(chan synced, 1)
	err := u.store.Write(ctx, func(tx *store.Tx) error {
		// The row stays locked until the job can be seen.
		if err := tx.PutSetting(ctx, settingRequested, u.now().UTC().Format(time.RFC3339Nano)); err != nil {
			return err
		}
		live, err := tx.LiveJobs(ctx, args.Kind())
		if err != nil {
			return err
		}
		if live > 0 {
			return syncRunning()
		}
		res, err := u.jobs.insert(ctx, tx, args, nil)
		if err != nil || res == nil {
			return err
		}
		id = res.Job.ID
		u.mu.Lock()
		u.results[id] = done
		u.mu.Unlock()
		return nil
	})
	defer u.forget(id)
	if err != nil || !wait {
		return []SyncResult{}, err
	}
	// The job may run on another node: then its end is seen in the store alone.
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case out := <-done:
			return u.ended(ctx, id, out)
		case <-ctx.Done():
			return nil, ctx.Err() // the sync goes on
		case <-tick.C:
			state, err := u.store.JobState(ctx, id)
			if err != nil {
				return nil, err
			}
			if slices.Contains(unfinished, rivertype.JobState(state)) {
				continue
			}
			select {
			case out := <-done:
				return out.results, out.err
			default:
				return u.lastResult(ctx)
			}
		}
	}
}

// ended waits until the job of a result that is there counts as ended, so that who has the result can ask for the next.
func (u *Feeds) ended(ctx context.Context, id int64, out synced) ([]SyncResult, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		state, err := u.store.JobState(ctx, id)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(unfinished, rivertype.JobState(state)) {
			return out.results, out.err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return out.results, out.err
		}
	}
}

func syncRunning() error {
	return Errorf(ClassConflict, "feed_sync_running", "a feed sync is already running and holds the lock: wait for its end").
		With("error_codes", []string{"FEED_SYNC_ALREADY_IN_PROGRESS"}).With("message", "feed sync already in progress")
}

func (u *Feeds) forget(id int64) {
	u.mu.Lock()
	delete(u.results, id)
	u.mu.Unlock()
}

// lastResult tells of a sync that another node ran, as far as the groups know.
func (u *Feeds) lastResult(ctx context.Context) ([]SyncResult, error) {
	f, err := u.one(ctx)
	if err != nil {
		return nil, err
	}
	out := SyncResult{Feed: FeedName, OK: len(f.Failing) == 0}
	for _, bad := range f.Failing {
		if bad.Name == wholeSync {
			return nil, Errorf(ClassUnavailable, "feed_sync_failed", "the sync broke off: %s", bad.Error)
		}
	}
	for _, g := range f.Groups {
		out.Groups = append(out.Groups, SyncedGroup{Group: g.Group, OK: g.LastError == "", Error: g.LastError, Problems: g.Problems})
	}
	return []SyncResult{out}, nil
}

// synced is how a sync of this node ended.
type synced struct {
	results []SyncResult
	err     error
}

// run is the job. Where another node syncs, it waits.
func (u *Feeds) run(ctx context.Context, job *river.Job[syncArgs]) error {
	var out []SyncResult
	var err error
	if job.Args.Upload != "" {
		out, err = u.runUpload(ctx, job.Args)
	} else {
		out, err = u.sync.run(ctx, job.Args)
	}
	if errors.Is(err, store.ErrSyncing) {
		return river.JobSnooze(5 * time.Second)
	}
	told := synced{results: out}
	if _, refused := errors.AsType[*Error](err); refused {
		told.err = err
	} else if err != nil {
		told.err = Errorf(ClassUnavailable, "feed_sync_failed", "the sync broke off: %w", err)
	}
	u.mu.Lock()
	if done := u.results[job.ID]; done != nil {
		done <- told
	}
	u.mu.Unlock()
	return err
}

// missing names the ecosystems of these packages that are loaded only when they are first seen, and were not asked for
// yet. A source that does not have one is not asked again for each image.
func (u *Feeds) missing(ctx context.Context, rows []store.PackageRow) ([]string, error) {
	off, err := u.off(ctx)
	if err != nil || off[wholeFeed] || !u.config.chosen() {
		return nil, err
	}
	known, err := asked(ctx, &u.store.Queries)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		if eco := r.Package.Ecosystem; eco != "" && !known[eco] && !slices.Contains(out, eco) {
			out = append(out, eco)
		}
	}
	slices.Sort(out)
	return out, nil
}

// lastFullSync is when a sync last ended without a source that failed; zero before the first.
func lastFullSync(ctx context.Context, s *store.Store) (time.Time, error) {
	raw, err := s.Setting(ctx, settingLastFullSync)
	if err != nil || raw == "" {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, raw)
}
