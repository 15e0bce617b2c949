package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"landwaiter.dev/analysis"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// Content gives what the analysis of an image found.
type Content struct {
	store *store.Store
	bases *Bases
	trees *trees
}

// Analyzed gives the analysis now in force.
func (u *Content) Analyzed(ctx context.Context, account string, d image.Digest) (*Analyzed, error) {
	img, err := liveImage(ctx, u.store, account, d)
	if err != nil {
		return nil, err
	}
	a, err := u.of(ctx, img, img.AnalysisID)
	if err != nil {
		return nil, err
	}
	a.Lineage, err = u.bases.Of(ctx, img)
	return a, err
}

// of reads one analysis of an image.
func (u *Content) of(ctx context.Context, img store.Image, analysisID int64) (*Analyzed, error) {
	document, err := u.document(ctx, img, analysisID)
	if err != nil {
		return nil, err
	}
	a, _, err := u.decode(ctx, img, document)
	if err != nil {
		return nil, err
	}
	return analyzedOf(img, document, a), nil
}

// document names the document of one analysis of an image.
func (u *Content) document(ctx context.Context, img store.Image, analysisID int64) (image.Digest, error) {
	if img.Status != store.Analyzed || analysisID == 0 {
		return "", notAnalyzed(img)
	}
	row, err := u.store.AnalysisByID(ctx, analysisID)
	return row.Document, err
}

// decode reads the document of an analysis, and tells how many bytes it has.
func (u *Content) decode(ctx context.Context, img store.Image, document image.Digest) (*image.Analysis, int, error) {
	raw, err := u.store.Blobs().Get(ctx, document)
	if err != nil {
		return nil, 0, fmt.Errorf("the stored analysis of %s: %w", img.Digest, err)
	}
	a := new(image.Analysis)
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, 0, fmt.Errorf("the stored analysis of %s: %w", img.Digest, err)
	}
	return a, len(raw), nil
}

func analyzedOf(img store.Image, document image.Digest, a *image.Analysis) *Analyzed {
	out := &Analyzed{Image: img, Document: document, Analysis: a, Dockerfile: a.Dockerfile, Mode: "Guessed"}
	if img.Dockerfile != "" {
		out.Dockerfile, out.Mode = img.Dockerfile, "Actual"
	}
	return out
}

func notAnalyzed(img store.Image) error {
	e := Errorf(ClassNotAnalyzed, "not_analyzed", "image is not analyzed - analysis_status: %s", img.Status)
	if img.Status == store.AnalysisFailed && img.Error != "" {
		e.Message += ": " + img.Error
		_ = e.With("analysis_error", img.ErrorCode)
	}
	return e
}

// Files gives the merged tree, sorted by path: it is made from the layer reports when somebody asks. The list is shared and must
// not be changed.
func (u *Content) Files(ctx context.Context, account string, d image.Digest) ([]image.File, error) {
	a, err := u.Analyzed(ctx, account, d)
	if err != nil {
		return nil, err
	}
	if !wasRead(a.Analysis) {
		return nil, Errorf(ClassInvalid, "not_available", "content type files is not available: the image was imported, and its layers were not read")
	}
	l, err := u.listing(ctx, a.Analysis)
	if err != nil {
		return nil, err
	}
	return l.all(), nil
}

// listing has the files of an image; there are none when its layers were not read. It is shared and must not be changed.
func (u *Content) listing(ctx context.Context, a *image.Analysis) (*listing, error) {
	if !wasRead(a) {
		return &listing{}, nil // what a document claims opens no reports
	}
	return u.trees.of(ctx, keyOfTree(a), func(ctx context.Context) (*listing, error) {
		tree, err := u.tree(ctx, a)
		if err != nil {
			return nil, err
		}
		return newListing(tree), nil
	})
}

func (u *Content) tree(ctx context.Context, a *image.Analysis) (*analysis.Tree, error) {
	reports := make([]*analysis.Report, 0, len(a.Layers))
	for _, l := range a.Layers {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r, err := loadReport(ctx, u.store, l.LayerID, func(part, _ string) bool { return part == analysis.PartFiles })
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return analysis.TreeOf(ctx, reports)
}

// Manifest gives the platform's manifest as the registry served it.
func (u *Content) Manifest(ctx context.Context, account string, d image.Digest) ([]byte, error) {
	img, err := liveImage(ctx, u.store, account, d)
	if err != nil {
		return nil, err
	}
	if img.ManifestBlob == "" {
		return nil, notAnalyzed(img)
	}
	return u.store.Blobs().Get(ctx, img.ManifestBlob)
}

// loadReport reads the wanted parts of a layer's report, whoever asks: the caller has seen to it that he may.
func loadReport(ctx context.Context, s *store.Store, l image.LayerID, want func(part, revision string) bool) (*analysis.Report, error) {
	id, err := s.LayerFor(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("layer %s: %w", l.Blob, err)
	}
	rows, err := s.LayerParts(ctx, id)
	if err != nil {
		return nil, err
	}
	var parts []analysis.Part
	for _, row := range rows {
		if !want(row.Name, row.Revision) {
			continue
		}
		data, err := s.Blobs().Get(ctx, row.Blob)
		if err != nil {
			return nil, fmt.Errorf("part %s of layer %s: %w", row.Name, l.Blob, err)
		}
		parts = append(parts, analysis.Part{Name: row.Name, Revision: row.Revision, Data: data})
	}
	if len(parts) == 0 {
		return nil, errors.New("layer has no report")
	}
	return analysis.DecodeReport(l, parts)
}
