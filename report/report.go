// Package report shows a result: as a table or a page for people, as JSON, SARIF, an SBOM document or the form of a build
// service for machines. It decides
// nothing and leaves nothing out: what was not seen and what a rule hides is in every form that has a place for it.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
	"landwaiter.dev/sbom"
)

// Result is what is known of one image.
type Result struct {
	// Name as the user gave it, Reference completed; the latter is "" for files.
	Name, Reference string
	Analysis        *image.Analysis
	// Document says that the analysis is what an SBOM says, and no image was read.
	Document bool
	// Matched says that advisories were looked at; else Findings means nothing.
	Matched  bool
	Findings []advisory.ImageFinding
	// VEXUnmatched are statements of VEX documents that matched nothing.
	VEXUnmatched []vex.Unmatched
	// Scores of EPSS by CVE, as far as they are at hand; nothing depends on them.
	Scores map[string]EPSS
	// Facts from outside of the image that rules may look at; nil when nobody asked.
	Facts *gate.Facts
	// Gaps of the analysis and of the advisory data.
	Gaps []image.Gap
	// Verdict of a policy; nil when none was asked.
	Verdict *Verdict
	// StoppedBy is what stops the image though the verdict does not, as "--fail-on high"; "" when nothing does. The table says it.
	StoppedBy string
	// Checked is the same verdict as /v1 answers it, which one form is made of; nil when none was asked.
	Checked *Checked
	// FeedRevision that answered, At when. Started and Ended are the work's; zero where nobody measured it.
	FeedRevision       int64
	At, Started, Ended time.Time
	// Base is the image below this one that is known here, or that a document names by its layers alone, without digest;
	// nil when none is.
	Base *image.KnownBase
	// Version of the program.
	Version string
}

// EPSS is a prediction of exploitation within 30 days: a chance from 0 to 1, its place among all, and the day it is of.
type EPSS struct {
	Score      float64 `json:"score"`
	Percentile float64 `json:"percentile"`
	Day        string  `json:"day"`
}

// Chance is a chance from 0 to 1 in per cent, for people; one that would be shown as nothing is said to be small.
func Chance(score float64) string {
	if score > 0 && score < 0.001 {
		return "<0.1%"
	}
	return fmt.Sprintf("%.1f%%", 100*score)
}

// epss is the highest score of a finding's CVEs; nil when none has one.
func (r *Result) epss(f *advisory.Finding) *EPSS {
	var best *EPSS
	for _, id := range f.IDs {
		if s, ok := r.Scores[id]; ok && (best == nil || s.Score > best.Score) {
			best = &s
		}
	}
	return best
}

// Verdict is what a policy says.
type Verdict struct {
	Policy string `json:"policy"`
	// Action is go, warn or stop; Reason why that is final.
	Action   string   `json:"action"`
	Reason   string   `json:"reason"`
	Rows     []Row    `json:"rows"`
	Problems []string `json:"problems,omitempty"`
}

// Row is one thing that a policy found.
type Row struct {
	Gate      string `json:"gate"`
	Trigger   string `json:"trigger"`
	TriggerID string `json:"trigger_id"`
	Message   string `json:"message"`
	Action    string `json:"action"`
	// Allowed names the allowlist that lets it pass; "" when none does. Then AllowedItem is the item's id, AllowedReason its
	// comment and AllowedUntil its end, where it has them.
	Allowed       string    `json:"allowed,omitempty"`
	AllowedItem   string    `json:"allowed_item,omitempty"`
	AllowedReason string    `json:"allowed_reason,omitempty"`
	AllowedUntil  time.Time `json:"allowed_until,omitzero"`
}

// Style is how a result is laid out.
type Style struct {
	// Width of the terminal in characters; 0 means any.
	Width int
	Color bool
	// Indent lays SBOM documents out for people; for programs they are on one line.
	Indent bool
}

type writer func(io.Writer, *Result, Style) error

// formats is the list of forms.
var formats = []struct {
	name  string
	write writer
}{
	{"table", writeTable},
	{"json", writeJSON},
	{EvaluationJSON, writeEvaluation},
	{"cyclonedx-json", writeSBOM("cyclonedx-json")},
	{"cyclonedx-xml", writeSBOM("cyclonedx-xml")},
	{"spdx-json", writeSBOM("spdx-json")},
	{"spdx-tag-value", writeSBOM("spdx-tag-value")},
	{"spdx3-json", writeSBOM("spdx3-json")},
	{"syft-json", writeSBOM("syft-json")},
	{"github-json", writeSBOM("github-json")},
	{"sarif", writeSARIF},
	{"junit", writeJUnit},
	{"github", writeGitHub},
	{"gitlab", writeGitLab},
	{"markdown", writeMarkdown},
	{"html", writeHTML},
}

// Formats lists the forms that [Write] knows.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// VerdictForms lists those that show a verdict and need no packages, so that they can be made of what a server answers.
func VerdictForms() []string {
	return []string{EvaluationJSON, "sarif", "junit", "github", "gitlab", "markdown", "html"}
}

// Check says whether a form is known.
func Check(format string) error {
	if find(format) == nil {
		return fmt.Errorf("output %q: there are %s", format, strings.Join(Formats(), ", "))
	}
	return nil
}

// Write writes a result in a form.
func Write(w io.Writer, format string, r *Result, s Style) error {
	write := find(format)
	if write == nil {
		return Check(format)
	}
	return write(w, r, s)
}

// find gives the writer of a form by its name or, for an SBOM, by another name that package sbom knows; nil when there is none.
func find(format string) writer {
	for _, f := range formats {
		if f.name == format {
			return f.write
		}
	}
	if _, known := sbom.MediaType(format); known {
		return writeSBOM(format)
	}
	return nil
}

// split parts the findings that count from those that a rule hides.
func split(findings []advisory.ImageFinding) (counting, ignored []advisory.ImageFinding) {
	for _, f := range findings {
		if f.Ignored == "" {
			counting = append(counting, f)
		} else {
			ignored = append(ignored, f)
		}
	}
	return counting, ignored
}
