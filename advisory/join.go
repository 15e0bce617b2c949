package advisory

import (
	"slices"
	"strings"
	"time"
)

// joinByCVE makes the findings of an operating-system package: one for each CVE that a record names, with every record
// that names it as evidence. A record that names none is a finding of its own.
func joinByCVE(hits []hit) []Finding {
	groups := map[string][]*hit{}
	for i := range hits {
		names := hits[i].record.cves()
		if len(names) == 0 {
			names = []string{hits[i].record.ID}
		}
		slices.Sort(names)
		for _, cve := range slices.Compact(names) {
			groups[cve] = append(groups[cve], &hits[i])
		}
	}
	findings := make([]Finding, 0, len(groups))
	for id, group := range groups {
		if !anyHolds(group) {
			continue
		}
		ids := []string{id}
		for _, h := range group {
			// A bundle is evidence, not another name.
			if h.record.isAlias(id) {
				if stated(h.record.ID) == "" {
					ids = append(ids, h.record.ID)
				}
				if len(h.record.cves()) < 2 {
					ids = append(ids, h.record.Aliases...)
				}
			}
		}
		findings = append(findings, newFinding(id, ids, group))
	}
	return findings
}

// joinByAlias makes the findings of a language package: records that share an id or alias are one.
func joinByAlias(hits []hit) []Finding {
	groupOf := map[string]int{}
	groups := [][]*hit{}
	for i := range hits {
		r := hits[i].record
		names := append([]string{r.ID}, r.Aliases...)
		g := -1
		for _, id := range names {
			other, known := groupOf[id]
			switch {
			case !known || other == g:
			case g < 0:
				g = other
			default: // this record joins two groups
				groups[g] = append(groups[g], groups[other]...)
				groups[other] = nil
				for name, of := range groupOf {
					if of == other {
						groupOf[name] = g
					}
				}
			}
		}
		if g < 0 {
			g = len(groups)
			groups = append(groups, nil)
		}
		for _, id := range names {
			groupOf[id] = g
		}
		groups[g] = append(groups[g], &hits[i])
	}
	findings := make([]Finding, 0, len(groups))
	for _, group := range groups {
		if !anyHolds(group) {
			continue
		}
		slices.SortFunc(group, func(a, b *hit) int { return strings.Compare(a.record.ID, b.record.ID) })
		var ids []string
		for _, h := range group {
			ids = append(append(ids, h.record.ID), h.record.Aliases...)
		}
		findings = append(findings, newFinding(primary(group, ids), ids, group))
	}
	return findings
}

// primary chooses the id of a language finding: a GHSA id, else a CVE, else the first record's own; of several, one
// that a record itself bears, then the lowest.
func primary(group []*hit, ids []string) string {
	for _, kind := range []func(string) bool{isGHSA, isCVE} {
		for _, h := range group {
			if kind(h.record.ID) {
				return h.record.ID
			}
		}
		best := ""
		for _, id := range ids {
			if kind(id) && (best == "" || id < best) {
				best = id
			}
		}
		if best != "" {
			return best
		}
	}
	return group[0].record.ID
}

// anyHolds says whether a record of the group holds the package: that others deny it is no finding by itself.
func anyHolds(group []*hit) bool {
	return slices.ContainsFunc(group, func(h *hit) bool { return !h.denies })
}

// newFinding joins what the records of one vulnerability say, one of which holds the package at least. group is sorted
// by record id. A record that denies it decides the state, and nothing else.
func newFinding(id string, ids []string, group []*hit) Finding {
	slices.Sort(ids)
	f := Finding{ID: id, IDs: slices.DeleteFunc(slices.Compact(ids), func(s string) bool { return s == "" }), State: NotFixed}
	denied := false
	for _, h := range group {
		f.Evidence = append(f.Evidence, h.evidence)
		denied = denied || h.denies
	}
	group = slices.DeleteFunc(slices.Clone(group), func(h *hit) bool { return h.denies })
	ranked := byNearness(id, group)
	f.Severity, f.SeveritySource = severityOf(ranked)
	f.CVSS = scoresOf(id, group)
	f.Title, f.URL = titleOf(ranked), urlOf(id, ranked)
	f.Informational = group[0].record.Informational
	for _, h := range group {
		f.Fixes = append(f.Fixes, h.fixes...)
		if h.record.Informational == "" {
			f.Informational = ""
		}
		f.Published = earliest(f.Published, h.record.Published)
	}
	f.Fixes = sortVersions(group[0].order, f.Fixes)
	switch i := slices.IndexFunc(ranked, func(h *hit) bool { return h.state != "" }); {
	case denied:
		f.State = NotAffected
	case len(f.Fixes) > 0:
		f.State = Fixed
	case i >= 0: // the record that is nearest decides
		f.State = ranked[i].state
	case !slices.ContainsFunc(ranked, func(h *hit) bool { return h.noFix() == "" }):
		f.State = FixUnknown // one that holds all later versions says more
	}
	return f
}

// byNearness puts the records that are about nothing else first: the one with the id itself, then its other names, then
// the bundles.
func byNearness(id string, group []*hit) []*hit {
	rank := func(h *hit) int {
		switch {
		case h.record.ID == id:
			return 0
		case h.record.isAlias(id):
			return 1
		default:
			return 2
		}
	}
	ranked := slices.Clone(group)
	slices.SortStableFunc(ranked, func(a, b *hit) int { return rank(a) - rank(b) })
	return ranked
}

// earliest of two times; zero ones do not count.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
