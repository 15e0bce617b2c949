package store

import (
	"context"
	"time"

	"landwaiter.dev/image"
)

// Collected says what [Store.Collect] removed.
type Collected struct {
	Analyses, Sets, Packages, Findings int64
	// Documents are the digests of the analyses' documents, for the caller to remove from the blobs.
	Documents []image.Digest
}

// collectRows is how many rows one transaction removes.
const collectRows = 200

// held is how long an analysis or a package set that nothing points to stays after it was put: who put it is about to
// point to it, in another transaction.
const held = 24 * time.Hour

// Collect removes what no image holds any more: analyses, package sets, packages with their matches, findings. It works in
// short transactions and may be stopped at any time. What was put in the last day stays. Evaluations keep the number of an analysis that has gone.
func (s *Store) Collect(ctx context.Context) (Collected, error) {
	var c Collected
	var documents []image.Digest
	before := micros(s.now().Add(-held))
	err := s.collect(ctx, `SELECT o.id FROM analyses o WHERE o.put_at < ? AND NOT EXISTS (SELECT 1 FROM image_analyses h WHERE h.analysis_id = o.id)
			AND NOT EXISTS (SELECT 1 FROM images i WHERE i.analysis_id = o.id)`, []any{before}, func(tx *Tx, ids string) (err error) {
		if documents, err = all(ctx, &tx.Queries, scalar[image.Digest], "SELECT document FROM analyses WHERE id {in ids}", ids); err != nil {
			return err
		}
		return tx.remove(ctx, ids, "analysis_sets WHERE analysis_id", "analyses WHERE id")
	}, func(n int64) {
		c.Analyses += n
		c.Documents, documents = append(c.Documents, documents...), nil
	})
	if err != nil {
		return c, describe(err, "collecting analyses")
	}
	err = s.collect(ctx, "SELECT o.id FROM package_sets o WHERE o.put_at < ? AND NOT EXISTS (SELECT 1 FROM analysis_sets a WHERE a.set_id = o.id)", []any{before},
		func(tx *Tx, ids string) error {
			return tx.remove(ctx, ids, "package_set_members WHERE set_id", "package_sets WHERE id")
		}, func(n int64) { c.Sets += n })
	if err != nil {
		return c, describe(err, "collecting package sets")
	}
	err = s.collect(ctx, "SELECT o.id FROM packages o WHERE NOT EXISTS (SELECT 1 FROM package_set_members m WHERE m.package_id = o.id)", nil,
		func(tx *Tx, ids string) error {
			return tx.remove(ctx, ids, "package_keys WHERE package_id", "matches WHERE package_id", "packages WHERE id")
		}, func(n int64) { c.Packages += n })
	if err != nil {
		return c, describe(err, "collecting packages")
	}
	err = s.collect(ctx, "SELECT o.id FROM findings o WHERE NOT EXISTS (SELECT 1 FROM matches m WHERE m.finding_id = o.id)", nil,
		func(tx *Tx, ids string) error {
			return tx.remove(ctx, ids, "finding_ids WHERE finding_id", "findings WHERE id")
		}, func(n int64) { c.Findings += n })
	return c, describe(err, "collecting findings")
}

// collect removes what a query for numbers of o finds, some rows in each transaction; removed is told how many, once they
// are gone for good. It looks for them without a lock, and once more at those found under the lock that keeps others from
// pointing to them.
func (s *Store) collect(ctx context.Context, query string, args []any, remove func(tx *Tx, ids string) error, removed func(n int64)) error {
	for last := int64(0); ; {
		found, err := all(ctx, &s.Queries, scalar[int64], query+" AND o.id > ? ORDER BY o.id LIMIT ?", append(args[:len(args):len(args)], last, collectRows)...)
		if err != nil || len(found) == 0 {
			return err
		}
		last = found[len(found)-1]
		var ids []int64
		err = s.Write(ctx, func(tx *Tx) error {
			if _, err := tx.LockRevision(ctx); err != nil {
				return err
			}
			var err error
			if ids, err = all(ctx, &tx.Queries, scalar[int64], query+" AND o.id {in ids}", append(args[:len(args):len(args)], list(found))...); err != nil || len(ids) == 0 {
				return err
			}
			return remove(tx, list(ids))
		})
		if err != nil {
			return err
		}
		removed(int64(len(ids)))
	}
}

// remove deletes from tables by numbers; each target is "table WHERE column".
func (t *Tx) remove(ctx context.Context, ids string, targets ...string) error {
	for _, target := range targets {
		if _, err := t.exec(ctx, "DELETE FROM "+target+" {in ids}", ids); err != nil {
			return err
		}
	}
	return nil
}
