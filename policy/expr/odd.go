package expr

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// Odd is a text that a field is compared with and never has.
type Odd struct {
	// Field with its type, as "Finding.severity".
	Field, Value string
}

// Oddities are the texts in an expression with which fields are compared that do not have them; known are the texts that a field
// can have. None of an expression that is not valid.
func Oddities(text string, known map[string][]string) (list []Odd) {
	defer func() {
		if recover() != nil { // the library's fault, which must not be ours
			list = nil
		}
	}()
	language, err := environment()
	if err != nil || len(text) > MaxText {
		return nil
	}
	checked, issues := language.Compile(text)
	if issues.Err() != nil {
		return nil
	}
	tree := checked.NativeRep()
	compare := func(field, with ast.Expr) {
		if field.Kind() != ast.SelectKind {
			return
		}
		owner := tree.GetType(field.AsSelect().Operand().ID())
		if owner == nil {
			return
		}
		name := typeOf(owner.TypeName()) + "." + field.AsSelect().FieldName()
		words, has := known[name]
		if !has {
			return
		}
		values := []ast.Expr{with}
		if with.Kind() == ast.ListKind {
			values = with.AsList().Elements()
		}
		for _, v := range values {
			if v.Kind() != ast.LiteralKind {
				continue
			}
			if s, ok := v.AsLiteral().Value().(string); ok && s != "" && !slices.Contains(words, s) {
				list = append(list, Odd{name, s})
			}
		}
	}
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() != ast.CallKind || len(x.AsCall().Args()) != 2 {
			return
		}
		args := x.AsCall().Args()
		switch x.AsCall().FunctionName() {
		case operators.Equals, operators.NotEquals:
			compare(args[0], args[1])
			compare(args[1], args[0])
		case operators.In:
			compare(args[0], args[1])
		}
	}))
	return list
}
