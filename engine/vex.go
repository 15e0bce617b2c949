package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/package-url/packageurl-go"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// VEX keeps the VEX documents of accounts, each attached to an image, a repository or a product.
type VEX struct {
	store *store.Store
	jobs  *Jobs
	vulns *Vulns
	docs  *vexDocuments
	now   func() time.Time
}

// AddVEX asks for a document to be attached to one of Image, Repository and Product.
type AddVEX struct {
	Document []byte
	// Image is the digest of a manifest or an index, Repository is "[registry/]repository", Product a package URL of images
	// (type oci or docker), or [AllProducts].
	Image      image.Digest
	Repository string
	Product    string
	// Called is a name by which the document calls what it is attached to; "" where it uses one that registries know.
	Called string
}

// AllProducts is the product that every image of an account belongs to.
const AllProducts = "all"

// VEXRecord is a document as attached.
type VEXRecord struct {
	store.VEX
	// Images is how many analysed images of the account it concerns; filled by [VEX.Add].
	Images int
	// Document is filled by [VEX.Get].
	Document *vex.Document
}

// ImageVEX is what VEX documents say of an image.
type ImageVEX struct {
	Image     store.Image
	Documents []store.VEX
	// Findings that a statement speaks of, whether it hides them or not.
	Findings  []advisory.ImageFinding
	Unmatched []vex.Unmatched
	Gaps      []image.Gap
	AsOf      time.Time
}

// maxVEX is how many documents an account may have in force.
const maxVEX = 10_000

// maxCalled is the length in bytes of the longest name.
const maxCalled = 1024

// Add attaches a document. What is attached to the same already is returned as it is.
func (u *VEX) Add(ctx context.Context, account string, add AddVEX) (VEXRecord, error) {
	row, err := add.row(account)
	if err != nil {
		return VEXRecord{}, err
	}
	doc, err := vex.Parse(add.Document)
	if err != nil {
		return VEXRecord{}, Errorf(ClassInvalid, "invalid_vex", "%w", err)
	}
	describeVEX(&row, doc)
	row.Source, row.Counts = store.VEXUpload, true
	if row.Digest, err = u.store.Blobs().Put(ctx, add.Document); err != nil {
		return VEXRecord{}, err
	}
	out := VEXRecord{}
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		have, err := tx.VEXOf(ctx, account, false)
		if err != nil {
			return err
		}
		if len(have) >= maxVEX {
			return Errorf(ClassConflict, "too_many_vex", "the account has %d VEX documents in force: delete some, or put several into one", len(have))
		}
		row.From = u.now()
		var made bool
		if out.VEX, made, err = tx.PutVEX(ctx, row); err != nil {
			return err
		}
		ids, err := u.concerned(ctx, tx, row)
		out.Images = len(ids)
		if err != nil || !made {
			return err
		}
		return evaluateLater(ctx, tx, u.jobs, ids, "vex")
	})
	return out, err
}

// row is where the document is to be attached.
func (a *AddVEX) row(account string) (store.VEX, error) {
	v := store.VEX{ID: newVEXID(), Account: account, Called: a.Called}
	given := 0
	for _, s := range []string{string(a.Image), a.Repository, a.Product} {
		if s != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return v, Errorf(ClassInvalid, "invalid_vex_target", "say what the VEX document is attached to: one of image, repository and product")
	case len(a.Called) > maxCalled:
		return v, Errorf(ClassInvalid, "invalid_vex_target", "the name by which the document calls it is longer than %d bytes", maxCalled)
	case a.Image != "":
		v.Scope, v.Target = store.VEXImage, string(a.Image)
	case a.Repository != "":
		ref, err := image.ParseReference(a.Repository)
		if err != nil {
			return v, Errorf(ClassInvalid, "invalid_reference", "repository: %w", err)
		}
		if ref.Digest != "" || ref.Tag != "latest" || endsWithTag(a.Repository) {
			return v, Errorf(ClassInvalid, "invalid_reference", "%.200q names a tag or a digest: attach the document to an image by its digest, or to the repository alone", a.Repository)
		}
		v.Scope, v.Target = store.VEXRepository, vex.Repository(ref)
	case a.Product == AllProducts:
		v.Scope, v.Target = store.VEXProduct, AllProducts
	default:
		p, err := packageurl.FromString(a.Product)
		if err != nil || p.Type != "oci" && p.Type != "docker" || len(a.Product) > maxCalled {
			return v, Errorf(ClassInvalid, "invalid_vex_target", "%.200q is no product: want a package URL of images like pkg:oci/web, or %s", a.Product, AllProducts)
		}
		v.Scope, v.Target = store.VEXProduct, a.Product
	}
	return v, nil
}

// endsWithTag says whether somebody wrote the tag.
func endsWithTag(repository string) bool {
	const tag = ":latest"
	return len(repository) > len(tag) && repository[len(repository)-len(tag):] == tag
}

func newVEXID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// describeVEX copies the facts of a document that lists show.
func describeVEX(row *store.VEX, doc *vex.Document) {
	row.Format, row.DocumentID, row.Author = doc.Format, doc.ID, doc.Author
	row.Statements, row.Problems = len(doc.Statements), doc.Problems
}

// concerned are the analysed images of the account that a document is attached to.
func (u *VEX) concerned(ctx context.Context, tx *store.Tx, v store.VEX) ([]int64, error) {
	list, err := tx.Images(ctx, v.Account, store.ImageFilter{State: "active", Status: store.Analyzed})
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, img := range list {
		s := subjectOf(img, img.Tags)
		var is bool
		switch {
		case v.Scope == store.VEXProduct:
			is = attachedTo(v, &s)
		case v.Scope == store.VEXImage:
			is = v.Target == string(img.Digest) || v.Target == string(img.ParentDigest)
		default:
			is = slices.Contains(repositoriesOf(&s), v.Target)
		}
		if is {
			ids = append(ids, img.ID)
		}
	}
	return ids, nil
}

// List gives what an account has in force, or with history all that it ever had, oldest first.
func (u *VEX) List(ctx context.Context, account string, history bool) ([]store.VEX, error) {
	return u.store.VEXOf(ctx, account, history)
}

// Get gives one document with its statements, in force or not.
func (u *VEX) Get(ctx context.Context, account, id string) (VEXRecord, error) {
	row, err := u.store.VEXByID(ctx, account, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.Failure != "" {
		return VEXRecord{}, noVEX(id)
	}
	if err != nil {
		return VEXRecord{}, err
	}
	out := VEXRecord{VEX: row}
	out.Document, err = u.docs.read(ctx, row.Digest)
	return out, err
}

func noVEX(id string) error {
	return Errorf(ClassNotFound, "vex_not_found", "VEX document %.60q not found in this account", id)
}

// Delete takes a document out of force. It stays for the past.
func (u *VEX) Delete(ctx context.Context, account, id string) error {
	return u.store.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.VEXByID(ctx, account, id)
		if err == nil {
			err = tx.EndVEX(ctx, account, id)
		}
		if errors.Is(err, store.ErrNotFound) {
			return noVEX(id)
		}
		if err != nil {
			return err
		}
		ids, err := u.concerned(ctx, tx, row)
		if err != nil {
			return err
		}
		return evaluateLater(ctx, tx, u.jobs, ids, "vex")
	})
}

// Of gives what the documents in force at a moment say of an image.
func (u *VEX) Of(ctx context.Context, account string, d image.Digest, at Moment) (*ImageVEX, error) {
	v, err := u.vulns.Of(ctx, account, d, at)
	if err != nil {
		return nil, err
	}
	out := &ImageVEX{Image: v.Image, AsOf: v.AsOf, Documents: []store.VEX{}, Findings: []advisory.ImageFinding{}, Unmatched: v.VEXUnmatched, Gaps: []image.Gap{}}
	for _, row := range v.VEX {
		if row.Failure == "" {
			out.Documents = append(out.Documents, row)
		}
	}
	for _, g := range v.Gaps {
		if g.Kind == image.GapAttestations {
			out.Gaps = append(out.Gaps, g)
		}
	}
	for _, f := range v.Findings {
		if f.VEX != nil {
			out.Findings = append(out.Findings, f)
		}
	}
	return out, nil
}

// errVEXGone is a document whose bytes cannot be read: nothing may be judged without it.
func errVEXGone(d image.Digest, err error) error {
	return fmt.Errorf("the stored VEX document %s: %w", d.Short(), err)
}
