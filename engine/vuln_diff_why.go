package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// explainer says why findings came, went or changed: by the packages of both sides, the rules, the records at both
// revisions, and what was switched off.
type explainer struct {
	store         *store.Store
	before, after *state
	// versions of products on each side.
	had, has map[product][]string
	// records at each revision, by id.
	old, now map[string][]*advisory.Record
	// wasOff and isOff are the ecosystems that did not count on each side, "" for all.
	wasOff, isOff map[string]bool
}

func (e *explainer) explain(ctx context.Context, d *VulnDiff) error {
	if len(d.Added)+len(d.Removed)+len(d.Changed) == 0 {
		return nil
	}
	if err := e.load(ctx, d); err != nil {
		return err
	}
	for _, list := range [][]DiffRow{d.Added, d.Removed, d.Changed} {
		for i := range list {
			r := &list[i]
			switch {
			case counts(r.Before) && counts(r.After):
				e.changed(r)
			case counts(r.After):
				e.came(r)
			default:
				e.went(r)
			}
			if len(r.Reasons) == 0 {
				r.Reasons = append(r.Reasons, DiffReason{Kind: WhyUnknown, Text: "neither the package nor what is compared of its records changed"})
			}
		}
	}
	return nil
}

func (e *explainer) load(ctx context.Context, d *VulnDiff) error {
	e.had, e.has = versionsOf(e.before), versionsOf(e.after)
	var ids []string
	for _, list := range [][]DiffRow{d.Added, d.Removed, d.Changed} {
		for _, r := range list {
			for _, f := range []*advisory.ImageFinding{r.Before, r.After} {
				if f == nil {
					continue
				}
				for _, ev := range f.Evidence {
					ids = append(ids, ev.Record)
				}
			}
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var err error
	if e.old, err = e.store.RecordsByID(ctx, ids, e.before.revision.ID); err != nil {
		return err
	}
	if e.now, err = e.store.RecordsByID(ctx, ids, e.after.revision.ID); err != nil {
		return err
	}
	if e.wasOff, err = ecosystemsOff(ctx, e.store, e.before.revision.ID); err != nil {
		return err
	}
	e.isOff, err = ecosystemsOff(ctx, e.store, e.after.revision.ID)
	return err
}

func versionsOf(s *state) map[product][]string {
	out := map[product][]string{}
	for i := range s.analyzed.Analysis.Packages {
		p := &s.analyzed.Analysis.Packages[i]
		if k := productOf(p); !slices.Contains(out[k], p.Version) {
			out[k] = append(out[k], p.Version)
		}
	}
	return out
}

// switched names the feed group of a finding's evidence that did not count on one side and counts on the other; "" when there is
// none.
func switched(f *advisory.ImageFinding, off, on map[string]bool) string {
	for _, ev := range f.Evidence {
		if eco := ev.Ecosystem; (off[wholeFeed] || off[eco]) && !on[wholeFeed] && !on[eco] {
			return advisory.FeedGroup(eco)
		}
	}
	return ""
}

func (r *DiffRow) because(kind, record, format string, args ...any) {
	r.Reasons = append(r.Reasons, DiffReason{Kind: kind, Record: record, Text: fmt.Sprintf(format, args...)})
}

func (e *explainer) came(r *DiffRow) {
	f := r.After
	if r.Before != nil {
		r.because(hiddenBy(r.Before), "", "it was ignored before: %s", r.Before.Ignored)
		return
	}
	if group := switched(f, e.wasOff, e.isOff); group != "" {
		r.because(WhySourceOn, "", "the feed group %s was switched off before", group)
		return
	}
	switch had := e.had[productOf(&f.Package)]; {
	case len(had) == 0:
		r.because(WhyPackageNew, "", "the package was not there before")
	case !slices.Contains(had, f.Package.Version):
		r.because(WhyPackage, "", "the package was %s before", strings.Join(had, ", "))
	}
	e.records(r, f.Evidence, f.Distinct)
}

// hiddenBy tells a VEX statement that hides from a rule.
func hiddenBy(f *advisory.ImageFinding) string {
	if f.VEX != nil && strings.HasPrefix(f.Ignored, "VEX") {
		return WhyVEX
	}
	return WhyRule
}

func (e *explainer) went(r *DiffRow) {
	f := r.Before
	if r.After != nil {
		r.because(hiddenBy(r.After), "", "%s", r.After.Ignored)
		return
	}
	switch has := e.has[productOf(&f.Package)]; {
	case len(has) == 0:
		r.because(WhyPackageGone, "", "the package is not there any more")
		return
	case !slices.Contains(has, f.Package.Version):
		r.because(WhyPackage, "", "the package is %s now", strings.Join(has, ", "))
		return
	}
	if group := switched(f, e.isOff, e.wasOff); group != "" {
		r.because(WhySourceOff, "", "the feed group %s was switched off", group)
		return
	}
	e.records(r, f.Evidence, f.Distinct)
}

func (e *explainer) changed(r *DiffRow) {
	a, b := r.Before, r.After
	if a.Package.Version != b.Package.Version {
		r.because(WhyPackage, "", "the package was %s and is %s", a.Package.Version, b.Package.Version)
	}
	if a.KnownExploited != b.KnownExploited {
		if b.KnownExploited != "" {
			r.because(WhyExploited, "", "CISA's catalogue of exploited vulnerabilities has it since %s", b.KnownExploited)
		} else {
			r.because(WhyNotExploited, "", "CISA's catalogue of exploited vulnerabilities does not have it any more")
		}
	}
	evidence := slices.Clone(b.Evidence)
	for _, old := range a.Evidence {
		if !slices.ContainsFunc(evidence, func(n advisory.Evidence) bool { return n.Record == old.Record }) {
			evidence = append(evidence, old)
		}
	}
	e.records(r, evidence, b.Distinct)
	scored(r)
	if statusOf(a) != statusOf(b) {
		r.because(WhyVEX, "", "VEX said %q of it and says %q", statusOf(a), statusOf(b))
	}
}

// scored says which sources score a vulnerability in another way than before.
func scored(r *DiffRow) {
	was, is := scoresBySource(r.Before), scoresBySource(r.After)
	all := maps.Clone(was)
	maps.Copy(all, is)
	for _, source := range sortedWords(all) {
		switch before, after := was[source], is[source]; {
		case before == after:
		case before == "":
			r.because(WhyScored, "", "CVSS of %s is new: %s", source, after)
		case after == "":
			r.because(WhyScored, "", "CVSS of %s is not there any more: it was %s", source, before)
		default:
			r.because(WhyScored, "", "CVSS of %s was %s and is %s", source, before, after)
		}
	}
}

// scoresBySource are the base scores with their vectors; CVSS 2.0 and 3.1 of one source stand beside each other.
func scoresBySource(f *advisory.ImageFinding) map[string]string {
	m := map[string]string{}
	for _, c := range f.CVSS {
		source, text := c.Source, fmt.Sprintf("%.1f (%s)", c.Base, c.Vector)
		if c.ID != "" {
			source += " for " + c.ID
		}
		if m[source] != "" {
			text = m[source] + " and " + text
		}
		m[source] = text
	}
	return m
}

// records compares the records of a finding at both revisions.
func (e *explainer) records(r *DiffRow, evidence []advisory.Evidence, p advisory.Package) {
	for _, ev := range evidence {
		old, now := speaking(e.old[ev.Record], p), speaking(e.now[ev.Record], p)
		switch {
		case old == nil && now == nil:
		case old == nil:
			r.because(WhyNewAdvisory, ev.Record, "%s is new here", ev.Record)
		case now == nil:
			r.because(WhyGone, ev.Record, "%s is not among the advisories of its source any more", ev.Record)
		default:
			changes := advisory.Differences(old, now, p)
			if len(changes) == 0 {
				continue
			}
			kind, text := WhyAdvisory, ev.Record+" changed: "+inWords(changes)
			if old.Withdrawn.IsZero() && !now.Withdrawn.IsZero() {
				kind, text = WhyWithdrawn, fmt.Sprintf("%s was withdrawn on %s", ev.Record, now.Withdrawn.UTC().Format("2006-01-02"))
			}
			r.Reasons = append(r.Reasons, DiffReason{Kind: kind, Record: ev.Record, Text: text, Changes: changes})
		}
	}
}

// speaking chooses, of a record that several sources have, the one that speaks of the package.
func speaking(list []*advisory.Record, p advisory.Package) *advisory.Record {
	keys := p.Keys()
	for _, r := range list {
		if slices.ContainsFunc(r.Keys(), func(k advisory.Key) bool { return slices.Contains(keys, k) }) {
			return r
		}
	}
	if len(list) > 0 {
		return list[0]
	}
	return nil
}

// inWords is "range < 1.2 → < 1.3, severity Low → High".
func inWords(changes []advisory.Difference) string {
	words := make([]string, len(changes))
	for i, c := range changes {
		before, after := c.Before, c.After
		if before == "" {
			before = "none"
		}
		if after == "" {
			after = "none"
		}
		words[i] = fmt.Sprintf("%s %s → %s", c.What, before, after)
	}
	return strings.Join(words, ", ")
}
