package client

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Paging asks for a part of a list; zero values ask for all of it.
type Paging struct{ Page, Limit int }

func (p Paging) on(r route) route {
	if p.Page > 0 {
		r = r.with("page", strconv.Itoa(p.Page))
	}
	if p.Limit > 0 {
		r = r.with("limit", strconv.Itoa(p.Limit))
	}
	return r
}

// PageInfo tells where in a list an answer is.
type PageInfo struct {
	Page string `json:"page"`
	// NextPage is "" on the last page.
	NextPage string    `json:"next_page,omitempty"`
	Returned int       `json:"returned_count"`
	Total    int64     `json:"total_count"`
	Revision int64     `json:"feed_revision"`
	AsOf     time.Time `json:"as_of,omitzero"`
}

// ByVulnerability asks which images have a vulnerability. Empty fields do not narrow.
type ByVulnerability struct {
	ID        string
	Namespace []string
	Package   string
	Severity  string
	// All includes what the distribution will not fix.
	All bool
	Paging
	Moment
}

// ByPackage asks which images hold a package. Empty fields do not narrow.
type ByPackage struct {
	Name, Version, Type string
	Paging
	Moment
}

// QueriedImages is a page of images.
type QueriedImages struct {
	Images []QueriedImage `json:"images"`
	// Ignored are images of the page on which rules or VEX statements hide all that was found.
	Ignored []QueriedImage `json:"ignored_images,omitempty"`
	PageInfo
}

// QueriedImage is an image with the packages that were asked for, in Vulnerable or in Packages.
type QueriedImage struct {
	Image      ImageReference   `json:"image"`
	Vulnerable []QueriedPackage `json:"vulnerable_packages,omitempty"`
	Packages   []QueriedPackage `json:"packages,omitempty"`
	Ignored    []QueriedPackage `json:"ignored_packages,omitempty"`
}

// ImageReference names an image.
type ImageReference struct {
	Digest string `json:"imageDigest"`
	ID     string `json:"imageId"`
	// AnalyzedAt is a time, or 0.
	AnalyzedAt json.RawMessage `json:"analyzed_at"`
	Tags       []struct {
		Registry   string          `json:"registry"`
		Repository string          `json:"repo"`
		Tag        string          `json:"tag"`
		FullTag    string          `json:"fulltag"`
		DetectedAt json.RawMessage `json:"tag_detected_at"`
	} `json:"tag_history"`
}

// QueriedPackage is a package of an image.
type QueriedPackage struct {
	Name           string   `json:"name"`
	Version        string   `json:"version"`
	Type           string   `json:"type"`
	Namespace      string   `json:"namespace,omitempty"`
	Severity       string   `json:"severity,omitempty"`
	Vulnerability  string   `json:"vulnerability,omitempty"`
	Fixes          []string `json:"fixes,omitempty"`
	FixState       string   `json:"fix_state,omitempty"`
	KnownExploited string   `json:"known_exploited,omitempty"`
	Ignored        string   `json:"ignored,omitempty"`
}

// ImagesByVulnerability lists images with a vulnerability.
func (c *Client) ImagesByVulnerability(ctx context.Context, q ByVulnerability) (QueriedImages, error) {
	var a QueriedImages
	r := at("query", "images", "by_vulnerability").with("vulnerability_id", q.ID).with("namespace", strings.Join(q.Namespace, ",")).
		with("affected_package", q.Package).with("severity", q.Severity).flag("vendor_only", !q.All)
	err := c.get(ctx, q.Moment.on(q.Paging.on(r)), &a)
	return a, err
}

// ImagesByPackage lists images with a package.
func (c *Client) ImagesByPackage(ctx context.Context, q ByPackage) (QueriedImages, error) {
	var a QueriedImages
	r := at("query", "images", "by_package").with("name", q.Name).with("version", q.Version).with("package_type", q.Type)
	err := c.get(ctx, q.Moment.on(q.Paging.on(r)), &a)
	return a, err
}

// KnownVulnerabilities asks what the advisory data says of vulnerabilities.
type KnownVulnerabilities struct {
	IDs              []string
	Package, Version string
	Namespace        []string
	Paging
	Moment
}

// KnowledgePage is a page of what is known.
type KnowledgePage struct {
	Vulnerabilities []KnownVulnerability `json:"vulnerabilities"`
	PageInfo
}

// KnownVulnerability is one vulnerability in one namespace.
type KnownVulnerability struct {
	ID             string            `json:"id"`
	Namespace      string            `json:"namespace"`
	Severity       string            `json:"severity"`
	SeveritySource string            `json:"severity_source,omitempty"`
	Link           string            `json:"link"`
	Description    string            `json:"description"`
	References     []Link            `json:"references"`
	Affected       []AffectedPackage `json:"affected_packages"`
	NVD            []Score           `json:"nvd_data"`
	Vendor         []Score           `json:"vendor_data"`
	Aliases        []string          `json:"aliases"`
	Records        []string          `json:"records"`
	CVSS           []Vector          `json:"cvss"`
	KnownExploited string            `json:"known_exploited,omitempty"`
	EPSS           *EPSS             `json:"epss,omitempty"`
	Published      time.Time         `json:"published,omitzero"`
	Modified       time.Time         `json:"modified,omitzero"`
	Withdrawn      time.Time         `json:"withdrawn,omitzero"`
}

// Link of an advisory.
type Link struct {
	Source string `json:"source"`
	URL    string `json:"url"`
}

// AffectedPackage is a package that an advisory names; Version is a constraint, or "*".
type AffectedPackage struct {
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Type       string   `json:"type"`
	WillNotFix bool     `json:"will_not_fix"`
	Fixes      []string `json:"fixes,omitempty"`
	FixState   string   `json:"fix_state,omitempty"`
	Module     string   `json:"module,omitempty"`
}

// EPSS is a prediction of exploitation: a chance from 0 to 1, and the place among all.
type EPSS struct {
	Score      float64 `json:"score"`
	Percentile float64 `json:"percentile"`
	Day        string  `json:"day"`
}

// Vector is a scored CVSS vector; Exploitability and Impact are -1 where the version has none.
type Vector struct {
	Source         string  `json:"source"`
	Version        string  `json:"version"`
	Vector         string  `json:"vector"`
	Base           float64 `json:"base"`
	Exploitability float64 `json:"exploitability"`
	Impact         float64 `json:"impact"`
}

// KnownVulnerabilities lists what the advisory data says.
func (c *Client) KnownVulnerabilities(ctx context.Context, q KnownVulnerabilities) (KnowledgePage, error) {
	var a KnowledgePage
	r := at("query", "vulnerabilities").with("id", strings.Join(q.IDs, ",")).with("affected_package", q.Package).
		with("affected_package_version", q.Version).with("namespace", strings.Join(q.Namespace, ","))
	err := c.get(ctx, q.Moment.on(q.Paging.on(r)), &a)
	return a, err
}

// VulnDiff is how the vulnerabilities of an image at two moments, or of two images, differ.
type VulnDiff struct {
	Before    DiffSide  `json:"before"`
	After     DiffSide  `json:"after"`
	Added     []DiffRow `json:"added"`
	Removed   []DiffRow `json:"removed"`
	Changed   []DiffRow `json:"changed"`
	Unchanged int       `json:"unchanged_count"`
}

// DiffSide is one of the two.
type DiffSide struct {
	Digest   string    `json:"imageDigest"`
	AsOf     time.Time `json:"as_of"`
	Revision int64     `json:"feed_revision"`
	Count    int       `json:"vulnerability_count"`
}

// DiffRow is a vulnerability that came, went or changed; Before is set for what changed.
type DiffRow struct {
	Vulnerability Vulnerability  `json:"vulnerability"`
	Before        *Vulnerability `json:"before,omitempty"`
	Changes       []Difference   `json:"changes,omitempty"`
	Reasons       []DiffReason   `json:"reasons"`
}

// Difference is one respect in which something changed.
type Difference struct {
	What   string `json:"what"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// DiffReason is why; Kind is a word for programs, Text a sentence for people.
type DiffReason struct {
	Kind    string       `json:"kind"`
	Record  string       `json:"record,omitempty"`
	Text    string       `json:"text"`
	Changes []Difference `json:"changes,omitempty"`
}

// VulnDiff compares an image at two moments; until zero is now. With retrospective the first may lie before the image was
// known.
func (c *Client) VulnDiff(ctx context.Context, digest string, since, until time.Time, retrospective bool) (VulnDiff, error) {
	var d VulnDiff
	r := at("images", digest, "vuln-diff").with("since", moment(since)).with("until", moment(until))
	if retrospective {
		r = r.flag("retrospective", true)
	}
	err := c.get(ctx, r, &d)
	return d, err
}

// VulnDiffImages compares two images as known at one moment.
func (c *Client) VulnDiffImages(ctx context.Context, digest, other string, m Moment) (VulnDiff, error) {
	var d VulnDiff
	err := c.get(ctx, m.on(at("images", digest, "vuln-diff").with("other", other)), &d)
	return d, err
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
