package advisory

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// Description is what records say of one vulnerability in one ecosystem, without regard to any installed package.
type Description struct {
	// ID as findings have it: the CVE for operating-system packages where one was asked for, the primary id for language
	// packages.
	ID string
	// IDs are all ids and aliases, sorted.
	IDs []string
	// Ecosystem with its release, [EcosystemCPE] for what NVD says; "" where other records name no package.
	Ecosystem string
	// Records that say it, sorted.
	Records        []string
	Severity       Severity
	SeveritySource string
	// Text describes it: the details, else the title; "" when no record has any.
	Text  string
	URL   string
	Links []Reference
	CVSS  []CVSS
	// Published is the earliest, Modified the latest date of the records. Withdrawn is set when all are.
	Published, Modified, Withdrawn time.Time
	Affected                       []AffectedPackage
}

// AffectedPackage is one package that records name.
type AffectedPackage struct {
	Name string
	Type image.PackageType
	// Range in words: "< 1.2.3", ">= 2, < 2.0.4 || = 3.0"; "*" for all versions.
	Range string
	// Fixes are the versions that mend it, lowest first.
	Fixes []string
	State FixState
	// Module as in [Affected].
	Module string
}

// Wanted narrows descriptions to a package; the zero value does not. Without Version all of its versions count; one that
// cannot be compared counts too.
type Wanted struct{ Name, Version string }

// Describe joins records that are known under one of the ids, each record to the ids that it has. Withdrawn records count
// only where there are no others. The order is that of id, then ecosystem.
func Describe(ids []string, records []*Record, w Wanted) []Description {
	type place struct{ id, ecosystem string }
	groups := map[place][]*hit{}
	for _, r := range records {
		names, own := r.Names(), bareCVE(r.ID)
		placed := map[place]bool{}
		for _, asked := range ids {
			if asked != own && !slices.Contains(names, asked) {
				continue
			}
			for _, eco := range ecosystemsOf(r) {
				p := place{displayed(r, asked, eco), eco}
				if !placed[p] {
					placed[p] = true
					groups[p] = append(groups[p], hitIn(r, eco))
				}
			}
		}
	}
	out := make([]Description, 0, len(groups))
	for p, hits := range groups {
		if d := describe(p.id, p.ecosystem, hits, w); w.Name == "" || len(d.Affected) > 0 {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b Description) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Ecosystem, b.Ecosystem))
	})
	return out
}

// ecosystemsOf lists the ecosystems of which a record names packages; where it names none, that of programs for NVD's, whose
// id is the CVE itself, and "" for others.
func ecosystemsOf(r *Record) []string {
	var list []string
	for _, k := range r.Keys() {
		if k.Ecosystem != "" && !slices.Contains(list, k.Ecosystem) {
			list = append(list, k.Ecosystem)
		}
	}
	switch {
	case list != nil:
		return list
	case isCVE(r.ID):
		return []string{EcosystemCPE}
	}
	return []string{""}
}

// displayed is the id under which a record's vulnerability is shown to who asked for another one.
func displayed(r *Record, asked, ecosystem string) string {
	switch {
	case ecosystem == "":
		return r.ID
	case typeOf(ecosystem).OS():
		return cmp.Or(bareCVE(asked), asked)
	}
	return primary([]*hit{{record: r}}, append([]string{r.ID}, r.Aliases...))
}

// typeOf is the type of the packages of an ecosystem; "" when it is not known.
func typeOf(ecosystem string) image.PackageType {
	if ecosystem == EcosystemCPE {
		return byCPE.packages
	}
	root := FolderOf(ecosystem)
	for i := range languages {
		if languages[i].ecosystem == root {
			return languages[i].packages
		}
	}
	for i := range distributions {
		if distributions[i].ecosystem == root {
			return distributions[i].packages
		}
	}
	return ""
}

// hitIn is a record with the words and scores of all entries of an ecosystem.
func hitIn(r *Record, ecosystem string) *hit {
	h := &hit{record: r, evidence: Evidence{Record: r.ID, Ecosystem: ecosystem}}
	for i := range r.Affected {
		if a := &r.Affected[i]; a.Ecosystem == ecosystem {
			if a.Word != "" {
				h.words = append(h.words, a.Word)
			}
			h.words = append(h.words, bareWords(a.Severity)...)
			h.addScores(a.Severity)
		}
	}
	h.addScores(r.Severity)
	return h
}

func describe(id, ecosystem string, hits []*hit, w Wanted) Description {
	valid := slices.DeleteFunc(slices.Clone(hits), func(h *hit) bool { return !h.record.Withdrawn.IsZero() })
	d := Description{ID: id, Ecosystem: ecosystem}
	if len(valid) == 0 {
		d.Withdrawn, valid = hits[0].record.Withdrawn, hits
	}
	ranked := byNearness(id, valid)
	d.Severity, d.SeveritySource = severityOf(ranked)
	d.CVSS, d.Text, d.URL = scoresOf(id, valid), textOf(ranked), urlOf(id, ranked)
	d.IDs = []string{id}
	for _, h := range ranked {
		r := h.record
		d.Records = append(d.Records, r.ID)
		if r.isAlias(id) || !typeOf(ecosystem).OS() {
			d.IDs = append(append(d.IDs, r.ID), r.Aliases...)
		}
		for _, l := range r.Links {
			if isWeb(l.URL) && !slices.Contains(d.Links, l) {
				d.Links = append(d.Links, l)
			}
		}
		d.Published = earliest(d.Published, r.Published)
		if r.Modified.After(d.Modified) {
			d.Modified = r.Modified
		}
		for i := range r.Affected {
			if a := &r.Affected[i]; a.Ecosystem == ecosystem && FixState(a.State) != NotAffected && w.wants(a) {
				d.add(a)
			}
		}
	}
	slices.Sort(d.IDs)
	slices.Sort(d.Records)
	d.IDs, d.Records = slices.Compact(d.IDs), slices.Compact(d.Records)
	slices.SortStableFunc(d.Affected, func(a, b AffectedPackage) int { return strings.Compare(a.Name, b.Name) })
	return d
}

// add takes up an entry, once.
func (d *Description) add(a *Affected) {
	p := AffectedPackage{Name: a.Package, Type: typeOf(a.Ecosystem), Range: a.Words(), State: FixState(a.State), Module: a.Module}
	ends := len(a.Ranges) > 0 // with last affected versions
	for _, r := range a.Ranges {
		for _, e := range r.Events {
			if e.Fixed != "" {
				p.Fixes = append(p.Fixes, e.Fixed)
			}
		}
		ends = ends && len(r.Events) > 0 && r.Events[len(r.Events)-1].LastAffected != ""
	}
	for _, f := range a.Fixes {
		if f.Line == "" {
			p.Fixes = append(p.Fixes, f.Version)
		}
	}
	if o := orderOf(a.Ecosystem); o != nil {
		p.Fixes = sortVersions(o, p.Fixes)
	}
	if p.State == "" {
		p.State = NotFixed
		switch {
		case len(p.Fixes) > 0:
			p.State = Fixed
		case ends:
			p.State = FixUnknown
		}
	}
	same := func(o AffectedPackage) bool {
		return o.Name == p.Name && o.Range == p.Range && o.State == p.State && o.Module == p.Module
	}
	if !slices.ContainsFunc(d.Affected, same) {
		d.Affected = append(d.Affected, p)
	}
}

// wants says whether an entry is about the package, and the version, that was asked for.
func (w Wanted) wants(a *Affected) bool {
	if w.Name == "" {
		return true
	}
	name := NormalizeName(a.Ecosystem, w.Name)
	if a.Package != name && (typeOf(a.Ecosystem).OS() || !strings.EqualFold(a.Package, name)) {
		return false
	}
	if w.Version == "" || orderOf(a.Ecosystem) == nil {
		return true
	}
	s, err := a.affects(parseInstalled(a.Ecosystem, w.Version))
	return s.held || err != nil
}

// textOf is the longest description that the nearest record has.
func textOf(ranked []*hit) string {
	for _, h := range ranked {
		if s := strings.TrimSpace(h.record.Details); s != "" {
			return s
		}
	}
	return titleOf(ranked)
}
