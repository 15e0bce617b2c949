package license

import (
	"errors"
	"strings"
)

// Bounds of an expression; what has more is not read.
const (
	maxExpression = 8 << 10 // bytes
	maxLicenses   = 256
	maxDepth      = 32 // of parentheses
)

// Expression is an SPDX licence expression.
type Expression struct {
	// id of a single licence, with its exception; else the operands under one operator.
	id       string
	either   bool // OR
	operands []*Expression
}

var errExpression = errors.New("this is no SPDX licence expression")

// Parse reads an expression. Operators are read in any case.
func Parse(s string) (*Expression, error) {
	if len(s) > maxExpression {
		return nil, errExpression
	}
	p := &parser{tokens: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))}
	e := p.choice(0)
	if p.failed || p.at != len(p.tokens) || p.licenses > maxLicenses {
		return nil, errExpression
	}
	return e, nil
}

type parser struct {
	tokens   []string
	at       int
	licenses int
	failed   bool
}

// takes goes past the word when it is the next.
func (p *parser) takes(word string) bool {
	if p.at < len(p.tokens) && strings.EqualFold(p.tokens[p.at], word) {
		p.at++
		return true
	}
	return false
}

func (p *parser) choice(depth int) *Expression {
	e := &Expression{either: true, operands: []*Expression{p.all(depth)}}
	for !p.failed && p.takes("OR") {
		e.operands = append(e.operands, p.all(depth))
	}
	return e
}

func (p *parser) all(depth int) *Expression {
	e := &Expression{operands: []*Expression{p.operand(depth)}}
	for !p.failed && p.takes("AND") {
		e.operands = append(e.operands, p.operand(depth))
	}
	return e
}

func (p *parser) operand(depth int) *Expression {
	if p.takes("(") {
		if depth == maxDepth {
			p.failed = true
			return nil
		}
		e := p.choice(depth + 1)
		p.failed = p.failed || !p.takes(")")
		return e
	}
	id := p.word()
	if p.takes("WITH") {
		id += " WITH " + p.word()
	}
	p.licenses++
	return &Expression{id: id}
}

// word takes an identifier.
func (p *parser) word() string {
	if p.at == len(p.tokens) {
		p.failed = true
		return ""
	}
	w := p.tokens[p.at]
	switch strings.ToUpper(w) {
	case "AND", "OR", "WITH", "(", ")":
		p.failed = true
	}
	p.at++
	return w
}

// Refused are the licences, in the order of the expression, for which it cannot be accepted by who does not accept those
// that denied names; none when it can. Of licences joined by OR the first acceptable one is chosen, unless strict: then all
// must be acceptable.
func (e *Expression) Refused(denied func(id string) bool, strict bool) []string {
	if e.id != "" {
		if denied(e.id) {
			return []string{e.id}
		}
		return nil
	}
	var refused []string
	for _, o := range e.operands {
		r := o.Refused(denied, strict)
		if e.either && !strict && len(r) == 0 {
			return nil
		}
		refused = append(refused, r...)
	}
	return refused
}
