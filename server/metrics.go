package server

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"landwaiter.dev/engine"
	v1 "landwaiter.dev/server/v1"
	"landwaiter.dev/store"
)

// Metric is one that GET /metrics gives.
type Metric struct {
	Name, Help string
	Labels     []string

	of func(*engine.FeedState, func(value float64, labels ...string))
}

// Metrics are all of them. They are read from the store when they are asked for, so that every node gives the same.
var Metrics = []Metric{
	{"landwaiter_feed_revision", "Number of the present state of the advisory data.", nil, func(f *engine.FeedState, put func(float64, ...string)) { put(float64(f.Revision)) }},
	{"landwaiter_feed_enabled", "1 unless the feed is switched off.", nil, func(f *engine.FeedState, put func(float64, ...string)) { put(number(f.Enabled)) }},
	{"landwaiter_feed_sync_running", "1 while a sync runs or waits to run.", nil, func(f *engine.FeedState, put func(float64, ...string)) { put(number(f.Sync.Running)) }},
	{"landwaiter_feed_last_full_sync_timestamp_seconds", "When a sync last ended without a source that failed; not there before the first.", nil, func(f *engine.FeedState, put func(float64, ...string)) {
		if !f.LastFullSync.IsZero() {
			put(float64(f.LastFullSync.Unix()))
		}
	}},
	{"landwaiter_feed_group_records", "Records of a group.", []string{"group"}, groups(func(g group) float64 { return float64(g.Records) })},
	{"landwaiter_feed_group_enabled", "1 unless a group is switched off.", []string{"group"}, groups(func(g group) float64 { return number(g.Enabled) })},
	{"landwaiter_feed_group_failed", "1 where the last sync of a group failed and its former data is in force.", []string{"group"}, groups(func(g group) float64 { return number(g.LastError != "") })},
	{"landwaiter_feed_group_last_sync_timestamp_seconds", "When a group was last known to be what its sources have; 0 when never.", []string{"group"}, groups(func(g group) float64 { return seconds(g.LastSync) })},
	{"landwaiter_feed_source_records", "Records of a part of a source.", []string{"source", "driver"}, parts(func(s part) float64 { return float64(s.Records) })},
	{"landwaiter_feed_source_skipped", "Entries of a part of a source that were skipped or taken with a doubt.", []string{"source", "driver"}, parts(func(s part) float64 { return float64(s.Skipped) })},
	{"landwaiter_feed_source_failed", "1 where a part of a source could not be used when it was last asked.", []string{"source", "driver"}, parts(func(s part) float64 { return number(s.Error != "") })},
	{"landwaiter_feed_source_held", "1 where a part of a source lost more than half and waits for somebody who accepts that.", []string{"source", "driver"}, parts(func(s part) float64 { return number(s.Held) })},
	{"landwaiter_feed_source_last_sync_timestamp_seconds", "When a part of a source was last loaded or found unchanged; 0 when never.", []string{"source", "driver"}, parts(func(s part) float64 { return seconds(s.LastSync) })},
}

// metrics answers GET /metrics in the form of Prometheus.
func metrics(feeds v1.Feeds) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(&collector{r.Context(), feeds})
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	}
}

// collector reads the state once for one request.
type collector struct {
	ctx   context.Context
	feeds v1.Feeds
}

// Describe names nothing: the labels are not known before.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect gives all metrics, or the failure to read them.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	state, err := c.feeds.State(c.ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		return
	}
	for i := range state {
		for _, m := range Metrics {
			desc := prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
			m.of(&state[i], func(value float64, labels ...string) {
				out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
			})
		}
	}
}

type (
	group = store.FeedGroup
	part  = engine.FeedSource
)

func groups(value func(group) float64) func(*engine.FeedState, func(float64, ...string)) {
	return func(f *engine.FeedState, put func(float64, ...string)) {
		for _, g := range f.Groups {
			put(value(g), g.Group)
		}
	}
}

func parts(value func(part) float64) func(*engine.FeedState, func(float64, ...string)) {
	return func(f *engine.FeedState, put func(float64, ...string)) {
		for _, s := range f.Sources {
			put(value(s), s.Name, s.Driver)
		}
	}
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}
