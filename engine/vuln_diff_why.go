package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// explainer says why findings came, went or changed: by the packages of both sides, the rules, the records at both
// revisions, and the reasons with which matches ended.
type explainer struct {
	store         *store.Store
	before, after *state
	// versions of products on each side.
	had, has map[product][]string
	// records at each revision, by id.
	old, now map[string][]*advisory.Record
	// ended are the reasons other than an advisory's with which matches ended between the revisions, endedBefore those of
	// matches that ended before; by package and id.
	ended, endedBefore map[matched]string
}

// matched names a match.
type matched struct {
	pkg advisory.Package
	id  string
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
				r.Reasons = append(r.Reasons, DiffReason{Kind: WhyUnknown, Text: "none of its records changed, nor did the package"})
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
	if e.ended, err = e.endings(ctx, e.before.analysisID, e.before.revision.ID, e.after.revision.ID); err != nil {
		return err
	}
	e.endedBefore, err = e.endings(ctx, e.after.analysisID, 0, e.before.revision.ID)
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

// endings reads why matches of an analysis ended, where no advisory was the reason.
func (e *explainer) endings(ctx context.Context, analysis, after, until int64) (map[matched]string, error) {
	out := map[matched]string{}
	if after >= until {
		return out, nil
	}
	list, err := e.store.EndedMatches(ctx, analysis, after, until)
	if err != nil || len(list) == 0 {
		return out, err
	}
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].PackageID
	}
	packages, err := e.store.PackagesByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range list {
		key := matched{packages[list[i].PackageID].Package, list[i].Finding.ID}
		if list[i].CloseReason != closedByAdvisory && list[i].CloseReason != "" {
			out[key] = list[i].CloseReason
		} else {
			delete(out, key) // the last ending counts
		}
	}
	return out, nil
}

// closedByAdvisory is the reason of matches that end because a record changed.
const closedByAdvisory = "advisory"

func (r *DiffRow) because(kind, record, format string, args ...any) {
	r.Reasons = append(r.Reasons, DiffReason{Kind: kind, Record: record, Text: fmt.Sprintf(format, args...)})
}

func (e *explainer) came(r *DiffRow) {
	f := r.After
	if r.Before != nil {
		r.because(WhyRule, "", "a rule hid it before: %s", r.Before.Ignored)
		return
	}
	switch had := e.had[productOf(&f.Package)]; {
	case len(had) == 0:
		r.because(WhyPackageNew, "", "the package was not there before")
	case !slices.Contains(had, f.Package.Version):
		r.because(WhyPackage, "", "the package was %s before", strings.Join(had, ", "))
	}
	e.records(r, f.Evidence, f.Distinct)
	if len(r.Reasons) > 0 {
		return
	}
	if why := e.endedBefore[matched{f.Distinct, f.ID}]; why != "" {
		r.because(WhySourceOn, "", "its source counts again, which ended before: %s", why)
	}
}

func (e *explainer) went(r *DiffRow) {
	f := r.Before
	if r.After != nil {
		r.because(WhyRule, "", "%s", r.After.Ignored)
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
	if why := e.ended[matched{f.Distinct, f.ID}]; why != "" {
		r.because(WhySourceOff, "", "its source does not count any more: %s", why)
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
	if len(r.Reasons) == 0 {
		if why := e.ended[matched{a.Distinct, a.ID}]; why != "" {
			r.because(WhySourceOff, "", "one of its sources does not count any more: %s", why)
		}
	}
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
