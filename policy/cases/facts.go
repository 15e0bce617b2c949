package cases

import (
	"slices"

	"landwaiter.dev/advisory"
	"landwaiter.dev/policy/gate"
)

// lacking names the facts that a verdict cannot do without, and how a case says them.
var lacking = []struct {
	need      gate.Need
	what, how string
}{
	{gate.NeedThreats, "how vulnerabilities are used (scores of EPSS, due dates and ransomware of CISA's catalogue)", "facts.threats ({} for none)"},
	{gate.NeedNewer, "newer images of the base", "facts.newer_bases ([] for none)"},
	{gate.NeedSources, "the age of each source of data", "facts.sources"},
	{gate.NeedSignatures, "signatures", "facts.signatures ([] for none)"},
}

// facts are those of the case, or else those of the result; missing are the kinds that neither has.
func (c *Case) facts(f *Fixture) (facts gate.Facts, missing gate.Need) {
	lineage := gate.Lineage{Base: f.Base, Declared: f.Analysis.Base}
	if known := f.Facts; known != nil {
		facts = *known
		if known.Lineage != nil {
			lineage = *known.Lineage
		}
	} else {
		missing = gate.NeedNewer | gate.NeedSources | gate.NeedSignatures
	}
	facts.Threats, facts.Lineage = f.Threats, &lineage
	if f.unscored() {
		missing |= gate.NeedThreats
	}
	given := c.Facts
	if given == nil {
		return facts, missing
	}
	if given.Base != nil {
		lineage.Base = given.Base
	}
	if given.Newer != nil {
		lineage.Newer, missing = nil, missing&^gate.NeedNewer
		for _, n := range given.Newer {
			lineage.Newer = append(lineage.Newer, gate.NewerBase{Tag: n.Tag, Since: n.Since.Time})
		}
	}
	if given.Threats != nil {
		facts.Threats, missing = map[string]gate.Threat{}, missing&^gate.NeedThreats
		for id, t := range given.Threats {
			facts.Threats[id] = t.threat()
		}
	}
	if given.Sources != nil {
		facts.Sources, missing = nil, missing&^gate.NeedSources
		for _, s := range given.Sources {
			facts.Sources = append(facts.Sources, gate.SourceAge{Name: s.Name, LastSync: s.LastSync.Time})
		}
	}
	if given.Signatures != nil {
		facts.Signatures, missing = &gate.Signatures{}, missing&^gate.NeedSignatures
		for _, s := range given.Signatures {
			facts.Signatures.Found = append(facts.Signatures.Found, gate.Signature(s))
		}
	}
	return facts, missing
}

// unscored says whether there are findings of which nobody knows how they are used: those of an old result, and those of a
// list that the scan did not have.
func (f *Fixture) unscored() bool {
	return f.unseen || f.Facts == nil && slices.ContainsFunc(f.Findings, func(one advisory.ImageFinding) bool { return gate.HasCVE(&one.Finding) })
}
