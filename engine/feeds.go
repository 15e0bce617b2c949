package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// FeedName is the one feed that /v1 shows; its groups are ecosystems with their releases.
const FeedName = "vulnerabilities"

// noGroup is the group that is listed when no feed is configured: clients wait until one has synced.
const noGroup = "none"

// FeedConfig says where advisory data comes from.
type FeedConfig struct {
	// Places by the name of a driver of [feed.Drivers]: URLs, directories or files, mirrors of each other that are asked in
	// this order. A driver without a place is off.
	Places map[string][]string
	// Ecosystems to load, or "all"; empty means all of a directory, and of a URL those that the inventory has.
	Ecosystems []string
	Interval   time.Duration
}

func (c FeedConfig) on(driver string) bool { return len(c.Places[driver]) > 0 }

func (c FeedConfig) all() bool { return slices.Contains(c.Ecosystems, "all") }

// chosen says that which ecosystems are loaded follows from the images: they are loaded when first seen.
func (c FeedConfig) chosen() bool {
	return c.on(osvDriver) && isURL(c.Places[osvDriver][0]) && len(c.Ecosystems) == 0
}

// Feeds shows the advisory data and brings it up to date.
type Feeds struct {
	store  *store.Store
	jobs   *Jobs
	config FeedConfig
	sync   *syncFeeds
	now    func() time.Time

	mu      sync.Mutex
	running bool
	// waiting are those who asked for a sync and wait for its result.
	results map[int64]chan []SyncResult
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
	f := FeedState{Name: FeedName, Enabled: true, Revision: rev.ID}
	for _, g := range groups {
		if g.LastSync.IsZero() {
			continue // listed once it has loaded
		}
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
		if st := states[name]; st.LastError != "" && !st.Absent {
			f.Failing = append(f.Failing, FailingSource{name, st.LastSync, st.LastError})
		}
	}
	return []FeedState{f}, nil
}

// Sync loads what is new. One sync runs at a time: a second request is refused.
func (u *Feeds) Sync(ctx context.Context, r SyncRequest) ([]SyncResult, error) {
	u.mu.Lock()
	if u.running {
		u.mu.Unlock()
		return nil, syncRunning()
	}
	u.mu.Unlock()
	live, err := u.store.LiveJobs(ctx, syncArgs{}.Kind())
	if err != nil {
		return nil, err
	}
	if live > 0 {
		return nil, syncRunning()
	}
	var id int64
	done := make(chan []SyncResult, 1)
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		res, err := u.jobs.insert(ctx, tx, syncArgs{Flush: r.Flush, AcceptShrink: r.AcceptShrink}, nil)
		if err != nil || res == nil {
			return err
		}
		id = res.Job.ID
		u.mu.Lock()
		u.results[id] = done
		u.mu.Unlock()
		return nil
	})
	if err != nil || !r.Wait {
		u.forget(id)
		return []SyncResult{}, err
	}
	defer u.forget(id)
	// The job may run on another node: then its end is seen in the store alone.
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var out []SyncResult
	for {
		select {
		case out = <-done:
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
			if out == nil {
				select {
				case out = <-done:
				default:
					return u.lastResult(ctx)
				}
			}
			return out, nil
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
	groups, err := u.store.FeedGroups(ctx)
	if err != nil {
		return nil, err
	}
	out := SyncResult{Feed: FeedName, OK: true}
	for _, g := range groups {
		out.OK = out.OK && g.LastError == ""
		out.Groups = append(out.Groups, SyncedGroup{Group: g.Group, OK: g.LastError == "", Error: g.LastError, Problems: g.Problems})
	}
	return []SyncResult{out}, nil
}

// run is the job.
func (u *Feeds) run(ctx context.Context, job *river.Job[syncArgs]) error {
	u.mu.Lock()
	u.running = true
	u.mu.Unlock()
	out, err := u.sync.run(ctx, job.Args)
	u.mu.Lock()
	u.running = false
	if done := u.results[job.ID]; done != nil {
		done <- out
	}
	u.mu.Unlock()
	return err
}

// missing names the folders of ecosystems that these packages need and that are loaded only when they are first seen.
func (u *Feeds) missing(ctx context.Context, rows []store.PackageRow) ([]string, error) {
	if !u.config.chosen() {
		return nil, nil
	}
	loaded, err := u.loaded(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		if f := advisory.FolderOf(r.Package.Ecosystem); f != "" && !loaded[f] && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out, nil
}

// loaded are the folders that were tried: a source that does not have one is not asked again for each image.
func (u *Feeds) loaded(ctx context.Context) (map[string]bool, error) {
	states, err := sources(ctx, u.store)
	out := make(map[string]bool, len(states))
	for folder := range states {
		out[folder] = true
	}
	return out, err
}

// lastFullSync is when a sync last ended without a source that failed; zero before the first.
func lastFullSync(ctx context.Context, s *store.Store) (time.Time, error) {
	raw, err := s.Setting(ctx, settingLastFullSync)
	if err != nil || raw == "" {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, raw)
}
