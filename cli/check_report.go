package cli

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"landwaiter.dev/advisory"
	"landwaiter.dev/client"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/report"
)

// reportEvaluations writes evaluations in a form of package report: in most forms the first alone, with the vulnerabilities and
// gaps of the image.
func (a *app) reportEvaluations(c *cobra.Command, s *client.Client, img *client.Image, list []client.Evaluation, result *client.EvaluationResult, m client.Moment) error {
	if a.output == report.EvaluationJSON {
		return a.report(&report.Result{Checked: checkedOf(list)})
	}
	e := &list[0]
	vulnerabilities, err := s.Vulnerabilities(c.Context(), img.Digest, "all", false, m)
	if err != nil {
		return err
	}
	meta := img.Content.Metadata
	r := &report.Result{
		Name: e.FullTag, Reference: e.FullTag, Matched: true, At: e.EvaluatedAt, FeedRevision: e.Revision, Version: a.version, Scores: map[string]report.EPSS{},
		Analysis: &image.Analysis{
			Digest: image.Digest(img.Digest), Platform: image.Platform{OS: "linux", Architecture: meta.Arch},
			Distro: image.Distro{ID: meta.Distro, VersionID: meta.DistroVersion},
		},
		Verdict: &report.Verdict{Policy: e.PolicyID, Action: e.FinalAction, Rows: []report.Row{}},
	}
	if result != nil {
		r.Verdict.Action, r.Verdict.Reason = result.FinalAction, result.FinalReason
		for _, p := range result.Problems {
			r.Verdict.Problems = append(r.Verdict.Problems, p.Details)
		}
	}
	reasons := reasonsOf(e.Detail.Policy)
	for _, row := range result.Rows() {
		one := report.Row{Gate: row.Gate, Trigger: row.Trigger, TriggerID: row.TriggerID, Message: row.Message, Action: row.Action, Allowed: row.Allowlisted, AllowedItem: row.AllowlistItem}
		if why, has := reasons[[2]string{row.AllowlistID, row.AllowlistItem}]; has && row.Allowlisted != "" {
			one.AllowedReason, one.AllowedUntil = why.comment, why.until
		}
		r.Verdict.Rows = append(r.Verdict.Rows, one)
	}
	for i, all := 0, slices.Concat(vulnerabilities.Vulnerabilities, vulnerabilities.Ignored); i < len(all); i++ {
		v := &all[i]
		r.Findings = append(r.Findings, findingOf(v))
		if v.EPSS != nil {
			r.Scores[v.ID] = report.EPSS{Score: v.EPSS.Score, Percentile: v.EPSS.Percentile, Day: v.EPSS.Day}
		}
	}
	for _, g := range vulnerabilities.Gaps {
		r.Gaps = append(r.Gaps, image.Gap{Kind: image.GapKind(g.Kind), Path: image.Path(strings.TrimPrefix(g.Path, "/")), Detail: g.Detail, Count: g.Count})
	}
	return a.report(r)
}

// report writes a result, all of it or nothing.
func (a *app) report(r *report.Result) error {
	var out bytes.Buffer
	if err := report.Write(&out, a.output, r, report.Style{Indent: terminal.Is(a.out)}); err != nil {
		return err
	}
	_, err := out.WriteTo(a.out)
	return err
}

// checkedOf are evaluations as the server gave them.
func checkedOf(list []client.Evaluation) *report.Checked {
	c := &report.Checked{Digest: list[0].Digest, FullTag: list[0].FullTag}
	for i := range list {
		e := &list[i]
		c.Evaluations = append(c.Evaluations, report.Evaluation{
			PolicyID: e.PolicyID, FinalAction: e.FinalAction, At: e.EvaluatedAt, Revision: e.Revision, AsOf: e.AsOf, ID: e.Stored, Document: e.Detail.Result, Bundle: e.Detail.Policy,
		})
	}
	return c
}

// findingOf is a vulnerability of /v1 as reports show it.
func findingOf(v *client.Vulnerability) advisory.ImageFinding {
	severity, _ := advisory.ParseSeverity(v.Severity)
	f := advisory.ImageFinding{
		Finding: advisory.Finding{ID: v.ID, IDs: append([]string{v.ID}, v.Aliases...), Severity: severity, SeveritySource: v.SeveritySource,
			State: advisory.FixState(v.FixState), Title: v.Title, Published: v.Published, KnownExploited: v.KnownExploited},
		Package: image.Package{Type: image.PackageType(v.PackageType), Name: v.PackageName, Version: v.PackageVersion, Layer: v.Layer,
			Location: image.Path(strings.TrimPrefix(v.File, "/"))},
		Ignored: v.Ignored,
	}
	if v.Fix != "None" && v.Fix != "" {
		f.Fixes = strings.Split(v.Fix, ",")
	}
	if v.URL != "None" {
		f.URL = v.URL
	}
	for _, c := range v.CVSS {
		f.CVSS = append(f.CVSS, advisory.CVSS{Source: c.Source, Version: c.Version, Vector: c.Vector, Base: c.Base, Exploitability: c.Exploitability, Impact: c.Impact})
	}
	for _, e := range v.Evidence {
		f.Evidence = append(f.Evidence, advisory.Evidence{Record: e.Record, Ecosystem: e.Ecosystem, Package: e.Package, Compared: e.Compared, Range: e.Range, Fixed: e.Fixed, NoFix: e.NoFix, Inferred: e.Inferred})
	}
	return f
}

// why is the comment of an allowlist item, and its end.
type why struct {
	comment string
	until   time.Time
}

// reasonsOf are the comments and ends of the allowlist items of a bundle, by the ids of list and item.
func reasonsOf(bundle []byte) map[[2]string]why {
	var b struct {
		Lists []struct {
			ID    string `json:"id"`
			Items []struct {
				ID      string `json:"id"`
				Comment string `json:"comment"`
				Expires string `json:"expires_on"`
			} `json:"items"`
		} `json:"whitelists"`
	}
	if json.Unmarshal(bundle, &b) != nil {
		return nil
	}
	reasons := map[[2]string]why{}
	for _, l := range b.Lists {
		for _, it := range l.Items {
			if it.ID != "" {
				until, _ := time.Parse(time.RFC3339, it.Expires) // a form that it has not is not shown
				reasons[[2]string{l.ID, it.ID}] = why{it.Comment, until}
			}
		}
	}
	return reasons
}
