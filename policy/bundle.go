// Package policy judges: it reads a policy bundle and applies it to what is known of an image at one moment. It does no
// I/O, and the same bundle, facts and moment give the same verdict, byte for byte.
//
// [Parse] reads and validates a bundle that somebody uploads; [Load] reads one that was stored. A [Bundle] is compiled once
// and then evaluated for any number of images at the same time with [Bundle.Evaluate]. What a policy can ask is in package
// gate. The format of bundles and of results is the one that users of the /v1 API have; their documents, allowlists and
// tools keep working.
package policy

import (
	"encoding/json"
	"errors"
	"fmt"

	"landwaiter.dev/policy/gate"
)

// Bundle is a compiled bundle. It is safe for concurrent use.
type Bundle struct {
	// ID, Name and Description as in the document.
	ID, Name, Description string

	raw             json.RawMessage
	mappings        []mappingRule
	allowed, denied []imageRule
	policies        map[string]*compiledPolicy
	allowlists      map[string]*allowlist
	broken          []Problem // why it cannot be evaluated
	needs           gate.Need
}

// Needs says which facts from outside of the image the rules of the bundle look at: [Input.Facts] may lack all others.
func (b *Bundle) Needs() gate.Need { return b.needs }

// Document is the bundle as it came, byte for byte. The caller must not change it.
func (b *Bundle) Document() json.RawMessage { return b.raw }

type compiledPolicy struct {
	id    string
	rules []rule // grouped by gate
}

// rule is one compiled rule. A rule of a retired gate has no check but a problem to tell.
type rule struct {
	gate, trigger string // canonical names
	id            string // "None" when the document has none
	action        string
	check         gate.Check
	retired       *Problem
}

// Problem is one entry of validation_details or evaluation_problems.
type Problem struct {
	Severity string `json:"severity"` // error, warn
	// Type is the class of the problem, by its name on /v1.
	Type    string `json:"problem_type"`
	Details string `json:"details"`
}

func problem(class, format string, args ...any) Problem {
	return Problem{Severity: "error", Type: class, Details: fmt.Sprintf(format, args...)}
}

// InvalidError says why a bundle is refused.
type InvalidError struct {
	// Form is the first fault in the form of the document, for example
	// "'stop' is not one of ['GO', 'STOP', 'WARN'] - 'policies.0.rules.0.action'". It is empty when the form is right and
	// the meaning is at fault.
	Form string
	// Problems are all faults found, at least one.
	Problems []Problem
}

func (e *InvalidError) Error() string {
	if n := len(e.Problems) - 1; n > 0 {
		return fmt.Sprintf("the policy bundle is not valid: %s (and %d more)", e.Problems[0].Details, n)
	}
	return "the policy bundle is not valid: " + e.Problems[0].Details
}

// Parse reads and validates a bundle for upload. The error is an [*InvalidError] with all that is wrong.
func Parse(document []byte) (*Bundle, error) {
	b, problems, err := build(document, true)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, &InvalidError{Problems: problems}
	}
	return b, nil
}

// Load reads a bundle that was accepted before, perhaps by another version: gates that have been retired since are no
// fault, and what else cannot be built makes each evaluation end with stop and the reasons. The error is an
// [*InvalidError] about the form of the document.
func Load(document []byte) (*Bundle, error) {
	b, problems, err := build(document, false)
	if err != nil {
		return nil, err
	}
	b.broken = problems
	return b, nil
}

func build(document []byte, upload bool) (*Bundle, []Problem, error) {
	doc, faults := readForm(document, upload)
	if len(faults) > 0 {
		e := &InvalidError{Form: faults[0]}
		for _, f := range faults {
			e.Problems = append(e.Problems, problem("SchemaError", "%s", f))
		}
		return nil, nil, e
	}
	c := &compiler{upload: upload, bundle: &Bundle{
		ID: doc.id, Name: doc.name, Description: doc.description, raw: json.RawMessage(append([]byte(nil), document...)),
		policies: map[string]*compiledPolicy{}, allowlists: map[string]*allowlist{},
	}}
	c.compile(doc)
	if c.more > 0 {
		c.problems = append(c.problems, problem("ValidationError", "There are %d more problems that are not listed", c.more))
	}
	return c.bundle, c.problems, nil
}

// IsInvalid says whether err refuses a bundle, and how.
func IsInvalid(err error) (*InvalidError, bool) {
	var e *InvalidError
	return e, errors.As(err, &e)
}
