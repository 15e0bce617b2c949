package report

import (
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/sbom"
)

//go:embed page.html
var pageText string

// pageForm is the page. What comes from an image is text in it and never markup, style or script.
var pageForm = template.Must(template.New("page").Funcs(template.FuncMap{"clean": terminal.Plain}).Parse(pageText))

type (
	htmlPage struct {
		Title, Action, Summary, Version, At string
		Facts                               [][2]string
		Problems                            []string
		Gates                               []htmlGate
		Allowed                             []htmlAllowed
		Matched                             bool
		Findings, Ignored                   []htmlFinding
		Gaps                                [][2]string
	}
	htmlGate struct {
		Name  string
		Stops int
		Rows  []Row
	}
	htmlAllowed struct{ Gate, Trigger, Message, By string }
	htmlFinding struct {
		ID, Link, Severity, Class, Title, Package, Version, Path, Fix, Exploited, EPSS, Ignored string
		Aliases, Evidence                                                                       []string
		Inherited                                                                               bool
	}
)

// writeHTML writes one page that stands alone: no scripts, nothing from elsewhere. Rows are by gate, findings have their fix
// and evidence, and what an allowlist lets pass has the reason.
func writeHTML(w io.Writer, r *Result, _ Style) error {
	p := htmlPage{Title: r.Name, Action: "none", Summary: r.summary(), Version: r.Version, Matched: r.Matched}
	if !r.At.IsZero() {
		p.At = r.At.UTC().Format(time.RFC3339)
	}
	for _, f := range [][2]string{{"Reference", r.Reference}, {"Digest", string(r.Analysis.Digest)}, {"Platform", r.Analysis.Platform.String()}, {"System", system(r)},
		{"Packages", packageCounts(r.Analysis.Packages)}, {"Vulnerabilities", r.counts()}} {
		if f[1] != "" {
			p.Facts = append(p.Facts, f)
		}
	}
	if v := r.Verdict; v != nil {
		p.Action, p.Problems = v.Action, v.Problems
		p.Facts = append(p.Facts, [2]string{"Policy", v.Policy})
	}
	for _, row := range ranked(r.Verdict) {
		if row.Allowed != "" {
			p.Allowed = append(p.Allowed, htmlAllowed{row.Gate, row.Trigger, row.Message, row.allowance()})
			continue
		}
		i := slices.IndexFunc(p.Gates, func(g htmlGate) bool { return g.Name == row.Gate })
		if i < 0 {
			i = len(p.Gates)
			p.Gates = append(p.Gates, htmlGate{Name: row.Gate})
		}
		if row.Action == "stop" {
			p.Gates[i].Stops++
		}
		p.Gates[i].Rows = append(p.Gates[i].Rows, row)
	}
	p.Findings, p.Ignored = htmlFindings(r)
	for _, g := range r.Gaps {
		p.Gaps = append(p.Gaps, [2]string{string(g.Kind), sbom.GapText(g)})
	}
	return pageForm.Execute(w, p)
}

func htmlFindings(r *Result) (counting, ignored []htmlFinding) {
	list := worst(r)
	_, hidden := split(r.Findings)
	for i, all := 0, slices.Concat(list, hidden); i < len(all); i++ {
		f := &all[i]
		one := htmlFinding{
			ID: f.ID, Link: webLink(f.URL), Severity: f.Severity.String(), Class: strings.ToLower(f.Severity.String()), Title: f.Title, Package: f.Package.Name,
			Version: f.Package.Version, Path: placeOfPackage(&f.Package), Fix: fixText(f), Exploited: f.KnownExploited, Ignored: f.Ignored, Evidence: proof(f),
			Inherited: r.Base.Inherits(f.Package.Layer),
		}
		for _, id := range f.IDs {
			if id != f.ID {
				one.Aliases = append(one.Aliases, id)
			}
		}
		if s := r.epss(&f.Finding); s != nil {
			one.EPSS = Chance(s.Score)
		}
		if f.Ignored != "" {
			ignored = append(ignored, one)
		} else {
			counting = append(counting, one)
		}
	}
	return counting, ignored
}
