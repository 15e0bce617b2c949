package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// VulnDiff is how the vulnerabilities of an image at two moments, or of two images, differ. What a rule hides counts as not
// there.
type VulnDiff struct {
	Before, After           DiffSide
	Added, Removed, Changed []DiffRow
	// Unchanged counts the findings that are the same.
	Unchanged int
}

// DiffSide is one of the two.
type DiffSide struct {
	Image    store.Image
	At       time.Time
	Revision int64
	// Analysis that was in force.
	Analysis int64
	// Findings that count.
	Findings int
	// Scores as in [Vulnerabilities].
	Scores map[string]store.EPSS
	// Base of the image as known now.
	Base *image.KnownBase
}

// EPSSOf is [Vulnerabilities.EPSSOf] of this side.
func (s *DiffSide) EPSSOf(f *advisory.Finding) *store.EPSS { return highest(s.Scores, f.IDs) }

// DiffRow is one finding that came, went or changed. Before is nil for one that came, After for one that went, unless a rule
// hides the other.
type DiffRow struct {
	Before, After *advisory.ImageFinding
	// Changes of the finding: "id", "version", "severity", "fix", "state", "known_exploited", "range", "ids", "cvss", "vex".
	Changes []advisory.Difference
	Reasons []DiffReason
}

// The kinds of reasons.
const (
	WhyNewAdvisory  = "new_advisory"
	WhyAdvisory     = "advisory_changed"
	WhyWithdrawn    = "advisory_withdrawn"
	WhyGone         = "advisory_removed"
	WhyPackageNew   = "package_added"
	WhyPackageGone  = "package_removed"
	WhyPackage      = "package_changed"
	WhyRule         = "rule"
	WhyVEX          = "vex"
	WhySourceOff    = "source_switched_off"
	WhySourceOn     = "source_switched_on"
	WhyExploited    = "known_exploited"
	WhyNotExploited = "no_longer_exploited"
	WhyScored       = "cvss_changed"
	WhyUnknown      = "unknown"
)

// DiffReason is why a finding came, went or changed.
type DiffReason struct {
	Kind string
	// Record that brought it about; "" where none did.
	Record string
	// Text says it in one sentence.
	Text string
	// Changes of the record, for advisory_changed.
	Changes []advisory.Difference
}

// Diff compares what was known of an image at two moments; the zero moment is now.
func (u *Vulns) Diff(ctx context.Context, account string, d image.Digest, from, to Moment) (*VulnDiff, error) {
	end := to.At
	if end.IsZero() {
		end = u.now()
	}
	if from.At.IsZero() || !from.At.Before(end) {
		return nil, Errorf(ClassInvalid, "invalid_request", "the first moment must lie before the second")
	}
	return u.diff(ctx, account, d, d, from, to)
}

// DiffImages compares two images as known at one moment.
func (u *Vulns) DiffImages(ctx context.Context, account string, a, b image.Digest, m Moment) (*VulnDiff, error) {
	return u.diff(ctx, account, a, b, m, m)
}

func (u *Vulns) diff(ctx context.Context, account string, a, b image.Digest, from, to Moment) (*VulnDiff, error) {
	out := &VulnDiff{Added: []DiffRow{}, Removed: []DiffRow{}, Changed: []DiffRow{}}
	before, err := u.side(ctx, account, a, from, &out.Before)
	if err != nil {
		return nil, err
	}
	after, err := u.side(ctx, account, b, to, &out.After)
	if err != nil {
		return nil, err
	}
	for _, p := range pairUp(before.findings, after.findings) {
		row := DiffRow{Before: p.before, After: p.after}
		was, is := counts(p.before), counts(p.after)
		switch {
		case was && is:
			if row.Changes = changesOf(p.before, p.after); len(row.Changes) > 0 {
				out.Changed = append(out.Changed, row)
			} else {
				out.Unchanged++
			}
		case is:
			out.Added = append(out.Added, row)
		case was:
			out.Removed = append(out.Removed, row)
		}
	}
	e := &explainer{store: u.store, before: before, after: after}
	return out, e.explain(ctx, out)
}

// side reads one state and describes it.
func (u *Vulns) side(ctx context.Context, account string, d image.Digest, m Moment, out *DiffSide) (*state, error) {
	img, err := liveImage(ctx, u.store, account, d)
	if err != nil {
		return nil, err
	}
	s, err := u.at(ctx, img, m)
	if err != nil {
		return nil, err
	}
	*out = DiffSide{Image: img, At: s.at, Revision: s.revision.ID, Analysis: s.analysisID}
	for i := range s.findings {
		if counts(&s.findings[i]) {
			out.Findings++
		}
	}
	if out.Scores, err = scoresOf(ctx, u.store, s.findings, s.at); err != nil {
		return nil, err
	}
	lineage, err := u.content.bases.of(ctx, account, s.analysisID)
	out.Base = lineage.Base
	return s, err
}

func counts(f *advisory.ImageFinding) bool { return f != nil && f.Ignored == "" }

// pair is a finding on both sides, or on one.
type pair struct{ before, after *advisory.ImageFinding }

// product is a package without its version.
type product struct {
	kind            image.PackageType
	namespace, name string
}

func productOf(p *image.Package) product { return product{p.Type, p.Namespace, p.Name} }

// pairUp lays findings of the same vulnerability of the same product beside each other, copies at the same place first. The
// order is that of after, then what is left of before.
func pairUp(before, after []advisory.ImageFinding) []pair {
	type vuln struct {
		product
		id string
	}
	open := map[vuln][]int{} // of before, by every id
	for i := range before {
		f := &before[i]
		for _, id := range slices.Compact(slices.Sorted(slices.Values(append([]string{f.ID}, f.IDs...)))) {
			v := vuln{productOf(&f.Package), id}
			open[v] = append(open[v], i)
		}
	}
	taken := make([]bool, len(before))
	of := make([]*advisory.ImageFinding, len(after))
	passes := []func(a, b *image.Package) bool{
		func(a, b *image.Package) bool { return a.Version == b.Version && a.V1Path() == b.V1Path() },
		func(a, b *image.Package) bool { return a.V1Path() == b.V1Path() },
		func(a, b *image.Package) bool { return a.Version == b.Version },
		func(a, b *image.Package) bool { return true },
	}
	for _, fits := range passes {
		for i := range after {
			f := &after[i]
			if of[i] != nil {
				continue
			}
			for _, id := range append([]string{f.ID}, f.IDs...) {
				for _, n := range open[vuln{productOf(&f.Package), id}] {
					if of[i] == nil && !taken[n] && fits(&before[n].Package, &f.Package) {
						taken[n], of[i] = true, &before[n]
					}
				}
			}
		}
	}
	out := make([]pair, 0, len(after))
	for i := range after {
		out = append(out, pair{of[i], &after[i]})
	}
	for i := range before {
		if !taken[i] {
			out = append(out, pair{&before[i], nil})
		}
	}
	return out
}

// changesOf says in which respects a finding that is on both sides changed. Words that explain it to people do not count.
func changesOf(a, b *advisory.ImageFinding) []advisory.Difference {
	var list []advisory.Difference
	note := func(what, before, after string) {
		if before != after {
			list = append(list, advisory.Difference{What: what, Before: before, After: after})
		}
	}
	note("id", a.ID, b.ID)
	note("version", a.Package.Version, b.Package.Version)
	note("severity", a.Severity.String(), b.Severity.String())
	note("fix", strings.Join(a.Fixes, ", "), strings.Join(b.Fixes, ", "))
	note("state", string(a.State), string(b.State))
	note("known_exploited", a.KnownExploited, b.KnownExploited)
	note("range", rangesOf(a), rangesOf(b))
	note("ids", strings.Join(a.IDs, ", "), strings.Join(b.IDs, ", "))
	note("cvss", vectorsOf(a), vectorsOf(b))
	note("vex", statusOf(a), statusOf(b))
	return list
}

func rangesOf(f *advisory.ImageFinding) string {
	var list []string
	for _, e := range f.Evidence {
		list = append(list, e.Record+": "+e.Range)
	}
	return strings.Join(list, "; ")
}

func vectorsOf(f *advisory.ImageFinding) string {
	var list []string
	for _, c := range f.CVSS {
		list = append(list, c.Source+": "+c.Vector)
	}
	return strings.Join(list, "; ")
}

// statusOf is what VEX says of a finding; "" when it says nothing.
func statusOf(f *advisory.ImageFinding) string {
	if f.VEX == nil {
		return ""
	}
	return f.VEX.Status
}
