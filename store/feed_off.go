package store

import "context"

// OffAt are the ecosystems of which rev matches nothing; "" among them means all.
func (q *Queries) OffAt(ctx context.Context, rev int64) (map[string]bool, error) {
	off := map[string]bool{}
	err := each(ctx, q, func(row scanner) error {
		var eco string
		if err := row.Scan(&eco); err != nil {
			return err
		}
		off[eco] = true
		return nil
	}, "SELECT ecosystem FROM feed_off WHERE from_rev <= ? AND (to_rev = 0 OR to_rev > ?)", rev, rev)
	return off, describe(err, "reading which feeds are switched off")
}

// EverOff says whether anything was ever switched off.
func (q *Queries) EverOff(ctx context.Context) (bool, error) {
	var n int64
	err := q.one(ctx, "SELECT (SELECT count(*) FROM feed_off) + (SELECT count(*) FROM folder_off)", nil, &n)
	return n > 0, describe(err, "reading which feeds were switched off")
}

// StageOff switches an ecosystem, with "" all of them, off or on again at rev. What is so already is no error.
func (s *Store) StageOff(ctx context.Context, rev int64, ecosystem string, off bool) error {
	err := s.Write(ctx, func(tx *Tx) error {
		if !off {
			if _, err := tx.exec(ctx, "DELETE FROM feed_off WHERE ecosystem = ? AND from_rev = ?", ecosystem, rev); err != nil {
				return err
			}
			_, err := tx.exec(ctx, "UPDATE feed_off SET to_rev = ? WHERE ecosystem = ? AND to_rev = 0", rev, ecosystem)
			return err
		}
		now, err := tx.OffAt(ctx, rev)
		if err != nil || now[ecosystem] {
			return err
		}
		_, err = tx.exec(ctx, "INSERT INTO feed_off (ecosystem, from_rev, to_rev) VALUES (?, ?, 0)", ecosystem, rev)
		return err
	})
	return describe(err, "switching %q", ecosystem)
}

// RecordsOnlyOf lists, by folder, the ids of the newest staged or current records that speak of these ecosystems and of
// no other; of nil all records.
func (q *Queries) RecordsOnlyOf(ctx context.Context, ecosystems []string) (map[string][]string, error) {
	byFolder := map[string][]string{}
	query, args := "SELECT v.folder, v.record_id, v.names FROM advisory_versions v WHERE v.to_rev = 0", []any(nil)
	named := map[int64]bool{}
	if ecosystems != nil {
		ids, err := all(ctx, q, scalar[int64], "SELECT id FROM names WHERE ecosystem {in texts}", list(ecosystems))
		if err != nil {
			return nil, describe(err, "looking for records of ecosystems")
		}
		for _, id := range ids {
			named[id] = true
		}
		query += " AND v.id IN (SELECT k.version_id FROM names n JOIN advisory_keys k ON k.name_id = n.id WHERE n.ecosystem {in texts})"
		args = []any{list(ecosystems)}
	}
	err := each(ctx, q, func(row scanner) error {
		var folder, id string
		var names []byte
		if err := row.Scan(&folder, &id, &names); err != nil {
			return err
		}
		only := true
		unpackNames(names, func(name int64) { only = only && (ecosystems == nil || named[name]) })
		if only {
			byFolder[folder] = append(byFolder[folder], id)
		}
		return nil
	}, query+" ORDER BY v.folder, v.record_id", args...)
	return byFolder, describe(err, "looking for records of ecosystems")
}

// LastEnded returns, for each of the packages, the matches that ended for one of these reasons before rev, the newest of
// each finding last. Findings are shared and must not be changed.
func (q *Queries) LastEnded(ctx context.Context, packages []int64, rev int64, reasons ...string) (map[int64][]Match, error) {
	matches, err := q.matches(ctx, "SELECT "+matchColumns+` FROM matches m WHERE m.package_id {in ids} AND m.to_rev > 0 AND m.to_rev < ?
		AND m.close_reason {in texts} ORDER BY m.to_rev, m.id`, list(packages), rev, list(reasons))
	byPackage := make(map[int64][]Match, len(packages))
	for _, m := range matches {
		byPackage[m.PackageID] = append(byPackage[m.PackageID], m)
	}
	return byPackage, err
}
