package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"landwaiter.dev/internal/testkit/storetest"
)

// Whatever asks for a verdict and goes away, or runs out of its time, leaves none.
func TestCancelledVerdictsAreNotKept(t *testing.T) {
	t.Parallel()
	grown := `["aaaaaaaaaa"` + strings.Repeat(`.replace('a', 'aaaaaaaaaa')`, 5) + `]`
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			v := newVerdicts(t, d)
			v.has("a", "1")
			v.work(t)
			before := len(v.list(EvaluationFilter{}))
			slow := encode(map[string]any{
				"id": "p", "version": "1_0",
				"mappings": []any{map[string]any{"name": "all", "registry": "*", "repository": "*", "policy_ids": []string{"one"}, "image": map[string]string{"type": "tag", "value": "*"}}},
				"policies": []any{map[string]any{"id": "one", "version": "1_0", "rules": []any{map[string]any{"gate": "expression", "trigger": "matches", "action": "STOP", "params": []any{
					map[string]string{"name": "expression", "value": strings.ReplaceAll(grown, `"`, `'`) + `.exists(s, s.matches('(a?){40}b'))`},
				}}}}},
			})
			_, err := v.e.Policies.Put(v.ctx, admin, slow)
			v.must(err)
			row := v.images["a"].row
			for name, ask := range map[string]func(ctx context.Context) error{
				"check": func(ctx context.Context) error {
					_, err := v.e.Checks.Check(ctx, admin, CheckRequest{Digest: row.Digest, Tag: "r.example/app:1"})
					return err
				},
				"job": func(ctx context.Context) error { return v.evaluator.image(ctx, row.ID, "bundle") },
				"simulation": func(ctx context.Context) error {
					_, err := v.e.Simulations.Run(ctx, admin, SimulateRequest{Document: bundleText("low", "2026-03-05T00:00:00Z")}, func(s *Simulated) error { return s.Err })
					return err
				},
			} {
				ctx, cancel := context.WithTimeout(v.ctx, 300*time.Millisecond)
				err := ask(ctx)
				cancel()
				if err == nil || !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "interrupted") {
					t.Errorf("%s: got %v", name, err)
				}
			}
			if after := len(v.list(EvaluationFilter{})); after != before {
				t.Errorf("%d verdicts are kept, there were %d", after, before)
			}
		})
	}
}
