package report

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"landwaiter.dev/advisory"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/sbom"
)

// writeSARIF writes a SARIF 2.1.0 log: one result for each finding that counts, for each secret, piece of malware and
// changed file, and for each row of the verdict, and a notification for each gap.
func writeSARIF(w io.Writer, r *Result, _ Style) error {
	run := sarif.NewRunWithInformationURI("landwaiter", "https://landwaiter.dev")
	run.Tool.Driver.WithVersion(r.Version)
	counting, _ := split(r.Findings)
	for i := range counting {
		f := &counting[i]
		rule := run.AddRule(f.ID)
		rule.WithName(f.ID).WithShortDescription(plain(f.ID + ": " + f.Title))
		if f.URL != "" {
			rule.WithHelpURI(f.URL)
		}
		p := sarif.NewPropertyBag()
		if f.Severity != advisory.Unknown { // a number would make it look known
			p.Add("security-severity", sarifScore(f))
		}
		p.WithTags([]string{"security", "vulnerability"})
		rule.WithProperties(p)
		message := fmt.Sprintf("%s %s has %s (%s)", f.Package.Name, f.Package.Version, f.ID, f.Severity)
		if len(f.Fixes) > 0 {
			message += ", fixed in " + strings.Join(f.Fixes, ", ")
		}
		addResult(run, f.ID, sarifLevel(f.Severity), message, r.Name, f.Package.Location.Abs())
	}
	sarifObserved(run, r)
	if r.Verdict != nil {
		for _, row := range r.Verdict.Rows {
			if row.Gate == "vulnerabilities" || row.Allowed != "" {
				continue // those are findings already
			}
			id := row.Gate + "/" + row.Trigger
			run.AddRule(id).WithName(id).WithShortDescription(plain("policy " + id))
			level := map[string]string{"stop": "error", "warn": "warning"}[row.Action]
			if level == "" {
				level = "note"
			}
			addResult(run, id, level, row.Message, r.Name, "/")
		}
	}
	invocation := sarif.NewInvocation()
	invocation.WithExecutionSuccessful(true)
	for _, g := range r.Gaps {
		n := sarif.NewNotification()
		n.WithLevel("warning").WithMessage(plainMessage(string(g.Kind) + ": " + sbom.GapText(g)))
		invocation.AddToolExecutionNotification(n)
	}
	run.AddInvocation(invocation)
	log := sarif.NewReport()
	log.AddRun(run)
	return log.PrettyWrite(w)
}

func plain(s string) *sarif.MultiformatMessageString {
	return sarif.NewMultiformatMessageString().WithText(terminal.Plain(s))
}

func plainMessage(s string) *sarif.Message { return sarif.NewTextMessage(terminal.Plain(s)) }

func addResult(run *sarif.Run, rule, level, message, imageName, path string) {
	addResultAt(run, rule, level, message, imageName, path, 0)
}

// addResultAt adds a result at a line, from 1; 0 means the whole file.
func addResultAt(run *sarif.Run, rule, level, message, imageName, path string, line int) {
	uri := (&url.URL{Path: strings.TrimPrefix(path, "/")}).String()
	place := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri))
	if line > 0 {
		place.WithRegion(sarif.NewRegion().WithStartLine(line))
	}
	at := sarif.NewLocation().WithPhysicalLocation(place).WithMessage(plainMessage(imageName + " " + path))
	run.CreateResultForRule(rule).WithLevel(level).WithMessage(plainMessage(message)).AddLocation(at)
}

func sarifLevel(s advisory.Severity) string {
	switch {
	case s >= advisory.High:
		return "error"
	case s == advisory.Medium || s == advisory.Unknown:
		return "warning"
	default:
		return "note"
	}
}

// sarifScore is the number by which code-scanning services sort.
func sarifScore(f *advisory.ImageFinding) string {
	best := 0.0
	for _, c := range f.CVSS {
		best = max(best, c.Base)
	}
	if best == 0 {
		best = map[advisory.Severity]float64{advisory.Critical: 9.5, advisory.High: 8, advisory.Medium: 5.5, advisory.Low: 2.5, advisory.Negligible: 0.5}[f.Severity]
	}
	return fmt.Sprintf("%.1f", best)
}
