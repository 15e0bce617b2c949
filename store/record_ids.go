package store

import (
	"context"
	"database/sql"
	"slices"

	"landwaiter.dev/advisory"
)

// idLinks are the ids under which a version of a record is filed beside its own.
func idLinks(ids []string, version int64) [][2]int64 {
	links := make([][2]int64, len(ids))
	for i, id := range ids {
		links[i] = [2]int64{nameID(advisory.Key{Name: id}), version}
	}
	return links
}

// otherIDs are the ids under which a record is known beside its own.
func otherIDs(r *advisory.Record) []string {
	ids := r.Names()
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == r.ID || id == "" })
}

// fileIDs files the records that were stored before there was a table for it.
func fileIDs(ctx context.Context, tx *sql.Tx, d *dialect) error {
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
		var links [][2]int64
		for _, id := range ids {
			links = append(links, idLinks(otherIDs(records[id]), id)...)
		}
		if err := t.putLinks(ctx, "advisory_ids", links); err != nil {
			return err
		}
	}
}

// Sourced is a record with the folder that has it.
type Sourced struct {
	Folder string
	*advisory.Record
}

// RecordsKnownAs returns the records that rev has with one of these ids, or that name one as an alias, as upstream, or among
// the vulnerabilities of a bundle; by record id, then folder. A record that several folders have alike is there once. Records
// are shared and must not be changed.
func (q *Queries) RecordsKnownAs(ctx context.Context, ids []string, rev int64) ([]Sourced, error) {
	hashes := make([]int64, len(ids))
	wanted := make(map[string]bool, len(ids))
	for i, id := range ids {
		hashes[i], wanted[id] = nameID(advisory.Key{Name: id}), true
	}
	type version struct {
		id     int64
		folder string
		digest string
	}
	rows, err := all(ctx, q, func(row scanner, v *version) error {
		var digest []byte
		err := row.Scan(&v.id, &v.folder, &digest)
		v.digest = string(digest)
		return err
	}, `SELECT v.id, v.folder, v.digest FROM advisory_versions v WHERE v.id IN (
			SELECT b.id FROM advisory_versions b WHERE b.record_id {in texts}
			UNION SELECT n.version_id FROM advisory_ids n WHERE n.name_id {in ids})
		AND v.from_rev <= ? AND (v.to_rev = 0 OR v.to_rev > ?)`+notOff+" ORDER BY v.record_id, v.folder", list(ids), list(hashes), rev, rev, rev, rev)
	if err != nil {
		return nil, describe(err, "reading advisories")
	}
	versions := make([]int64, len(rows))
	for i := range rows {
		versions[i] = rows[i].id
	}
	records, err := q.versions(ctx, versions)
	if err != nil {
		return nil, describe(err, "reading advisories")
	}
	var out []Sourced
	seen := map[[2]string]bool{}
	for _, v := range rows {
		r := records[v.id]
		if r == nil {
			continue // it was removed meanwhile
		}
		same := [2]string{r.ID, v.digest}
		if !seen[same] && (wanted[r.ID] || slices.ContainsFunc(r.Names(), func(id string) bool { return wanted[id] })) {
			out = append(out, Sourced{v.folder, r})
		}
		seen[same] = true
	}
	return out, nil
}

// RecordsByID returns the versions of records that rev has, by id; one folder after the other where several have one.
func (q *Queries) RecordsByID(ctx context.Context, ids []string, rev int64) (map[string][]*advisory.Record, error) {
	out := make(map[string][]*advisory.Record, len(ids))
	err := each(ctx, q, func(row scanner) error {
		var packed []byte
		if err := row.Scan(&packed); err != nil {
			return err
		}
		r := new(advisory.Record)
		if err := q.codec.unpackJSON(packed, r); err != nil {
			return err
		}
		out[r.ID] = append(out[r.ID], r)
		return nil
	}, `SELECT v.document FROM advisory_versions v WHERE v.record_id {in texts}
		AND v.from_rev <= ? AND (v.to_rev = 0 OR v.to_rev > ?)`+notOff+" ORDER BY v.record_id, v.folder", list(ids), rev, rev, rev, rev)
	return out, describe(err, "reading advisories")
}
