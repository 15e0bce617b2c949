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

// knownBase says whether what stands before "-with-" ends in a licence of the list.
func knownBase(s string) bool {
	if at := strings.LastIndexAny(s, " ("); at >= 0 {
		s = s[at+1:]
	}
	n := lookup(s)
	return n != nil && !strings.HasPrefix(n.id, "LicenseRef-")
}

// replaceFold applies phrases whatever their case, and keeps the case of the rest.
func replaceFold(s string) string {
	var b strings.Builder
next:
	for i := 0; i < len(s); {
		for k := range phrases {
			if _, ok := cutPrefixFold(s[i:], phrases[k].from); ok && (phrases[k].from != "-with-" || knownBase(s[:i])) {
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
