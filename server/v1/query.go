package v1

import (
	"context"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"landwaiter.dev/advisory"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
)

// Paging asks for a part of a list.
type Paging struct {
	Page  int `query:"page" default:"1" minimum:"1" maximum:"1000000000" doc:"Counts from 1"`
	Limit int `query:"limit" minimum:"0" maximum:"1000000" doc:"Elements of a page; 0, the default, is all of them"`
}

func (p Paging) read() engine.Page { return engine.Page{Number: p.Page, Limit: p.Limit} }

// PageInfo tells where in a list an answer is. Numbers of pages are texts.
type PageInfo struct {
	Page     string `json:"page"`
	NextPage string `json:"next_page,omitempty" doc:"Absent on the last page"`
	Returned int    `json:"returned_count"`
	Total    int64  `json:"total_count" doc:"Elements of all pages"`
	// What follows is additive.
	Revision int64  `json:"feed_revision" doc:"State of the advisory data that answered"`
	AsOf     *clock `json:"as_of,omitempty"`
}

func (p Paging) info(returned int, total int64) PageInfo {
	i := PageInfo{Page: strconv.Itoa(p.Page), Returned: returned, Total: total}
	if p.Limit > 0 && int64(p.Page)*int64(p.Limit) < total {
		i.NextPage = strconv.Itoa(p.Page + 1)
	}
	return i
}

// QueriedImages is a page of images.
type QueriedImages struct {
	Images []QueriedImage `json:"images"`
	// Ignored is additive.
	Ignored []QueriedImage `json:"ignored_images,omitempty" doc:"Images of this page on which rules or VEX statements hide all that was found; total_count has them"`
	PageInfo
}

// QueriedImage is an image with the packages that were asked for; which of the lists there is depends on the question.
type QueriedImage struct {
	Image      ImageReference    `json:"image"`
	Vulnerable *[]QueriedPackage `json:"vulnerable_packages,omitempty"`
	Packages   *[]QueriedPackage `json:"packages,omitempty"`
	// Ignored is additive.
	Ignored []QueriedPackage `json:"ignored_packages,omitempty" doc:"Found, and hidden by the rule or VEX statement that ignored names"`
}

// ImageReference is an image as answers of queries name it.
type ImageReference struct {
	Digest     image.Digest `json:"imageDigest"`
	ID         string       `json:"imageId"`
	AnalyzedAt clockOrZero  `json:"analyzed_at"`
	Tags       []QueriedTag `json:"tag_history"`
}

// QueriedTag is a tag that points, or once pointed, at an image.
type QueriedTag struct {
	Registry   string      `json:"registry"`
	Repo       string      `json:"repo"`
	Tag        string      `json:"tag"`
	FullTag    string      `json:"fulltag"`
	DetectedAt clockOrZero `json:"tag_detected_at"`
}

// QueriedPackage is a package of an image. Namespace and what follows are there when a vulnerability was asked for.
type QueriedPackage struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Type      string `json:"type"`
	Namespace string `json:"namespace,omitempty"`
	Severity  string `json:"severity,omitempty" enum:"Unknown,Negligible,Low,Medium,High,Critical"`
	// What follows is additive.
	Vulnerability string   `json:"vulnerability,omitempty" doc:"Id of the finding"`
	Fixes         []string `json:"fixes,omitempty"`
	FixState      string   `json:"fix_state,omitempty"`
	Exploited     string   `json:"known_exploited,omitempty" doc:"Day on which CISA's catalogue took it up"`
	IgnoredBy     string   `json:"ignored,omitempty"`
}

// clockOrZero is a time as queries write it: the number 0 when unknown.
type clockOrZero time.Time

// MarshalJSON writes the second or 0.
func (c clockOrZero) MarshalJSON() ([]byte, error) {
	if time.Time(c).IsZero() {
		return []byte("0"), nil
	}
	return clock(c).MarshalJSON()
}

// Schema describes it.
func (clockOrZero) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString, Format: "date-time"}, {Type: huma.TypeInteger}}}
}

type imagesByVulnerability struct {
	Moment
	Paging
	ID         string   `query:"vulnerability_id" required:"true" maxLength:"200" doc:"Any of the ids that it is known under"`
	Namespace  []string `query:"namespace" maxItems:"200" doc:"Names of feed groups, separated by commas"`
	Package    string   `query:"affected_package" maxLength:"500" doc:"Name of the package or of its source"`
	Severity   string   `query:"severity" enum:"Unknown,Negligible,Low,Medium,High,Critical"`
	VendorOnly bool     `query:"vendor_only" default:"true" doc:"Leave out what the distribution says it will not fix"`
}

type imagesByPackage struct {
	Moment
	Paging
	Name    string `query:"name" required:"true" maxLength:"500" doc:"Exact; without regard to case for packages of no distribution"`
	Version string `query:"version" maxLength:"500"`
	Type    string `query:"package_type" maxLength:"100" doc:"As in the answers: dpkg, rpm, APKG, python, java, …"`
}

func (r *routes) queries() {
	const tag = "Queries"
	add(r, "GET /query/images/by_vulnerability", tag, "List images with a vulnerability", r.imagesByVulnerability)
	add(r, "GET /query/images/by_package", tag, "List images with a package", r.imagesByPackage)
	add(r, "GET /query/vulnerabilities", tag, "What the advisory data says of vulnerabilities", r.knownVulnerabilities)
}

func (r *routes) imagesByVulnerability(ctx context.Context, in *imagesByVulnerability) (QueriedImages, error) {
	m, err := in.Moment.read()
	if err != nil {
		return QueriedImages{}, err
	}
	q := engine.ByVulnerability{ID: in.ID, Namespaces: in.Namespace, Package: in.Package, VendorOnly: in.VendorOnly, Page: in.Paging.read(), Moment: m}
	if in.Severity != "" {
		if s, ok := advisory.ParseSeverity(in.Severity); ok {
			q.Severity = &s
		}
	}
	found, err := r.Queries.ImagesByVulnerability(ctx, account(ctx), q)
	if err != nil {
		return QueriedImages{}, err
	}
	return r.queried(found, in.Paging, m, func(i *QueriedImage, list []QueriedPackage) { i.Vulnerable = &list }), nil
}

func (r *routes) imagesByPackage(ctx context.Context, in *imagesByPackage) (QueriedImages, error) {
	m, err := in.Moment.read()
	if err != nil {
		return QueriedImages{}, err
	}
	found, err := r.Queries.ImagesByPackage(ctx, account(ctx), engine.ByPackage{Name: in.Name, Version: in.Version, Type: in.Type, Page: in.Paging.read(), Moment: m})
	if err != nil {
		return QueriedImages{}, err
	}
	return r.queried(found, in.Paging, m, func(i *QueriedImage, list []QueriedPackage) { i.Packages = &list }), nil
}

// queried shapes a page; set puts the packages where the question wants them.
func (r *routes) queried(found *engine.HeldImages, p Paging, m engine.Moment, set func(*QueriedImage, []QueriedPackage)) QueriedImages {
	out := QueriedImages{Images: []QueriedImage{}}
	for i := range found.Images {
		h := &found.Images[i]
		img := QueriedImage{Image: ImageReference{
			Digest: h.Image.Digest, ID: h.Image.ImageID.Hex(), AnalyzedAt: clockOrZero(h.Image.AnalyzedAt), Tags: []QueriedTag{},
		}}
		for _, t := range h.Image.Tags {
			img.Image.Tags = append(img.Image.Tags, QueriedTag{t.Registry, t.Repository, t.Tag, t.FullTag(), clockOrZero(t.DetectedAt)})
		}
		packages := []QueriedPackage{}
		for j := range h.Packages {
			packages = append(packages, r.queriedPackage(&h.Packages[j]))
		}
		for j := range h.Ignored {
			img.Ignored = append(img.Ignored, r.queriedPackage(&h.Ignored[j]))
		}
		set(&img, packages)
		if len(packages) == 0 && len(img.Ignored) > 0 {
			out.Ignored = append(out.Ignored, img)
		} else {
			out.Images = append(out.Images, img)
		}
	}
	out.PageInfo = p.info(len(out.Images), found.Total)
	out.Revision, out.AsOf = found.Revision, asked(m, found.AsOf)
	return out
}

func (r *routes) queriedPackage(h *engine.HeldPackage) QueriedPackage {
	p := QueriedPackage{Name: h.Name, Version: h.Version, Type: h.Type.V1(), IgnoredBy: h.Reason}
	if f := h.Finding; f != nil {
		p.Namespace, p.Severity, p.Vulnerability = r.FeedGroup(h.Ecosystem), f.Severity.String(), f.ID
		p.Fixes, p.FixState, p.Exploited = f.Fixes, string(f.State), f.KnownExploited
	}
	return p
}

// KnownVulnerabilities is a page of what the advisory data says.
type KnownVulnerabilities struct {
	Vulnerabilities []KnownVulnerability `json:"vulnerabilities"`
	PageInfo
}

// KnownVulnerability is one vulnerability in one namespace.
type KnownVulnerability struct {
	ID          string            `json:"id"`
	Namespace   string            `json:"namespace" doc:"Name of the feed group; nvdv2:cves for what NVD says"`
	Severity    string            `json:"severity" enum:"Unknown,Negligible,Low,Medium,High,Critical"`
	Link        string            `json:"link"`
	Description *string           `json:"description"`
	References  []LinkRow         `json:"references" nullable:"true"`
	Affected    []AffectedPackage `json:"affected_packages"`
	NVDData     []ScoreRow        `json:"nvd_data"`
	VendorData  []ScoreRow        `json:"vendor_data"`
	// What follows is additive.
	Aliases        []string        `json:"aliases" doc:"All ids"`
	Records        []string        `json:"records" doc:"Advisories that say it"`
	SeveritySource string          `json:"severity_source,omitempty"`
	CVSS           []advisory.CVSS `json:"cvss" doc:"All scored vectors; those of NVD have that source"`
	KnownExploited string          `json:"known_exploited,omitempty" doc:"Day on which CISA's catalogue took it up"`
	EPSS           *EPSSRow        `json:"epss,omitempty"`
	Published      *clock          `json:"published,omitempty"`
	Modified       *clock          `json:"modified,omitempty"`
	Withdrawn      *clock          `json:"withdrawn,omitempty" doc:"When all of the advisories were withdrawn; then nothing is matched with them"`
}

// LinkRow is a link of an advisory.
type LinkRow struct {
	Source string `json:"source"`
	URL    string `json:"url"`
}

// AffectedPackage is a package that an advisory names.
type AffectedPackage struct {
	Name       string `json:"name"`
	Version    string `json:"version" doc:"Which versions are affected: a constraint, or *"`
	Type       string `json:"type"`
	WillNotFix bool   `json:"will_not_fix"`
	// What follows is additive.
	Fixes    []string `json:"fixes,omitempty"`
	FixState string   `json:"fix_state,omitempty"`
	Module   string   `json:"module,omitempty"`
}

// EPSSRow is a prediction of exploitation.
type EPSSRow struct {
	Score      float64 `json:"score" doc:"Chance of being exploited within 30 days, 0 to 1"`
	Percentile float64 `json:"percentile"`
	Day        string  `json:"day" doc:"Day of the score"`
}

type knownVulnerabilities struct {
	Moment
	Paging
	IDs       []string `query:"id" required:"true" maxItems:"200" doc:"Ids, separated by commas"`
	Package   string   `query:"affected_package" maxLength:"500" doc:"Only what affects this package"`
	Version   string   `query:"affected_package_version" maxLength:"500" doc:"Only what affects this version of it"`
	Namespace []string `query:"namespace" maxItems:"200" doc:"Names of feed groups, separated by commas"`
}

func (r *routes) knownVulnerabilities(ctx context.Context, in *knownVulnerabilities) (KnownVulnerabilities, error) {
	m, err := in.Moment.read()
	switch {
	case err != nil:
		return KnownVulnerabilities{}, err
	case in.Version != "" && in.Package == "":
		return KnownVulnerabilities{}, invalid("affected_package_version needs affected_package")
	}
	found, err := r.Queries.Vulnerabilities(ctx, engine.KnownVulnerabilities{
		IDs: in.IDs, Wanted: advisory.Wanted{Name: in.Package, Version: in.Version}, Namespaces: in.Namespace, Page: in.Paging.read(), Moment: m,
	})
	if err != nil {
		return KnownVulnerabilities{}, err
	}
	out := KnownVulnerabilities{Vulnerabilities: []KnownVulnerability{}}
	for i := range found.Vulnerabilities {
		out.Vulnerabilities = append(out.Vulnerabilities, newKnown(&found.Vulnerabilities[i]))
	}
	out.PageInfo = in.Paging.info(len(out.Vulnerabilities), int64(found.Total))
	out.Revision, out.AsOf = found.Revision, asked(m, found.AsOf)
	return out, nil
}

func newKnown(k *engine.KnownVulnerability) KnownVulnerability {
	v := KnownVulnerability{
		ID: k.ID, Namespace: k.Namespace, Severity: k.Severity.String(), Link: k.URL, Description: orNull(k.Text), Affected: []AffectedPackage{},
		Aliases: k.IDs, Records: k.Records, SeveritySource: k.SeveritySource, CVSS: k.CVSS, KnownExploited: k.KnownExploited, EPSS: newEPSS(k.EPSS),
		Published: ifSet(k.Published), Modified: ifSet(k.Modified), Withdrawn: ifSet(k.Withdrawn),
	}
	if v.CVSS == nil {
		v.CVSS = []advisory.CVSS{}
	}
	for _, l := range k.Links {
		v.References = append(v.References, LinkRow{l.Type, l.URL})
	}
	for _, p := range k.Affected {
		v.Affected = append(v.Affected, AffectedPackage{
			Name: p.Name, Version: p.Range, Type: p.Type.V1(), WillNotFix: p.State == advisory.WontFix, Fixes: p.Fixes, FixState: string(p.State), Module: p.Module,
		})
	}
	v.NVDData, v.VendorData = scores(&advisory.Finding{IDs: k.IDs, CVSS: k.CVSS})
	return v
}

func ifSet(t time.Time) *clock {
	if t.IsZero() {
		return nil
	}
	c := clock(t)
	return &c
}
