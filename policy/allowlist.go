package policy

import (
	"fmt"
	"strings"
	"time"
)

// allowlist holds exceptions: rows that an item matches count as go.
type allowlist struct {
	id, name *string
	items    []item
	// exact finds items by what they name literally, patterns those of a gate that must be tried; both by gate in lower
	// case, in the order of the list.
	exact    map[itemKey][]int
	patterns map[string][]int
}

type itemKey struct{ gate, triggerID string }

type item struct {
	id      *string
	pattern pattern
	expires time.Time // zero: never
	comment string
}

func (a *allowlist) add(gateName, triggerID string, it item) {
	gateName = strings.ToLower(gateName)
	n := len(a.items)
	a.items = append(a.items, it)
	if isLiteral(triggerID) {
		k := itemKey{gateName, triggerID}
		a.exact[k] = append(a.exact[k], n)
		return
	}
	a.patterns[gateName] = append(a.patterns[gateName], n)
}

// find is the first item in force that matches a row; nil when there is none.
func (a *allowlist) find(m matcher, row *Row, at time.Time) (*item, error) {
	best := len(a.items)
	for _, n := range a.exact[itemKey{row.Gate, row.TriggerID}] {
		if a.items[n].inForce(at) {
			best = n
			break
		}
	}
	for _, n := range a.patterns[row.Gate] {
		if n >= best {
			break
		}
		it := &a.items[n]
		if !it.inForce(at) {
			continue
		}
		ok, err := it.pattern.match(m, row.TriggerID)
		if err != nil {
			return nil, fmt.Errorf("matching an item of allowlist %s: %w", orNone(a.id), err)
		}
		if ok {
			return it, nil
		}
	}
	if best < len(a.items) {
		return &a.items[best], nil
	}
	return nil, nil
}

func (it *item) inForce(at time.Time) bool { return it.expires.IsZero() || at.Before(it.expires) }

// parseExpiry reads the end of an item; the zero time when there is none.
func parseExpiry(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	text := s
	// Six digits may follow a colon in place of a point, which no layout of the time package can say.
	if len(text) > 19 && text[19] == ':' {
		text = text[:19] + "." + text[20:]
	}
	t, err := time.Parse("2006-01-02T15:04:05Z", text)
	if fraction := strings.TrimSuffix(text[min(len(text), 19):], "Z"); err != nil || len(fraction) == 1 || len(fraction) > 7 || strings.HasPrefix(fraction, ",") {
		return time.Time{}, fmt.Errorf("could not convert input value (%s) into datetime using formats in ['%%Y-%%m-%%dT%%H:%%M:%%SZ', '%%Y-%%m-%%dT%%H:%%M:%%S.%%fZ', '%%Y-%%m-%%dT%%H:%%M:%%S:%%fZ']", s)
	}
	return t, nil
}

func orNone(s *string) string {
	if s == nil {
		return "None"
	}
	return *s
}
