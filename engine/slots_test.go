package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/policy"
)

// A slot counts as taken until nothing of an evaluation runs any more, however long ago whoever asked for it went away.
func TestAbandonedEvaluationsKeepTheirSlot(t *testing.T) {
	t.Parallel()
	b, err := policy.Load(encode(map[string]any{
		"id": "p", "version": "1_0",
		"mappings": []any{map[string]any{"name": "all", "registry": "*", "repository": "*", "policy_ids": []string{"one"}, "image": map[string]string{"type": "tag", "value": "*"}}},
		"policies": []any{map[string]any{"id": "one", "version": "1_0", "rules": []any{map[string]any{"gate": "files", "trigger": "suid_or_guid_set", "action": "STOP"}}}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	s := newSlots(1)
	began, goOn := make(chan struct{}), make(chan struct{})
	stuck := policy.Input{Tag: "r.example/a:1", Files: func() []image.File {
		close(began)
		<-goOn
		return nil
	}}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	if _, err := s.evaluate(ctx, 0, b, stuck); !errors.Is(err, context.Canceled) {
		t.Fatalf("the first: %v", err)
	}
	in := policy.Input{Tag: "r.example/a:1"}
	_, err = s.evaluate(t.Context(), time.Millisecond, b, in)
	if e, ok := errors.AsType[*Error](err); !ok || e.Class != ClassUnavailable || e.Code != "busy" {
		t.Fatalf("while the first still runs: %v", err)
	}
	short, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	if _, err := s.evaluate(short, 0, b, in); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("with a context that ends: %v", err)
	}
	close(goOn)
	for range 3 { // and each gives its slot back
		if e, err := s.evaluate(t.Context(), time.Minute, b, in); err != nil || e.FinalAction != policy.Go {
			t.Fatalf("after the first ended: %v", err)
		}
	}
	ended, gone := context.WithCancel(t.Context())
	gone()
	_, _ = s.evaluate(ended, 0, b, in)
	if _, err := s.evaluate(t.Context(), time.Minute, b, in); err != nil {
		t.Fatalf("after one that was cancelled before: %v", err)
	}
}
