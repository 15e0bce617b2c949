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
	// Failing is additive.
	Failing  []FailingSource `json:"failing_sources,omitempty" doc:"Sources that could not be used when they were last asked; former data stays in force"`
	Revision int64           `json:"feed_revision" doc:"Number of the present state of the data"`
	Archive  *FeedArchive    `json:"archive,omitempty" doc:"The file that was imported last"`
}

// FailingSource is a source of advisory data that failed.
type FailingSource struct {
	Name     string `json:"name" doc:"Folder of an ecosystem, kev, epss, or osv for all folders"`
	LastSync clock  `json:"last_sync"`
	Error    string `json:"error"`
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
}

type syncFeeds struct {
	Flush        bool `query:"flush" doc:"Forget what is known of the sources and load everything anew"`
	Sync         bool `query:"sync" default:"true" doc:"Accepted"`
	Wait         bool `query:"wait" default:"true" doc:"Answer when the sync has ended; false answers at once"`
	AcceptShrink bool `query:"accept_shrink" doc:"Accept a feed that lost more than half of its records"`
}

func (r *routes) feeds() {
	const tag = "Feeds"
	add(r, "GET /system/feeds", tag, "List feeds", r.listFeeds)
	add(r, "POST /system/feeds", tag, "Sync the feeds", r.syncFeeds)
	r.feedArchives()
}

func (r *routes) listFeeds(ctx context.Context, _ *none) ([]Feed, error) {
	state, err := r.Feeds.State(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Feed, 0, len(state))
	for _, s := range state {
		f := Feed{
			Name: s.Name, Enabled: s.Enabled, CreatedAt: clock(s.CreatedAt), UpdatedAt: clock(s.UpdatedAt), LastFullSync: clock(s.LastFullSync),
			Groups: make([]FeedGroup, 0, len(s.Groups)), Revision: s.Revision, Archive: newFeedArchive(s.Archive),
		}
		for i := range s.Groups {
			f.Groups = append(f.Groups, newFeedGroup(&s.Groups[i]))
		}
		for _, bad := range s.Failing {
			f.Failing = append(f.Failing, FailingSource{bad.Name, clock(bad.LastSync), bad.Error})
		}
		list = append(list, f)
	}
	return list, nil
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
			result.Groups = append(result.Groups, SyncGroup{g.Group, syncWord(g.OK), g.Seconds, g.Records, g.Images, g.Error, g.Problems})
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
