package engine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/internal/testkit/storetest"
)

// A rule that may answer differently each day does not leave a verdict each day: one that comes out again is confirmed, and is
// reproduced as it was made.
func TestVerdictsThatComeOutAgainAreConfirmed(t *testing.T) {
	t.Parallel()
	bundle := encode(map[string]any{
		"id": "p", "version": "1_0",
		"mappings": []any{map[string]any{"name": "all", "registry": "*", "repository": "*", "policy_ids": []string{"one"}, "image": map[string]string{"type": "tag", "value": "*"}}},
		"policies": []any{map[string]any{"id": "one", "version": "1_0", "rules": []any{map[string]any{"gate": "expression", "trigger": "matches", "action": "STOP", "params": []any{
			map[string]string{"name": "expression", "value": `now >= timestamp("2026-03-06T00:00:00Z")`},
		}}}}},
	})
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			v := newVerdicts(t, d)
			v.has("a", "1")
			_, err := v.e.Policies.Put(v.ctx, admin, bundle)
			v.must(err)
			v.clock.Set(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC))
			v.work(t)
			first := v.list(EvaluationFilter{Limit: 1})[0]
			if want := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC); !first.NextAt.Equal(want) || first.FinalAction != "go" {
				t.Fatalf("got %+v", first)
			}
			day := func(n int) []string {
				v.clock.Set(time.Date(2026, 3, n, 1, 0, 0, 0, time.UTC))
				v.due()
				return v.work(t)
			}
			for n := 2; n < 6; n++ {
				if made := day(n); len(made) > 0 {
					t.Errorf("day %d: made %q", n, made)
				}
				e := v.list(EvaluationFilter{Limit: 1})[0]
				if e.ID != first.ID || !e.EvaluatedAt.Equal(first.EvaluatedAt) || !e.NextAt.Equal(time.Date(2026, 3, n+1, 0, 0, 0, 0, time.UTC)) {
					t.Errorf("day %d: got %+v", n, e)
				}
				if due, err := v.store.DueEvaluations(v.ctx, v.clock.Now(), 10); err != nil || len(due) > 0 {
					t.Errorf("day %d: %d are due again, %v", n, len(due), err)
				}
				r, err := v.e.Evaluations.Reproduce(v.ctx, admin, first.ID)
				v.must(err)
				if !r.Equal() {
					t.Errorf("day %d: it is not reproduced: %+v", n, r.Differences)
				}
			}
			if diff := cmp.Diff([]string{"time"}, day(6)); diff != "" {
				t.Error(diff)
			}
			last := v.list(EvaluationFilter{Limit: 1})[0]
			if last.FinalAction != "stop" || last.ID == first.ID {
				t.Errorf("got %+v", last)
			}
			// Who asks gets a verdict of today's.
			c, err := v.e.Checks.Check(v.ctx, admin, CheckRequest{Digest: first.ImageDigest, Tag: first.Tag})
			v.must(err)
			if got := c.Evaluations[0].Header; got.ID <= last.ID {
				t.Errorf("got %+v", got)
			}
		})
	}
}
