package store

import (
	"context"
	"errors"
	"time"

	"landwaiter.dev/image"
)

// ImportState is the life of an import operation, in the words of /v1.
type ImportState string

// The states of an import operation. Contents are taken while it is pending.
const (
	ImportPending     ImportState = "pending"
	ImportProcessing  ImportState = "processing"
	ImportComplete    ImportState = "complete"
	ImportFailed      ImportState = "failed"
	ImportExpired     ImportState = "expired"
	ImportInvalidated ImportState = "invalidated"
)

// Import is an operation that gathers what an image is made of without its layers.
type Import struct {
	ID        string // 32 hexadecimal digits
	Account   string
	State     ImportState
	CreatedAt time.Time
	UpdatedAt time.Time
	ExpiresAt time.Time
}

// ImportContent is a document of an operation; its bytes are in the blobs.
type ImportContent struct {
	Kind      string // packages, manifest, parent_manifest, image_config, dockerfile
	Digest    image.Digest
	MediaType string
	Size      int64
	CreatedAt time.Time
}

// ImageImport is what an image was made of that came as documents. MediaType is that of Packages.
type ImageImport struct {
	Operation                  string
	Packages, Manifest, Config image.Digest
	MediaType                  string
}

const importColumns = "id, account, state, created_at, updated_at, expires_at"

func scanImport(row scanner, i *Import) error {
	return row.Scan(&i.ID, &i.Account, &i.State, moment{&i.CreatedAt}, moment{&i.UpdatedAt}, moment{&i.ExpiresAt})
}

// InsertImport begins an operation. Zero times are now.
func (t *Tx) InsertImport(ctx context.Context, i *Import) error {
	i.CreatedAt, i.UpdatedAt = t.orNow(i.CreatedAt), t.orNow(i.UpdatedAt)
	_, err := t.exec(ctx, "INSERT INTO import_operations ("+importColumns+") VALUES (?, ?, ?, ?, ?, ?)",
		i.ID, i.Account, string(i.State), micros(i.CreatedAt), micros(i.UpdatedAt), micros(i.ExpiresAt))
	return describe(err, "beginning an import")
}

// Import returns an operation of an account.
func (q *Queries) Import(ctx context.Context, account, id string) (Import, error) {
	i, err := first(ctx, q, scanImport, "SELECT "+importColumns+" FROM import_operations WHERE account = ? AND id = ?", account, id)
	return i, describe(err, "import operation %.60q", id)
}

// LockImport is [Queries.Import] for a transaction that will change the operation or its contents: others wait for it.
func (t *Tx) LockImport(ctx context.Context, account, id string) (Import, error) {
	i, err := first(ctx, &t.Queries, scanImport, "SELECT "+importColumns+" FROM import_operations WHERE account = ? AND id = ?{lock}", account, id)
	return i, describe(err, "import operation %.60q", id)
}

// Imports lists the operations of an account, newest first.
func (q *Queries) Imports(ctx context.Context, account string) ([]Import, error) {
	rows, err := all(ctx, q, scanImport, "SELECT "+importColumns+" FROM import_operations WHERE account = ? ORDER BY created_at DESC, id", account)
	return rows, describe(err, "listing imports")
}

// SetImportState moves an operation on, if it stands at one of from (any when from is empty); it says whether it did.
func (t *Tx) SetImportState(ctx context.Context, id string, from []ImportState, to ImportState) (bool, error) {
	n, err := t.exec(ctx, "UPDATE import_operations SET state = ?, updated_at = ? WHERE id = ? AND (? = 0 OR state {in texts})",
		string(to), micros(t.now()), id, len(from), list(from))
	return n > 0, describe(err, "changing the state of an import")
}

// EndImportOf moves the operation that an image comes from out of processing; an image that comes from none changes
// nothing.
func (t *Tx) EndImportOf(ctx context.Context, row int64, to ImportState) error {
	_, err := t.exec(ctx, `UPDATE import_operations SET state = ?, updated_at = ?
		WHERE state = 'processing' AND id IN (SELECT operation FROM image_imports WHERE image_row = ?)`, string(to), micros(t.now()), row)
	return describe(err, "ending an import")
}

// PutImportContent keeps that a document belongs to an operation, and returns how it is kept: one that is there already
// stays as it was.
func (t *Tx) PutImportContent(ctx context.Context, operation string, c ImportContent) (ImportContent, error) {
	_, err := t.exec(ctx, `INSERT INTO import_contents (operation, kind, digest, media_type, size, created_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, operation, c.Kind, string(c.Digest), c.MediaType, c.Size, micros(t.orNow(c.CreatedAt)))
	if err != nil {
		return c, describe(err, "keeping a part of an import")
	}
	c, err = first(ctx, &t.Queries, scanImportContent, "SELECT "+importContentColumns+
		" FROM import_contents WHERE operation = ? AND kind = ? AND digest = ?", operation, c.Kind, string(c.Digest))
	return c, describe(err, "keeping a part of an import")
}

const importContentColumns = "kind, digest, media_type, size, created_at"

func scanImportContent(row scanner, c *ImportContent) error {
	return row.Scan(&c.Kind, &c.Digest, &c.MediaType, &c.Size, moment{&c.CreatedAt})
}

// ImportContents lists the documents of an operation, oldest first.
func (q *Queries) ImportContents(ctx context.Context, operation string) ([]ImportContent, error) {
	rows, err := all(ctx, q, scanImportContent, "SELECT "+importContentColumns+
		" FROM import_contents WHERE operation = ? ORDER BY created_at, kind, digest", operation)
	return rows, describe(err, "listing the parts of an import")
}

// ImportsHeld says how many operations of an account are pending, and how many bytes all of its contents have.
func (q *Queries) ImportsHeld(ctx context.Context, account string) (pending, bytes int64, err error) {
	err = q.one(ctx, `SELECT (SELECT count(*) FROM import_operations WHERE account = ? AND state = 'pending'),
		(SELECT CAST(coalesce(sum(c.size), 0) AS BIGINT) FROM import_operations o JOIN import_contents c ON c.operation = o.id WHERE o.account = ?)`,
		[]any{account, account}, &pending, &bytes)
	return pending, bytes, describe(err, "counting imports")
}

// PutImageImport keeps what an image is made of, in place of what was kept before.
func (t *Tx) PutImageImport(ctx context.Context, row int64, i ImageImport) error {
	_, err := t.exec(ctx, `INSERT INTO image_imports (image_row, operation, packages, media_type, manifest, config) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (image_row) DO UPDATE SET operation = excluded.operation, packages = excluded.packages, media_type = excluded.media_type,
			manifest = excluded.manifest, config = excluded.config`,
		row, i.Operation, string(i.Packages), i.MediaType, string(i.Manifest), string(i.Config))
	return describe(err, "keeping what image record %d is made of", row)
}

// DeleteImageImport says that an image comes from a registry from now on.
func (t *Tx) DeleteImageImport(ctx context.Context, row int64) error {
	_, err := t.exec(ctx, "DELETE FROM image_imports WHERE image_row = ?", row)
	return describe(err, "forgetting what image record %d was made of", row)
}

// ImageImport returns what an image is made of; false when it comes from a registry.
func (q *Queries) ImageImport(ctx context.Context, row int64) (ImageImport, bool, error) {
	i, err := first(ctx, q, func(r scanner, i *ImageImport) error {
		return r.Scan(&i.Operation, &i.Packages, &i.MediaType, &i.Manifest, &i.Config)
	}, "SELECT operation, packages, media_type, manifest, config FROM image_imports WHERE image_row = ?", row)
	if errors.Is(err, ErrNotFound) {
		return ImageImport{}, false, nil
	}
	return i, err == nil, describe(err, "what image record %d is made of", row)
}
