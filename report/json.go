package report

import (
	"encoding/json"
	"io"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// document is the JSON form. Its fields are documented in docs/output.md; they are only ever added to.
type document struct {
	Schema       string                  `json:"schema"`
	Tool         string                  `json:"tool"`
	Image        string                  `json:"image"`
	Reference    string                  `json:"reference,omitempty"`
	At           time.Time               `json:"at,omitzero"`
	Verdict      *Verdict                `json:"verdict,omitempty"`
	Analysis     *image.Analysis         `json:"analysis"`
	FeedRevision int64                   `json:"feed_revision,omitempty"`
	Findings     []advisory.ImageFinding `json:"findings,omitzero"`
	Ignored      []advisory.ImageFinding `json:"ignored,omitempty"`
	Gaps         []image.Gap             `json:"gaps"`
}

func writeJSON(w io.Writer, r *Result, _ Style) error {
	d := document{
		Schema: "landwaiter-result/1", Tool: "landwaiter " + r.Version, Image: r.Name, Reference: r.Reference, At: r.At,
		Verdict: r.Verdict, Analysis: r.Analysis, FeedRevision: r.FeedRevision, Gaps: append([]image.Gap{}, r.Gaps...),
	}
	if r.Matched {
		d.Findings, d.Ignored = split(r.Findings)
		d.Findings = append([]advisory.ImageFinding{}, d.Findings...)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
