package v1

import (
	"context"
	"net/http"
	"strings"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
	"landwaiter.dev/server/problem"
	"landwaiter.dev/store"
)

var vulnerabilityTypes = []string{"os", "non-os", "all"}

// VulnerabilityAnswer lists the vulnerabilities of an image.
type VulnerabilityAnswer struct {
	Digest          string             `json:"imageDigest"`
	Type            string             `json:"vulnerability_type"`
	Vulnerabilities []VulnerabilityRow `json:"vulnerabilities"`
	// What follows is additive.
	Ignored  []VulnerabilityRow `json:"ignored_vulnerabilities" doc:"Found, and hidden by the rule or VEX statement that ignored names"`
	Gaps     []image.Gap        `json:"gaps" doc:"What could not be seen or matched"`
	Revision int64              `json:"feed_revision" doc:"State of the advisory data that answered"`
	AsOf     *clock             `json:"as_of,omitempty"`
	VEX      []vex.Unmatched    `json:"vex_unmatched,omitempty" doc:"Statements of VEX documents in force that matched nothing"`
	Base     *image.KnownBase   `json:"base_image,omitempty" doc:"The image known here that has the longest part of the lowest layers"`
}

// VulnerabilityRow is one vulnerability of one package at one path. The text "None" stands for what is unknown.
type VulnerabilityRow struct {
	Vuln           string     `json:"vuln"`
	Severity       string     `json:"severity" enum:"Unknown,Negligible,Low,Medium,High,Critical"`
	Package        string     `json:"package"`
	PackageName    string     `json:"package_name"`
	PackageVersion string     `json:"package_version"`
	PackageType    string     `json:"package_type"`
	PackagePath    string     `json:"package_path"`
	PackageCPE     string     `json:"package_cpe"`
	PackageCPE23   string     `json:"package_cpe23"`
	URL            string     `json:"url"`
	Fix            string     `json:"fix"`
	Feed           string     `json:"feed"`
	FeedGroup      string     `json:"feed_group"`
	WillNotFix     bool       `json:"will_not_fix"`
	NVDData        []ScoreRow `json:"nvd_data"`
	VendorData     []ScoreRow `json:"vendor_data"`
	// What follows is additive.
	Aliases        []string            `json:"aliases" doc:"All ids of the vulnerability"`
	SeveritySource string              `json:"severity_source,omitempty"`
	FixState       string              `json:"fix_state,omitempty"`
	KnownExploited string              `json:"known_exploited,omitempty" doc:"Day on which CISA's catalogue took it up"`
	DetectedAt     *clock              `json:"detected_at,omitempty" doc:"When this installation first knew it"`
	Evidence       []advisory.Evidence `json:"evidence"`
	GroupInferred  string              `json:"group_inferred,omitempty" doc:"How the group of a Java archive was found that names none"`
	Ignored        string              `json:"ignored,omitempty"`
	VEX            *advisory.VEX       `json:"vex,omitempty" doc:"The VEX statement that counts for it, or is shown beside it"`
	Inherited      bool                `json:"inherited" doc:"The package comes from base_image"`
	CVSS           []advisory.CVSS     `json:"cvss" doc:"All scored vectors; those of NVD have that source"`
	EPSS           *EPSSRow            `json:"epss,omitempty" doc:"Of the day that is asked about, or the newest before it"`
	Layer          int                 `json:"layer" doc:"Index of the layer that brought the package, from 0; -1 when that is not known"`
	File           string              `json:"file,omitempty" doc:"The file that proves the package"`
	Title          string              `json:"title,omitempty"`
	Published      *clock              `json:"published,omitempty"`
	FixSince       *clock              `json:"fix_detected_at,omitempty" doc:"When this installation first knew a fix"`
}

func newEPSS(s *store.EPSS) *EPSSRow {
	if s == nil {
		return nil
	}
	return &EPSSRow{s.Score, s.Percentile, s.Day}
}

// ScoreRow holds the scores of one record; -1 means unknown.
type ScoreRow struct {
	ID     string    `json:"id"`
	CVSSv2 CVSSScore `json:"cvss_v2"`
	CVSSv3 CVSSScore `json:"cvss_v3"`
}

// CVSSScore is one set of scores; -1 means unknown.
type CVSSScore struct {
	Base           float64 `json:"base_score"`
	Exploitability float64 `json:"exploitability_score"`
	Impact         float64 `json:"impact_score"`
	Vector         string  `json:"vector,omitempty"`
}

type getVulnerabilities struct {
	ImagePath
	VulnerabilityQuery
}

type getVulnerabilitiesByID struct {
	ImageIDPath
	VulnerabilityQuery
}

// VulnerabilityQuery narrows what is asked.
type VulnerabilityQuery struct {
	Moment
	Type         string `path:"vtype" doc:"os, non-os or all"`
	ForceRefresh bool   `query:"force_refresh" doc:"Accepted; answers are always fresh"`
	VendorOnly   bool   `query:"vendor_only" default:"true" doc:"Leave out what the distribution says it will not fix"`
}

func (r *routes) vulnerabilities() {
	const tag = "Vulnerabilities"
	add(r, "GET /images/{imageDigest}/vuln", tag, "List vulnerability types", func(ctx context.Context, in *ImagePath) ([]string, error) {
		return vulnerabilityTypes, r.mustKnow(ctx, in.Digest)
	})
	add(r, "GET /images/by_id/{imageId}/vuln", tag, "List vulnerability types, by image id", func(ctx context.Context, in *ImageIDPath) ([]string, error) {
		_, err := r.byID(ctx, in.ID)
		return vulnerabilityTypes, err
	})
	add(r, "GET /images/{imageDigest}/vuln/{vtype}", tag, "Get vulnerabilities of an image", func(ctx context.Context, in *getVulnerabilities) (VulnerabilityAnswer, error) {
		d, err := digestOf(in.Digest)
		if err != nil {
			return VulnerabilityAnswer{}, err
		}
		return r.vulnerabilitiesOf(ctx, in.Digest, d, in.VulnerabilityQuery)
	})
	add(r, "GET /images/by_id/{imageId}/vuln/{vtype}", tag, "Get vulnerabilities of an image, by image id", func(ctx context.Context, in *getVulnerabilitiesByID) (VulnerabilityAnswer, error) {
		img, err := r.byID(ctx, in.ID)
		if err != nil {
			return VulnerabilityAnswer{}, err
		}
		return r.vulnerabilitiesOf(ctx, string(img.Digest), img.Digest, in.VulnerabilityQuery)
	})
}

func (r *routes) vulnerabilitiesOf(ctx context.Context, digest string, d image.Digest, q VulnerabilityQuery) (VulnerabilityAnswer, error) {
	if q.Type != "os" && q.Type != "non-os" && q.Type != "all" {
		return VulnerabilityAnswer{}, problem.New(http.StatusNotFound, "no_such_type", "content type ("+q.Type+") not available: use os, non-os or all")
	}
	m, err := q.Moment.read()
	if err != nil {
		return VulnerabilityAnswer{}, err
	}
	known, err := r.Vulnerabilities.Of(ctx, account(ctx), d, m)
	if err != nil {
		return VulnerabilityAnswer{}, err
	}
	answer := VulnerabilityAnswer{
		Digest: digest, Type: q.Type, Vulnerabilities: []VulnerabilityRow{}, Ignored: []VulnerabilityRow{},
		Gaps: *gaps(known.Gaps), Revision: known.Revision, AsOf: asked(m, known.AsOf), Base: known.Base, VEX: known.VEXUnmatched,
	}
	for i := range known.Findings {
		f := &known.Findings[i]
		if q.Type != "all" && f.Package.Type.OS() != (q.Type == "os") {
			continue
		}
		row := r.vulnerabilityRow(f)
		row.Inherited, row.EPSS = known.Base.Inherits(f.Package.Layer), newEPSS(known.EPSSOf(&f.Finding))
		switch {
		case f.Ignored != "":
			answer.Ignored = append(answer.Ignored, row)
		case row.WillNotFix && q.VendorOnly:
		default:
			answer.Vulnerabilities = append(answer.Vulnerabilities, row)
		}
	}
	return answer, nil
}

func (r *routes) vulnerabilityRow(f *advisory.ImageFinding) VulnerabilityRow {
	row := VulnerabilityRow{
		Vuln: f.ID, Severity: f.Severity.String(), Package: f.Package.Name + "-" + f.Package.Version,
		PackageName: f.Package.Name, PackageVersion: f.Package.Version, PackageType: f.Package.Type.V1(), PackagePath: f.Package.V1Path(),
		PackageCPE: "None", PackageCPE23: "None", URL: or(f.URL, "None"), Fix: or(strings.Join(f.Fixes, ","), "None"),
		Feed: "vulnerabilities", FeedGroup: r.FeedGroup(ecosystemOf(f)), WillNotFix: f.State == advisory.WontFix,
		Aliases: f.IDs, SeveritySource: f.SeveritySource, FixState: string(f.State), KnownExploited: f.KnownExploited,
		Evidence: f.Evidence, GroupInferred: f.Inferred(), Ignored: f.Ignored, VEX: f.VEX, CVSS: f.CVSS, Layer: f.Package.Layer, Title: f.Title,
		Published: ifSet(f.Published), DetectedAt: ifSet(f.Since), FixSince: ifSet(f.FixSince),
	}
	if f.Package.Location != "" {
		row.File = "/" + strings.TrimPrefix(string(f.Package.Location), "/")
	}
	if row.CVSS == nil {
		row.CVSS = []advisory.CVSS{}
	}
	if f.ByCPE() && len(f.Package.CPEs) > 0 {
		row.PackageCPE23 = f.Package.CPEs[0]
		if cpe, ok := advisory.ParseCPE(row.PackageCPE23); ok {
			row.PackageCPE = cpe.URI()
		}
	}
	if row.Aliases == nil {
		row.Aliases = []string{}
	}
	if row.Evidence == nil {
		row.Evidence = []advisory.Evidence{}
	}
	row.NVDData, row.VendorData = scores(&f.Finding)
	return row
}

func ecosystemOf(f *advisory.ImageFinding) string {
	if f.Distinct.Ecosystem != "" || len(f.Evidence) == 0 {
		return f.Distinct.Ecosystem
	}
	return f.Evidence[0].Ecosystem
}

// scores sorts the scored vectors of a finding: one element for each related CVE with what NVD says of it, and one for
// each other record that scored it.
func scores(f *advisory.Finding) (nvd, vendor []ScoreRow) {
	nvd, vendor = []ScoreRow{}, []ScoreRow{}
	for _, id := range f.IDs {
		if strings.HasPrefix(id, "CVE-") {
			nvd = append(nvd, newScoreRow(id))
		}
	}
	for _, c := range f.CVSS {
		list, id := &vendor, c.Source
		if c.Source == advisory.NVD && c.ID != "" {
			list, id = &nvd, c.ID
		} else if c.Source == advisory.NVD && len(nvd) > 0 { // stored before the CVE was
			list, id = &nvd, nvd[0].ID
		} else if strings.HasPrefix(c.Source, "CVE-") {
			list = &nvd
		}
		setScore(list, id, c)
	}
	return nvd, vendor
}

func setScore(list *[]ScoreRow, id string, c advisory.CVSS) {
	score := CVSSScore{c.Base, c.Exploitability, c.Impact, c.Vector}
	i := 0
	for i < len(*list) && (*list)[i].ID != id {
		i++
	}
	if i == len(*list) {
		*list = append(*list, newScoreRow(id))
	}
	row := &(*list)[i]
	switch {
	case strings.HasPrefix(c.Version, "2") && row.CVSSv2.Base < 0:
		row.CVSSv2 = score
	case strings.HasPrefix(c.Version, "3") && row.CVSSv3.Base < 0: // 3.1 comes before 3.0
		row.CVSSv3 = score
	}
}

func newScoreRow(id string) ScoreRow {
	unknown := CVSSScore{Base: -1, Exploitability: -1, Impact: -1}
	return ScoreRow{ID: id, CVSSv2: unknown, CVSSv3: unknown}
}
