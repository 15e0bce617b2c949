package store

import (
	"context"

	"landwaiter.dev/advisory"
)

// Records returns the advisories that speak of packages by these names, as rev has them; a record is under each of the
// names that it has, as one and the same value, which must not be changed. [ErrNotKept] when they have been removed.
func (q *Queries) Records(ctx context.Context, keys []advisory.Key, rev int64) (map[advisory.Key][]*advisory.Record, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if err := q.mustBeKept(ctx, rev); err != nil {
		return nil, err
	}
	byName := make(map[int64][]advisory.Key, len(keys))
	for _, k := range keys {
		byName[nameID(k)] = append(byName[nameID(k)], k)
	}
	type link struct{ name, version int64 }
	var links []link
	var versions []int64
	seen := map[int64]bool{}
	err := each(ctx, q, func(row scanner) error {
		var l link
		if err := row.Scan(&l.name, &l.version); err != nil {
			return err
		}
		links = append(links, l)
		if !seen[l.version] {
			seen[l.version] = true
			versions = append(versions, l.version)
		}
		return nil
	}, `SELECT k.name_id, v.id FROM advisory_keys k JOIN advisory_versions v ON v.id = k.version_id
		WHERE k.name_id {in ids} AND v.from_rev <= ? AND (v.to_rev = 0 OR v.to_rev > ?) ORDER BY v.record_id, v.id`, nameIDs(keys), rev, rev)
	if err != nil {
		return nil, describe(err, "reading advisories")
	}
	records, err := q.versions(ctx, versions)
	if err != nil {
		return nil, describe(err, "reading advisories")
	}
	out := make(map[advisory.Key][]*advisory.Record, len(byName))
	for _, l := range links {
		for _, k := range byName[l.name] {
			out[k] = append(out[k], records[l.version])
		}
	}
	return out, nil
}

// versions reads versions of records by their numbers. They are shared and must not be changed.
func (q *Queries) versions(ctx context.Context, ids []int64) (map[int64]*advisory.Record, error) {
	return documents(ctx, q, q.caches.records, "SELECT id, document FROM advisory_versions WHERE id {in ids}", ids)
}

// RecordByID returns the versions of a record that rev has, one for each folder that has it; none is no error.
func (q *Queries) RecordByID(ctx context.Context, id string, rev int64) ([]*advisory.Record, error) {
	return all(ctx, q, func(row scanner, r **advisory.Record) error {
		var packed []byte
		if err := row.Scan(&packed); err != nil {
			return err
		}
		*r = new(advisory.Record)
		return q.codec.unpackJSON(packed, *r)
	}, `SELECT v.document FROM advisory_versions v WHERE v.record_id = ? AND v.from_rev <= ? AND (v.to_rev = 0 OR v.to_rev > ?) ORDER BY v.folder`, id, rev, rev)
}

// CountRecords counts the records of a folder that rev has.
func (q *Queries) CountRecords(ctx context.Context, folder string, rev int64) (int64, error) {
	var n int64
	err := q.one(ctx, "SELECT count(*) FROM advisory_versions WHERE folder = ? AND from_rev <= ? AND (to_rev = 0 OR to_rev > ?)",
		[]any{folder, rev, rev}, &n)
	return n, err
}
