package expr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// The library counts costs itself, on a stack that is searched for each step: an expression over some thousand findings
// becomes quadratic by that. So steps are counted here: one for each variable that is read and each function that is
// called, and more for longer texts and lists. Every round of a loop reads a variable, so every loop ends. What a function
// will do is counted before it does it, from its arguments.

// Limits of what one function may make.
const (
	maxMadeText = 1 << 20 // bytes
	maxMadeList = 1_000_000
)

// budgetName is where the evaluation finds its budget; no expression can name it.
const budgetName = "@budget"

var (
	errTooCostly = errors.New("too many steps")
	errLongText  = errors.New("it makes a text longer than 1 MiB, which is the most that is allowed")
	errLongList  = fmt.Errorf("it makes a list of more than %d elements, which is the most that is allowed", maxMadeList)
)

// budget is what is left of one evaluation.
type budget struct {
	left     int
	ctx      context.Context
	deadline time.Time
	unseen   int // steps since the clock was looked at
}

func budgetOf(frame *interpreter.ExecutionFrame) *budget {
	found, _ := frame.ResolveName(budgetName)
	if b, ok := found.(*budget); ok {
		return b
	}
	return &budget{left: maxCost} // while the library plans
}

// take takes steps; the evaluation ends when nothing is left, or no time.
func (b *budget) take(steps int) {
	b.left -= steps
	if b.left < 0 {
		panic(interpreter.EvalCancelledError{Message: errTooCostly.Error(), Cause: interpreter.CostLimitExceeded})
	}
	if b.unseen += steps; b.unseen >= 10_000 {
		b.unseen = 0
		b.end(b.over())
	}
}

// over says why the evaluation must end; nil when it need not.
func (b *budget) over() error {
	switch {
	case b.ctx != nil && b.ctx.Err() != nil:
		return b.ctx.Err()
	case !b.deadline.IsZero() && time.Now().After(b.deadline):
		return ErrTimeout
	}
	return nil
}

// end ends the evaluation because of an error, unless that is nil.
func (b *budget) end(err error) {
	if err != nil {
		panic(interpreter.EvalCancelledError{Message: err.Error(), Cause: interpreter.ContextCancelled})
	}
}

// charge takes what a value costs.
func (b *budget) charge(v ref.Val) {
	switch v := v.(type) {
	case types.String:
		b.take(1 + len(v)/4)
	case types.Bytes:
		b.take(1 + len(v)/4)
	case traits.MutableLister: // what a loop is gathering
		b.take(1)
	case traits.Sizer:
		b.take(1 + size(v))
	default:
		b.take(1)
	}
}

func size(v traits.Sizer) int {
	n, _ := v.Size().(types.Int)
	return int(n)
}

// before takes what a function will cost beside its result, and refuses what would become too large.
func (b *budget) before(function string, args []ref.Val) error {
	switch function {
	case operators.Add:
		return b.beforeAdd(args)
	case operators.Equals, operators.NotEquals, operators.In:
		if _, ok := args[1].(traits.Mapper); ok && function == operators.In {
			return nil // looked up, not gone through
		}
		for _, a := range args {
			b.walk(a)
		}
		return nil
	}
	var texts []string
	for _, a := range args {
		s, ok := a.(types.String)
		if !ok {
			break
		}
		b.take(len(s) / 16)
		texts = append(texts, string(s))
	}
	switch {
	case function == "replace" && len(texts) == 3:
		n := limited(strings.Count(texts[0], texts[1]), args[3:])
		made := len(texts[0]) + n*(len(texts[2])-len(texts[1]))
		if made > maxMadeText {
			return errLongText
		}
		b.take(made / 4)
	case function == "split" && len(texts) == 2:
		n := strings.Count(texts[0], texts[1]) + 1
		if texts[1] == "" {
			n = utf8.RuneCountInString(texts[0])
		}
		if n = limited(n, args[2:]); n > maxMadeList {
			return errLongList
		}
		b.take(n)
	case (function == "indexOf" || function == "lastIndexOf") && len(texts) == 2:
		b.take(len(texts[0]) * len(texts[1]) / 64)
	}
	return nil
}

// limited is how often something is done that an argument may limit; one below zero does not.
func limited(n int, limit []ref.Val) int {
	if len(limit) == 1 {
		if l, ok := limit[0].(types.Int); ok && l >= 0 && int64(l) < int64(n) {
			return int(l)
		}
	}
	return n
}

func (b *budget) beforeAdd(args []ref.Val) error {
	switch left := args[0].(type) {
	case types.String:
		if right, ok := args[1].(types.String); ok && len(left)+len(right) > maxMadeText {
			return errLongText
		}
	case types.Bytes:
		if right, ok := args[1].(types.Bytes); ok && len(left)+len(right) > maxMadeText {
			return errLongText
		}
	case traits.Lister:
		if right, ok := args[1].(traits.Lister); ok && size(left)+size(right) > maxMadeList {
			return errLongList
		}
	}
	return nil
}

// walk takes a step for each element of lists and maps in each other: comparing goes through all of them.
func (b *budget) walk(v ref.Val) {
	var it traits.Iterator
	switch v := v.(type) {
	case traits.Mapper:
		for it = v.Iterator(); it.HasNext() == types.True; {
			b.take(1)
			if value, ok := v.Find(it.Next()); ok {
				b.walk(value)
			}
		}
	case traits.Lister:
		for it = v.Iterator(); it.HasNext() == types.True; {
			b.take(1)
			b.walk(it.Next())
		}
	case types.String:
		b.take(len(v) / 16)
	case types.Bytes:
		b.take(len(v) / 16)
	}
}

// countSteps is the decorator that makes a plan charge for its steps.
func countSteps(bound map[string]*functions.Overload) interpreter.InterpretableDecoratorV2 {
	return func(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
		switch step := i.(type) {
		case *countedVariable, *countedCall, *call:
			return i, nil
		case interpreter.InterpretableAttribute:
			return &countedVariable{step}, nil
		case interpreter.InterpretableCall:
			return newCall(step, bound)
		}
		return i, nil
	}
}

type countedVariable struct {
	interpreter.InterpretableAttribute
}

func (c *countedVariable) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := c.InterpretableAttribute.Exec(frame)
	budgetOf(frame).charge(v)
	return v
}

func (c *countedVariable) Eval(vars interpreter.Activation) ref.Val {
	return c.Exec(interpreter.AsFrame(vars))
}

type countedCall struct{ interpreter.InterpretableCall }

func (c *countedCall) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := c.InterpretableCall.Exec(frame)
	budgetOf(frame).charge(v)
	return v
}

func (c *countedCall) Eval(vars interpreter.Activation) ref.Val {
	return c.Exec(interpreter.AsFrame(vars))
}
