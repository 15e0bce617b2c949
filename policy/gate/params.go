package gate

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/internal/pyregex"
)

// Param is one parameter of a trigger.
type Param struct {
	// Name in lower case.
	Name        string
	Description string
	// Example of a value; "" when none helps.
	Example  string
	Aliases  []string
	Required bool
	// Order sorts the parameters in the specification document; 0 stands for 100, the last place.
	Order int
	Type  Type
	// Known says which values can match; nil where any may.
	Known *Known
}

// SortKey is the place of p among the parameters of its trigger.
func (p *Param) SortKey() int { return cmp.Or(p.Order, 100) }

// Type says which values a parameter takes. In the document of a bundle all values are texts.
type Type struct {
	// Name of the validator as the specification document shows it.
	Name        string
	Description string
	// Criteria is the JSON schema of the text.
	Criteria map[string]any
	accepts  func(string) bool
	detail   func(string) string
	choose   func(Values) Type // of a linked type
}

// The types of parameters.
var (
	Text      = Type{Name: "type", Description: "A single text value", Criteria: map[string]any{"type": "string"}, accepts: func(string) bool { return true }}
	Bool      = boolType()
	Int       = pattern("IntegerString", "A whole number, 0 or more, as a text", `^\s*[\d]+\s*$`, nil)
	Float     = pattern("FloatString", "A single floating point number as a text", `^\s*-*(\d)*(\.\d*)?\s*$`, isFloat)
	List      = pattern("CommaDelimitedStringList", "A list of texts separated by commas", `^\s*(\s*([^,]+)\s*,)*\s*([^,]+){1}\s*$`, isList)
	Numbers   = pattern("CommaDelimitedStringOfNumbers", "A list of numbers separated by commas", `^\s*(\s*(\d+)\s*,)*\s*(\d+){1}\s*$`, nil)
	LooseList = Type{Name: List.Name, Description: List.Description + "; empty for none", Criteria: Text.Criteria, accepts: Text.accepts}
)

// Enum is one of a few words, in exactly this spelling.
func Enum(words ...string) Type {
	return Type{
		Name:        "EnumString",
		Description: "One of: " + strings.Join(words, ", "),
		Criteria:    map[string]any{"type": "string", "enum": words},
		accepts:     func(s string) bool { return slices.Contains(words, s) },
		detail:      func(s string) string { return PythonText(s) + " is not one of " + PythonList(words) },
	}
}

// want is the description in the middle of a sentence.
func (t *Type) want() string { return strings.ToLower(t.Description[:1]) + t.Description[1:] }

// Linked is one of several types; which one is chosen by the value of another parameter.
func Linked(param string, types []Type, choose func(value string) Type) Type {
	var criteria []map[string]any
	for _, t := range types {
		criteria = append(criteria, t.Criteria)
	}
	return Type{
		Name:        "LinkedValidator",
		Description: "A text whose form depends on the parameter " + param,
		Criteria:    map[string]any{"anyOf": criteria},
		choose:      func(v Values) Type { return choose(v[param]) },
	}
}

func boolType() Type {
	t := Enum("true", "false")
	t.Name, t.Description = "BooleanString", "true or false, in any case"
	exact := t.accepts
	t.accepts = func(s string) bool { return exact(strings.ToLower(s)) }
	return t
}

// pattern makes a type from the expression that the original documents; accepts, when given, decides in its place.
func pattern(name, description, expression string, accepts func(string) bool) Type {
	if accepts == nil {
		accepts = regexp.MustCompile(expression).MatchString
	}
	return Type{
		Name:        name,
		Description: description,
		Criteria:    map[string]any{"type": "string", "pattern": expression},
		accepts:     accepts,
		detail: func(s string) string {
			return PythonText(s) + " does not match " + PythonText(expression) + ": want " + strings.ToLower(description[:1]) + description[1:]
		},
	}
}

var floatPattern = regexp.MustCompile(`^\s*-?(\d+(\.\d*)?|\.\d+)\s*$`)

func isFloat(s string) bool { return floatPattern.MatchString(s) }

// isList wants at least one character in each element.
func isList(s string) bool {
	for part := range strings.SplitSeq(s, ",") {
		if part == "" {
			return false
		}
	}
	return true
}

// values brings what a rule gives under the canonical names: of two with one name the last counts.
func (t *Trigger) values(given []Pair) (Values, []error) {
	v := Values{}
	var errs []error
	for _, g := range given {
		name := strings.ToLower(g.Name)
		i := slices.IndexFunc(t.Params, func(p Param) bool { return p.Name == name || slices.Contains(p.Aliases, name) })
		if i < 0 {
			errs = append(errs, &ParamError{Fault: UnknownParam, Param: g.Name, Detail: "unknown parameter"})
			continue
		}
		v[t.Params[i].Name] = g.Value
	}
	for i := range t.Params {
		p := &t.Params[i]
		value, has := v[p.Name]
		typ := p.Type
		if typ.choose != nil {
			typ = typ.choose(v)
		}
		switch {
		case !has && p.Required:
			errs = append(errs, Missing(p.Name))
		case has && !typ.accepts(value):
			schema, _ := json.Marshal(typ.Criteria) // texts and lists of texts
			errs = append(errs, &ParamError{Fault: RefusedValue, Param: p.Name, Schema: string(schema), Detail: typ.detail(value), Want: typ.want()})
		}
	}
	return v, errs
}

// ParamNames are the names that a rule may use, sorted.
func (t *Trigger) ParamNames() []string {
	var names []string
	for i := range t.Params {
		names = append(names, t.Params[i].Name)
	}
	slices.Sort(names)
	return names
}

// Values are the validated parameters of one rule under their canonical names. Given and empty is not the same as absent.
type Values map[string]string

// Has says whether the rule gives the parameter.
func (v Values) Has(name string) bool { _, ok := v[name]; return ok }

// Word is the text as given, or the default.
func (v Values) Word(name, otherwise string) string {
	if s, ok := v[name]; ok {
		return s
	}
	return otherwise
}

// Bool is the truth of a [Bool], or the default.
func (v Values) Bool(name string, otherwise bool) bool {
	if s, ok := v[name]; ok {
		return strings.EqualFold(s, "true")
	}
	return otherwise
}

// maxDays bounds numbers of days: no verdict looks further than some thousand years.
const maxDays = 3_000_000

// Days is an [Int] that counts days; -1 when absent.
func (v Values) Days(name string) int {
	s, ok := v[name]
	if !ok {
		return -1
	}
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil { // too many digits
		return maxDays
	}
	return min(n, maxDays)
}

// Float is the number of a [Float].
func (v Values) Float(name string) (f float64, ok bool) {
	s, ok := v[name]
	if !ok {
		return 0, false
	}
	f, _ = strconv.ParseFloat(strings.TrimSpace(s), 64) // the type has validated it; out of range is infinity
	return f, true
}

// List splits a [List] at its commas; each element is trimmed.
func (v Values) List(name string) []string {
	s, ok := v[name]
	if !ok {
		return nil
	}
	return splitList(s)
}

func splitList(s string) []string {
	parts := strings.Split(s, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// Set holds the elements of a [List].
func (v Values) Set(name string) map[string]bool {
	set := map[string]bool{}
	for _, s := range v.List(name) {
		set[s] = true
	}
	return set
}

// Regexp compiles the text; nil when absent.
func (v Values) Regexp(name string) (*pyregex.Regexp, error) {
	s, ok := v[name]
	if !ok {
		return nil, nil
	}
	re, err := pyregex.Compile(s)
	if err != nil {
		return nil, BadValue(name, "%v", err)
	}
	return re, nil
}
