package expr

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/ext"
)

// Limits of an expression. What an expression of this size and cost can do ends soon and stays small, whatever it is.
const (
	// MaxText is the longest expression in bytes.
	MaxText = 4096
	// maxNodes of the syntax tree, macros written out; maxDepth of one in the other.
	maxNodes = 1000
	maxDepth = 60
	// maxEstimate is the most that an expression may cost by its form, for the largest images that are thought of;
	// maxCost what it may cost when it runs, counted as in budget.go.
	maxEstimate = 3_000_000_000
	maxCost     = 10_000_000
	// maxPattern bounds the program of a regular expression, in instructions.
	maxPattern = 300
	// maxErrors that are told of one expression.
	maxErrors = 3
)

// Expression is a compiled expression. It is safe for concurrent use.
type Expression struct {
	program cel.Program
	texts   bool
	names   map[string]bool
}

// UsesTime says that the answer may change from day to day though nothing but time has changed.
func (e *Expression) UsesTime() bool { return e.names[now] }

// Uses says whether the expression names a variable or a field.
func (e *Expression) Uses(name string) bool { return e.names[name] }

// environment is the language with the types of the document.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	// Names of time zones would be looked up on the machine that evaluates.
	var excluded []*env.Function
	for _, name := range []string{"getFullYear", "getMonth", "getDayOfYear", "getDate", "getDayOfMonth", "getDayOfWeek", "getHours", "getMinutes", "getSeconds", "getMilliseconds"} {
		excluded = append(excluded, env.NewFunction(name, zoned(name)...))
	}
	types := []any{ext.ParseStructTags(true)}
	var options []cel.EnvOption
	for i := range variables {
		types = append(types, variables[i].of)
		options = append(options, cel.Variable(variables[i].name, variables[i].celType()))
	}
	types = append(types, reflect.TypeFor[Layer]())
	return cel.NewCustomEnv(append(options,
		cel.StdLib(cel.StdLibSubset(env.NewLibrarySubset().AddExcludedFunctions(excluded...))),
		cel.DefaultUTCTimeZone(true), cel.CrossTypeNumericComparisons(true),
		ext.Strings(ext.StringsVersion(0)),
		ext.NativeTypes(types...),
		cel.Variable(now, cel.TimestampType),
		cel.ParserExpressionSizeLimit(MaxText), cel.ParserRecursionLimit(maxDepth), cel.ExpressionNodeLimit(maxNodes),
		cel.ParserErrorRecoveryLimit(4),
		cel.ASTValidators(patterns{}, cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateHomogeneousAggregateLiterals()),
	)...)
})

var functionsOf = sync.OnceValues(func() (map[string]*functions.Overload, error) {
	language, err := environment()
	if err != nil {
		return nil, err
	}
	return bindings(language)
})

// Compile reads and checks an expression: it must be true or false, or a list of texts. The error says where it is wrong and
// what could be meant.
func Compile(text string) (e *Expression, err error) {
	defer func() {
		if p := recover(); p != nil { // the library's fault, which must not be ours
			e, err = nil, fmt.Errorf("the expression cannot be read: %.300s", fmt.Sprint(p))
		}
	}()
	switch {
	case len(text) > MaxText:
		return nil, fmt.Errorf("the expression has %d bytes; %d are allowed", len(text), MaxText)
	case !utf8.ValidString(text):
		return nil, errors.New("the expression is not UTF-8")
	case strings.TrimSpace(text) == "":
		return nil, errors.New("the expression is empty")
	}
	language, err := environment()
	if err != nil {
		return nil, fmt.Errorf("setting up the language: %w", err)
	}
	bound, err := functionsOf()
	if err != nil {
		return nil, fmt.Errorf("setting up the language: %w", err)
	}
	checked, issues := language.Compile(text)
	if issues.Err() != nil {
		return nil, faults(issues)
	}
	e = &Expression{names: namesIn(checked.NativeRep())}
	switch t := checked.OutputType(); {
	case t.IsExactType(cel.BoolType):
	case t.IsExactType(cel.ListType(cel.StringType)):
		e.texts = true
	default:
		return nil, fmt.Errorf("the expression is of type %s; it must be bool, or a list of texts: list(string)", strings.ReplaceAll(t.String(), "expr.", ""))
	}
	cost, err := language.EstimateCost(checked, sizes{})
	if err != nil {
		return nil, fmt.Errorf("estimating what the expression costs: %w", err)
	}
	if cost.Max > maxEstimate {
		return nil, fmt.Errorf("the expression would cost too much on a large image (about %d steps; %d are allowed): go through fewer lists inside of each other, and match fewer or shorter texts", cost.Max, uint64(maxEstimate))
	}
	e.program, err = language.Program(checked, cel.CustomDecoratorV2(countSteps(bound)), cel.EvalOptions(cel.OptOptimize), cel.InterruptCheckFrequency(32))
	if err != nil {
		return nil, fmt.Errorf("preparing the expression: %w", err)
	}
	return e, nil
}

func zoned(function string) []*env.Overload {
	id := map[string]string{
		"getFullYear": "year", "getMonth": "month", "getDayOfYear": "day_of_year", "getDate": "day_of_month_1_based", "getDayOfMonth": "day_of_month",
		"getDayOfWeek": "day_of_week", "getHours": "hours", "getMinutes": "minutes", "getSeconds": "seconds", "getMilliseconds": "milliseconds",
	}[function]
	return []*env.Overload{{ID: "timestamp_to_" + id + "_with_tz"}}
}

// namesIn are the variables and fields that an expression names.
func namesIn(a *ast.AST) map[string]bool {
	names := map[string]bool{}
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		switch x.Kind() {
		case ast.IdentKind:
			names[x.AsIdent()] = true
		case ast.SelectKind:
			names[x.AsSelect().FieldName()] = true
		}
	}))
	return names
}

// faults puts what is wrong into one sentence, with place and hint.
func faults(issues *cel.Issues) error {
	list := issues.Errors()
	var parts []string
	for _, e := range list[:min(len(list), maxErrors)] {
		message := written(strings.ReplaceAll(strings.TrimSuffix(e.Message, " (in container '')"), "expr.", ""))
		if len(message) > 300 {
			message = strings.ToValidUTF8(message[:300], "") + "…"
		}
		s := message
		if e.Location != nil && e.Location.Line() > 0 {
			s = fmt.Sprintf("line %d, column %d: %s", e.Location.Line(), e.Location.Column()+1, message)
		}
		parts = append(parts, s+hint(message))
	}
	if n := len(list) - len(parts); n > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", n))
	}
	return errors.New("the expression is not valid: " + strings.Join(parts, "; "))
}

// written puts operators as they are written in the place of the names of their functions: == for _==_.
func written(message string) string {
	_, rest, found := strings.Cut(message, "overload for '")
	name, _, closed := strings.Cut(rest, "'")
	if operator, is := operators.FindReverse(name); found && closed && is && operator != "" {
		return strings.Replace(message, "'"+name+"'", "'"+operator+"'", 1)
	}
	return message
}

// hint says what an unknown name may stand for.
func hint(message string) string {
	_, rest, found := strings.Cut(message, "'")
	name, _, closed := strings.Cut(rest, "'")
	if !found || !closed {
		return ""
	}
	var known []string
	switch {
	case strings.HasPrefix(message, "undeclared reference"):
		for i := range variables {
			known = append(known, variables[i].name)
		}
		known = append(known, now)
	case strings.HasPrefix(message, "undefined field"):
		for i := range variables {
			for f := range variables[i].of.Fields() {
				known = append(known, f.Tag.Get("cel"))
			}
		}
	default:
		return ""
	}
	slices.Sort(known)
	best, least := "", max(2, len(name)/3)+1
	for _, k := range slices.Compact(known) {
		if d := distance(name, k); d < least {
			best, least = k, d
		}
	}
	switch {
	case best != "":
		return " (" + best + "?)"
	case strings.HasPrefix(message, "undeclared reference"):
		return " (there are " + strings.Join(known, ", ") + ")"
	}
	return ""
}

// distance is how many letters must be changed, added or removed to make one word of another.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// typeOf is the name of a type of the document without its package.
func typeOf(name string) string { return strings.TrimPrefix(name, "expr.") }
