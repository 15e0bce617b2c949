package pyregex

import (
	"strconv"
	"strings"
)

// paren reads what follows an opening parenthesis, up to and with the closing one.
func (p *parser) paren() (*node, error) {
	if !p.accept('?') {
		return p.capture("")
	}
	switch r := p.peek(); r {
	case -1:
		return nil, p.errorf("unexpected end of pattern")
	case 'P':
		p.at++
		return p.named()
	case ':':
		p.at++
		return p.scope(0, 0)
	case '#':
		_, err := p.until(')')
		return nil, err
	case '=', '!':
		p.at++
		return p.look(false, r == '!')
	case '<':
		p.at++
		if r = p.peek(); r != '=' && r != '!' {
			return nil, p.errorf("unknown extension (?<%c", r)
		}
		p.at++
		return p.look(true, r == '!')
	case '(':
		p.at++
		return p.conditional()
	default:
		return p.inline()
	}
}

func (p *parser) closed(n *node, err error) (*node, error) {
	if err == nil && !p.accept(')') {
		err = p.errorf("missing ), unterminated subpattern")
	}
	return n, err
}

func (p *parser) capture(name string) (*node, error) {
	g := len(p.widths)
	p.widths = append(p.widths, width{max: -1})
	if name != "" {
		p.names[name] = g
	}
	before := p.verbose
	sub, err := p.closed(p.alternation())
	if err != nil {
		return nil, err
	}
	p.verbose = before
	p.widths[g] = p.width(sub)
	return &node{op: opGroup, group: g, subs: []*node{sub}}, nil
}

// named reads "<name>…)" or "=name)".
func (p *parser) named() (*node, error) {
	switch {
	case p.accept('<'):
		name, err := p.until('>')
		if err != nil {
			return nil, err
		}
		if !isIdentifier(name) {
			return nil, p.errorf("bad character in group name %q", name)
		}
		if _, twice := p.names[name]; twice {
			return nil, p.errorf("redefinition of group name %q", name)
		}
		return p.capture(name)
	case p.accept('='):
		name, err := p.until(')')
		if err != nil {
			return nil, err
		}
		g, known := p.names[name]
		if !known {
			return nil, p.errorf("unknown group name %q", name)
		}
		return p.backref(g)
	default:
		return nil, p.errorf("unknown extension (?P%c", p.peek())
	}
}

func (p *parser) look(behind, negate bool) (*node, error) {
	sub, err := p.closed(p.alternation())
	if err != nil {
		return nil, err
	}
	if w := p.width(sub); behind && w.min != w.max {
		return nil, p.errorf("look-behind requires a fixed width")
	}
	return &node{op: opLook, behind: behind, negate: negate, subs: []*node{sub}}, nil
}

// conditional reads "1)yes|no)" or "name)yes)".
func (p *parser) conditional() (*node, error) {
	name, err := p.until(')')
	if err != nil {
		return nil, err
	}
	n := &node{op: opConditional}
	if g, known := p.names[name]; known {
		n.group = g
	} else if g, err := strconv.ParseUint(name, 10, 16); err == nil && g > 0 {
		n.group = int(g)
		p.refs = append(p.refs, n.group)
	} else {
		return nil, p.errorf("unknown group %q in a condition", name)
	}
	p.tree.captures = true
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf("more than %d groups inside each other", maxDepth)
	}
	defer func() { p.depth-- }()
	for len(n.subs) < 2 {
		sub, err := p.concat()
		if err != nil {
			return nil, err
		}
		if n.subs = append(n.subs, sub); !p.accept('|') {
			return p.closed(n, nil)
		}
	}
	return nil, p.errorf("conditional with more than two branches")
}

// flagLetters of the inline forms; u is what text patterns mean anyway, L is for bytes only.
var flagLetters = map[rune]flags{'i': ignoreCase, 'm': multiLine, 's': dotAll, 'x': verbose, 'a': asciiOnly, 'u': 0}

// inline reads "imsx)" as global flags, "i-s:…)" as flags of a part.
func (p *parser) inline() (*node, error) {
	var add, del flags
	read := func(into *flags, letters string) error {
		start := p.at
		for {
			r := p.peek()
			f, known := flagLetters[r]
			switch {
			case known && strings.ContainsRune(letters, r):
				*into |= f
				p.at++
			case known:
				return p.errorf("bad inline flags: %q cannot be turned off", r)
			case p.at == start:
				return p.errorf("unknown extension (?%c", max(r, ' '))
			default:
				return nil
			}
		}
	}
	if p.peek() != '-' {
		if err := read(&add, "imsxau"); err != nil {
			return nil, err
		}
	}
	if p.accept(')') {
		p.flags |= add
		if add&verbose != 0 && !p.verbose {
			return nil, errVerbose
		}
		return nil, nil
	}
	if p.accept('-') {
		if err := read(&del, "imsx"); err != nil {
			return nil, err
		}
		if add&del != 0 {
			return nil, p.errorf("bad inline flags: a flag is turned on and off")
		}
	}
	if !p.accept(':') {
		return nil, p.errorf("missing : after inline flags")
	}
	return p.scope(add, del)
}

func (p *parser) scope(add, del flags) (*node, error) {
	before := p.verbose
	p.verbose = (before || add&verbose != 0) && del&verbose == 0
	sub, err := p.alternation()
	if err != nil {
		return nil, err
	}
	p.verbose = before
	return p.closed(&node{op: opScope, add: add, del: del, subs: []*node{sub}}, nil)
}

// width is the least and the greatest number of characters that n matches.
func (p *parser) width(n *node) width {
	switch n.op {
	case opLiteral, opAny, opSet:
		return width{1, 1}
	case opConcat:
		var w width
		for _, s := range n.subs {
			sw := p.width(s)
			w.min, w.max = min(w.min+sw.min, infinite), min(w.max+sw.max, infinite)
		}
		return w
	case opAlternate, opConditional:
		w := p.width(n.subs[0])
		for _, s := range n.subs[1:] {
			sw := p.width(s)
			w.min, w.max = min(w.min, sw.min), max(w.max, sw.max)
		}
		if n.op == opConditional && len(n.subs) == 1 {
			w.min = 0
		}
		return w
	case opRepeat:
		w := p.width(n.subs[0])
		return width{min(w.min*n.min, infinite), min(w.max*n.max, infinite)}
	case opGroup, opScope:
		return p.width(n.subs[0])
	case opBackref:
		return p.widths[n.group]
	default: // look-around and positions
		return width{}
	}
}
