package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/engine"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// likelyBundle stops what is likely to be exploited.
const likelyBundle = `{"id":"likely","name":"L","version":"1_0",
	"mappings":[{"id":"m","name":"all","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["one"],"whitelist_ids":[]}],
	"policies":[{"id":"one","name":"one","version":"1_0","rules":[
		{"id":"r1","gate":"exploitability","trigger":"epss","action":"STOP","params":[{"name":"min_score","value":"0.4"}]},
		{"id":"r2","gate":"analysis","trigger":"stale_source","action":"WARN","params":[{"name":"max_days","value":"5"},{"name":"sources","value":"epss"}]}]}],
	"whitelists":[],"whitelisted_images":[],"blacklisted_images":[]}`

// scoreFile is an EPSS file of a day, with rows "CVE,score".
func scoreFile(day string, rows ...string) []byte {
	return []byte("#model_version:v1,score_date:" + day + "T00:00:00+0000\ncve,epss,percentile\n" + strings.Join(rows, ",0.5\n") + ",0.5\n")
}

// A vulnerability has its score from the moment on from which it has a match, whatever came first: the scores, an image, or
// a record; and a verdict that relied on it is the same when it is given again.
func TestScoresOfVulnerabilitiesThatComeAfterThem(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		if _, err := f.Policies.Put(t.Context(), admin, []byte(likelyBundle)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Policies.Activate(t.Context(), admin, "likely"); err != nil {
			t.Fatal(err)
		}
		f.feeds.raw(t, "epss.csv", scoreFile("2026-03-02", "CVE-2026-2000,0.6", "CVE-2026-1000,0.5", "CVE-2026-3000,0.1"))
		f.sync(t, engine.SyncRequest{})
		today := time.Now().UTC().Format(time.DateOnly)
		f.feeds.raw(t, "epss.csv", scoreFile(today, "CVE-2026-2000,0.01", "CVE-2026-1000,0.02"))
		f.sync(t, engine.SyncRequest{})
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		scores := func() string {
			t.Helper()
			v, err := f.Vulns.Of(t.Context(), admin, img.Digest, engine.Moment{})
			if err != nil {
				t.Fatal(err)
			}
			var words []string
			for _, found := range v.Findings {
				if e := v.EPSSOf(&found.Finding); e != nil {
					words = append(words, fmt.Sprint(found.ID, " ", e.Score, " ", e.Day))
				}
			}
			return strings.Join(words, ", ")
		}
		if diff := cmp.Diff("CVE-2026-1000 0.02 "+today, scores()); diff != "" {
			t.Errorf("scores of an image that came after them (-want +got):\n%s", diff)
		}
		// The scores of today count tomorrow; until then those before them do.
		if got := f.action(t, img.Digest, engine.Moment{}); got != "stop" {
			t.Errorf("the verdict is %q, want stop", got)
		}

		// The file of scores is the same; a record that was not there before matches.
		f.feeds.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.0-1", object{"upstream": []string{"CVE-2026-1000"}}),
			record("DEBIAN-CVE-2026-2000", "", object{"upstream": []string{"CVE-2026-2000"}}))
		f.sync(t, engine.SyncRequest{})
		waitFor(t, "end of the evaluations", func() bool {
			live, err := s.LiveJobs(t.Context(), "evaluate")
			return err == nil && live == 0
		})
		if diff := cmp.Diff("CVE-2026-2000 0.01 "+today, scores()); diff != "" {
			t.Errorf("scores after a record came (-want +got):\n%s", diff)
		}
		if got := f.action(t, img.Digest, engine.Moment{}); got != "stop" {
			t.Errorf("the verdict after a record came is %q, want stop", got)
		}

		// Other scores for the day that counts change what is said now, not what was said.
		f.feeds.raw(t, "epss.csv", scoreFile("2026-03-02", "CVE-2026-2000,0.2", "CVE-2026-1000,0.2"))
		f.sync(t, engine.SyncRequest{})
		if got := f.action(t, img.Digest, engine.Moment{}); got == "stop" {
			t.Error("the verdict does not go by the scores that were corrected")
		}
		list, err := f.Evaluations.List(t.Context(), admin, engine.EvaluationFilter{})
		if err != nil || len(list.Evaluations) < 2 {
			t.Fatalf("%d verdicts, %v", len(list.Evaluations), err)
		}
		for _, e := range list.Evaluations {
			if r, err := f.Evaluations.Reproduce(t.Context(), admin, e.ID); err != nil || !r.Equal() {
				t.Errorf("verdict %d (%s) given again: %+v, %v", e.ID, e.Reason, r, err)
			}
		}
	})
}

// Where no scores could be had, stale_source says so, from the first verdict on.
func TestScoresThatCannotBeHadAreStale(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s, func(f *fixture, c *engine.Config) { f.feeds.raw(t, "epss.csv", []byte("<html>")) })
		if _, err := f.Policies.Put(t.Context(), admin, []byte(likelyBundle)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Policies.Activate(t.Context(), admin, "likely"); err != nil {
			t.Fatal(err)
		}
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		if got := f.action(t, f.add(t, "1").Digest, engine.Moment{}); got != "warn" {
			t.Errorf("the verdict is %q, want warn", got)
		}
	})
}
