package store

import (
	"context"

	"landwaiter.dev/image"
)

// InventoryFilter narrows the images that are gone through; zero fields do not.
type InventoryFilter struct{ Registry, Repository, Tag string }

// Inventory lists the records of an account's active, analysed images whose current tags fit, those that share a package set
// one after the other.
func (q *Queries) Inventory(ctx context.Context, account string, f InventoryFilter) ([]int64, error) {
	query, args := `SELECT i.id FROM images i LEFT JOIN analysis_sets s ON s.analysis_id = i.analysis_id
		WHERE i.account = ? AND i.state = 'active' AND i.status = 'analyzed' AND EXISTS (SELECT 1 FROM tags t WHERE t.image_row = i.id AND t.current`, []any{account}
	for _, c := range []struct{ cond, arg string }{{" AND t.registry = ?", f.Registry}, {" AND t.repository = ?", f.Repository}, {" AND t.tag = ?", f.Tag}} {
		if c.arg != "" {
			query, args = query+c.cond, append(args, c.arg)
		}
	}
	ids, err := all(ctx, q, scalar[int64], query+") GROUP BY i.id ORDER BY coalesce(min(s.set_id), 0), i.id", args...)
	return ids, describe(err, "listing the inventory")
}

// ImagesByRowIDs reads images by the numbers of their records, with tags and without Dockerfiles.
func (q *Queries) ImagesByRowIDs(ctx context.Context, ids []int64) (map[int64]Image, error) {
	images, err := all(ctx, q, scanImage, "SELECT "+imageColumns+" FROM images i WHERE i.id {in ids}", list(ids))
	if err == nil {
		err = q.fillTags(ctx, images)
	}
	out := make(map[int64]Image, len(images))
	for _, i := range images {
		out[i.ID] = i
	}
	return out, describe(err, "reading images")
}

// Documents gives the documents of analyses by the numbers of their records.
func (q *Queries) Documents(ctx context.Context, analyses []int64) (map[int64]image.Digest, error) {
	out := make(map[int64]image.Digest, len(analyses))
	err := each(ctx, q, func(row scanner) error {
		var id int64
		var d image.Digest
		if err := row.Scan(&id, &d); err != nil {
			return err
		}
		out[id] = d
		return nil
	}, "SELECT id, document FROM analyses WHERE id {in ids}", list(analyses))
	return out, describe(err, "reading analyses")
}

// SetsOfAnalyses gives the package sets of analyses.
func (q *Queries) SetsOfAnalyses(ctx context.Context, analyses []int64) (map[int64][]int64, error) {
	out := make(map[int64][]int64, len(analyses))
	err := each(ctx, q, func(row scanner) error {
		var analysis, set int64
		if err := row.Scan(&analysis, &set); err != nil {
			return err
		}
		out[analysis] = append(out[analysis], set)
		return nil
	}, "SELECT analysis_id, set_id FROM analysis_sets WHERE analysis_id {in ids} ORDER BY analysis_id, set_id", list(analyses))
	return out, describe(err, "reading package sets")
}

// PackagesOfSet lists the packages of a set.
func (q *Queries) PackagesOfSet(ctx context.Context, set int64) ([]PackageRow, error) {
	rows, err := all(ctx, q, scanPackage, "SELECT "+packageColumns+" FROM package_set_members m JOIN packages p ON p.id = m.package_id WHERE m.set_id = ? ORDER BY p.id", set)
	return rows, describe(err, "reading a package set")
}

// HasVEX says whether an account ever had VEX documents, or attestations that could not be read.
func (q *Queries) HasVEX(ctx context.Context, account string) (bool, error) {
	var n int64
	err := q.one(ctx, "SELECT count(*) FROM (SELECT 1 AS one FROM vex WHERE account = ? LIMIT 1) AS v", []any{account}, &n)
	return n > 0, describe(err, "looking for VEX documents")
}
