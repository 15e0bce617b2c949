package pyregex

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// writer writes a tree in the syntax of one engine.
type writer struct {
	strings.Builder
	backtracks bool // for the backtracking engine
	captures   bool // groups must keep their numbers
	// Found while writing for the linear engine: what it cannot do, and which texts it must not judge.
	impossible, needASCII, needLine bool
}

// backtracking writes the tree for the engine that can do everything.
func (t *tree) backtracking() string {
	w := &writer{backtracks: true, captures: t.captures}
	w.WriteString(`\A(?:`)
	w.scoped(t.root, t.flags, 0)
	w.WriteString(`)`)
	return w.String()
}

// linear compiles the tree for the linear engine, nil when that cannot do it; needASCII and needLine exclude texts that
// hold other characters, or a line end.
func (t *tree) linear() (re *regexp.Regexp, needASCII, needLine bool) {
	if size(t.root) > maxProgram {
		return nil, false, false
	}
	w := &writer{}
	root, prefix := t.root, `\A`
	if rest := t.afterAnything(); rest != nil {
		// ".*x" at the start of a text of one line is x anywhere, which the engine finds by its first characters.
		root, prefix, w.needLine = rest, "", true
	}
	w.WriteString(prefix + `(?:`)
	w.scoped(root, t.flags, 0)
	w.WriteString(`)`)
	if w.impossible {
		return nil, false, false
	}
	re, err := regexp.Compile(w.String())
	if err != nil { // a count over the engine's limit
		return nil, false, false
	}
	return re, w.needASCII, w.needLine
}

// afterAnything is what follows a leading ".*".
func (t *tree) afterAnything() *node {
	c := t.root
	if c.op != opConcat || len(c.subs) == 0 || t.flags&dotAll != 0 {
		return nil
	}
	if r := c.subs[0]; r.op != opRepeat || r.subs[0].op != opAny || r.min != 0 || r.max != infinite {
		return nil
	}
	return &node{op: opConcat, subs: c.subs[1:]}
}

// scoped writes n, whose flags are f while the text around it was written with outer. Only the case of letters is left to
// the engines; the other flags choose what is written.
func (w *writer) scoped(n *node, f, outer flags) {
	switch {
	case f&ignoreCase > outer&ignoreCase:
		w.needASCII = true
		w.WriteString(`(?i:`)
	case f&ignoreCase < outer&ignoreCase:
		w.WriteString(`(?-i:`)
	default:
		w.WriteString(`(?:`)
	}
	w.node(n, f)
	w.WriteByte(')')
}

func (w *writer) node(n *node, f flags) {
	switch n.op {
	case opLiteral:
		if f&ignoreCase != 0 && n.r > 0x7f {
			w.impossible = true
		}
		w.literal(n.r)
	case opAny:
		if f&dotAll != 0 {
			w.WriteString(`(?s:.)`)
		} else {
			w.WriteString(`[^\n]`)
		}
	case opSet:
		w.set(n.set, f)
	case opConcat:
		for _, s := range n.subs {
			w.node(s, f)
		}
	case opAlternate:
		w.WriteString(`(?:`)
		for i, s := range n.subs {
			if i > 0 {
				w.WriteByte('|')
			}
			w.node(s, f)
		}
		w.WriteByte(')')
	case opRepeat:
		w.repeat(n, f)
	case opGroup:
		w.WriteByte('(')
		if !w.captures {
			w.WriteString(`?:`)
		}
		w.node(n.subs[0], f)
		w.WriteByte(')')
	case opScope:
		w.scoped(n.subs[0], (f|n.add)&^n.del, f)
	case opAt:
		w.position(n.r, f)
	default:
		w.impossible = true
		w.reference(n, f)
	}
}

// literal writes a rune outside a class. Only what has a meaning is escaped: the backtracking engine reads an escaped
// quotation mark or angle bracket as the beginning of a group's name.
func (w *writer) literal(r rune) {
	switch {
	case strings.ContainsRune(`\.+*?()|[]{}^$`, r):
		w.WriteByte('\\')
		w.WriteRune(r)
	case r < ' ' || r == 0x7f:
		classRune(&w.Builder, r)
	default:
		w.WriteRune(r)
	}
}

func (w *writer) repeat(n *node, f flags) {
	w.WriteString(`(?:`)
	w.node(n.subs[0], f)
	w.WriteByte(')')
	switch {
	case n.min == 0 && n.max == infinite:
		w.WriteByte('*')
	case n.min == 1 && n.max == infinite:
		w.WriteByte('+')
	case n.min == 0 && n.max == 1:
		w.WriteByte('?')
	default:
		w.WriteString("{" + strconv.Itoa(n.min) + ",")
		if n.max != infinite {
			w.WriteString(strconv.Itoa(n.max))
		}
		w.WriteByte('}')
	}
	if n.lazy {
		w.WriteByte('?')
	}
}

// reference writes what only the backtracking engine has.
func (w *writer) reference(n *node, f flags) {
	switch n.op {
	case opLook:
		w.WriteString(`(?`)
		if n.behind {
			w.WriteByte('<')
		}
		if n.negate {
			w.WriteByte('!')
		} else {
			w.WriteByte('=')
		}
		w.node(n.subs[0], f)
	case opBackref:
		w.WriteString(`(?:\` + strconv.Itoa(n.group))
	case opConditional:
		w.WriteString(`(?(` + strconv.Itoa(n.group) + `)`)
		for i, s := range n.subs {
			if i > 0 {
				w.WriteByte('|')
			}
			w.node(s, f)
		}
	}
	w.WriteByte(')')
}

func (w *writer) position(r rune, f flags) {
	switch {
	case r == 'A' || r == '^' && f&multiLine == 0:
		w.WriteString(`\A`)
	case r == '^':
		w.WriteString(`(?m:^)`)
	case r == 'Z':
		w.WriteString(`\z`)
	case r == '$' && f&multiLine != 0:
		w.WriteString(`(?m:$)`)
	case r == '$' && w.backtracks:
		w.WriteString(`\Z`) // there as in Python's "$": also before a final line end
	case r == '$':
		w.needLine = true
		w.WriteString(`\z`)
	case r == 'b' && !w.backtracks:
		w.needASCII = true
		w.WriteString(`\b`)
	default:
		// Python's \B does not hold in an empty text.
		word := `[` + categories(f)['w'] + `]`
		yes := `(?:(?<=` + word + `)(?!` + word + `)|(?<!` + word + `)(?=` + word + `))`
		if r == 'B' {
			w.impossible = true
			yes = `(?:(?<=` + word + `)(?=` + word + `)|(?<!` + word + `)(?!` + word + `)(?:(?<=(?s:.))|(?=(?s:.))))`
		}
		w.WriteString(yes)
	}
}

func categories(f flags) map[rune]string {
	if f&asciiOnly != 0 {
		return asciiFlag
	}
	return unicodeCategories
}

func (w *writer) set(s *set, f flags) {
	table := categories(f)
	if len(s.categories) > 0 && !w.backtracks && f&asciiOnly == 0 {
		table, w.needASCII = asciiTexts, true
	}
	if f&ignoreCase != 0 {
		for _, r := range s.ranges {
			w.impossible = w.impossible || r.hi > 0x7f
		}
	}
	for _, c := range s.categories {
		if table[c] == "" || isNegated(c) && f&ignoreCase != 0 {
			w.impossible = w.impossible || s.negate
			w.WriteString(s.alternatives(table))
			return
		}
	}
	w.WriteByte('[')
	if s.negate {
		w.WriteByte('^')
	}
	w.WriteString(s.body(table))
	w.WriteByte(']')
}

// alternatives writes a class with a negated category as a choice: S and W have no form inside a class of the
// backtracking engine, and where case is ignored both engines would fold letters into what "not a letter" spans.
func (s *set) alternatives(table map[rune]string) string {
	var parts []string
	plain := &set{ranges: s.ranges}
	for _, c := range s.categories {
		if isNegated(c) {
			parts = append(parts, `(?-i:[^`+table[unicode.ToLower(c)]+`])`)
		} else {
			plain.categories = append(plain.categories, c)
		}
	}
	if body := plain.body(table); body != "" {
		parts = append(parts, `[`+body+`]`)
	}
	one := `(?:` + strings.Join(parts, "|") + `)`
	if s.negate {
		return `(?:(?!` + one + `)(?s:.))`
	}
	return one
}

// isNegated says whether the category is one of D, S and W.
func isNegated(category rune) bool { return category < 'a' }

// size estimates how large n becomes as a program in which repetitions are written out.
func size(n *node) int {
	total := 1
	for _, s := range n.subs {
		total = min(total+size(s), infinite)
	}
	if n.op == opRepeat {
		times := max(n.min, 1)
		if n.max != infinite {
			times = max(n.max, 1)
		}
		total = min(total*times, infinite)
	}
	return total
}
