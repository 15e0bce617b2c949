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
	"regexp"
	"strings"

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
	weight          int
}

// Needs says which facts from outside of the image the rules of the bundle look at: [Input.Facts] may lack all others.
func (b *Bundle) Needs() gate.Need { return b.needs }

// Document is the bundle as JSON: as it came, byte for byte, or made of the YAML that came. The caller must not change it.
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

// Problem is one entry of validation_details or evaluation_problems. Where and what to do about it is told of faults in a
// document only.
type Problem struct {
	Severity string `json:"severity"` // error, warn
	// Type is the class of the problem, by its name on /v1.
	Type    string `json:"problem_type"`
	Details string `json:"details"`
	// Message says the same in plain words; "" where Details are plain.
	Message string `json:"message,omitempty"`
	// Path of what is at fault, like "policies[0].rules[3].params[1]"; "" for the whole document.
	Path string `json:"path,omitempty"`
	// Line and Column, in characters, from 1; 0 when they are not known.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Hint says what may have been meant; "" when there is no telling.
	Hint string `json:"hint,omitempty"`
}

// Where says where a fault is, for people.
func (p *Problem) Where() string {
	s := p.Path
	if p.Line > 0 {
		s = strings.TrimSpace(fmt.Sprintf("%s (line %d, column %d)", s, p.Line, p.Column))
	}
	return s
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
	s := "the policy bundle is not valid: " + e.Problems[0].Text()
	if n := len(e.Problems) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more)", n)
	}
	return s
}

// Text is what is wrong, where, and what may have been meant, in one line.
func (p *Problem) Text() string {
	s := p.Brief()
	if where := p.Where(); where != "" {
		s += "; at " + where
	}
	if p.Hint != "" {
		s += "; " + p.Hint
	}
	return s
}

// Brief says what is wrong, for people: without what repeats the path.
func (p *Problem) Brief() string {
	if p.Message != "" {
		return p.Message
	}
	s := validLists.ReplaceAllString(p.Details, "")
	if i := strings.LastIndex(s, " - '"); i >= 0 && p.Path != "" && bracketed(strings.Trim(s[i+3:], "'")) == p.Path {
		s = s[:i]
	}
	return s
}

var validLists = regexp.MustCompile(`,valid_(gates|parameters)=\[[^\]]*\]`)

// Parse reads and validates a bundle for upload, of which the source is JSON or YAML. The error is an [*InvalidError] with
// all that is wrong.
func Parse(source []byte) (*Bundle, error) {
	document, err := fromSource(source)
	if err != nil {
		return nil, err
	}
	b, problems, err := build(document, true)
	if err == nil && len(problems) > 0 {
		err = &InvalidError{Problems: problems}
	}
	if e, ok := IsInvalid(err); ok {
		placed(e.Problems, source)
		return nil, err
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
		return nil, nil, &InvalidError{Form: faults[0].Details, Problems: faults}
	}
	b := &Bundle{ID: doc.id, Name: doc.name, Description: doc.description, raw: json.RawMessage(append([]byte(nil), document...))}
	b.weight = weigh(doc, document)
	return b, compiled(b, doc, upload), nil
}

// compiled fills a bundle and says what is wrong with it.
func compiled(b *Bundle, doc *document, upload bool) []Problem {
	c := newCompiler(b, upload)
	c.compile(doc)
	if c.more > 0 {
		c.problems = append(c.problems, problem("ValidationError", "There are %d more problems that are not listed", c.more))
	}
	return c.problems
}

func newCompiler(b *Bundle, upload bool) *compiler {
	b.policies, b.allowlists = map[string]*compiledPolicy{}, map[string]*allowlist{}
	return &compiler{upload: upload, bundle: b}
}

// IsInvalid says whether err refuses a bundle, and how.
func IsInvalid(err error) (*InvalidError, bool) {
	var e *InvalidError
	return e, errors.As(err, &e)
}
