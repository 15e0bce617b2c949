package engine

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"

	"landwaiter.dev/policy"
)

// evaluationPatience is how long a request waits for a slot before it is told to come again.
const evaluationPatience = 30 * time.Second

// evaluationsAtOnce is how many evaluations a node has under way at once: some wait for the database while others compute.
func evaluationsAtOnce() int { return 2 * runtime.GOMAXPROCS(0) }

// slots bounds how many evaluations are under way at once, and with them the memory that they take. A nil one does not.
type slots struct{ free *semaphore.Weighted }

func newSlots(n int) *slots { return &slots{semaphore.NewWeighted(int64(n))} }

// evaluate evaluates when there is a slot, which is given back when nothing of the evaluation runs any more: one that was
// cancelled may go on for a while. Slots are given in the order in which they were asked for. A patience of 0 waits until ctx
// is done.
func (s *slots) evaluate(ctx context.Context, patience time.Duration, b *policy.Bundle, in policy.Input) (*policy.Evaluation, error) {
	if s == nil {
		return b.Evaluate(ctx, in)
	}
	waiting, cancel := ctx, context.CancelFunc(func() {})
	if patience > 0 {
		waiting, cancel = context.WithTimeout(ctx, patience)
	}
	err := s.free.Acquire(waiting, 1)
	cancel()
	switch {
	case ctx.Err() != nil:
		if err == nil {
			s.free.Release(1)
		}
		return nil, fmt.Errorf("the evaluation did not begin: %w", ctx.Err())
	case err != nil:
		return nil, Errorf(ClassUnavailable, "busy", "as many evaluations are under way as this node makes at once, and none ended within %v; try again later", patience)
	}
	in.Ended = func() { s.free.Release(1) }
	return b.Evaluate(ctx, in)
}
