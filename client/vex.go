package client

import (
	"context"
	"net/http"
	"time"
)

// VEXTarget says what a VEX document is attached to: one of Image (a digest), Repository and Product (a package URL of
// images like pkg:oci/web, or "all").
type VEXTarget struct {
	Image, Repository, Product string
	// Called is a name by which the document calls it; "" where it uses one that registries know.
	Called string
}

// VEXDocument is a VEX document as attached.
type VEXDocument struct {
	ID         string   `json:"vexId"`
	Image      string   `json:"image,omitempty"`
	Repository string   `json:"repository,omitempty"`
	Product    string   `json:"product,omitempty"`
	Called     string   `json:"called,omitempty"`
	Digest     string   `json:"document_digest"`
	Format     string   `json:"format"`
	DocumentID string   `json:"document_id,omitempty"`
	Author     string   `json:"author,omitempty"`
	Count      int      `json:"statement_count"`
	Problems   []string `json:"problems"`
	Source     string   `json:"source"` // upload or attestation
	Origin     string   `json:"origin,omitempty"`
	Counts     bool     `json:"counts"`
	// SignedBy names those who verifiably signed an attestation; Identity and Issuer are what the certificate names, if it was
	// signed with one.
	SignedBy  []string  `json:"signed_by,omitempty"`
	Identity  string    `json:"identity,omitempty"`
	Issuer    string    `json:"issuer,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"` // zero while it is in force
	// Images that it concerns, when it was added.
	Images int `json:"images,omitempty"`
	// Statements are there when one document is asked for.
	Statements []VEXStatement `json:"statements,omitempty"`
}

// Target is what the document is attached to, in one word and a name.
func (d *VEXDocument) Target() (kind, name string) {
	switch {
	case d.Image != "":
		return "image", d.Image
	case d.Repository != "":
		return "repository", d.Repository
	default:
		return "product", d.Product
	}
}

// VEXStatement says one thing about one vulnerability.
type VEXStatement struct {
	Vulnerability []string     `json:"vulnerability"`
	Products      []VEXProduct `json:"products,omitempty"`
	Status        string       `json:"status"`
	Justification string       `json:"justification,omitempty"`
	Impact        string       `json:"impact,omitempty"`
	Action        string       `json:"action,omitempty"`
	At            time.Time    `json:"timestamp,omitzero"`
}

// VEXProduct is what a statement is about; with subcomponents it is about these in it.
type VEXProduct struct {
	VEXComponent
	Subcomponents []VEXComponent `json:"subcomponents,omitempty"`
}

// VEXComponent names a piece of software.
type VEXComponent struct {
	PURLs   []string `json:"purls,omitempty"`
	Digests []string `json:"digests,omitempty"`
	Names   []string `json:"names,omitempty"`
}

func (c *VEXComponent) String() string {
	for _, list := range [][]string{c.PURLs, c.Names, c.Digests} {
		if len(list) > 0 {
			return list[0]
		}
	}
	return ""
}

// VEXStatus is what a statement says of a finding.
type VEXStatus struct {
	Status        string    `json:"status"`
	Justification string    `json:"justification,omitempty"`
	Impact        string    `json:"impact,omitempty"`
	Action        string    `json:"action,omitempty"`
	Document      string    `json:"document_id,omitempty"`
	Author        string    `json:"author,omitempty"`
	ID            string    `json:"vex_id,omitempty"`
	At            time.Time `json:"timestamp,omitzero"`
	Unverified    bool      `json:"unverified,omitempty"`
	SignedBy      []string  `json:"signed_by,omitempty"`
}

// VEXUnmatched is a statement that matched nothing.
type VEXUnmatched struct {
	ID            string   `json:"vex_id,omitempty"`
	Document      string   `json:"document_id,omitempty"`
	Author        string   `json:"author,omitempty"`
	Statement     int      `json:"statement"`
	Vulnerability []string `json:"vulnerability"`
	Status        string   `json:"status"`
	Products      []string `json:"products"`
	Reason        string   `json:"reason"` // other_product, no_package, not_found
	Detail        string   `json:"detail"`
}

// ImageVEX is what VEX documents say of an image.
type ImageVEX struct {
	Digest    string        `json:"imageDigest"`
	Documents []VEXDocument `json:"documents"`
	Findings  []struct {
		Vuln           string    `json:"vuln"`
		PackageName    string    `json:"package_name"`
		PackageVersion string    `json:"package_version"`
		PackageType    string    `json:"package_type"`
		PackagePath    string    `json:"package_path"`
		Ignored        string    `json:"ignored,omitempty"`
		VEX            VEXStatus `json:"vex"`
	} `json:"findings"`
	Unmatched []VEXUnmatched `json:"vex_unmatched"`
	Gaps      []Gap          `json:"gaps"`
	AsOf      time.Time      `json:"as_of,omitzero"`
}

// AddVEX attaches a VEX document (OpenVEX, CSAF 2.0, CycloneDX as JSON or XML). What is attached to the same already is returned
// as it is.
func (c *Client) AddVEX(ctx context.Context, document []byte, to VEXTarget) (VEXDocument, error) {
	r := at("vex").with("image", to.Image).with("repository", to.Repository).with("product", to.Product).with("called", to.Called)
	var d VEXDocument
	err := c.do(ctx, http.MethodPost, r, document, &d)
	return d, err
}

// VEX lists the documents in force, with history also those that were.
func (c *Client) VEX(ctx context.Context, history bool) ([]VEXDocument, error) {
	var list []VEXDocument
	err := c.get(ctx, at("vex").flag("history", history), &list)
	return list, err
}

// VEXDocument reads one with its statements.
func (c *Client) VEXDocument(ctx context.Context, id string) (VEXDocument, error) {
	var d VEXDocument
	err := c.get(ctx, at("vex", id), &d)
	return d, err
}

// DeleteVEX takes a document out of force; it stays for the past.
func (c *Client) DeleteVEX(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, at("vex", id), nil, nil)
}

// ImageVEX is what the documents say of an image.
func (c *Client) ImageVEX(ctx context.Context, digest string, m Moment) (ImageVEX, error) {
	var a ImageVEX
	err := c.get(ctx, m.on(at("images", digest, "vex")), &a)
	return a, err
}
