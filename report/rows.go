package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// ranked are the rows with what decides first: stop, warn, go, and then those that an allowlist lets pass.
func ranked(v *Verdict) []Row {
	if v == nil {
		return nil
	}
	rank := func(r *Row) int {
		if r.Allowed != "" {
			return 3
		}
		return max(0, slices.Index([]string{"stop", "warn", "go"}, r.Action))
	}
	rows := slices.Clone(v.Rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(rank(&a), rank(&b)) })
	return rows
}

// worst are the findings that count, the worst first.
func worst(r *Result) []advisory.ImageFinding {
	counting, _ := split(r.Findings)
	slices.SortStableFunc(counting, func(a, b advisory.ImageFinding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), strings.Compare(b.KnownExploited, a.KnownExploited), strings.Compare(a.ID, b.ID), strings.Compare(a.Package.Name, b.Package.Name))
	})
	return counting
}

// summary is the verdict in one line.
func (r *Result) summary() string {
	if r.Verdict == nil {
		return r.Name + ": no policy was evaluated"
	}
	counts := map[string]int{}
	for i := range r.Verdict.Rows {
		if row := &r.Verdict.Rows[i]; row.Allowed != "" {
			counts["allowed"]++
		} else {
			counts[row.Action]++
		}
	}
	var parts []string
	for _, word := range []string{"stop", "warn", "go", "allowed"} {
		if n := counts[word]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	s := fmt.Sprintf("%s: %s by policy %s", r.Name, strings.ToUpper(r.Verdict.Action), r.Verdict.Policy)
	if len(parts) > 0 {
		s += " (" + strings.Join(parts, ", ") + ")"
	}
	return s + because(r.Verdict)
}

// because says what decided when that was not the rows.
func because(v *Verdict) string {
	switch v.Reason {
	case "whitelisted":
		return "; the image is one of those that are always allowed"
	case "blacklisted":
		return "; the image is one of those that are never allowed"
	}
	if len(v.Problems) > 0 && v.Action == "stop" {
		return "; not everything could be evaluated"
	}
	return ""
}

// allowance says by what a row passes: the allowlist, its item, the reason and the end of it.
func (row *Row) allowance() string {
	s := row.Allowed
	if row.AllowedItem != "" {
		s += ", item " + row.AllowedItem
	}
	if row.AllowedReason != "" {
		s += ": " + row.AllowedReason
	}
	if !row.AllowedUntil.IsZero() {
		s += " (until " + row.AllowedUntil.UTC().Format(time.RFC3339) + ")"
	}
	return s
}

// proof is the evidence of a finding: for each record, the version that was compared and the range that held it.
func proof(f *advisory.ImageFinding) []string {
	var list []string
	for _, e := range f.Evidence {
		s := e.Record
		if e.Compared != "" {
			s += ": " + e.Compared
		}
		if e.Range != "" {
			s += " is " + e.Range
		}
		if e.NoFix != "" {
			s += "; " + e.NoFix
		}
		list = append(list, s)
	}
	return list
}

// fixText says what mends a finding.
func fixText(f *advisory.ImageFinding) string {
	if len(f.Fixes) > 0 {
		return strings.Join(f.Fixes, ", ")
	}
	return strings.ReplaceAll(unfixed(&f.Finding), "-", " ")
}

// unfixed is the state of a finding without a fix, in words. Those that were stored by an early version say "fixed" where
// nothing is known of a fix.
func unfixed(f *advisory.Finding) string {
	if f.State == advisory.FixUnknown || f.State == advisory.Fixed {
		return "fix not named"
	}
	return string(f.State)
}

// webLink is an address that is safe to follow; "" for anything but HTTP.
func webLink(address string) string {
	if strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return address
	}
	return ""
}

// placeOfPackage is the file that proves a package, and the place inside it.
func placeOfPackage(p *image.Package) string {
	if p.Inner != "" {
		return p.Location.Abs() + "!" + p.Inner
	}
	return p.Location.Abs()
}
