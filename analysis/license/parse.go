package license

import "strings"

// maxDepth bounds parentheses inside each other.
const maxDepth = 32

// phrases are words that belong together although one of them looks like an operator; the first that fits counts.
var phrases = [...]struct{ from, to string }{
	{" or (at your option) any later version", "-or-later"}, {" or any later version", "-or-later"}, {" or later versions", "-or-later"},
	{" or later version", "-or-later"}, {", or later", "-or-later"}, {" (or later)", "-or-later"}, {" or later", "-or-later"},
	{" or newer", "-or-later"}, {" or greater", "-or-later"}, {" or above", "-or-later"}, {" or higher", "-or-later"}, {" and later", "-or-later"},
	{"library or lesser", "lesser"}, {"lesser or library", "lesser"}, {"development and distribution", "development distribution"},
	{"notice and disclaimer", "notice disclaimer"}, {" and/or ", " or "}, {"-with-", " with "}, {" w/ ", " with "}, {" plus ", " and "},
	{", version", " version"}, {", ver.", " version"},
}

// parse reads an expression as people write them. False when it cannot be one.
func parse(s string, list operator) (*node, bool) {
	if n := lookup(s); n != nil && !strings.Contains(s, "(>") {
		return n, true
	}
	if strings.Contains(strings.ToLower(s), "-with-") && !knownBase(s) {
		return nil, false
	}
	s = replaceFold(s)
	if n := lookup(s); n != nil && !strings.Contains(s, "(>") {
		return n, true
	}
	p := &parser{list: list}
	if !p.scan(s) {
		return nil, false
	}
	n := p.lowest(0)
	if p.failed || p.at != len(p.tokens) {
		return nil, false
	}
	return n, true
}

// knownBase says whether what stands before "-with-" is a licence.
func knownBase(s string) bool {
	i := strings.Index(strings.ToLower(s), "-with-")
	base := s[:i]
	if at := strings.LastIndexAny(base, " ("); at >= 0 {
		base = base[at+1:]
	}
	return lookup(base) != nil
}

// replaceFold applies phrases whatever their case, and keeps the case of the rest.
func replaceFold(s string) string {
	var b strings.Builder
next:
	for i := 0; i < len(s); {
		for k := range phrases {
			if _, ok := cutPrefixFold(s[i:], phrases[k].from); ok {
				b.WriteString(phrases[k].to)
				i += len(phrases[k].from)
				continue next
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

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

func (p *parser) peek() tokenKind {
	if p.at < len(p.tokens) {
		return p.tokens[p.at].kind
	}
	return closing
}

// lowest reads what commas join.
func (p *parser) lowest(depth int) *node {
	if depth > maxDepth {
		p.failed = true
		return nil
	}
	left := p.choice(depth)
	for !p.failed && p.at < len(p.tokens) {
		op := p.list
		switch p.peek() {
		case opList:
		case opLowAnd:
			op = and
		case opLowOr:
			op = or
		default:
			return left
		}
		p.at++
		if p.at == len(p.tokens) { // a comma at the end
			return left
		}
		left = join(op, []*node{left, p.choice(depth)})
	}
	return left
}

func (p *parser) choice(depth int) *node {
	list := []*node{p.both(depth)}
	for !p.failed && p.at < len(p.tokens) && p.peek() == opOr {
		p.at++
		list = append(list, p.both(depth))
	}
	return join(or, list)
}

func (p *parser) both(depth int) *node {
	list := []*node{p.operand(depth)}
	for !p.failed && p.at < len(p.tokens) && p.peek() == opAnd {
		p.at++
		list = append(list, p.operand(depth))
	}
	return join(and, list)
}

// operand reads a name of one or more words, with its exception, or an expression in parentheses.
func (p *parser) operand(depth int) *node {
	var n *node
	switch words := p.words(); {
	case words != "":
		n = byName(p.remark(words))
	case p.at < len(p.tokens) && p.peek() == opening:
		p.at++
		n = p.lowest(depth + 1)
		if p.at == len(p.tokens) || p.peek() != closing {
			p.failed = true
			return nil
		}
		p.at++
	default:
		p.failed = true
		return nil
	}
	if p.at < len(p.tokens) && p.peek() == opWith {
		p.at++
		exception := p.words()
		if exception == "" {
			p.failed = true
			return nil
		}
		if e := with(n, exception); e != nil {
			n = e
		}
	}
	return n
}

// words takes words that follow each other.
func (p *parser) words() string {
	var list []string
	for p.at < len(p.tokens) && p.tokens[p.at].kind == word {
		list = append(list, p.tokens[p.at].text)
		p.at++
	}
	return strings.Join(list, " ")
}

// remark takes what stands in parentheses after a name, "MIT License (Expat)", as a part of the name where that makes it
// a known one, else as a remark.
func (p *parser) remark(name string) string {
	if p.at == len(p.tokens) || p.peek() != opening {
		return name
	}
	back := p.at
	p.at++
	inner := p.words()
	if inner == "" || p.at == len(p.tokens) || p.peek() != closing {
		p.at = back
		p.failed = true
		return name
	}
	p.at++
	full := name + " " + inner
	switch {
	case lookup(full) != nil:
		return full
	case lookup(name) != nil:
		return name
	}
	return full
}

// byName is what a name means: one licence, or, where each word is a licence, all of them.
func byName(s string) *node {
	if n := lookup(s); n != nil {
		return n
	}
	key := fold(s)
	if silent[key] {
		return nil
	}
	if n := hyphenated(s); n != nil {
		return n
	}
	if words := strings.Fields(s); len(words) > 1 {
		list := make([]*node, 0, len(words))
		for _, w := range words {
			if n := lookup(w); n != nil {
				list = append(list, n)
			}
		}
		if len(list) == len(words) {
			return join(and, list)
		}
	}
	if r := reference(s); r != "" {
		return one(r)
	}
	return nil
}

// hyphenated reads an exception that no "with" sets off: GPL-2+-autoconf-exception.
func hyphenated(s string) *node {
	if rest, ok := strings.CutSuffix(strings.ToLower(s), "-exception"); !ok || !strings.Contains(rest, "-") {
		return nil
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '-' {
			continue
		}
		base := lookup(s[:i])
		if base == nil || base.op != leaf || strings.HasPrefix(base.id, "LicenseRef-") {
			continue
		}
		if id := exceptionID(s[i+1:], base.id); id != "" {
			return with(base, id)
		}
	}
	return nil
}
