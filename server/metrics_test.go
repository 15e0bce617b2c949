package server_test

import (
	"strings"
	"testing"

	"landwaiter.dev/internal/testkit/docblock"
	"landwaiter.dev/server"
	"landwaiter.dev/server/servertest"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	h := servertest.New().Handler()
	status, header, body := ask(t, h, "GET /metrics", "")
	if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %s\n%s", status, header.Get("Content-Type"), body)
	}
	for _, line := range []string{
		`landwaiter_feed_revision 3`,
		`landwaiter_feed_group_records{group="debian:12"} 31250`,
		`landwaiter_feed_group_failed{group="debian:12"} 0`,
		`landwaiter_feed_group_failed{group="github:python"} 1`,
		`landwaiter_feed_group_last_sync_timestamp_seconds{group="debian:12"} 1.7145648e+09`,
		`landwaiter_feed_source_held{driver="osv",source="Debian"} 1`,
		`landwaiter_feed_sync_running 1`,
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("no line %q in\n%s", line, body)
		}
	}
	if status, _, _ := ask(t, h, "GET /metrics", "", without); status != 401 {
		t.Errorf("without credentials: %d, want 401", status)
	}
}

func TestDocumentedMetrics(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(docblock.Head("metric", "labels", "meaning"))
	for _, m := range server.Metrics {
		b.WriteString(docblock.Row(docblock.Code(m.Name), strings.Join(m.Labels, ", "), docblock.Cell(m.Help)))
	}
	docblock.Check(t, "operating.md", "metrics", b.String())
}
