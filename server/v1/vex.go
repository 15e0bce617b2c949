package v1

import (
	"bytes"
	"context"

	"github.com/danielgtaylor/huma/v2"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// VEX keeps the VEX documents of an account. Refusals are *engine.Error.
type VEX interface {
	Add(ctx context.Context, account string, add engine.AddVEX) (engine.VEXRecord, error)
	List(ctx context.Context, account string, history bool) ([]store.VEX, error)
	Get(ctx context.Context, account, id string) (engine.VEXRecord, error)
	Delete(ctx context.Context, account, id string) error
	// Of is what the documents in force say of an image.
	Of(ctx context.Context, account string, d image.Digest, m engine.Moment) (*engine.ImageVEX, error)
}

// VEXDocument is a VEX document as attached; one of image, repository and product is there. All of it is an addition of
// ours.
type VEXDocument struct {
	ID         string   `json:"vexId"`
	Image      string   `json:"image,omitempty" doc:"Digest of the manifest or index that it is attached to"`
	Repository string   `json:"repository,omitempty"`
	Product    string   `json:"product,omitempty" doc:"Package URL of images, or all"`
	Called     string   `json:"called,omitempty" doc:"Name by which the document calls what it is attached to"`
	Digest     string   `json:"document_digest" doc:"Digest of the document as it came"`
	Format     string   `json:"format" enum:"openvex,csaf,cyclonedx"`
	DocumentID string   `json:"document_id,omitempty" doc:"As the document says"`
	Author     string   `json:"author,omitempty" doc:"As the document says"`
	Count      int      `json:"statement_count"`
	Problems   []string `json:"problems" doc:"What of the document could not be used"`
	Source     string   `json:"source" enum:"upload,attestation"`
	Origin     string   `json:"origin,omitempty" doc:"Where an attestation was found"`
	Counts     bool     `json:"counts" doc:"Whether its statements may hide findings; else they are only shown"`
	SignedBy   []string `json:"signed_by,omitempty" doc:"Names in the settings of those who verifiably signed an attestation"`
	Identity   string   `json:"identity,omitempty" doc:"Whom the certificate names, where it was signed with one"`
	Issuer     string   `json:"issuer,omitempty" doc:"Who vouched for that identity, where the certificate says"`
	CreatedAt  clock    `json:"created_at"`
	EndedAt    *clock   `json:"ended_at,omitempty" doc:"Since when it is no longer in force"`
	Images     *int     `json:"images,omitempty" doc:"Analysed images that it concerns, when it was added"`
	// Statements are there when one document is asked for.
	Statements []vex.Statement `json:"statements,omitempty"`
}

// ImageVEXAnswer is what VEX documents say of an image.
type ImageVEXAnswer struct {
	Digest    string          `json:"imageDigest"`
	Documents []VEXDocument   `json:"documents" doc:"Those in force for the image, in the order in which they were attached"`
	Findings  []VEXFinding    `json:"findings" doc:"Findings of which a statement speaks"`
	Unmatched []vex.Unmatched `json:"vex_unmatched" doc:"Statements that matched nothing"`
	Gaps      []image.Gap     `json:"gaps" doc:"What could not be read next to the image"`
	AsOf      *clock          `json:"as_of,omitempty"`
}

// VEXFinding is a finding with the statement that speaks of it.
type VEXFinding struct {
	Vuln           string        `json:"vuln"`
	PackageName    string        `json:"package_name"`
	PackageVersion string        `json:"package_version"`
	PackageType    string        `json:"package_type"`
	PackagePath    string        `json:"package_path"`
	Ignored        string        `json:"ignored,omitempty" doc:"The rule that hides it"`
	VEX            *advisory.VEX `json:"vex"`
}

type addVEX struct {
	Image      string `query:"image" doc:"Attach it to the image with this digest"`
	Repository string `query:"repository" doc:"Attach it to all images of a repository"`
	Product    string `query:"product" doc:"Attach it to all images that a package URL names (pkg:oci/web), or to all"`
	Called     string `query:"called" doc:"Name by which the document calls what it is attached to"`
	RawBody    []byte
}

type listVEX struct {
	History bool `query:"history" doc:"Also those that are no longer in force"`
}

// VEXPath names a document in a path.
type VEXPath struct {
	ID string `path:"vexId"`
}

type imageVEX struct {
	ImagePath
	Moment
}

func (r *routes) vex() {
	const tag = "VEX"
	add(r, "POST /vex", tag, "Attach a VEX document (OpenVEX, CSAF 2.0, CycloneDX)", r.addVEX, takes[map[string]any](r), takesXML)
	add(r, "GET /vex", tag, "List VEX documents", func(ctx context.Context, in *listVEX) ([]VEXDocument, error) {
		rows, err := r.VEX.List(ctx, account(ctx), in.History)
		return vexDocuments(rows), err
	})
	add(r, "GET /vex/{vexId}", tag, "Get a VEX document with its statements", func(ctx context.Context, in *VEXPath) (VEXDocument, error) {
		found, err := r.VEX.Get(ctx, account(ctx), in.ID)
		if err != nil {
			return VEXDocument{}, err
		}
		d := newVEXDocument(&found.VEX)
		d.Statements = found.Document.Statements
		return d, nil
	})
	add(r, "DELETE /vex/{vexId}", tag, "Take a VEX document out of force", func(ctx context.Context, in *VEXPath) (string, error) {
		return "deleted", r.VEX.Delete(ctx, account(ctx), in.ID)
	})
	add(r, "GET /images/{imageDigest}/vex", tag, "Get what VEX documents say of an image", r.imageVEX)
}

// takesXML describes a body that may be XML too.
func takesXML(op *huma.Operation) { op.RequestBody.Content["application/xml"] = &huma.MediaType{} }

func newVEXDocument(v *store.VEX) VEXDocument {
	d := VEXDocument{
		ID: v.ID, Called: v.Called, Digest: string(v.Digest), Format: v.Format, DocumentID: v.DocumentID, Author: v.Author, Count: v.Statements,
		Problems: v.Problems, Source: v.Source, Origin: v.Origin, Counts: v.Counts, CreatedAt: clock(v.From),
	}
	if v.Signed != nil {
		d.SignedBy, d.Identity, d.Issuer = v.Signed.Names(), v.Signed.Identity, v.Signed.Issuer
	}
	switch v.Scope {
	case store.VEXImage:
		d.Image = v.Target
	case store.VEXRepository:
		d.Repository = v.Target
	case store.VEXProduct:
		d.Product = v.Target
	}
	if d.Problems == nil {
		d.Problems = []string{}
	}
	if !v.To.IsZero() {
		at := clock(v.To)
		d.EndedAt = &at
	}
	return d
}

func vexDocuments(rows []store.VEX) []VEXDocument {
	list := make([]VEXDocument, 0, len(rows))
	for i := range rows {
		list = append(list, newVEXDocument(&rows[i]))
	}
	return list
}

func (r *routes) addVEX(ctx context.Context, in *addVEX) (VEXDocument, error) {
	a := engine.AddVEX{Document: bytes.Clone(in.RawBody), Repository: in.Repository, Product: in.Product, Called: in.Called}
	if len(a.Document) == 0 {
		return VEXDocument{}, invalid("the request has no body: send the VEX document")
	}
	if in.Image != "" {
		d, err := image.ParseDigest(in.Image)
		if err != nil {
			return VEXDocument{}, invalid("image: %v", err)
		}
		a.Image = d
	}
	added, err := r.VEX.Add(ctx, account(ctx), a)
	if err != nil {
		return VEXDocument{}, err
	}
	d := newVEXDocument(&added.VEX)
	d.Images = &added.Images
	return d, nil
}

func (r *routes) imageVEX(ctx context.Context, in *imageVEX) (ImageVEXAnswer, error) {
	d, err := digestOf(in.Digest)
	if err != nil {
		return ImageVEXAnswer{}, err
	}
	m, err := in.Moment.read()
	if err != nil {
		return ImageVEXAnswer{}, err
	}
	of, err := r.VEX.Of(ctx, account(ctx), d, m)
	if err != nil {
		return ImageVEXAnswer{}, err
	}
	a := ImageVEXAnswer{
		Digest: string(of.Image.Digest), Documents: vexDocuments(of.Documents), Findings: []VEXFinding{}, Unmatched: of.Unmatched,
		Gaps: *gaps(of.Gaps), AsOf: asked(m, of.AsOf),
	}
	if a.Unmatched == nil {
		a.Unmatched = []vex.Unmatched{}
	}
	for i := range of.Findings {
		f := &of.Findings[i]
		a.Findings = append(a.Findings, VEXFinding{
			Vuln: f.ID, PackageName: f.Package.Name, PackageVersion: f.Package.Version, PackageType: f.Package.Type.V1(),
			PackagePath: f.Package.V1Path(), Ignored: f.Ignored, VEX: f.VEX,
		})
	}
	return a, nil
}
