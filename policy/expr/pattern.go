package expr

import (
	"fmt"
	"regexp"
	"regexp/syntax"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/overloads"
)

// pattern is a regular expression and about how many instructions its program has.
type pattern struct {
	re   *regexp.Regexp
	size int
}

// compilePattern weighs a regular expression as it is written, before repetitions are written out.
func compilePattern(text string) (*pattern, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("a regular expression of %d bytes is too large; %d are allowed", len(text), MaxText)
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("regular expression: %w", err)
	}
	size := programSize(tree)
	if size > maxPattern {
		return nil, fmt.Errorf("the regular expression %.60q is too large: it has about %d instructions; %d are allowed", text, size, maxPattern)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("regular expression: %w", err)
	}
	return &pattern{re, size}, nil
}

// programSize is about how many instructions a tree becomes. Repetitions in each other are few: the parser allows 1000 in all.
func programSize(tree *syntax.Regexp) int {
	size := 1
	switch tree.Op {
	case syntax.OpLiteral:
		return len(tree.Rune)
	case syntax.OpCapture, syntax.OpAlternate:
		size = 2
	}
	for _, sub := range tree.Sub {
		size += programSize(sub)
	}
	if tree.Op == syntax.OpRepeat {
		return size*max(1, tree.Max, tree.Min) + 2
	}
	return size
}

// patterns checks the regular expressions that an expression spells out.
type patterns struct{}

// Name implements [cel.ASTValidator].
func (patterns) Name() string { return "landwaiter.patterns" }

// Validate implements [cel.ASTValidator].
func (patterns) Validate(_ *cel.Env, _ cel.ValidatorConfig, a *ast.AST, issues *cel.Issues) {
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() != ast.CallKind || x.AsCall().FunctionName() != overloads.Matches {
			return
		}
		args := x.AsCall().Args()
		if len(args) == 0 || args[len(args)-1].Kind() != ast.LiteralKind {
			return
		}
		last := args[len(args)-1]
		if text, ok := last.AsLiteral().Value().(string); ok {
			if _, err := compilePattern(text); err != nil {
				issues.ReportErrorAtID(last.ID(), "%s", err.Error())
			}
		}
	}))
}
