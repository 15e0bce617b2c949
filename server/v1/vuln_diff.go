package v1

import (
	"context"

	"landwaiter.dev/advisory"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
)

// VulnDiffAnswer is how the vulnerabilities of an image at two moments, or of two images, differ.
type VulnDiffAnswer struct {
	Before    DiffSide  `json:"before"`
	After     DiffSide  `json:"after"`
	Added     []DiffRow `json:"added"`
	Removed   []DiffRow `json:"removed"`
	Changed   []DiffRow `json:"changed"`
	Unchanged int       `json:"unchanged_count"`
}

// DiffSide is one of the two.
type DiffSide struct {
	Digest   image.Digest `json:"imageDigest"`
	AsOf     clock        `json:"as_of"`
	Revision int64        `json:"feed_revision" doc:"State of the advisory data that answered"`
	Count    int          `json:"vulnerability_count" doc:"Without ignored ones"`
}

// DiffRow is a vulnerability that came, went or changed: as it is after, or, when it is not there any more, as it was.
type DiffRow struct {
	Vulnerability VulnerabilityRow      `json:"vulnerability"`
	Before        *VulnerabilityRow     `json:"before,omitempty" doc:"Of what changed: as it was"`
	Changes       []advisory.Difference `json:"changes,omitempty" doc:"In which respects it changed"`
	Reasons       []DiffReason          `json:"reasons"`
}

// DiffReason is why.
type DiffReason struct {
	Kind    string                `json:"kind" enum:"new_advisory,advisory_changed,advisory_withdrawn,advisory_removed,package_added,package_removed,package_changed,rule,vex,source_switched_off,source_switched_on,known_exploited,no_longer_exploited,cvss_changed,unknown"`
	Record  string                `json:"record,omitempty" doc:"The advisory that brought it about"`
	Text    string                `json:"text"`
	Changes []advisory.Difference `json:"changes,omitempty" doc:"Of the advisory"`
}

type vulnDiff struct {
	ImagePath
	Moment
	Since string `query:"since" doc:"The first moment (RFC 3339); needed unless other is given"`
	Until string `query:"until" doc:"The second moment; as_of is another name of it; default now"`
	Other string `query:"other" doc:"Digest of another image: compare with it instead, both as known at one moment"`
}

func (r *routes) vulnDiffs() {
	add(r, "GET /images/{imageDigest}/vuln-diff", "Vulnerabilities", "What came, went and changed between two moments, or from one image to another, and why", r.vulnDiff)
}

func (r *routes) vulnDiff(ctx context.Context, in *vulnDiff) (VulnDiffAnswer, error) {
	d, err := digestOf(in.Digest)
	if err != nil {
		return VulnDiffAnswer{}, err
	}
	to, err := in.moment("until", or(in.Until, in.AsOf))
	if err != nil {
		return VulnDiffAnswer{}, err
	}
	from, err := in.moment("since", in.Since)
	if err != nil {
		return VulnDiffAnswer{}, err
	}
	var found *engine.VulnDiff
	switch {
	case in.Until != "" && in.AsOf != "":
		return VulnDiffAnswer{}, invalid("until and as_of are the same: give one of them")
	case in.Other != "" && in.Since != "":
		return VulnDiffAnswer{}, invalid("give since or other, not both")
	case in.Other != "":
		var other image.Digest
		if other, err = digestOf(in.Other); err == nil {
			found, err = r.Vulnerabilities.DiffImages(ctx, account(ctx), d, other, to)
		}
	case in.Since == "":
		return VulnDiffAnswer{}, required("since")
	default:
		found, err = r.Vulnerabilities.Diff(ctx, account(ctx), d, from, to)
	}
	if err != nil {
		return VulnDiffAnswer{}, err
	}
	return r.newVulnDiff(found), nil
}

func (r *routes) newVulnDiff(found *engine.VulnDiff) VulnDiffAnswer {
	return VulnDiffAnswer{
		Before: newDiffSide(&found.Before), After: newDiffSide(&found.After), Unchanged: found.Unchanged,
		Added: r.diffRows(found, found.Added), Removed: r.diffRows(found, found.Removed), Changed: r.diffRows(found, found.Changed),
	}
}

// moment reads one of the times; "" is the zero moment.
func (in *vulnDiff) moment(name, text string) (engine.Moment, error) {
	if text == "" {
		return engine.Moment{}, nil
	}
	at, err := timeOf(name, text)
	return engine.Moment{At: at, Retrospective: in.Retrospective}, err
}

func newDiffSide(s *engine.DiffSide) DiffSide {
	return DiffSide{Digest: s.Image.Digest, AsOf: clock(s.At), Revision: s.Revision, Count: s.Findings}
}

func (r *routes) diffRows(d *engine.VulnDiff, list []engine.DiffRow) []DiffRow {
	rows := make([]DiffRow, 0, len(list))
	for i := range list {
		one := &list[i]
		row := DiffRow{Changes: one.Changes, Reasons: make([]DiffReason, 0, len(one.Reasons))}
		for _, why := range one.Reasons {
			row.Reasons = append(row.Reasons, DiffReason{why.Kind, why.Record, why.Text, why.Changes})
		}
		switch {
		case one.After == nil || one.After.Ignored != "" && one.Before != nil:
			row.Vulnerability = r.diffed(one.Before, &d.Before)
		case one.Before != nil && one.Before.Ignored == "":
			before := r.diffed(one.Before, &d.Before)
			row.Before = &before
			fallthrough
		default:
			row.Vulnerability = r.diffed(one.After, &d.After)
		}
		rows = append(rows, row)
	}
	return rows
}

func (r *routes) diffed(f *advisory.ImageFinding, s *engine.DiffSide) VulnerabilityRow {
	row := r.vulnerabilityRow(f)
	row.Inherited, row.EPSS = s.Base.Inherits(f.Package.Layer), newEPSS(s.EPSSOf(&f.Finding))
	return row
}
