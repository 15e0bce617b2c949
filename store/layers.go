package store

import (
	"context"

	"landwaiter.dev/image"
)

// LayerPart names a stored part of a layer's report.
type LayerPart struct {
	Name, Revision string
	Blob           image.Digest
}

// LayerRepository is a place in which we verified a layer's blob.
type LayerRepository struct{ Registry, Repository string }

// LayerFor returns the record of a layer that we have read; [ErrNotFound] when we have not. It says nothing about who may
// use it ([Queries.LayerAccess]).
func (q *Queries) LayerFor(ctx context.Context, id image.LayerID) (int64, error) {
	var row int64
	err := q.one(ctx, "SELECT id FROM layers WHERE blob = ? AND diff_id = ?", []any{string(id.Blob), string(id.DiffID)}, &row)
	return row, describe(err, "layer %s", id.Blob)
}

// PutLayer keeps that we have read a layer, and returns its record, an older one if there is one.
func (t *Tx) PutLayer(ctx context.Context, id image.LayerID, size, tarSize int64) (int64, error) {
	var row int64
	err := t.one(ctx, `INSERT INTO layers (blob, diff_id, size, tar_size) VALUES (?, ?, ?, ?)
		ON CONFLICT (blob, diff_id) DO UPDATE SET size = excluded.size, tar_size = excluded.tar_size RETURNING id`,
		[]any{string(id.Blob), string(id.DiffID), size, tarSize}, &row)
	return row, describe(err, "keeping layer %s", id.Blob)
}

// LayerAccess says whether an account may use what is known of a layer.
func (q *Queries) LayerAccess(ctx context.Context, account string, layer int64) (bool, error) {
	var n int64
	err := q.one(ctx, "SELECT count(*) FROM layer_access WHERE layer_id = ? AND account = ?", []any{layer, account}, &n)
	return n > 0, err
}

// GrantLayer lets an account use what is known of a layer, from now on.
func (t *Tx) GrantLayer(ctx context.Context, account string, layer int64) error {
	_, err := t.exec(ctx, "INSERT INTO layer_access (layer_id, account) VALUES (?, ?) ON CONFLICT DO NOTHING", layer, account)
	return describe(err, "granting layer %d", layer)
}

// LayerRepositories lists where a layer's blob was verified.
func (q *Queries) LayerRepositories(ctx context.Context, layer int64) ([]LayerRepository, error) {
	return all(ctx, q, func(row scanner, r *LayerRepository) error { return row.Scan(&r.Registry, &r.Repository) },
		"SELECT registry, repository FROM layer_repositories WHERE layer_id = ? ORDER BY registry, repository", layer)
}

// AddLayerRepository keeps where a layer's blob was verified.
func (t *Tx) AddLayerRepository(ctx context.Context, layer int64, r LayerRepository) error {
	_, err := t.exec(ctx, "INSERT INTO layer_repositories (layer_id, registry, repository) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		layer, r.Registry, r.Repository)
	return describe(err, "keeping where layer %d is", layer)
}

// LayerParts lists the parts that are kept of a layer, in all revisions.
func (q *Queries) LayerParts(ctx context.Context, layer int64) ([]LayerPart, error) {
	return all(ctx, q, func(row scanner, p *LayerPart) error { return row.Scan(&p.Name, &p.Revision, &p.Blob) },
		"SELECT name, revision, blob FROM layer_parts WHERE layer_id = ? ORDER BY name, revision", layer)
}

// PutLayerPart keeps a part whose bytes are in the blobs, in place of one of the same name and revision.
func (t *Tx) PutLayerPart(ctx context.Context, layer int64, p LayerPart) error {
	_, err := t.exec(ctx, `INSERT INTO layer_parts (layer_id, name, revision, blob) VALUES (?, ?, ?, ?)
		ON CONFLICT (layer_id, name, revision) DO UPDATE SET blob = excluded.blob`, layer, p.Name, p.Revision, string(p.Blob))
	return describe(err, "keeping part %q of layer %d", p.Name, layer)
}
