package advisory

import (
	"fmt"
	"slices"
	"strings"
)

// bound is an event of a range, read.
type bound struct {
	Event
	text string
	// lowest marks "0", which is before every version.
	lowest bool
	at     version
}

// ranged says how a range holds a version.
type ranged struct {
	held bool
	// fixed is the fix of the stretch that holds the version; "" when there is none.
	fixed string
	words string
}

// parsedVersion is the installed version with its order.
type parsedVersion struct {
	order *order
	text  string
	at    version
	err   error
}

func parseInstalled(ecosystem, text string) *parsedVersion {
	p := &parsedVersion{order: orderOf(ecosystem), text: text}
	p.at, p.err = p.order.parseVersion(text)
	return p
}

// listed says whether the version is named in the list of affected versions, with or without its "v".
func (p *parsedVersion) listed(versions []string) bool {
	if len(versions) == 0 || p.text == "" {
		return false
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
	bounds, limits, err := p.read(events)
	if err != nil {
		return ranged{}, err
	}
	for _, l := range limits {
		if c, err := p.at.compare(l.at); err != nil {
			return ranged{}, err
		} else if c < 0 {
			limits = nil
			break
		}
	}
	if limits != nil {
		return ranged{}, nil
	}
	var from, to string
	on := false
	for i := range bounds {
		b := &bounds[i]
		c := 1 // the installed version against the bound
		if !b.lowest {
			if c, err = p.at.compare(b.at); err != nil {
				return ranged{}, err
			}
		}
		switch {
		case b.Introduced != "":
			if c >= 0 {
				if !on {
					from = b.text
				}
				on = true
			}
		case b.Fixed != "":
			if c >= 0 {
				on = false
			} else if on {
				return ranged{true, b.text, fmt.Sprintf(">= %s, < %s", from, b.text)}, nil
			}
		case b.LastAffected != "":
			if c > 0 {
				on = false
			} else if on && to == "" {
				to = b.text
			}
		}
	}
	switch {
	case !on:
		return ranged{}, nil
	case to != "":
		return ranged{true, "", fmt.Sprintf(">= %s, <= %s", from, to)}, nil
	default:
		return ranged{true, "", ">= " + from}, nil
	}
}

// read parses the events and sorts them by version; those of one version stay as they are given.
func (p *parsedVersion) read(events []Event) (bounds, limits []bound, err error) {
	bounds = make([]bound, 0, len(events))
	unlimited := false
	for _, e := range events {
		b := bound{Event: e}
		switch {
		case e.Introduced != "":
			b.text = e.Introduced
		case e.Fixed != "":
			b.text = e.Fixed
		case e.LastAffected != "":
			b.text = e.LastAffected
		case e.Limit == "*": // no limit, whatever the others say
			unlimited = true
			continue
		case e.Limit == "":
			continue
		default:
			b.text = e.Limit
		}
		if b.lowest = b.text == "0"; !b.lowest {
			if b.at, err = p.order.parseVersion(b.text); err != nil {
				return nil, nil, err
			}
		}
		if e.Limit != "" && e.Introduced+e.Fixed+e.LastAffected == "" {
			limits = append(limits, b)
		} else {
			bounds = append(bounds, b)
		}
	}
	if unlimited {
		limits = nil
	}
	var failed error
	if len(bounds) > 1 {
		slices.SortStableFunc(bounds, func(a, b bound) int {
			switch {
			case a.lowest && b.lowest:
				return 0
			case a.lowest:
				return -1
			case b.lowest:
				return 1
			}
			c, err := a.at.compare(b.at)
			if err != nil {
				failed = err
			}
			return c
		})
	}
	return bounds, limits, failed
}

// hit is what one record says about one package.
type hit struct {
	record   *Record
	evidence Evidence
	fixes    []string
	state    FixState
	words    []string // severity words of the entries that hold
	scores   []Score
	order    *order
}

// affects evaluates the entry. held is false when it does not hold the version; the error says that it could not be
// told.
func (a *Affected) affects(p *parsedVersion) (words, fixed []string, held bool, err error) {
	for i := range a.Ranges {
		r, rangeErr := p.in(a.Ranges[i].Events)
		if rangeErr != nil {
			err = rangeErr
			continue
		}
		if r.held {
			held = true
			words = append(words, r.words)
			if r.fixed != "" {
				fixed = append(fixed, r.fixed)
			}
		}
	}
	if !held && p.listed(a.Versions) {
		return []string{"listed"}, nil, true, nil
	}
	return words, fixed, held, err
}
