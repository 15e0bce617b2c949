package expr

import (
	"errors"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// The library counts costs itself, on a stack that is searched for each step: an expression over some thousand findings
// becomes quadratic by that. So steps are counted here: one for each variable that is read and each function that is
// called, and more for longer texts and lists. Every round of a loop reads a variable, so every loop ends.

// budgetName is where the evaluation finds its budget; no expression can name it.
const budgetName = "@budget"

var errTooCostly = errors.New("too many steps")

// budget is what is left of one evaluation.
type budget struct{ left int }

// charge takes what a value costs; the evaluation ends when nothing is left.
func charge(frame *interpreter.ExecutionFrame, v ref.Val) {
	found, _ := frame.ResolveName(budgetName)
	b, ok := found.(*budget)
	if !ok {
		return
	}
	switch v := v.(type) {
	case types.String:
		b.left -= 1 + len(v)/4
	case types.Bytes:
		b.left -= 1 + len(v)/4
	case traits.MutableLister: // what a loop is gathering
		b.left--
	case traits.Sizer:
		n, _ := v.Size().(types.Int)
		b.left -= 1 + int(n)
	default:
		b.left--
	}
	if b.left < 0 {
		panic(interpreter.EvalCancelledError{Message: errTooCostly.Error(), Cause: interpreter.CostLimitExceeded})
	}
}

// countSteps is the decorator that makes a plan charge for its steps.
func countSteps(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	switch step := i.(type) {
	case *countedVariable, *countedCall:
		return i, nil
	case interpreter.InterpretableAttribute:
		return &countedVariable{step}, nil
	case interpreter.InterpretableCall:
		return &countedCall{step}, nil
	}
	return i, nil
}

type countedVariable struct {
	interpreter.InterpretableAttribute
}

func (c *countedVariable) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := c.InterpretableAttribute.Exec(frame)
	charge(frame, v)
	return v
}

func (c *countedVariable) Eval(vars interpreter.Activation) ref.Val {
	return c.Exec(interpreter.AsFrame(vars))
}

type countedCall struct{ interpreter.InterpretableCall }

func (c *countedCall) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := c.InterpretableCall.Exec(frame)
	charge(frame, v)
	return v
}

func (c *countedCall) Eval(vars interpreter.Activation) ref.Val {
	return c.Exec(interpreter.AsFrame(vars))
}
