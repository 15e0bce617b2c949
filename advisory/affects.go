package advisory

import (
	"cmp"
	"slices"
	"strings"
)

// bound is an event of a range, read.
type bound struct {
	Event
	text string
	// lowest marks "0", which is before every version; it has no mark.
	lowest bool
	*mark
}

// mark is a version that records name, read once for all records about a package, with where the installed one stands:
// negative when that is older.
type mark struct {
	at        version
	installed int
	err       error
}

// ranged says how a range holds a version.
type ranged struct {
	held bool
	// fixed is the fix of the stretch that holds the version; "" when there is none.
	fixed string
	// last is the version that the stretch ends with, where it names none that mends it.
	last  string
	words string
}

// parsedVersion is the installed version with its order.
type parsedVersion struct {
	order *order
	text  string
	at    version
	err   error
	marks map[string]*mark
}

func parseInstalled(ecosystem, text string) *parsedVersion {
	p := &parsedVersion{order: orderOf(ecosystem), text: text, marks: map[string]*mark{}}
	p.at, p.err = p.order.parseVersion(text)
	return p
}

// mark reads a version that a record names; the same ones come again and again.
func (p *parsedVersion) mark(text string) *mark {
	m := p.marks[text]
	if m == nil {
		m = &mark{}
		if m.at, m.err = p.order.parseVersion(text); m.err == nil {
			m.installed, m.err = p.at.compare(m.at)
		}
		p.marks[text] = m
	}
	return m
}

// listed says whether the version is named in the list of affected versions, with or without its "v".
func (p *parsedVersion) listed(versions []string) bool {
	if len(versions) == 0 || p.text == "" {
		return false
	}
	if p.order == &byCPE.order {
		return p.listedByOrder(versions)
	}
	if slices.Contains(versions, p.text) {
		return true
	}
	bare, ok := strings.CutPrefix(p.text, "v")
	return ok && slices.Contains(versions, bare)
}

// in evaluates a range as the OSV schema says: events in the order of their versions, each introduced turns the
// vulnerability on, each fixed or last_affected turns it off; where there are limits, the version must be below one.
func (p *parsedVersion) in(events []Event) (ranged, error) {
	if p.err != nil {
		return ranged{}, p.err
	}
	if len(events) == 2 && events[0] == (Event{Introduced: "0"}) && events[1] == (Event{Fixed: events[1].Fixed}) && events[1].Fixed != "" {
		return p.before(events[1].Fixed)
	}
	bounds, below, err := p.read(events)
	if err != nil || !below {
		return ranged{}, err
	}
	for s := range stretchesOf(bounds) {
		if s.holds() {
			return ranged{true, s.fixed(), s.lastAffected(), s.words()}, nil
		}
	}
	return ranged{}, nil
}

// before is in for the range that most records have: all versions before the fix.
func (p *parsedVersion) before(fixed string) (ranged, error) {
	if fixed == "0" {
		return ranged{}, nil
	}
	m := p.mark(fixed)
	if m.err != nil || m.installed >= 0 {
		return ranged{}, m.err
	}
	return ranged{true, fixed, "", ">= 0, < " + fixed}, nil
}

// read reads the events and sorts them by version; those of one version stay as they are given. below says whether the
// installed version is below one of the limits, where there are any.
func (p *parsedVersion) read(events []Event) (bounds []bound, below bool, err error) {
	bounds = make([]bound, 0, len(events))
	limited := false
	for _, e := range events {
		b := bound{Event: e, text: cmp.Or(e.Introduced, e.After, e.Fixed, e.LastAffected)}
		limit := b.text == ""
		if limit {
			b.text = e.Limit
		}
		if b.text == "" {
			continue
		}
		if limit && b.text == "*" { // no limit
			limited, below = true, true
			continue
		}
		if b.lowest = b.text == "0"; !b.lowest {
			if b.mark = p.mark(b.text); b.err != nil {
				return nil, false, b.err
			}
		}
		if limit {
			limited = true
			below = below || !b.lowest && b.installed < 0
			continue
		}
		bounds = append(bounds, b)
	}
	return bounds, below || !limited, sortBounds(bounds)
}

func sortBounds(bounds []bound) (failed error) {
	slices.SortStableFunc(bounds, func(a, b bound) int {
		c, err := compareBounds(&a, &b)
		if err != nil {
			failed = err
		}
		return c
	})
	return failed
}

func compareBounds(a, b *bound) (int, error) {
	switch {
	case a.lowest && b.lowest:
		return 0, nil
	case a.lowest:
		return -1, nil
	case b.lowest:
		return 1, nil
	case a.text == b.text:
		return 0, nil
	}
	return a.at.compare(b.at)
}

// hit is what one record says about one package.
type hit struct {
	record   *Record
	evidence Evidence
	// denies: the record states that the package is not affected.
	denies bool
	fixes  []string
	// last is the last affected version, where the record names that alone. disputed is a fix that it names and lists as
	// affected.
	last, disputed string
	state          FixState
	words          []string // severity words of the entries that hold
	scores         []CVSS
	order          *order
}

// addScores reads the vectors of a record or of an entry of it.
func (h *hit) addScores(scores []Score) {
	for _, s := range scores {
		if c, ok := s.CVSS(h.record.ID); ok && !h.scored(c) {
			h.scores = append(h.scores, c)
		}
	}
}

// scored says whether NVD has scored the vulnerability in this version of CVSS already: its own score comes first, and
// those that others handed in after it.
func (h *hit) scored(c CVSS) bool {
	return c.Source == NVD && slices.ContainsFunc(h.scores, func(old CVSS) bool { return old.Source == NVD && old.Version == c.Version })
}

// noFix is [Evidence.NoFix].
func (h *hit) noFix() string {
	switch {
	case len(h.fixes) > 0:
		return ""
	case h.last != "":
		return "the record names no fix: versions after " + h.last + " are not listed as affected"
	case h.disputed != "":
		return "the record names " + h.disputed + " as the fix, and lists it as affected"
	}
	return ""
}

// ofSource says whether the entry is about a source package and all that is built of it.
func (a *Affected) ofSource() bool { return len(a.Arches) == 1 && a.Arches[0] == SourceArch }

// reach is what an entry says about a version.
type reach struct {
	held bool
	// words are the ranges that hold the version, fixed their fixes; last as in [ranged].
	words, fixed []string
	last         string
}

// affects evaluates the entry. The error says that it could not be told whether it holds the version.
func (a *Affected) affects(p *parsedVersion) (s reach, err error) {
	if FixState(a.State) == NotAffected && len(a.Ranges)+len(a.Versions) == 0 {
		return reach{held: true, words: []string{"all versions"}}, nil
	}
	for i := range a.Ranges {
		r, rangeErr := p.in(a.Ranges[i].Events)
		if rangeErr != nil {
			err = rangeErr
			continue
		}
		if r.held {
			s.held = true
			s.last = cmp.Or(r.last, s.last)
			s.words = append(s.words, r.words)
			if r.fixed != "" {
				s.fixed = append(s.fixed, r.fixed)
			}
		}
	}
	if !s.held && p.listed(a.Versions) {
		return reach{held: true, words: []string{"listed"}}, nil
	}
	return s, err
}

// single says whether the entry has no more than one stretch, and so no other that could hold its fix.
func (a *Affected) single() bool {
	return len(a.Ranges) == 0 || len(a.Ranges) == 1 && len(a.Ranges[0].Events) <= 2
}
