package report

import (
	"io"

	"landwaiter.dev/sbom"
)

// writeSBOM writes an SBOM document in a form of package sbom.
func writeSBOM(form string) writer {
	return func(w io.Writer, r *Result, s Style) error {
		return sbom.Encode(w, form, &sbom.Document{
			Name: r.Name, Reference: r.Reference, Analysis: r.Analysis, Gaps: r.Gaps, BaseLayers: r.Base.Count(), At: r.At, Version: r.Version,
			Matched: r.Matched, Findings: r.Findings, Indent: s.Indent, Declared: r.Document,
		})
	}
}
