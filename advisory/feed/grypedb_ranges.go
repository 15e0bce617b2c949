package feed

import (
	"fmt"
	"strings"

	"landwaiter.dev/advisory"
)

// grypePackage is what is read of the JSON of a package: versions as constraints, with what is done about each.
type grypePackage struct {
	CVEs       []string
	Qualifiers struct {
		// Module is "name:stream"; "" says that the package must be of none.
		Module       string   `json:"rpm_modularity"`
		Platforms    []string `json:"platform_cpes"`
		Architecture string
		Rootio       bool
	}
	Ranges []struct {
		Version struct{ Constraint string }
		Fix     struct{ Version, State string }
	}
}

// anyBinary is what stands in place of an architecture where a record is about a binary package of any.
const anyBinary = "binary-no-arch-specified"

// entries translates the ranges: one entry for each state. What holds on a platform only, or for packages of a vendor
// beside the distribution, is left out. The error names what could not be told, beside which the rest counts.
func (b *grypePackage) entries(base advisory.Affected, unaffected bool) (entries []advisory.Affected, wrong error) {
	q := &b.Qualifiers
	if q.Rootio || len(q.Platforms) > 0 || q.Module != "" && !printable(q.Module, maxID) || len(q.Architecture) > maxID {
		return nil, nil
	}
	base.Module = q.Module
	if q.Architecture != "" && q.Architecture != anyBinary {
		base.Arches = []string{q.Architecture}
	}
	at := map[string]int{}
	for _, r := range b.Ranges {
		state := ""
		switch r.Fix.State {
		case string(advisory.WontFix), string(advisory.NotAffected):
			state = r.Fix.State
		}
		if unaffected {
			state = string(advisory.NotAffected)
		}
		ranges, versions, err := grypeRanges(base.Ecosystem, r.Version.Constraint, r.Fix.Version, r.Fix.State)
		if unaffected && advisory.FolderOf(base.Ecosystem) == "AlmaLinux" && err == nil {
			// Advisories of AlmaLinux are in the database as what they make good: from the fixed version on.
			if ranges = beforeFix(ranges); len(ranges) > 0 {
				state, versions = "", nil
			}
		}
		if err != nil {
			wrong = err
			continue
		}
		i, known := at[state]
		if !known {
			i, at[state] = len(entries), len(entries)
			e := base
			e.State = state
			entries = append(entries, e)
		}
		if state == string(advisory.NotAffected) && strings.TrimSpace(r.Version.Constraint) == "" {
			continue // without ranges it is about all versions
		}
		entries[i].Ranges = append(entries[i].Ranges, ranges...)
		entries[i].Versions = append(entries[i].Versions, versions...)
	}
	if len(b.Ranges) == 0 && unaffected {
		base.State = string(advisory.NotAffected)
		entries = append(entries, base)
	}
	return entries, wrong
}

// beforeFix is what lies before ranges that begin with a version and do not end.
func beforeFix(ranges []advisory.Range) (before []advisory.Range) {
	for _, r := range ranges {
		if len(r.Events) == 1 && r.Events[0].Introduced != "" && r.Events[0].Introduced != "0" {
			before = append(before, advisory.Range{Type: r.Type, Events: []advisory.Event{{Introduced: "0"}, {Fixed: r.Events[0].Introduced}}})
		}
	}
	return before
}

// maxAlternatives is how many alternatives one constraint may have.
const maxAlternatives = 1000

// grypeRanges reads a constraint such as ">= 1.0, < 1.5 || = 2.0"; an empty one is about all versions. The end of a range
// is its fix unless the state says that there is none. "> 1.0" is taken as ">= 1.0": a range has no other beginning.
func grypeRanges(ecosystem, constraint, fix, state string) (ranges []advisory.Range, versions []string, err error) {
	constraint = strings.TrimSpace(constraint)
	if constraint == "" || constraint == "none" || strings.HasPrefix(constraint, "none (") {
		return []advisory.Range{{Type: "ECOSYSTEM", Events: []advisory.Event{{Introduced: "0"}}}}, nil, nil
	}
	alternatives := strings.Split(constraint, "||")
	if len(alternatives) > maxAlternatives {
		return nil, nil, fmt.Errorf("a constraint has more than %d alternatives", maxAlternatives)
	}
	for _, alternative := range alternatives {
		from, end := advisory.Event{Introduced: "0"}, advisory.Event{}
		only := ""
		for term := range strings.SplitSeq(alternative, ",") {
			term = strings.TrimSpace(term)
			operator := term[:len(term)-len(strings.TrimLeft(term, "<>="))]
			version := strings.TrimSpace(term[len(operator):])
			if !advisory.ValidVersion(ecosystem, version) || version == "" {
				return nil, nil, fmt.Errorf("the constraint %.120q names a version that is none", constraint)
			}
			switch operator {
			case ">=", ">":
				from.Introduced = version
			case "<":
				end = advisory.Event{Fixed: version}
				if state == string(advisory.WontFix) || state == string(advisory.NotFixed) || state == string(advisory.NotAffected) {
					end = advisory.Event{Limit: version}
				}
			case "<=":
				end = advisory.Event{LastAffected: version}
				if state == string(advisory.Fixed) && fix != "" && advisory.ValidVersion(ecosystem, fix) {
					end = advisory.Event{Fixed: fix}
				}
			case "=", "==", "":
				only = version
			default:
				return nil, nil, fmt.Errorf("the constraint %.120q cannot be read", constraint)
			}
		}
		if only != "" {
			versions = append(versions, only)
			continue
		}
		events := []advisory.Event{from}
		if end != (advisory.Event{}) {
			events = append(events, end)
		}
		ranges = append(ranges, advisory.Range{Type: "ECOSYSTEM", Events: events})
	}
	return ranges, versions, nil
}
