package expr

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"

	"landwaiter.dev/internal/longmatch"
)

// call is a function call that pays before it works: the library's own calls evaluate arguments and function in one go, so
// nothing could be counted between them.
type call struct {
	planned interpreter.InterpretableCall
	args    []interpreter.InterpretableV2
	do      *functions.Overload
	// pattern is that of a call of matches with a literal.
	pattern *pattern
}

// bindings are the functions of a language by overload, and by name where the overload is open.
func bindings(language *cel.Env) (map[string]*functions.Overload, error) {
	all := map[string]*functions.Overload{}
	for name, declared := range language.Functions() {
		bound, err := declared.Bindings()
		if err != nil {
			return nil, fmt.Errorf("functions named %s: %w", name, err)
		}
		for _, b := range bound {
			all[b.Operator] = b
		}
	}
	return all, nil
}

// newCall puts a paying call in the place of a planned one.
func newCall(c interpreter.InterpretableCall, bound map[string]*functions.Overload) (interpreter.InterpretableV2, error) {
	args := c.Args()
	if len(args) == 0 {
		return &countedCall{c}, nil
	}
	constant := func(i int) bool { _, ok := args[i].(interpreter.InterpretableConst); return ok }
	switch {
	case len(args) == 1 && overloads.IsTypeConversionFunction(c.Function()) && constant(0),
		c.OverloadID() == overloads.InList && constant(1): // the library works these out while it plans
		return &countedCall{c}, nil
	}
	n := &call{planned: c, args: args}
	if c.Function() == overloads.Matches && len(args) == 2 && constant(1) {
		if text, ok := args[1].(interpreter.InterpretableConst).Value().(types.String); ok {
			p, err := compilePattern(string(text))
			if err != nil {
				return nil, err
			}
			n.pattern = p
		}
	}
	if n.do = bound[c.OverloadID()]; n.do == nil {
		n.do = bound[c.Function()]
	}
	return n, nil
}

func (c *call) ID() int64 { return c.planned.ID() }

func (c *call) Eval(vars interpreter.Activation) ref.Val { return c.Exec(interpreter.AsFrame(vars)) }

func (c *call) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	strict := c.do == nil || !c.do.NonStrict
	vals := make([]ref.Val, len(c.args))
	for i, arg := range c.args {
		vals[i] = arg.Exec(frame)
		if strict && types.IsUnknownOrError(vals[i]) {
			return vals[i]
		}
	}
	b := budgetOf(frame)
	if err := b.before(c.planned.Function(), vals); err != nil {
		return types.WrapErr(err)
	}
	v := types.LabelErrNode(c.ID(), c.result(b, vals))
	b.charge(v)
	return v
}

func (c *call) result(b *budget, vals []ref.Val) ref.Val {
	switch c.planned.Function() {
	case operators.Equals:
		return types.Equal(vals[0], vals[1])
	case operators.NotEquals:
		return types.Bool(types.Equal(vals[0], vals[1]) != types.True)
	case overloads.Matches:
		return c.matches(b, vals)
	}
	if do := c.do; do != nil && (do.OperandTrait == 0 || types.IsUnknownOrError(vals[0]) || vals[0].Type().HasTrait(do.OperandTrait)) {
		switch {
		case len(vals) == 1 && do.Unary != nil:
			return do.Unary(vals[0])
		case len(vals) == 2 && do.Binary != nil:
			return do.Binary(vals[0], vals[1])
		case do.Function != nil:
			return do.Function(vals...)
		}
	}
	if r, ok := vals[0].(traits.Receiver); ok {
		return r.Receive(c.planned.Function(), c.planned.OverloadID(), vals[1:])
	}
	return types.NewErr("no such overload: %s", c.planned.Function())
}

func (c *call) matches(b *budget, vals []ref.Val) ref.Val {
	text, ok := vals[0].(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(vals[0])
	}
	p := c.pattern
	if p == nil {
		written, ok := vals[1].(types.String)
		if !ok {
			return types.MaybeNoSuchOverloadErr(vals[1])
		}
		b.take(10 * len(written))
		var err error
		if p, err = compilePattern(string(written)); err != nil {
			return types.WrapErr(err)
		}
	}
	b.take(len(text) * p.size / 32)
	matched, err := longmatch.Match(p.re, string(text), b.over)
	b.end(err)
	return types.Bool(matched)
}
