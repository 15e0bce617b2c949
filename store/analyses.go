package store

import (
	"context"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// Analysis is the record of a stored analysis; the document is in the blobs.
type Analysis struct {
	ID                      int64
	Document                image.Digest
	ManifestDigest, ImageID image.Digest
	DistroID, DistroVersion string
	CreatedAt               time.Time
	// Chains of the layers, by which [Queries.BaseOf] finds the image that this one was built on.
	Chains Chains
	// Declared is what the image says of its base; the zero value when it says nothing.
	Declared image.BaseImage
}

const analysisColumns = `a.id, a.document, a.manifest_digest, a.image_id, a.distro_id, a.distro_version, a.created_at,
	a.chain, a.prefixes, a.declared_name, a.declared_digest`

func scanAnalysis(row scanner, a *Analysis) error {
	return row.Scan(&a.ID, &a.Document, &a.ManifestDigest, &a.ImageID, &a.DistroID, &a.DistroVersion, moment{&a.CreatedAt},
		&a.Chains.Full, document{&a.Chains.Prefixes}, &a.Declared.Name, &a.Declared.Digest)
}

// PutAnalysis keeps an analysis with its package sets and sets its ID. The same document is the same record, whoever
// brings it, and keeps its first CreatedAt (zero: now). For a day it stays though no image points to it. The transaction
// holds [Tx.ShareRevision].
func (t *Tx) PutAnalysis(ctx context.Context, a *Analysis, sets []int64) error {
	prefixes, err := jsonText(a.Chains.Prefixes)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `INSERT INTO analyses (document, manifest_digest, image_id, distro_id, distro_version, created_at,
			chain, prefixes, declared_name, declared_digest, key_rev, put_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (document) DO NOTHING`,
		string(a.Document), string(a.ManifestDigest), string(a.ImageID), a.DistroID, a.DistroVersion, micros(t.orNow(a.CreatedAt)),
		string(a.Chains.Full), prefixes, a.Declared.Name, string(a.Declared.Digest), advisory.KeyRevision, micros(t.now()))
	if err == nil && n == 0 {
		_, err = t.exec(ctx, "UPDATE analyses SET put_at = ? WHERE document = ?", micros(t.now()), string(a.Document))
	}
	if err != nil {
		return describe(err, "keeping an analysis")
	}
	*a, err = first(ctx, &t.Queries, scanAnalysis, "SELECT "+analysisColumns+" FROM analyses a WHERE a.document = ?", string(a.Document))
	if err != nil || n == 0 {
		return describe(err, "keeping an analysis")
	}
	err = t.insertMany(ctx, "INSERT INTO analysis_sets (analysis_id, set_id)", " ON CONFLICT DO NOTHING", 2, len(sets), func(i int) []any {
		return []any{a.ID, sets[i]}
	})
	return describe(err, "keeping the packages of an analysis")
}

// AnalysisByID returns the record of an analysis.
func (q *Queries) AnalysisByID(ctx context.Context, id int64) (Analysis, error) {
	a, err := first(ctx, q, scanAnalysis, "SELECT "+analysisColumns+" FROM analyses a WHERE a.id = ?", id)
	return a, describe(err, "analysis %d", id)
}

// AnalysisByKey names the document that came of these inputs; [ErrNotFound] when none is kept.
func (q *Queries) AnalysisByKey(ctx context.Context, key image.Digest) (image.Digest, error) {
	var document string
	err := q.one(ctx, "SELECT document FROM analysis_keys WHERE key = ?", []any{string(key)}, &document)
	return image.Digest(document), describe(err, "an analysis by its inputs")
}

// PutAnalysisKey keeps which document, in the blobs, came of these inputs.
func (t *Tx) PutAnalysisKey(ctx context.Context, key, document image.Digest) error {
	_, err := t.exec(ctx, "INSERT INTO analysis_keys (key, document) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET document = excluded.document",
		string(key), string(document))
	return describe(err, "keeping an analysis by its inputs")
}

// SetAnalysis puts an analysis in force for an image from at (zero: now) on, in its history alone: [Tx.UpdateImage] shows
// it. The analysis that is in force already changes nothing.
func (t *Tx) SetAnalysis(ctx context.Context, row, analysis int64, at time.Time) error {
	at = t.orNow(at)
	var n int64
	err := t.one(ctx, "SELECT count(*) FROM image_analyses WHERE image_row = ? AND analysis_id = ? AND to_at = 0", []any{row, analysis}, &n)
	if err != nil || n > 0 {
		return err
	}
	if _, err := t.exec(ctx, "UPDATE image_analyses SET to_at = ? WHERE image_row = ? AND to_at = 0", micros(at), row); err != nil {
		return describe(err, "ending an analysis")
	}
	_, err = t.exec(ctx, "INSERT INTO image_analyses (image_row, analysis_id, from_at, to_at) VALUES (?, ?, ?, 0)", row, analysis, micros(at))
	return describe(err, "putting an analysis in force")
}

// AnalysisAt returns the analysis that was in force for an image at a time; [ErrNotFound] before the first.
func (q *Queries) AnalysisAt(ctx context.Context, row int64, at time.Time) (Analysis, error) {
	a, err := first(ctx, q, scanAnalysis, "SELECT "+analysisColumns+` FROM image_analyses h JOIN analyses a ON a.id = h.analysis_id
		WHERE h.image_row = ? AND h.from_at <= ? AND (h.to_at = 0 OR h.to_at > ?) ORDER BY h.from_at DESC LIMIT 1`, row, micros(at), micros(at))
	return a, describe(err, "an analysis of image record %d at %s", row, at.UTC().Format(time.RFC3339))
}
