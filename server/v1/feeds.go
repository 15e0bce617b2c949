package v1

import (
	"context"

	"landwaiter.dev/engine"
	"landwaiter.dev/server/auth"
	"landwaiter.dev/store"
)

// Feed is one feed with its groups.
type Feed struct {
	Name         string      `json:"name"`
	Enabled      bool        `json:"enabled"`
	CreatedAt    clock       `json:"created_at"`
	UpdatedAt    clock       `json:"updated_at"`
	LastFullSync clock       `json:"last_full_sync"`
	Groups       []FeedGroup `json:"groups"`
	// What follows is additive.
	Failing  []FailingSource `json:"failing_sources,omitempty" doc:"Sources that could not be used when they were last asked; former data stays in force"`
	Revision int64           `json:"feed_revision" doc:"Number of the present state of the data"`
	Archive  *FeedArchive    `json:"archive,omitempty" doc:"The file that was imported last"`
	Sources  []FeedSource    `json:"sources,omitempty" doc:"Each part of each source that was asked"`
	Sync     SyncState       `json:"sync" doc:"What a sync does at the moment"`
}

// SyncState is what a sync does at the moment, on whatever node.
type SyncState struct {
	Running bool   `json:"running" doc:"One runs, or waits for a node that syncs"`
	Step    string `json:"step,omitempty" enum:"fetching,loading,filing,matching"`
	Part    string `json:"part,omitempty" doc:"The part of a source that it is about"`
	Records int    `json:"records,omitempty" doc:"Records of that part that were read so far"`
	At      clock  `json:"at"`
}

// FeedSource is one part of a source of advisory data.
type FeedSource struct {
	Name        string   `json:"name" doc:"Folder of an ecosystem for OSV, else the driver's name, with the part after a slash"`
	Driver      string   `json:"driver"`
	LastSync    clock    `json:"last_sync"`
	LastAttempt clock    `json:"last_attempt"`
	RecordCount int64    `json:"record_count"`
	Ungrouped   int64    `json:"ungrouped_count,omitempty" doc:"Records that name no package of its ecosystem, and are in no group"`
	LastError   string   `json:"last_error,omitempty"`
	Held        bool     `json:"held,omitempty" doc:"It lost more than half, and waits for a sync with accept_shrink"`
	Skipped     int      `json:"skipped_count,omitempty" doc:"Entries that could not be read or were taken with a doubt"`
	Problems    []string `json:"problems,omitempty" doc:"The first of them"`
	Archive     string   `json:"archive,omitempty" doc:"The file that it was imported from, and its day"`
	Off         bool     `json:"off,omitempty" doc:"The settings set the source to none: nothing of the part counts"`
}

// FailingSource is a source of advisory data that failed.
type FailingSource struct {
	Name     string `json:"name" doc:"Part of a source; a driver's name for all of its parts, and sync where nothing could be done"`
	LastSync clock  `json:"last_sync"`
	Error    string `json:"error"`
	Held     bool   `json:"held,omitempty" doc:"It lost more than half, and waits for a sync with accept_shrink"`
}

// FeedGroup is one group of a feed.
type FeedGroup struct {
	Name        string   `json:"name"`
	Enabled     bool     `json:"enabled"`
	CreatedAt   clock    `json:"created_at"`
	UpdatedAt   clock    `json:"updated_at"`
	LastSync    clock    `json:"last_sync"`
	RecordCount int64    `json:"record_count"`
	LastAttempt clock    `json:"last_attempt"`
	LastError   string   `json:"last_error,omitempty"`
	Problems    []string `json:"problems,omitempty" doc:"Records that were refused"`
	Archive     string   `json:"archive,omitempty" doc:"The file that its data was imported from, and its day"`
}

// SyncResult is what one feed did.
type SyncResult struct {
	Feed    string      `json:"feed"`
	Status  string      `json:"status" enum:"success,failure"`
	Seconds float64     `json:"total_time_seconds"`
	Groups  []SyncGroup `json:"groups"`
}

// SyncGroup is what one group of a feed did.
type SyncGroup struct {
	Group    string   `json:"group"`
	Status   string   `json:"status" enum:"success,failure"`
	Seconds  float64  `json:"total_time_seconds"`
	Records  int      `json:"updated_record_count"`
	Images   int      `json:"updated_image_count"`
	Error    string   `json:"error,omitempty"`
	Problems []string `json:"problems,omitempty"`
	Held     bool     `json:"held,omitempty"`
}

type syncFeeds struct {
	Flush        bool `query:"flush" doc:"Forget what is known of the sources and load everything anew"`
	Sync         bool `query:"sync" default:"true" doc:"Accepted"`
	Wait         bool `query:"wait" default:"true" doc:"Answer when the sync has ended; false answers at once"`
	AcceptShrink bool `query:"accept_shrink" doc:"Accept a feed that lost more than half of its records"`
}

type (
	feedInput struct {
		Feed string `path:"feed" doc:"vulnerabilities"`
	}
	groupInput struct {
		Feed  string `path:"feed" doc:"vulnerabilities"`
		Group string `path:"group" doc:"Name of a group, as the list has it"`
	}
	switchFeed struct {
		Feed    string `path:"feed" doc:"vulnerabilities"`
		Enabled bool   `query:"enabled" required:"true" doc:"Whether its data counts; switching is a revision and tells nobody"`
	}
	switchGroup struct {
		Feed    string `path:"feed" doc:"vulnerabilities"`
		Group   string `path:"group" doc:"Name of a group, as the list has it"`
		Enabled bool   `query:"enabled" required:"true" doc:"Whether its data counts; switching is a revision and tells nobody"`
	}
)

func (r *routes) feeds() {
	const tag = "Feeds"
	add(r, "GET /system/feeds", tag, "List feeds", r.listFeeds)
	add(r, "POST /system/feeds", tag, "Sync the feeds", r.syncFeeds)
	add(r, "PUT /system/feeds/{feed}", tag, "Switch a feed on or off", func(ctx context.Context, in *switchFeed) (Feed, error) {
		return feedAfter(ctx, func() (engine.FeedState, error) { return r.Feeds.Switch(ctx, in.Feed, "", in.Enabled) })
	})
	add(r, "DELETE /system/feeds/{feed}", tag, "Delete the data of a feed that is switched off", func(ctx context.Context, in *feedInput) (Feed, error) {
		return feedAfter(ctx, func() (engine.FeedState, error) { return r.Feeds.Delete(ctx, in.Feed, "") })
	})
	add(r, "PUT /system/feeds/{feed}/{group}", tag, "Switch a group of a feed on or off", func(ctx context.Context, in *switchGroup) (FeedGroup, error) {
		return groupAfter(ctx, in.Group, func() (engine.FeedState, error) { return r.Feeds.Switch(ctx, in.Feed, in.Group, in.Enabled) })
	})
	add(r, "DELETE /system/feeds/{feed}/{group}", tag, "Delete the data of a group that is switched off", func(ctx context.Context, in *groupInput) (FeedGroup, error) {
		return groupAfter(ctx, in.Group, func() (engine.FeedState, error) { return r.Feeds.Delete(ctx, in.Feed, in.Group) })
	})
	r.feedArchives()
}

func (r *routes) listFeeds(ctx context.Context, _ *none) ([]Feed, error) {
	state, err := r.Feeds.State(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Feed, 0, len(state))
	for i := range state {
		list = append(list, newFeed(&state[i]))
	}
	return list, nil
}

func newFeed(s *engine.FeedState) Feed {
	f := Feed{
		Name: s.Name, Enabled: s.Enabled, CreatedAt: clock(s.CreatedAt), UpdatedAt: clock(s.UpdatedAt), LastFullSync: clock(s.LastFullSync),
		Groups: make([]FeedGroup, 0, len(s.Groups)), Revision: s.Revision, Archive: newFeedArchive(s.Archive),
		Sync: SyncState{s.Sync.Running, s.Sync.Step, s.Sync.Part, s.Sync.Records, clock(s.Sync.At)},
	}
	for i := range s.Groups {
		g := newFeedGroup(&s.Groups[i])
		g.Archive = s.Archives[g.Name]
		f.Groups = append(f.Groups, g)
	}
	for _, bad := range s.Failing {
		f.Failing = append(f.Failing, FailingSource{bad.Name, clock(bad.LastSync), bad.Error, bad.Held})
	}
	for i := range s.Sources {
		one := &s.Sources[i]
		f.Sources = append(f.Sources, FeedSource{
			one.Name, one.Driver, clock(one.LastSync), clock(one.LastAttempt), one.Records, one.Ungrouped, one.Error, one.Held, one.Skipped, one.Problems, one.Archive, one.Off,
		})
	}
	return f
}

// feedAfter is the feed after an administrator changed it.
func feedAfter(ctx context.Context, change func() (engine.FeedState, error)) (Feed, error) {
	if err := auth.Admin(ctx, "updateFeeds"); err != nil {
		return Feed{}, err
	}
	s, err := change()
	if err != nil {
		return Feed{}, err
	}
	return newFeed(&s), nil
}

func groupAfter(ctx context.Context, group string, change func() (engine.FeedState, error)) (FeedGroup, error) {
	f, err := feedAfter(ctx, change)
	for _, g := range f.Groups {
		if g.Name == group {
			return g, err
		}
	}
	return FeedGroup{Name: group}, err
}

func newFeedGroup(g *store.FeedGroup) FeedGroup {
	return FeedGroup{
		Name: g.Group, Enabled: g.Enabled, CreatedAt: clock(g.CreatedAt), UpdatedAt: clock(g.UpdatedAt), LastSync: clock(g.LastSync),
		RecordCount: g.Records, LastAttempt: clock(g.LastAttempt), LastError: g.LastError, Problems: g.Problems,
	}
}

func (r *routes) syncFeeds(ctx context.Context, in *syncFeeds) ([]SyncResult, error) {
	if err := auth.Admin(ctx, "updateFeeds"); err != nil {
		return nil, err
	}
	done, err := r.Feeds.Sync(ctx, engine.SyncRequest{Flush: in.Flush, AcceptShrink: in.AcceptShrink, Wait: in.Wait})
	if err != nil {
		return nil, err
	}
	return newSyncResults(done), nil
}

func newSyncResults(done []engine.SyncResult) []SyncResult {
	list := make([]SyncResult, 0, len(done))
	for _, d := range done {
		result := SyncResult{Feed: d.Feed, Status: syncWord(d.OK), Seconds: d.Seconds, Groups: make([]SyncGroup, 0, len(d.Groups))}
		for _, g := range d.Groups {
			result.Groups = append(result.Groups, SyncGroup{g.Group, syncWord(g.OK), g.Seconds, g.Records, g.Images, g.Error, g.Problems, g.Held})
		}
		list = append(list, result)
	}
	return list
}

func syncWord(ok bool) string {
	if ok {
		return "success"
	}
	return "failure"
}
