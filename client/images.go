package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// The states of an image's analysis.
const (
	NotAnalyzed    = "not_analyzed"
	Analyzing      = "analyzing"
	Analyzed       = "analyzed"
	AnalysisFailed = "analysis_failed"
)

// Image is an image record.
type Image struct {
	Digest       string            `json:"imageDigest"`
	ParentDigest string            `json:"parentDigest"`
	Account      string            `json:"userId"`
	Status       string            `json:"analysis_status"`
	State        string            `json:"image_status"`
	Annotations  map[string]string `json:"annotations"`
	CreatedAt    time.Time         `json:"created_at,omitzero"`
	UpdatedAt    time.Time         `json:"last_updated,omitzero"`
	AnalyzedAt   time.Time         `json:"analyzed_at,omitzero"`
	Error        string            `json:"analysis_error,omitempty"`
	ErrorCode    string            `json:"analysis_error_code,omitempty"`
	Content      struct {
		Metadata struct {
			Arch           string `json:"arch"`
			Distro         string `json:"distro"`
			DistroVersion  string `json:"distro_version"`
			DockerfileMode string `json:"dockerfile_mode"`
			Size           int64  `json:"image_size"`
			LayerCount     int    `json:"layer_count"`
		} `json:"metadata"`
	} `json:"image_content"`
	Tags []Tag `json:"image_detail"`
	// Base is the image known to the server on which this one was built, DeclaredBase what the image itself says; nil when
	// there is none, and in lists.
	Base         *Base         `json:"base_image,omitempty"`
	DeclaredBase *DeclaredBase `json:"declared_base,omitempty"`
}

// Base is an image whose layers are the lowest of another one.
type Base struct {
	Digest     string   `json:"digest"`
	Tags       []string `json:"tags"`
	LayerCount int      `json:"layer_count"`
}

// DeclaredBase is what an image says of its base; nobody checked it.
type DeclaredBase struct {
	Name   string `json:"name,omitempty"`
	Digest string `json:"digest,omitempty"`
}

// Tag of an image.
type Tag struct {
	FullTag    string    `json:"fulltag"`
	FullDigest string    `json:"fulldigest"`
	Registry   string    `json:"registry"`
	Repository string    `json:"repo"`
	Tag        string    `json:"tag"`
	ImageID    string    `json:"imageId"`
	CreatedAt  time.Time `json:"created_at,omitzero"`
	DetectedAt time.Time `json:"tag_detected_at,omitzero"`
}

// Done says whether the analysis has ended, one way or the other.
func (i *Image) Done() bool { return i.Status == Analyzed || i.Status == AnalysisFailed }

// AddImage asks for an image by tag, or by tag and digest.
type AddImage struct {
	Tag string `json:"tag"`
	// Digest to analyse and list under the tag; "" means the one that the registry has now.
	Digest string `json:"digest,omitempty"`
	// Dockerfile as it is; it is encoded for the request.
	Dockerfile []byte `json:"-"`
	// Annotations to add; an empty text removes one.
	Annotations map[string]string `json:"-"`
	// Force analyses again what is known; NoSubscription leaves the tag unwatched.
	Force          bool `json:"-"`
	NoSubscription bool `json:"-"`
}

// Add adds an image. It answers once the registry was asked, before the analysis.
func (c *Client) Add(ctx context.Context, a AddImage) (Image, error) {
	body := struct {
		AddImage
		Dockerfile  string            `json:"dockerfile,omitempty"`
		Annotations map[string]string `json:"annotations,omitempty"`
	}{AddImage: a, Dockerfile: base64.StdEncoding.EncodeToString(a.Dockerfile)}
	body.Annotations = annotationTexts(a.Annotations)
	r := at("images").flag("autosubscribe", !a.NoSubscription)
	if a.Force {
		r = r.flag("force", true)
	}
	return one[Image](c, ctx, http.MethodPost, r, body)
}

// annotationTexts are annotations as requests have them.
func annotationTexts(notes map[string]string) map[string]string {
	var texts map[string]string
	for k, v := range notes {
		if texts == nil {
			texts = map[string]string{}
		}
		if v == "" {
			v = "null"
		}
		texts[k] = v
	}
	return texts
}

// one does a request whose answer is a list of one.
func one[T any](c *Client, ctx context.Context, method string, r route, body any) (T, error) {
	var list []T
	var zero T
	if err := c.do(ctx, method, r, body, &list); err != nil {
		return zero, err
	}
	if len(list) == 0 {
		return zero, &Error{Status: http.StatusNotFound, Code: "not_found", Message: "not found"}
	}
	return list[0], nil
}

// ImageFilter narrows a list of images.
type ImageFilter struct {
	// FullTag is a tag, short or full, or repository@digest; History asks for all images that ever had it.
	FullTag string
	History bool
	// State is active (also ""), deleting or all; Status that of the analysis.
	State, Status string
}

// Images lists images, newest first.
func (c *Client) Images(ctx context.Context, f ImageFilter) ([]Image, error) {
	r := at("images").with("fulltag", f.FullTag).with("image_status", f.State).with("analysis_status", f.Status)
	if f.History {
		r = r.flag("history", true)
	}
	var list []Image
	err := c.get(ctx, r, &list)
	return list, err
}

func (c *Client) get(ctx context.Context, r route, out any) error {
	return c.do(ctx, http.MethodGet, r, nil, out)
}

var (
	digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	idForm     = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Image finds an image by digest, image id, tag or repository@digest.
func (c *Client) Image(ctx context.Context, name string) (Image, error) {
	switch {
	case digestForm.MatchString(name):
		return one[Image](c, ctx, http.MethodGet, at("images", name), nil)
	case idForm.MatchString(name):
		return one[Image](c, ctx, http.MethodGet, at("images", "by_id", name), nil)
	default:
		return one[Image](c, ctx, http.MethodGet, at("images").with("fulltag", name), nil)
	}
}

// Wait looks at an image every interval until its analysis has ended or ctx ends, and tells see of each look; see may be
// nil. A failed analysis is no error: look at the status.
func (c *Client) Wait(ctx context.Context, name string, interval time.Duration, see func(Image)) (Image, error) {
	for {
		img, err := c.Image(ctx, name)
		if err != nil {
			return img, err
		}
		if see != nil {
			see(img)
		}
		if img.Done() {
			return img, nil
		}
		name = img.Digest // a tag may move meanwhile
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return img, ctx.Err()
		}
	}
}

// Deletion is the outcome of deleting an image: Status is deleting, not_found or delete_failed.
type Deletion struct {
	Digest string `json:"digest"`
	Status string `json:"status"`
	Detail string `json:"detail"`
}

// Delete deletes an image by digest.
func (c *Client) Delete(ctx context.Context, digest string, force bool) (Deletion, error) {
	var d Deletion
	err := c.do(ctx, http.MethodDelete, at("images", digest).flag("force", force), nil, &d)
	return d, err
}

// ContentTypes lists the types of content that the server knows.
func (c *Client) ContentTypes(ctx context.Context, digest string) ([]string, error) {
	var types []string
	err := c.get(ctx, at("images", digest, "content"), &types)
	return types, err
}

// ContentAnswer is content of one type; its elements depend on the type.
type ContentAnswer struct {
	Digest  string          `json:"imageDigest"`
	Type    string          `json:"content_type"`
	Content json.RawMessage `json:"content"`
	Gaps    []Gap           `json:"gaps,omitempty"`
	// Base is the image that brought the rows that are "inherited".
	Base *Base `json:"base_image,omitempty"`
}

// Gap is something that an analysis or a match could not see.
type Gap struct {
	Kind   string `json:"kind"`
	Path   string `json:"path,omitempty"`
	Layer  int    `json:"layer"`
	Detail string `json:"detail"`
	Count  int    `json:"count,omitempty"`
}

// Content reads content of one type.
func (c *Client) Content(ctx context.Context, digest, typ string) (ContentAnswer, error) {
	var a ContentAnswer
	err := c.get(ctx, at("images", digest, "content", typ), &a)
	return a, err
}

// Metadata reads the manifest, docker_history or dockerfile of an image.
func (c *Client) Metadata(ctx context.Context, digest, typ string) ([]byte, error) {
	var a struct {
		Metadata string `json:"metadata"`
	}
	if err := c.get(ctx, at("images", digest, "metadata", typ), &a); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(strings.ReplaceAll(a.Metadata, "\n", ""))
}

// Moment asks for what was known at a time; the zero value means now.
type Moment struct {
	AsOf          time.Time
	Retrospective bool
}

func (m Moment) on(r route) route {
	if m.AsOf.IsZero() {
		return r
	}
	r = r.with("as_of", moment(m.AsOf))
	if m.Retrospective {
		r = r.flag("retrospective", true)
	}
	return r
}

// VulnerabilityAnswer lists what is known to be wrong with an image.
type VulnerabilityAnswer struct {
	Digest          string          `json:"imageDigest"`
	Type            string          `json:"vulnerability_type"`
	Vulnerabilities []Vulnerability `json:"vulnerabilities"`
	Ignored         []Vulnerability `json:"ignored_vulnerabilities"`
	Gaps            []Gap           `json:"gaps"`
	Revision        int64           `json:"feed_revision"`
	AsOf            time.Time       `json:"as_of,omitzero"`
	// Unmatched are statements of VEX documents in force that matched nothing.
	Unmatched []VEXUnmatched `json:"vex_unmatched,omitempty"`
	// Base is the image that brought the packages of what is Inherited; nil when none is known.
	Base *Base `json:"base_image,omitempty"`
}

// Vulnerability is one vulnerability of one package at one path. The text "None" stands for what is unknown.
type Vulnerability struct {
	ID             string     `json:"vuln"`
	Severity       string     `json:"severity"`
	SeveritySource string     `json:"severity_source,omitempty"`
	Package        string     `json:"package"`
	PackageName    string     `json:"package_name"`
	PackageVersion string     `json:"package_version"`
	PackageType    string     `json:"package_type"`
	PackagePath    string     `json:"package_path"`
	URL            string     `json:"url"`
	Fix            string     `json:"fix"`
	FixState       string     `json:"fix_state,omitempty"`
	Feed           string     `json:"feed"`
	FeedGroup      string     `json:"feed_group"`
	WillNotFix     bool       `json:"will_not_fix"`
	Aliases        []string   `json:"aliases"`
	KnownExploited string     `json:"known_exploited,omitempty"`
	DetectedAt     time.Time  `json:"detected_at,omitzero"`
	Evidence       []Evidence `json:"evidence"`
	// Ignored is the rule or VEX statement that hides it; "" when it counts.
	Ignored string `json:"ignored,omitempty"`
	// GroupInferred says how the group of a Java archive was found that names none.
	GroupInferred string `json:"group_inferred,omitempty"`
	// VEX is the statement that counts for it, or is shown beside it; nil when there is none.
	VEX *VEXStatus `json:"vex,omitempty"`
	// Inherited says that the package comes from the base image.
	Inherited bool `json:"inherited"`

	NVD    []Score `json:"nvd_data"`
	Vendor []Score `json:"vendor_data"`
	// CVSS has all scored vectors.
	CVSS      []Vector  `json:"cvss"`
	EPSS      *EPSS     `json:"epss,omitempty"`
	Layer     int       `json:"layer"`
	File      string    `json:"file,omitempty"`
	Title     string    `json:"title,omitempty"`
	Published time.Time `json:"published,omitzero"`
	FixSince  time.Time `json:"fix_detected_at,omitzero"`
}

// Evidence says why an advisory is about a package.
type Evidence struct {
	Record    string `json:"record"`
	Ecosystem string `json:"ecosystem"`
	Package   string `json:"package"`
	Compared  string `json:"compared"`
	Range     string `json:"range"`
	Fixed     string `json:"fixed,omitempty"`
	// NoFix says why the record names no fix though its range ends.
	NoFix string `json:"no_fix,omitempty"`
	// Inferred says how the group of a Java archive was found that names none.
	Inferred string `json:"inferred,omitempty"`
}

// Score holds the scores of one record; -1 means unknown.
type Score struct {
	ID     string `json:"id"`
	CVSSv2 CVSS   `json:"cvss_v2"`
	CVSSv3 CVSS   `json:"cvss_v3"`
}

// CVSS is one set of scores; -1 means unknown.
type CVSS struct {
	Base           float64 `json:"base_score"`
	Exploitability float64 `json:"exploitability_score"`
	Impact         float64 `json:"impact_score"`
	Vector         string  `json:"vector,omitempty"`
}

// Vulnerabilities of an image; typ is os, non-os or all. vendorOnly leaves out what the distribution will not fix.
func (c *Client) Vulnerabilities(ctx context.Context, digest, typ string, vendorOnly bool, m Moment) (VulnerabilityAnswer, error) {
	var a VulnerabilityAnswer
	err := c.get(ctx, m.on(at("images", digest, "vuln", typ).flag("vendor_only", vendorOnly)), &a)
	return a, err
}
