package pyregex

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// op is the kind of a node.
type op uint8

const (
	opLiteral     op = iota // r
	opAny                   // .
	opSet                   // set
	opConcat                // subs
	opAlternate             // subs
	opRepeat                // subs[0], min, max, lazy
	opGroup                 // subs[0], capturing, group
	opScope                 // subs[0], add, del: "(?i-s:…)" and "(?:…)"
	opLook                  // subs[0], behind, negate
	opBackref               // group
	opConditional           // group, subs: yes and perhaps no
	opAt                    // r: one of ^ $ A Z b B
)

// flags of a pattern or a part of it.
type flags uint8

const (
	ignoreCase flags = 1 << iota
	multiLine
	dotAll
	verbose
	asciiOnly
)

// infinite is the upper bound of a repetition without one; larger bounds are cut to it, since no text is that long.
const infinite = 1 << 30

type node struct {
	op             op
	r              rune
	set            *set
	subs           []*node
	min, max       int
	group          int
	add, del       flags
	lazy           bool
	behind, negate bool
}

// tree is a parsed pattern.
type tree struct {
	root     *node
	flags    flags // those that hold everywhere
	captures bool  // some part refers to a group
}

type width struct{ min, max int }

type parser struct {
	in      []rune
	at      int
	depth   int
	flags   flags // global
	verbose bool  // here
	names   map[string]int
	widths  []width // of closed groups by number; max -1 while open
	refs    []int   // groups that conditionals name, perhaps before they are opened
	tree    tree
}

// errVerbose asks for another run, because "(?x)" stood somewhere inside.
var errVerbose = errors.New("verbose")

func parse(pattern string) (*tree, error) {
	p := &parser{in: []rune(pattern), names: map[string]int{}, widths: make([]width, 1)}
	root, err := p.alternation()
	if errors.Is(err, errVerbose) {
		p = &parser{in: p.in, names: map[string]int{}, widths: make([]width, 1), flags: verbose, verbose: true}
		root, err = p.alternation()
	}
	if err != nil {
		return nil, err
	}
	if p.at < len(p.in) {
		return nil, p.errorf("unbalanced parenthesis")
	}
	for _, g := range p.refs {
		if g >= len(p.widths) {
			return nil, fmt.Errorf("there is no group %d", g)
		}
	}
	p.tree.root, p.tree.flags = root, p.flags
	return &p.tree, nil
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf(format+" at position %d", append(args, p.at)...)
}

func (p *parser) peek() rune {
	if p.at < len(p.in) {
		return p.in[p.at]
	}
	return -1
}

func (p *parser) accept(r rune) bool {
	if p.peek() != r {
		return false
	}
	p.at++
	return true
}

// until takes the text up to the closing rune, which it drops.
func (p *parser) until(end rune) (string, error) {
	for i := p.at; i < len(p.in); i++ {
		if p.in[i] == end {
			s := string(p.in[p.at:i])
			p.at = i + 1
			return s, nil
		}
	}
	return "", p.errorf("missing %q", end)
}

func (p *parser) alternation() (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf("more than %d groups inside each other", maxDepth)
	}
	defer func() { p.depth-- }()
	var subs []*node
	for {
		n, err := p.concat()
		if err != nil {
			return nil, err
		}
		if subs = append(subs, n); !p.accept('|') {
			break
		}
	}
	if len(subs) == 1 {
		return subs[0], nil
	}
	return &node{op: opAlternate, subs: subs}, nil
}

func (p *parser) concat() (*node, error) {
	c := &node{op: opConcat}
	for {
		switch r := p.peek(); {
		case r == -1 || r == '|' || r == ')':
			return c, nil
		case p.verbose && strings.ContainsRune(" \t\n\r\v\f", r):
			p.at++
		case p.verbose && r == '#':
			for p.peek() != -1 && !p.accept('\n') {
				p.at++
			}
		case strings.ContainsRune("*+?{", r):
			if err := p.repeat(c); err != nil {
				return nil, err
			}
		default:
			n, err := p.atom()
			if err != nil {
				return nil, err
			}
			if n != nil {
				c.subs = append(c.subs, n)
			}
		}
	}
}

// repeat reads a quantifier and puts it around the last node of c.
func (p *parser) repeat(c *node) error {
	n := &node{op: opRepeat, max: infinite}
	switch r := p.peek(); r {
	case '*':
		p.at++
	case '+':
		n.min = 1
		p.at++
	case '?':
		n.max = 1
		p.at++
	default:
		start := p.at
		p.at++
		lo, hi, ok := p.bounds()
		if !ok {
			p.at = start + 1
			c.subs = append(c.subs, &node{op: opLiteral, r: '{'})
			return nil
		}
		if n.min, n.max = lo, hi; hi < lo {
			return p.errorf("min repeat greater than max repeat")
		}
	}
	if len(c.subs) == 0 {
		return p.errorf("nothing to repeat")
	}
	last := c.subs[len(c.subs)-1]
	switch last.op {
	case opAt:
		return p.errorf("nothing to repeat")
	case opRepeat:
		return p.errorf("multiple repeat")
	}
	n.lazy = p.accept('?')
	n.subs = []*node{last}
	c.subs[len(c.subs)-1] = n
	return nil
}

// bounds reads "m}", "m,}", ",n}" or "m,n}"; anything else is no quantifier.
func (p *parser) bounds() (lo, hi int, ok bool) {
	if p.peek() == '}' {
		return 0, 0, false
	}
	lo, hasLo := p.number()
	hi = infinite
	if p.accept(',') {
		if n, has := p.number(); has {
			hi = n
		}
	} else if hi = lo; !hasLo {
		return 0, 0, false
	}
	return lo, hi, p.accept('}')
}

func (p *parser) number() (n int, ok bool) {
	for r := p.peek(); r >= '0' && r <= '9'; r = p.peek() {
		n, ok = min(n*10+int(r-'0'), infinite), true
		p.at++
	}
	return n, ok
}

// atom reads one thing that can be repeated; nil for a comment or global flags.
func (p *parser) atom() (*node, error) {
	switch r := p.peek(); r {
	case '\\':
		return p.escape()
	case '[':
		p.at++
		s, err := p.class()
		return &node{op: opSet, set: s}, err
	case '(':
		p.at++
		return p.paren()
	case '.':
		p.at++
		return &node{op: opAny}, nil
	case '^', '$':
		p.at++
		return &node{op: opAt, r: r}, nil
	default:
		p.at++
		return &node{op: opLiteral, r: r}, nil
	}
}

// escape reads what follows a backslash outside a class.
func (p *parser) escape() (*node, error) {
	if p.at+1 >= len(p.in) {
		return nil, p.errorf("bad escape (end of pattern)")
	}
	r := p.in[p.at+1]
	switch {
	case strings.ContainsRune("AZbB", r):
		p.at += 2
		return &node{op: opAt, r: r}, nil
	case strings.ContainsRune("dDsSwW", r):
		p.at += 2
		return &node{op: opSet, set: &set{categories: []rune{r}}}, nil
	case r >= '1' && r <= '9':
		return p.reference()
	default:
		p.at++
		c, err := p.character(false)
		return &node{op: opLiteral, r: c}, err
	}
}

// reference reads "\1" to "\99", or three octal digits.
func (p *parser) reference() (*node, error) {
	digits := p.in[p.at+1:]
	n := 1
	if len(digits) > 1 && isDigit(digits[1]) {
		n = 2
		if len(digits) > 2 && isOctal(digits[0]) && isOctal(digits[1]) && isOctal(digits[2]) {
			v, _ := strconv.ParseInt(string(digits[:3]), 8, 32)
			if v > 0o377 {
				return nil, p.errorf("octal escape outside of range 0-0o377")
			}
			p.at += 4
			return &node{op: opLiteral, r: rune(v)}, nil
		}
	}
	g, _ := strconv.Atoi(string(digits[:n]))
	p.at += 1 + n
	return p.backref(g)
}

func (p *parser) backref(group int) (*node, error) {
	switch {
	case group >= len(p.widths):
		return nil, p.errorf("invalid group reference %d", group)
	case p.widths[group].max < 0:
		return nil, p.errorf("cannot refer to an open group")
	}
	p.tree.captures = true
	return &node{op: opBackref, group: group}, nil
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
func isOctal(r rune) bool { return r >= '0' && r <= '7' }

func isIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}
