package advisory

import (
	"slices"
	"strings"
	"time"
)

// Difference is one respect in which two versions of a record differ.
type Difference struct {
	// What is "withdrawn", "range", "state", "severity", "module", "ids" or "text".
	What string `json:"what"`
	// Before and After in words; "" where there is nothing.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Differences says in which respects that can change what is said of a package two versions of a record differ; text is named
// only where nothing else does. Of entries, those that are filed under the package's names count.
func Differences(before, after *Record, p Package) []Difference {
	var list []Difference
	note := func(what, b, a string) {
		if a != b {
			list = append(list, Difference{what, b, a})
		}
	}
	old, now := entriesFor(before, p), entriesFor(after, p)
	note("withdrawn", dayOf(before.Withdrawn), dayOf(after.Withdrawn))
	note("range", old.join((*Affected).Words), now.join((*Affected).Words))
	note("state", old.join(func(a *Affected) string { return a.State }), now.join(func(a *Affected) string { return a.State }))
	note("module", old.join(func(a *Affected) string { return a.Module }), now.join(func(a *Affected) string { return a.Module }))
	note("severity", old.severity(before), now.severity(after))
	note("ids", idsOf(before), idsOf(after))
	if len(list) == 0 {
		note("text", titleOf([]*hit{{record: before}}), titleOf([]*hit{{record: after}}))
	}
	return list
}

// entries are those of a record that are about one package.
type entries []*Affected

func entriesFor(r *Record, p Package) (list entries) {
	keys := p.Keys()
	for i := range r.Affected {
		if a := &r.Affected[i]; slices.Contains(keys, Key{a.Ecosystem, a.Package}) || p.groupless() && a.Ecosystem == mavenEcosystem && artifactOf(a.Package) == ":"+p.Name {
			list = append(list, a)
		}
	}
	return list
}

// join shows each entry, once, sorted.
func (e entries) join(show func(*Affected) string) string {
	var list []string
	for _, a := range e {
		if s := show(a); s != "" {
			list = append(list, s)
		}
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " || ")
}

// severity is what the record alone says, with its source; "" when it says none.
func (e entries) severity(r *Record) string {
	h := &hit{record: r}
	for _, a := range e {
		if a.Word != "" {
			h.words = append(h.words, a.Word)
		}
		h.words = append(h.words, bareWords(a.Severity)...)
		h.addScores(a.Severity)
	}
	h.addScores(r.Severity)
	s, source := severityOf([]*hit{h})
	if source == "" {
		return ""
	}
	return s.String()
}

func idsOf(r *Record) string {
	ids := slices.Clone(r.Aliases)
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ", ")
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
