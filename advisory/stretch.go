package advisory

import (
	"iter"
	"slices"
)

// stretch is a part of a version order that is affected: from a bound on, up to the fix, or up to the last affected
// version, or without end.
type stretch struct {
	from *bound // introduced or after
	fix  *bound // nil where no version is named
	last *bound // nil unless the stretch ends with it
}

// stretchesOf are the stretches that sorted bounds make as the OSV schema says: each introduced turns the vulnerability
// on, each fixed or last_affected turns it off. Those that touch are one.
func stretchesOf(bounds []bound) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		var s stretch
		for i := range bounds {
			b := &bounds[i]
			switch {
			case b.Introduced != "" || b.After != "":
				if s.from == nil {
					s.from = b
				}
			case s.from != nil:
				if b.Fixed != "" {
					s.fix = b
				} else {
					s.last = b
				}
				if !yield(s) {
					return
				}
				s = stretch{}
			}
		}
		if s.from != nil {
			yield(s)
		}
	}
}

// holds says whether the installed version lies in the stretch.
func (s *stretch) holds() bool {
	return (s.from.against() > 0 || s.from.Introduced != "" && s.from.against() == 0) &&
		(s.fix == nil || s.fix.against() < 0) && (s.last == nil || s.last.against() <= 0)
}

// against is the installed version compared with the bound.
func (b *bound) against() int {
	if b.lowest {
		return 1
	}
	return b.installed
}

func (s *stretch) fixed() string {
	if s.fix == nil {
		return ""
	}
	return s.fix.text
}

// lastAffected is the version that the stretch ends with; "" where it ends with a fix or not at all.
func (s *stretch) lastAffected() string {
	if s.last == nil {
		return ""
	}
	return s.last.text
}

func (s *stretch) words() string {
	words := ">= " + s.from.text
	if s.from.After != "" {
		words = "> " + s.from.text
	}
	switch {
	case s.fix != nil:
		return words + ", < " + s.fix.text
	case s.last != nil:
		return words + ", <= " + s.last.text
	}
	return words
}

// end is where the stretch ends; nil where it does not.
func (s *stretch) end() *bound {
	if s.fix != nil {
		return s.fix
	}
	return s.last
}

// join finds the stretch that all entries of a record about the package make together around the installed version:
// those that overlap or touch are one. What mends the package is the end of that: at the end of a single one, another may
// hold it. A version that is listed as affected mends nothing; the next one does. Where it cannot be told, what the entries
// say one by one is left as it is.
func (m *matcher) join(r *Record, h *hit, nearer bool) {
	var all []stretch
	var v *parsedVersion
	conditions, same := "", true
	for i := range r.Affected {
		a := &r.Affected[i]
		if FixState(a.State) == NotAffected {
			continue
		}
		l := m.about(r, a, nearer)
		if l == nil {
			continue
		}
		of := m.version(l)
		if v != nil && v != of { // what was built, and its source
			return
		}
		same = same && (v == nil || a.conditions() == conditions)
		v, conditions = of, a.conditions()
		for i := range a.Ranges {
			bounds, limited, err := v.read(a.Ranges[i].Events)
			if err != nil || !limited { // holds nothing that could be told
				continue
			}
			all = slices.AppendSeq(all, stretchesOf(bounds))
		}
	}
	joined, err := merge(all)
	if err != nil {
		return
	}
	at := slices.IndexFunc(joined, func(s stretch) bool { return s.holds() })
	if at < 0 { // listed alone
		return
	}
	s := &joined[at]
	if same {
		h.evidence.Range = s.words() + conditions
	}
	h.fixes, h.last = nil, s.lastAffected()
	if s.fix == nil {
		return
	}
	h.disputed = s.fix.text
	for _, next := range joined[at:] {
		if next.fix != nil && !m.lists(r, next.fix.text, nearer) {
			h.fixes = []string{next.fix.text}
			return
		}
	}
}

// merge sorts stretches and makes one of those that overlap or touch.
func merge(all []stretch) (joined []stretch, failed error) {
	compare := func(a, b *bound) int {
		c, err := compareBounds(a, b)
		if err != nil {
			failed = err
		}
		return c
	}
	slices.SortStableFunc(all, func(a, b stretch) int {
		if c := compare(a.from, b.from); c != 0 || (a.from.After == "") == (b.from.After == "") {
			return c
		}
		if a.from.After == "" {
			return -1
		}
		return 1
	})
	for _, s := range all {
		if len(joined) == 0 {
			joined = append(joined, s)
			continue
		}
		before := &joined[len(joined)-1]
		end := before.end()
		if end == nil {
			break
		}
		switch c := compare(s.from, end); {
		case c > 0, c == 0 && s.from.After != "" && before.fix != nil:
			joined = append(joined, s)
			continue
		}
		switch next := s.end(); {
		case next == nil:
			before.fix, before.last = nil, nil
		default:
			// Of two that end at one version, that which holds it goes further.
			if c := compare(next, end); c > 0 || c == 0 && s.last != nil {
				before.fix, before.last = s.fix, s.last
			}
		}
	}
	return joined, failed
}

// lists says whether an entry of the record about the package lists a version as affected.
func (m *matcher) lists(r *Record, text string, nearer bool) bool {
	for i := range r.Affected {
		if a := &r.Affected[i]; len(a.Versions) > 0 && FixState(a.State) != NotAffected && slices.Contains(a.Versions, text) && m.about(r, a, nearer) != nil {
			return true
		}
	}
	return false
}
