package policy

import (
	"context"
	"time"
)

// patience is how long something that was cancelled may take to end by itself.
const patience = 20 * time.Millisecond

// until runs f, and returns the error of ctx when that was done meanwhile, soon after it was. An evaluation looks at its context
// itself, but not inside of one match of the backtracking engine or one function of an expression; those end within a second,
// and nobody waits for them. after is called when nothing of f runs any more, however it ended, if it began at all or not.
func until(ctx context.Context, f, after func()) error {
	if ctx.Done() == nil {
		defer after()
		f()
		return nil
	}
	if ctx.Err() != nil {
		after()
		return ctx.Err()
	}
	ended := make(chan any, 1)
	go func() {
		defer func() {
			panicked := recover()
			after()
			ended <- panicked
		}()
		f()
	}()
	var panicked any
	select {
	case panicked = <-ended:
	case <-ctx.Done():
		select {
		case panicked = <-ended:
		case <-time.After(patience):
		}
	}
	if panicked != nil {
		panic(panicked)
	}
	return ctx.Err()
}
