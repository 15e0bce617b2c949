package advisory

import "strings"

// NamedFix is a version that the publisher names as mended beside the ranges, which end with a last affected version.
type NamedFix struct {
	Version string `json:"version"`
	// Line is what versions begin with for which it is the fix, such as those of one vendor's builds; "" for all.
	Line string `json:"line,omitempty"`
}

// namedFix is the lowest version after the last affected one that the record names as mended for the installed version's
// line, and does not hold itself; "" when there is none.
func (m *matcher) namedFix(r *Record, last string, nearer bool) string {
	var best string
	var lowest version
	for i := range r.Affected {
		a := &r.Affected[i]
		if len(a.Fixes) == 0 || FixState(a.State) == NotAffected {
			continue
		}
		l := m.about(r, a, nearer)
		if l == nil {
			continue
		}
		v := m.version(l)
		end, err := v.order.parseVersion(last)
		if err != nil {
			continue
		}
		for _, f := range a.Fixes {
			if !strings.HasPrefix(v.text, f.Line) {
				continue
			}
			at, err := v.order.parseVersion(f.Version)
			if err != nil {
				continue
			}
			if after, err := at.compare(end); err != nil || after <= 0 || m.holdsVersion(r, l.Ecosystem, f.Version, nearer) {
				continue
			}
			if best != "" {
				if c, err := at.compare(lowest); err != nil || c >= 0 {
					continue
				}
			}
			best, lowest = f.Version, at
		}
	}
	return best
}

// holdsVersion says whether an entry of the record about the package holds another version of it.
func (m *matcher) holdsVersion(r *Record, ecosystem, text string, nearer bool) bool {
	v := parseInstalled(ecosystem, text)
	for i := range r.Affected {
		a := &r.Affected[i]
		if FixState(a.State) == NotAffected || m.about(r, a, nearer) == nil {
			continue
		}
		if s, err := a.affects(v); s.held || err != nil {
			return true
		}
	}
	return false
}
