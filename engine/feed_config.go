package engine

import (
	"slices"
	"time"

	"landwaiter.dev/advisory/archive"
	"landwaiter.dev/advisory/feed"
)

// FeedConfig says where advisory data comes from.
type FeedConfig struct {
	// Places by the name of a driver of [feed.Drivers]: URLs, directories or files, mirrors of each other that are asked in
	// this order. A driver without a place is off.
	Places map[string][]string
	// Ecosystems to load, or "all"; empty means all of a directory, and of a URL those that the inventory has.
	Ecosystems []string
	Interval   time.Duration
	// Trust are the keys whose archives are imported.
	Trust []archive.PublicKey
	// Proxy by the name of a driver, with "" for the others: a URL, or "none"; without one the environment decides.
	Proxy map[string]string
}

func (c FeedConfig) on(driver string) bool { return len(c.Places[driver]) > 0 }

func (c FeedConfig) all() bool { return slices.Contains(c.Ecosystems, "all") }

// chosen says that which ecosystems are loaded follows from the images: they are loaded when first seen.
func (c FeedConfig) chosen() bool {
	return len(c.Ecosystems) == 0 && slices.ContainsFunc(feed.Drivers(), func(d feed.Driver) bool {
		return d.Parts != nil && c.on(d.Name) && isURL(c.Places[d.Name][0])
	})
}
