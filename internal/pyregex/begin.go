package pyregex

// MayBegin says whether a text that begins with a character may match a pattern. It is true where it is hard to tell, and for a
// pattern that is not valid.
func MayBegin(pattern string, c rune) bool {
	if len(pattern) > MaxPattern {
		return true
	}
	t, err := parse(pattern)
	if err != nil || t.flags&ignoreCase != 0 {
		return true
	}
	may, empty := t.root.begins(c)
	return may || empty
}

// begins says whether a match of n may begin with c, and whether it may be empty, so that what follows decides.
func (n *node) begins(c rune) (may, empty bool) {
	switch n.op {
	case opLiteral:
		return n.r == c, false
	case opAny:
		return true, false
	case opSet:
		return n.set.may(c), false
	case opConcat:
		for _, sub := range n.subs {
			m, e := sub.begins(c)
			if may = may || m; may || !e {
				return may, false
			}
		}
		return false, true
	case opAlternate, opConditional:
		empty = n.op == opConditional && len(n.subs) < 2
		for _, sub := range n.subs {
			m, e := sub.begins(c)
			may, empty = may || m, empty || e
		}
		return may, empty
	case opRepeat:
		may, empty = n.subs[0].begins(c)
		return may && n.max > 0, empty || n.min == 0
	case opGroup:
		return n.subs[0].begins(c)
	case opScope:
		if n.add&ignoreCase != 0 {
			return true, true
		}
		return n.subs[0].begins(c)
	case opLook, opAt:
		return false, true
	}
	return true, true // a back-reference
}

// may says whether a class may have a character; of the categories it does not know them all.
func (s *set) may(c rune) bool {
	if len(s.categories) > 0 && (s.negate || len(s.categories) > 1 || c >= 0x80) {
		return true
	}
	in := false
	for _, r := range s.ranges {
		in = in || r.lo <= c && c <= r.hi
	}
	for _, category := range s.categories {
		word := c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		blank := c == ' ' || '\t' <= c && c <= '\r' || '\x1c' <= c && c <= '\x1f'
		switch category {
		case 'd':
			in = in || '0' <= c && c <= '9'
		case 'D':
			in = in || c < '0' || c > '9'
		case 's':
			in = in || blank
		case 'S':
			in = in || !blank
		case 'w':
			in = in || word
		case 'W':
			in = in || !word
		}
	}
	return in != s.negate
}
