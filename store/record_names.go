package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"maps"
	"slices"

	"landwaiter.dev/advisory"
)

// packNames are the hashes of a record's names as they stand beside it.
func packNames(keys []advisory.Key) []byte {
	b := make([]byte, 0, 8*len(keys))
	for _, k := range keys {
		b = binary.LittleEndian.AppendUint64(b, uint64(nameID(k)))
	}
	return b
}

// unpackNames gives each of the hashes to f.
func unpackNames(b []byte, f func(name int64)) {
	for ; len(b) >= 8; b = b[8:] {
		f(int64(binary.LittleEndian.Uint64(b)))
	}
}

// stagedNames are the hashes of all names under which a record that begins or ends at rev, or is in a folder that is
// switched off or on there, speaks of packages.
func (q *Queries) stagedNames(ctx context.Context, rev int64) (map[int64]bool, error) {
	names := map[int64]bool{}
	err := each(ctx, q, func(row scanner) error {
		var packed []byte
		if err := row.Scan(&packed); err != nil {
			return err
		}
		unpackNames(packed, func(name int64) { names[name] = true })
		return nil
	}, "SELECT names FROM advisory_versions WHERE from_rev = ? UNION ALL SELECT names FROM advisory_versions WHERE to_rev = ? AND to_rev > 0", rev, rev)
	if err != nil {
		return nil, err
	}
	folders, err := q.foldersSwitched(ctx, rev)
	if err != nil || len(folders) == 0 {
		return names, err
	}
	err = each(ctx, q, func(row scanner) error {
		var packed []byte
		if err := row.Scan(&packed); err != nil {
			return err
		}
		unpackNames(packed, func(name int64) { names[name] = true })
		return nil
	}, "SELECT names FROM advisory_versions WHERE folder {in texts} AND to_rev = 0", list(folders))
	return names, err
}

// manyNames is from how many names on it pays to ask which of them packages have.
const manyNames = 10_000

// stagedNamesOfPackages narrows [Queries.stagedNames] to those that packages have, where there are many.
func (q *Queries) stagedNamesOfPackages(ctx context.Context, rev int64) ([]int64, error) {
	names, err := q.stagedNames(ctx, rev)
	if err != nil || len(names) < manyNames {
		return slices.Collect(maps.Keys(names)), err
	}
	var found []int64
	err = each(ctx, q, func(row scanner) error {
		var name int64
		if err := row.Scan(&name); err != nil {
			return err
		}
		if names[name] {
			found = append(found, name)
		}
		return nil
	}, "SELECT DISTINCT name_id FROM package_keys")
	return found, err
}

// removeVersions deletes versions of records with all that leads to them.
func (t *Tx) removeVersions(ctx context.Context, versions []int64) error {
	names := map[int64]bool{}
	err := each(ctx, &t.Queries, func(row scanner) error {
		var packed []byte
		if err := row.Scan(&packed); err != nil {
			return err
		}
		unpackNames(packed, func(name int64) { names[name] = true })
		return nil
	}, "SELECT names FROM advisory_versions WHERE id {in ids}", list(versions))
	if err != nil {
		return err
	}
	records, err := t.versions(ctx, versions)
	if err != nil {
		return err
	}
	ids := map[int64]bool{}
	for version, r := range records {
		for _, l := range idLinks(otherIDs(r), version) {
			ids[l[0]] = true
		}
	}
	// The sum keeps each name from being looked up with each version.
	for table, hashes := range map[string]map[int64]bool{"advisory_keys": names, "advisory_ids": ids} {
		_, err := t.exec(ctx, "DELETE FROM "+table+" WHERE name_id {in ids} AND version_id + 0 {in ids}",
			list(slices.Collect(maps.Keys(hashes))), list(versions))
		if err != nil {
			return err
		}
	}
	return t.remove(ctx, list(versions), "advisory_versions WHERE id")
}

// fileNames puts the names beside the records that were stored before there was a column for it.
func fileNames(ctx context.Context, tx *sql.Tx, d *dialect) error {
	codec, err := newCodec()
	if err != nil {
		return err
	}
	t := &Tx{Queries: Queries{run: tx, d: d, codec: codec}, tx: tx}
	for after := int64(0); ; {
		ids, err := all(ctx, &t.Queries, scalar[int64], "SELECT id FROM advisory_versions WHERE id > ? ORDER BY id LIMIT 500", after)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		records, err := t.versions(ctx, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := t.exec(ctx, "UPDATE advisory_versions SET names = ? WHERE id = ?", packNames(records[id].Keys()), id); err != nil {
				return err
			}
		}
	}
}
