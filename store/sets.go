package store

import (
	"context"

	"landwaiter.dev/image"
)

// PutPackageSet keeps a set of packages under its digest, which stands for exactly these members, and returns its number.
// For a day it stays though no analysis points to it. The transaction holds [Tx.ShareRevision].
func (t *Tx) PutPackageSet(ctx context.Context, digest image.Digest, packages []int64) (int64, error) {
	n, err := t.exec(ctx, "INSERT INTO package_sets (digest, put_at) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING", string(digest), micros(t.now()))
	if err != nil {
		return 0, describe(err, "keeping a set of packages")
	}
	if n == 0 {
		// Sets of bases are put again all the time: seldom is enough.
		if _, err := t.exec(ctx, "UPDATE package_sets SET put_at = ? WHERE digest = ? AND put_at < ?", micros(t.now()), string(digest), micros(t.now().Add(-putAgain))); err != nil {
			return 0, describe(err, "keeping a set of packages")
		}
	}
	var id int64
	if err := t.one(ctx, "SELECT id FROM package_sets WHERE digest = ?", []any{string(digest)}, &id); err != nil || n == 0 {
		return id, describe(err, "keeping a set of packages")
	}
	err = t.insertMany(ctx, "INSERT INTO package_set_members (set_id, package_id)", " ON CONFLICT DO NOTHING", 2, len(packages), func(i int) []any {
		return []any{id, packages[i]}
	})
	return id, describe(err, "keeping a set of packages")
}

// SetsOf lists the package sets of an analysis.
func (q *Queries) SetsOf(ctx context.Context, analysis int64) ([]int64, error) {
	return all(ctx, q, scalar[int64], "SELECT set_id FROM analysis_sets WHERE analysis_id = ? ORDER BY set_id", analysis)
}
