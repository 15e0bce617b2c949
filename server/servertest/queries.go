package servertest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// Scores are those that the engine knows by CVE.
func Scores() map[string]store.EPSS {
	return map[string]store.EPSS{"CVE-2023-0464": {CVE: "CVE-2023-0464", Score: 0.0042, Percentile: 0.74, Day: "2024-05-01"}}
}

type queries struct{ e *Engine }

// ImagesByVulnerability looks into [Findings], which every analysed image has.
func (q queries) ImagesByVulnerability(_ context.Context, account string, r engine.ByVulnerability) (*engine.HeldImages, error) {
	if !r.Moment.At.IsZero() && r.Moment.At.Before(Start) {
		return nil, engine.Errorf(engine.ClassConflict, "not_known_then", "there was no advisory data here at %s", r.Moment.At.Format(time.RFC3339))
	}
	var held engine.HeldImage
	for _, f := range Findings() {
		if !slices.Contains(f.IDs, r.ID) || r.VendorOnly && f.State == advisory.WontFix || r.Severity != nil && *r.Severity != f.Severity ||
			r.Package != "" && r.Package != f.Package.Name || len(r.Namespaces) > 0 && !slices.Contains(r.Namespaces, strings.ToLower(f.Distinct.Ecosystem)) {
			continue
		}
		f.Distinct.Type, f.Distinct.Name, f.Distinct.Version = f.Package.Type, f.Package.Name, f.Package.Version
		p := engine.HeldPackage{Package: f.Distinct, Finding: &f.Finding, Reason: f.Ignored}
		if p.Reason == "" {
			held.Packages = append(held.Packages, p)
		} else {
			held.Ignored = append(held.Ignored, p)
		}
	}
	return q.page(account, held, r.Page, r.Moment), nil
}

// ImagesByPackage looks into [Packages].
func (q queries) ImagesByPackage(_ context.Context, account string, r engine.ByPackage) (*engine.HeldImages, error) {
	var held engine.HeldImage
	for _, p := range Packages() {
		if p.Name == r.Name && (r.Version == "" || r.Version == p.Version) && (r.Type == "" || strings.EqualFold(r.Type, p.Type.V1())) {
			held.Packages = append(held.Packages, engine.HeldPackage{Package: advisory.Package{Type: p.Type, Name: p.Name, Version: p.Version}})
		}
	}
	return q.page(account, held, r.Page, r.Moment), nil
}

func (q queries) page(account string, held engine.HeldImage, p engine.Page, m engine.Moment) *engine.HeldImages {
	q.e.mu.Lock()
	defer q.e.mu.Unlock()
	out := &engine.HeldImages{Revision: 3, AsOf: m.At}
	if len(held.Packages)+len(held.Ignored) == 0 {
		return out
	}
	for _, i := range q.e.images {
		if i.Account == account && i.Status == store.Analyzed {
			one := held
			one.Image = clone(i)
			out.Images = append(out.Images, one)
		}
	}
	slices.SortFunc(out.Images, func(a, b engine.HeldImage) int { return cmp.Compare(a.Image.Digest, b.Image.Digest) })
	out.Total = int64(len(out.Images))
	if p.Limit > 0 {
		start := min((p.Number-1)*p.Limit, len(out.Images))
		out.Images = out.Images[start:min(start+p.Limit, len(out.Images))]
	}
	return out
}

// Vulnerabilities knows CVE-2023-0464 in Debian 12.
func (q queries) Vulnerabilities(_ context.Context, r engine.KnownVulnerabilities) (*engine.KnowledgePage, error) {
	out := &engine.KnowledgePage{Revision: 3, AsOf: r.Moment.At}
	if slices.Contains(r.IDs, "CVE-2023-0464") {
		score := Scores()["CVE-2023-0464"]
		out.Vulnerabilities = []engine.KnownVulnerability{{
			Description: advisory.Description{
				ID: "CVE-2023-0464", IDs: []string{"CVE-2023-0464", "DEBIAN-CVE-2023-0464"}, Ecosystem: "Debian:12", Records: []string{"DEBIAN-CVE-2023-0464"},
				Severity: advisory.High, SeveritySource: "DEBIAN-CVE-2023-0464: publisher", URL: "https://security-tracker.debian.org/tracker/CVE-2023-0464",
				Links:     []advisory.Reference{{Type: "WEB", URL: "https://example.com/a"}},
				CVSS:      []advisory.CVSS{{Source: advisory.NVD, Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", Base: 7.5, Exploitability: 3.9, Impact: 3.6}},
				Published: Start, Affected: []advisory.AffectedPackage{{Name: "openssl", Type: image.Deb, Range: "< 3.0.11-1", Fixes: []string{"3.0.11-1"}, State: advisory.Fixed}},
			},
			Namespace: "debian:12", KnownExploited: "2023-06-01", EPSS: &score,
		}}
	}
	out.Total = len(out.Vulnerabilities)
	return out, nil
}

// Diff says that of [Findings] one came, one went and one changed.
func (e *Engine) Diff(ctx context.Context, account string, d image.Digest, from, to engine.Moment) (*engine.VulnDiff, error) {
	before, err := e.Of(ctx, account, d, from)
	if err != nil {
		return nil, err
	}
	after, err := e.Of(ctx, account, d, to)
	if err != nil {
		return nil, err
	}
	return diffOf(before, after), nil
}

// DiffImages says the same of two images.
func (e *Engine) DiffImages(ctx context.Context, account string, a, b image.Digest, m engine.Moment) (*engine.VulnDiff, error) {
	before, err := e.Of(ctx, account, a, m)
	if err != nil {
		return nil, err
	}
	after, err := e.Of(ctx, account, b, m)
	if err != nil {
		return nil, err
	}
	return diffOf(before, after), nil
}

func diffOf(before, after *engine.Vulnerabilities) *engine.VulnDiff {
	side := func(v *engine.Vulnerabilities) engine.DiffSide {
		return engine.DiffSide{Image: v.Image, At: v.AsOf, Revision: v.Revision, Findings: 3, Scores: v.Scores}
	}
	came, went, was, is := Findings()[2], Findings()[1], Findings()[0], Findings()[0]
	was.Severity, was.KnownExploited = advisory.Low, ""
	raised := []advisory.Difference{{What: "severity", Before: "Low", After: "High"}}
	return &engine.VulnDiff{
		Before: side(before), After: side(after), Unchanged: 1,
		Added:   []engine.DiffRow{{After: &came, Reasons: []engine.DiffReason{{Kind: engine.WhyNewAdvisory, Record: came.ID, Text: came.ID + " is new here"}}}},
		Removed: []engine.DiffRow{{Before: &went, Reasons: []engine.DiffReason{{Kind: engine.WhyWithdrawn, Record: "DEBIAN-CVE-2005-2541", Text: "DEBIAN-CVE-2005-2541 was withdrawn on 2024-04-30"}}}},
		Changed: []engine.DiffRow{{Before: &was, After: &is, Changes: append(raised, advisory.Difference{What: "known_exploited", After: "2023-06-01"}), Reasons: []engine.DiffReason{
			{Kind: engine.WhyExploited, Text: "CISA's catalogue of exploited vulnerabilities has it since 2023-06-01"},
			{Kind: engine.WhyAdvisory, Record: "DEBIAN-CVE-2023-0464", Text: "DEBIAN-CVE-2023-0464 changed: severity Low → High", Changes: raised},
		}}},
	}
}
