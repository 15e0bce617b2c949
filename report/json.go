package report

import (
	"encoding/json"
	"io"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

// document is the JSON form. Its fields are documented in docs/output.md; they are only ever added to.
type document struct {
	Schema       string           `json:"schema"`
	Tool         string           `json:"tool"`
	Image        string           `json:"image"`
	Reference    string           `json:"reference,omitempty"`
	At           time.Time        `json:"at,omitzero"`
	Verdict      *Verdict         `json:"verdict,omitempty"`
	Base         *image.KnownBase `json:"base_image,omitempty"`
	Facts        *gate.Facts      `json:"facts,omitempty"`
	Analysis     analysed         `json:"analysis"`
	FeedRevision int64            `json:"feed_revision,omitempty"`
	Findings     []finding        `json:"findings,omitzero"`
	Ignored      []finding        `json:"ignored,omitempty"`
	VEXUnmatched []vex.Unmatched  `json:"vex_unmatched,omitempty"`
	Gaps         []image.Gap      `json:"gaps"`
}

// analysed is an analysis whose packages say whether they are inherited.
type analysed struct {
	*image.Analysis
	Packages []installed `json:"packages"`
}

type installed struct {
	*image.Package
	Inherited bool `json:"inherited,omitempty"`
}

// finding is one with the place where its package was found: the package has the file, LayerDigest is the blob of the
// layer that brought it; "" for a package of a document, which has no layers.
type finding struct {
	advisory.ImageFinding
	LayerDigest image.Digest `json:"layer_digest,omitempty"`
	Inherited   bool         `json:"inherited,omitempty"`
	// MatchedByCPE says that name and version of a program alone speak for it.
	MatchedByCPE bool `json:"matched_by_cpe,omitempty"`
	// GroupInferred says how the group of a Java archive was found that names none.
	GroupInferred string `json:"group_inferred,omitempty"`
	EPSS          *EPSS  `json:"epss,omitempty"`
	// KEVDue is the day by which CISA's catalogue asks for it to be mended, Ransomware that it knows of such campaigns.
	KEVDue     string `json:"kev_due,omitempty"`
	Ransomware bool   `json:"ransomware,omitempty"`
}

func placed(list []advisory.ImageFinding, r *Result) []finding {
	layers := r.Analysis.Layers
	out := make([]finding, 0, len(list))
	for _, f := range list {
		var blob image.Digest
		if n := f.Package.Layer; n >= 0 && n < len(layers) {
			blob = layers[n].Blob
		}
		one := finding{ImageFinding: f, LayerDigest: blob, Inherited: r.Base.Inherits(f.Package.Layer), MatchedByCPE: f.ByCPE(), GroupInferred: f.Inferred(), EPSS: r.epss(&f.Finding)}
		if r.Facts != nil {
			t := r.Facts.ThreatOf(&f.Finding)
			one.KEVDue, one.Ransomware = t.Due, t.Ransomware
		}
		out = append(out, one)
	}
	return out
}

func writeJSON(w io.Writer, r *Result, _ Style) error {
	d := document{
		Schema: "landwaiter-result/1", Tool: "landwaiter " + r.Version, Image: r.Name, Reference: r.Reference, At: r.At,
		Verdict: r.Verdict, Base: r.Base, Facts: r.Facts, Analysis: analysed{Analysis: r.Analysis, Packages: []installed{}}, FeedRevision: r.FeedRevision, Gaps: append([]image.Gap{}, r.Gaps...),
	}
	for i := range r.Analysis.Packages {
		p := &r.Analysis.Packages[i]
		d.Analysis.Packages = append(d.Analysis.Packages, installed{p, r.Base.Inherits(p.Layer)})
	}
	if r.Matched {
		counting, ignored := split(r.Findings)
		d.VEXUnmatched = r.VEXUnmatched
		d.Findings, d.Ignored = placed(counting, r), placed(ignored, r)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
