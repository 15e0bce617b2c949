package license

import "strings"

type tokenKind byte

const (
	word tokenKind = iota
	opAnd
	opOr
	opWith
	opList   // a comma or semicolon between licences
	opLowAnd // ", and", which binds less than "or"
	opLowOr
	opening
	closing
)

type token struct {
	kind tokenKind
	text string
}

type parser struct {
	list   operator
	tokens []token
	at     int
	failed bool
}

func (p *parser) add(kind tokenKind, text string) {
	if n := len(p.tokens); n > 0 && p.tokens[n-1].kind == opList && (kind == opAnd || kind == opOr) {
		p.tokens[n-1].kind = map[tokenKind]tokenKind{opAnd: opLowAnd, opOr: opLowOr}[kind]
		return
	}
	p.tokens = append(p.tokens, token{kind, text})
}

// scan cuts s into tokens.
func (p *parser) scan(s string) bool {
	start := -1
	flush := func(end int) {
		if start >= 0 {
			p.word(s[start:end])
			start = -1
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '(' && strings.HasPrefix(s[i:], "(>") || c == '(' && strings.HasPrefix(s[i:], "(=="): // R: GPL (>= 2)
			end := strings.IndexByte(s[i:], ')')
			if end < 0 {
				return false
			}
			flush(i)
			version := strings.Trim(s[i:i+end], "(>= ")
			if n := len(p.tokens); n > 0 && p.tokens[n-1].kind == word {
				p.tokens[n-1].text += "-" + version
				if s[i+1] == '>' {
					p.tokens[n-1].text += "+"
				}
			}
			i += end
		case c == '(':
			flush(i)
			p.add(opening, "(")
		case c == ')':
			flush(i)
			p.add(closing, ")")
		case c == ',' || c == ';' || c == '\n':
			flush(i)
			p.add(opList, ",")
		case c == '|':
			flush(i)
			p.add(opOr, "|")
		case c == '&':
			flush(i)
			p.add(opAnd, "&")
		case c == ' ' || c == '\t':
			flush(i)
		case start < 0:
			start = i
		}
	}
	flush(len(s))
	return len(p.tokens) > 0
}

// word adds a word, an operator in letters, or the parts of "MIT/Apache-2.0".
func (p *parser) word(w string) {
	switch strings.ToLower(w) {
	case "and", "+":
		p.add(opAnd, w)
		return
	case "or", "/":
		p.add(opOr, w)
		return
	case "with":
		p.add(opWith, w)
		return
	}
	if !strings.Contains(w, "/") || lookup(w) != nil || strings.Contains(w, "://") {
		p.add(word, w)
		return
	}
	for i, part := range strings.Split(w, "/") {
		if i > 0 {
			p.add(opOr, "/")
		}
		if part != "" {
			p.add(word, part)
		}
	}
}
