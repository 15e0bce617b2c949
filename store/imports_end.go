package store

import (
	"context"
	"time"

	"landwaiter.dev/image"
)

// ExpireImports marks operations whose time has passed, and says how many.
func (t *Tx) ExpireImports(ctx context.Context) (int64, error) {
	n, err := t.exec(ctx, "UPDATE import_operations SET state = 'expired', updated_at = ? WHERE state {in texts} AND expires_at <= ?",
		micros(t.now()), list([]ImportState{ImportPending, ImportProcessing}), micros(t.now()))
	return n, describe(err, "expiring imports")
}

// ended are the states after which an operation takes nothing and does nothing more.
var ended = []ImportState{ImportComplete, ImportFailed, ImportExpired, ImportInvalidated}

// DropEndedImports forgets the documents of operations that have ended, at most limit of them, and the operations that
// ended before a time. It returns the digests of the documents: those that nothing else uses ([Queries.ImportBlobInUse])
// may go.
func (t *Tx) DropEndedImports(ctx context.Context, before time.Time, limit int) ([]image.Digest, error) {
	type content struct {
		operation, kind string
		digest          image.Digest
	}
	rows, err := all(ctx, &t.Queries, func(row scanner, c *content) error { return row.Scan(&c.operation, &c.kind, &c.digest) },
		`SELECT c.operation, c.kind, c.digest FROM import_operations o JOIN import_contents c ON c.operation = o.id
			WHERE o.state {in texts} ORDER BY c.operation LIMIT ?`, list(ended), limit)
	if err != nil {
		return nil, describe(err, "looking for parts of ended imports")
	}
	digests := make([]image.Digest, 0, len(rows))
	for _, c := range rows {
		if _, err := t.exec(ctx, "DELETE FROM import_contents WHERE operation = ? AND kind = ? AND digest = ?", c.operation, c.kind, string(c.digest)); err != nil {
			return nil, describe(err, "forgetting a part of an ended import")
		}
		digests = append(digests, c.digest)
	}
	_, err = t.exec(ctx, `DELETE FROM import_operations WHERE state {in texts} AND updated_at < ?
		AND NOT EXISTS (SELECT 1 FROM import_contents c WHERE c.operation = import_operations.id)`, list(ended), micros(before))
	return digests, describe(err, "forgetting ended imports")
}

// ImportBlobInUse says whether the database names a blob that came as a part of an import.
func (q *Queries) ImportBlobInUse(ctx context.Context, d image.Digest) (bool, error) {
	var n int64
	err := q.one(ctx, `SELECT (SELECT count(*) FROM import_contents WHERE digest = ?)
		+ (SELECT count(*) FROM image_imports WHERE packages = ? OR manifest = ? OR config = ?)
		+ (SELECT count(*) FROM images WHERE manifest_blob = ? OR parent_blob = ?)
		+ (SELECT count(*) FROM analyses WHERE document = ?) + (SELECT count(*) FROM layer_parts WHERE blob = ?)
		+ (SELECT count(*) FROM evaluations WHERE result = ? OR bundle_digest = ?) + (SELECT count(*) FROM vuln_states WHERE list = ?)
		+ (SELECT count(*) FROM vex WHERE digest = ?)`,
		[]any{string(d), string(d), string(d), string(d), string(d), string(d), string(d), string(d), string(d), string(d), string(d), string(d)}, &n)
	return n > 0, describe(err, "looking who uses a blob")
}
