package store

import (
	"context"
	"maps"
	"slices"

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
	links, err := q.versionsOfNames(ctx, slices.Collect(maps.Keys(byName)), rev)
	if err != nil {
		return nil, describe(err, "reading advisories")
	}
	var versions []int64
	seen := map[int64]bool{}
	for _, list := range links {
		for _, v := range list {
			if !seen[v] {
				seen[v] = true
				versions = append(versions, v)
			}
		}
	}
	records, err := q.versions(ctx, versions)
	if err != nil {
		return nil, describe(err, "reading advisories")
	}
	out := make(map[advisory.Key][]*advisory.Record, len(keys))
	for name, list := range links {
		if len(list) == 0 {
			continue
		}
		of := make([]*advisory.Record, len(list))
		for i, v := range list {
			of[i] = records[v]
		}
		for _, k := range byName[name] {
			out[k] = of
		}
	}
	return out, nil
}

// versionsOfNames gives the versions of records that rev has under each of the names, by record id.
func (q *Queries) versionsOfNames(ctx context.Context, names []int64, rev int64) (map[int64][]int64, error) {
	keep, err := q.caches.settled.is(ctx, q, rev)
	if err != nil || !keep {
		if err != nil {
			return nil, err
		}
		return q.readVersionsOfNames(ctx, names, rev)
	}
	found, missing := q.caches.settled.versions(rev, names)
	if len(missing) == 0 {
		return found, nil
	}
	read, err := q.readVersionsOfNames(ctx, missing, rev)
	if err != nil {
		return nil, err
	}
	q.caches.settled.add(rev, missing, read)
	maps.Copy(found, read)
	return found, nil
}

// readVersionsOfNames asks two questions, each of which is answered by one look into an index for each row, whatever the
// database believes of its tables.
func (q *Queries) readVersionsOfNames(ctx context.Context, names []int64, rev int64) (map[int64][]int64, error) {
	namesOf := map[int64][]int64{}
	err := each(ctx, q, func(row scanner) error {
		var name, version int64
		if err := row.Scan(&name, &version); err != nil {
			return err
		}
		namesOf[version] = append(namesOf[version], name)
		return nil
	}, "SELECT name_id, version_id FROM advisory_keys WHERE name_id {in ids}", list(names))
	if err != nil || len(namesOf) == 0 {
		return nil, err
	}
	links := make(map[int64][]int64, len(names))
	err = each(ctx, q, func(row scanner) error {
		var version int64
		if err := row.Scan(&version); err != nil {
			return err
		}
		for _, name := range namesOf[version] {
			links[name] = append(links[name], version)
		}
		return nil
	}, "SELECT v.id FROM advisory_versions v WHERE v.id {in ids} AND v.from_rev <= ? AND (v.to_rev = 0 OR v.to_rev > ?)"+notOff+" ORDER BY v.record_id, v.id",
		list(slices.Collect(maps.Keys(namesOf))), rev, rev, rev, rev)
	return links, err
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
	}, `SELECT v.document FROM advisory_versions v WHERE v.record_id = ? AND v.from_rev <= ? AND (v.to_rev = 0 OR v.to_rev > ?)`+notOff+" ORDER BY v.folder", id, rev, rev, rev, rev)
}

// CountRecords counts the records of a folder that rev has.
func (q *Queries) CountRecords(ctx context.Context, folder string, rev int64) (int64, error) {
	var n int64
	err := q.one(ctx, "SELECT count(*) FROM advisory_versions WHERE folder = ? AND from_rev <= ? AND (to_rev = 0 OR to_rev > ?)",
		[]any{folder, rev, rev}, &n)
	return n, err
}
