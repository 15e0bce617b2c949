package client

import (
	"context"
	"net/http"
	"time"
)

// Service is one role of one node.
type Service struct {
	Name    string `json:"servicename"`
	HostID  string `json:"hostid"`
	BaseURL string `json:"base_url"`
	Up      bool   `json:"status"`
	Message string `json:"status_message"`
	Detail  struct {
		Up        bool   `json:"up"`
		Version   string `json:"version"`
		DBVersion string `json:"db_version"`
	} `json:"service_detail"`
}

// Services lists the roles of all nodes.
func (c *Client) Services(ctx context.Context) ([]Service, error) {
	var a struct {
		States []Service `json:"service_states"`
	}
	err := c.get(ctx, at("system"), &a)
	return a.States, err
}

// Version of the server.
type Version struct {
	Service struct {
		Version string `json:"version"`
	} `json:"service"`
	API struct {
		Version string `json:"version"`
	} `json:"api"`
	DB struct {
		Schema string `json:"schema_version"`
	} `json:"db"`
}

// Version asks the server for its versions; it needs no credentials.
func (c *Client) Version(ctx context.Context) (Version, error) {
	var v Version
	err := c.get(ctx, at("version"), &v)
	return v, err
}

// Health asks whether the server answers; it needs no credentials.
func (c *Client) Health(ctx context.Context) error { return c.get(ctx, at("health"), nil) }

// Feed is one feed of advisory data.
type Feed struct {
	Name         string      `json:"name"`
	Enabled      bool        `json:"enabled"`
	LastFullSync time.Time   `json:"last_full_sync,omitzero"`
	Groups       []FeedGroup `json:"groups"`
	Revision     int64       `json:"feed_revision"`
	// Archive is the file that was imported last; nil when none was.
	Archive *FeedArchive `json:"archive,omitempty"`
	// Failing sources could not be used when they were last asked.
	Failing []FailingSource `json:"failing_sources,omitempty"`
	// Sources are the parts of all sources that were asked.
	Sources []FeedSource `json:"sources,omitempty"`
	Sync    SyncState    `json:"sync"`
}

// SyncState is what a feed sync does at the moment.
type SyncState struct {
	Running bool   `json:"running"`
	Step    string `json:"step,omitempty"`
	Part    string `json:"part,omitempty"`
	Records int    `json:"records,omitempty"`
}

// FeedSource is one part of a source of advisory data.
type FeedSource struct {
	Name     string    `json:"name"`
	Driver   string    `json:"driver"`
	LastSync time.Time `json:"last_sync,omitzero"`
	// Records, and those of them that are in no group.
	Records   int64  `json:"record_count"`
	Ungrouped int64  `json:"ungrouped_count,omitempty"`
	LastError string `json:"last_error,omitempty"`
	Held      bool   `json:"held,omitempty"`
	// Skipped entries, and the first of them in words.
	Skipped  int      `json:"skipped_count,omitempty"`
	Problems []string `json:"problems,omitempty"`
	// Archive names the file that the part was imported from, and its day.
	Archive string `json:"archive,omitempty"`
	// Off says that the server's settings set the source to none, so that nothing of the part counts.
	Off bool `json:"off,omitempty"`
}

// FailingSource is a source of advisory data that failed; its former data stays in force.
type FailingSource struct {
	Name     string    `json:"name"`
	LastSync time.Time `json:"last_sync,omitzero"`
	Error    string    `json:"error"`
	Held     bool      `json:"held,omitempty"`
}

// FeedGroup is one group of a feed.
type FeedGroup struct {
	Name      string    `json:"name"`
	Enabled   bool      `json:"enabled"`
	LastSync  time.Time `json:"last_sync,omitzero"`
	Records   int64     `json:"record_count"`
	LastError string    `json:"last_error,omitempty"`
	Problems  []string  `json:"problems,omitempty"` // records that were refused
	// Archive names the file that its data was imported from, and its day.
	Archive string `json:"archive,omitempty"`
}

// Ready says whether the feed and each enabled group of it has loaded, and that it has one.
func (f *Feed) Ready() bool {
	for _, g := range f.Groups {
		if g.Enabled && g.LastSync.IsZero() {
			return false
		}
	}
	return !f.LastFullSync.IsZero() && len(f.Groups) > 0
}

// Feeds lists the feeds.
func (c *Client) Feeds(ctx context.Context) ([]Feed, error) {
	var list []Feed
	err := c.get(ctx, at("system", "feeds"), &list)
	return list, err
}

// SwitchFeed switches a feed on or off.
func (c *Client) SwitchFeed(ctx context.Context, feed string, on bool) (Feed, error) {
	var f Feed
	err := c.do(ctx, http.MethodPut, at("system", "feeds", feed).flag("enabled", on), nil, &f)
	return f, err
}

// SwitchFeedGroup switches a group of a feed on or off.
func (c *Client) SwitchFeedGroup(ctx context.Context, feed, group string, on bool) (FeedGroup, error) {
	var g FeedGroup
	err := c.do(ctx, http.MethodPut, at("system", "feeds", feed, group).flag("enabled", on), nil, &g)
	return g, err
}

// DeleteFeed deletes the data of a feed that is switched off.
func (c *Client) DeleteFeed(ctx context.Context, feed string) (Feed, error) {
	var f Feed
	err := c.do(ctx, http.MethodDelete, at("system", "feeds", feed), nil, &f)
	return f, err
}

// DeleteFeedGroup deletes the data of a group that is switched off.
func (c *Client) DeleteFeedGroup(ctx context.Context, feed, group string) (FeedGroup, error) {
	var g FeedGroup
	err := c.do(ctx, http.MethodDelete, at("system", "feeds", feed, group), nil, &g)
	return g, err
}

// SyncRequest asks for a feed sync.
type SyncRequest struct {
	Flush, AcceptShrink, NoWait bool
}

// SyncResult is what one feed did.
type SyncResult struct {
	Feed    string        `json:"feed"`
	Status  string        `json:"status"`
	Seconds float64       `json:"total_time_seconds"`
	Groups  []SyncedGroup `json:"groups"`
}

// SyncedGroup is what one group of a feed did.
type SyncedGroup struct {
	Group   string  `json:"group"`
	Status  string  `json:"status"`
	Seconds float64 `json:"total_time_seconds"`
	Records int     `json:"updated_record_count"`
	Images  int     `json:"updated_image_count"`
	Error   string  `json:"error,omitempty"`
	// Problems are records that were refused.
	Problems []string `json:"problems,omitempty"`
}

// Sync syncs the feeds and answers when that has ended, unless NoWait is set.
func (c *Client) Sync(ctx context.Context, s SyncRequest) ([]SyncResult, error) {
	r := at("system", "feeds").flag("flush", s.Flush)
	if s.AcceptShrink {
		r = r.flag("accept_shrink", true)
	}
	if s.NoWait {
		r = r.flag("wait", false)
	}
	var list []SyncResult
	err := c.do(ctx, http.MethodPost, r, nil, &list)
	return list, err
}
