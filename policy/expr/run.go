package expr

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// ErrTimeout says that time ran out on the wall clock.
var ErrTimeout = errors.New("the expression took too long and was ended")

// maxRowText is the longest text of a list that an expression may give, in bytes; maxTexts how many there may be.
const (
	maxRowText = 4096
	maxTexts   = 20_000
)

// Result is the answer of an expression: a truth, or texts.
type Result struct {
	True    bool
	IsTexts bool
	Texts   []string
}

// Run evaluates the expression over what [Document.Bind] gave, which it changes in no way that another run would see, until
// ctx is done, or until the deadline on the wall clock; a zero one is never. The error is that of ctx, or wraps [ErrTimeout] when
// time ran out; any other is the expression's fault, and the same whenever it is run.
func (e *Expression) Run(ctx context.Context, values map[string]any, deadline time.Time) (result Result, err error) {
	defer func() {
		if p := recover(); p != nil { // the library's fault, which must not be ours
			result, err = Result{}, fmt.Errorf("the expression failed: %.300s", fmt.Sprint(p))
		}
	}()
	timed := ctx
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		timed, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	values[budgetName] = &budget{left: maxCost, ctx: ctx, deadline: deadline}
	out, _, err := e.program.ContextEval(timed, values)
	switch {
	case ctx.Err() != nil:
		return Result{}, ctx.Err()
	case err != nil && (timed.Err() != nil || isCancelled(err, interpreter.ContextCancelled)):
		return Result{}, ErrTimeout
	case err != nil && isCancelled(err, interpreter.CostLimitExceeded):
		return Result{}, fmt.Errorf("the expression costs more than %d steps on this image, which is the most that is allowed", maxCost)
	case err != nil:
		return Result{}, fmt.Errorf("the expression failed: %.300s", err.Error())
	}
	if !e.texts {
		return Result{True: out == types.True}, nil
	}
	return texts(out)
}

func isCancelled(err error, why interpreter.CancellationCause) bool {
	e, ok := errors.AsType[interpreter.EvalCancelledError](err)
	return ok && e.Cause == why
}

func texts(out ref.Val) (Result, error) {
	l, ok := out.(traits.Lister)
	if !ok {
		return Result{}, fmt.Errorf("the expression gave %s and no list", out.Type().TypeName())
	}
	r := Result{IsTexts: true}
	for it := l.Iterator(); it.HasNext() == types.True; {
		s, ok := it.Next().(types.String)
		switch {
		case !ok:
			return Result{}, errors.New("the expression gave a list of what is no text")
		case len(s) > maxRowText:
			return Result{}, fmt.Errorf("the expression gave a text of %d bytes; %d are allowed", len(s), maxRowText)
		case len(r.Texts) == maxTexts:
			return Result{}, fmt.Errorf("the expression gave more than %d texts, which is the most that is allowed", maxTexts)
		}
		r.Texts = append(r.Texts, string(s))
	}
	return r, nil
}
