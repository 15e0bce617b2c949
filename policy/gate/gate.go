// Package gate holds what a policy can ask of an image: gates, each with its triggers. A rule of a bundle names one
// trigger and its parameters; the trigger compiles them once into a [Check], which then runs for each image and fires once
// for each fact that the rule is about. Gates judge what is in their [Context] and nothing else: no files, no network, no
// clock.
//
// To add a gate: one file with one variable of type [Gate], its entry in list.go, its rows in the tests. Names, order of
// parameters, messages and trigger ids are a contract, because users' bundles and allowlists name them.
package gate

import (
	"fmt"
	"strings"
)

// Gate is a group of triggers about one kind of fact.
type Gate struct {
	// Name in lower case.
	Name string
	// Description for people, in one or two sentences.
	Description string
	Triggers    []Trigger
	// Retired gates are known by name, refused on upload and without effect in stored bundles; SupersededBy is the gate
	// to use instead, if any.
	Retired      bool
	SupersededBy string
}

// Trigger is one question to an image.
type Trigger struct {
	Name        string
	Description string
	Params      []Param
	// Compile makes the check of one rule from its validated values. An error is about the value of a parameter and is
	// made by [BadValue].
	Compile func(v Values) (Check, error)
	// Needs says which facts from outside of the image a rule with these values looks at; nil for none.
	Needs func(v Values) Need
	// Odd says what is odd about values together that are accepted; nil for nothing.
	Odd func(v Values) []Doubt
}

// Check looks at one image and fires for each fact. It must be safe for concurrent use: what it learns goes into the
// context, not into itself. After an error nothing that it fired counts.
type Check func(c *Context, fire Fire) error

// Fire reports one fact. An empty id stands for the hash of gate, trigger and message.
type Fire func(id, message string)

// Trigger finds a trigger by its name in any case; nil when there is none.
func (g *Gate) Trigger(name string) *Trigger {
	for i := range g.Triggers {
		if strings.EqualFold(g.Triggers[i].Name, name) {
			return &g.Triggers[i]
		}
	}
	return nil
}

// TriggerNames in the order of the list.
func (g *Gate) TriggerNames() []string {
	names := make([]string, len(g.Triggers))
	for i := range g.Triggers {
		names[i] = g.Triggers[i].Name
	}
	return names
}

// Pair is one parameter as a rule gives it.
type Pair struct{ Name, Value string }

// NewCheck validates what a rule gives and compiles it. All faults are reported, as [*ParamError] each.
func (t *Trigger) NewCheck(given []Pair) (Check, []error) {
	values, errs := t.values(given)
	if len(errs) > 0 {
		return nil, errs
	}
	check, err := t.Compile(values)
	if err != nil {
		return nil, []error{err}
	}
	return check, nil
}

// Fault is the kind of a [ParamError].
type Fault int

// The faults of a parameter.
const (
	UnknownParam Fault = iota + 1
	MissingParam
	RefusedValue
)

// ParamError is one thing wrong with the parameters of a rule.
type ParamError struct {
	Fault Fault
	// Param as the rule spells it, or as it is named when it is missing.
	Param string
	// Schema is the JSON schema that refused a value; "" when another test did.
	Schema string
	// Detail says what is wrong and what is allowed.
	Detail string
	// Want is what the type of the parameter takes, in plain words; "" where another test than that of the type refused the
	// value.
	Want string
}

func (e *ParamError) Error() string { return fmt.Sprintf("parameter %q: %s", e.Param, e.Detail) }

// BadValue is the error of a [Trigger.Compile] that refuses a value which its type allows.
func BadValue(param, format string, args ...any) error {
	return &ParamError{Fault: RefusedValue, Param: param, Detail: fmt.Sprintf(format, args...)}
}

// Missing is the error of a [Trigger.Compile] that needs a parameter which only some values of others call for.
func Missing(param string) error {
	return &ParamError{Fault: MissingParam, Param: param, Detail: "required parameter"}
}

// PythonList writes words as Python prints a list of texts, which is what messages and error texts of /v1 hold.
func PythonList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = PythonText(w)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// PythonText writes a text as Python prints it inside a list.
func PythonText(s string) string {
	s = pythonEscapes.Replace(s)
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `\'`) + "'"
}

var pythonEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
