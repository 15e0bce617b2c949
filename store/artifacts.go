package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"slices"
	"strings"

	"landwaiter.dev/advisory"
)

// fileArtifacts files the records of Maven packages that were stored before artifacts were names of their own under these.
func fileArtifacts(ctx context.Context, tx *sql.Tx, d *dialect) error {
	codec, err := newCodec()
	if err != nil {
		return err
	}
	t := &Tx{Queries: Queries{run: tx, d: d, codec: codec}, tx: tx}
	artifacts := map[int64]advisory.Key{} // by the hash of the whole name
	err = each(ctx, &t.Queries, func(row scanner) error {
		k := advisory.Key{Ecosystem: "Maven"}
		if err := row.Scan(&k.Name); err != nil {
			return err
		}
		if at := strings.LastIndexByte(k.Name, ':'); at > 0 {
			artifacts[nameID(k)] = advisory.Key{Ecosystem: k.Ecosystem, Name: k.Name[at:]}
		}
		return nil
	}, "SELECT name FROM names WHERE ecosystem = 'Maven'")
	if err != nil {
		return err
	}
	names := make([]int64, 0, len(artifacts))
	for id := range artifacts {
		names = append(names, id)
	}
	slices.Sort(names)
	for part := range slices.Chunk(names, batch) {
		if err := t.fileArtifacts(ctx, part, artifacts); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) fileArtifacts(ctx context.Context, names []int64, artifacts map[int64]advisory.Key) error {
	var keys []advisory.Key
	var links [][2]int64
	var versions []int64
	under := map[int64][]int64{} // by version
	err := each(ctx, &t.Queries, func(row scanner) error {
		var name, version int64
		if err := row.Scan(&name, &version); err != nil {
			return err
		}
		k := artifacts[name]
		keys, links = append(keys, k), append(links, [2]int64{nameID(k), version})
		if under[version] == nil {
			versions = append(versions, version)
		}
		under[version] = append(under[version], nameID(k))
		return nil
	}, "SELECT name_id, version_id FROM advisory_keys WHERE name_id {in ids}", list(names))
	if err != nil || len(links) == 0 {
		return err
	}
	if err := t.putNames(ctx, keys); err != nil {
		return err
	}
	slices.SortFunc(links, func(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	links = slices.Compact(links)
	err = t.insertMany(ctx, "INSERT INTO advisory_keys (name_id, version_id)", " ON CONFLICT DO NOTHING", 2, len(links), func(n int) []any {
		return []any{links[n][0], links[n][1]}
	})
	if err != nil {
		return err
	}
	beside := map[int64][]byte{}
	err = each(ctx, &t.Queries, func(row scanner) error {
		var version int64
		var packed []byte
		err := row.Scan(&version, &packed)
		beside[version] = bytes.Clone(packed)
		return err
	}, "SELECT id, names FROM advisory_versions WHERE id {in ids}", list(versions))
	if err != nil {
		return err
	}
	for version, packed := range beside {
		there := map[int64]bool{}
		unpackNames(packed, func(name int64) { there[name] = true })
		for _, name := range under[version] {
			if !there[name] {
				there[name] = true
				packed = binary.LittleEndian.AppendUint64(packed, uint64(name))
			}
		}
		if _, err := t.exec(ctx, "UPDATE advisory_versions SET names = ? WHERE id = ?", packed, version); err != nil {
			return err
		}
	}
	return nil
}
