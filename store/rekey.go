package store

import (
	"context"
	"slices"

	"landwaiter.dev/advisory"
)

// rematching marks packages that are filed by the present rules and have to be matched again.
const rematching = -1

// KeysPending says whether anything is stored that was made by older rules than [advisory.KeyRevision], or waits to be
// matched by these.
func (q *Queries) KeysPending(ctx context.Context) (bool, error) {
	var n int64
	err := q.one(ctx, `SELECT (SELECT count(*) FROM (SELECT 1 FROM packages WHERE key_rev < ? LIMIT 1) p)
		+ (SELECT count(*) FROM (SELECT 1 FROM analyses WHERE key_rev < ? LIMIT 1) a)`, []any{advisory.KeyRevision, advisory.KeyRevision}, &n)
	return n > 0, describe(err, "looking for packages that are kept by older rules")
}

// RekeyedPending says whether packages wait to be matched by the present rules: [Queries.PackagesStaged] lists them.
func (q *Queries) RekeyedPending(ctx context.Context) (bool, error) {
	var n int64
	err := q.one(ctx, "SELECT count(*) FROM (SELECT 1 FROM packages WHERE key_rev = ? LIMIT 1) p", []any{rematching}, &n)
	return n > 0, describe(err, "looking for packages that are kept by older rules")
}

// RekeyPackages files packages that are filed by older rules under the names that keys gives now, in short transactions.
// Those that get other names wait to be matched again.
func (s *Store) RekeyPackages(ctx context.Context, keys func(advisory.Package) []advisory.Key) error {
	for last := int64(0); ; {
		rows, err := all(ctx, &s.Queries, scanPackage, "SELECT "+packageColumns+" FROM packages p WHERE p.key_rev < ? AND p.id > ? ORDER BY p.id LIMIT ?",
			advisory.KeyRevision, last, batch)
		if err != nil || len(rows) == 0 {
			return describe(err, "filing packages anew")
		}
		last = rows[len(rows)-1].ID
		if err := s.Write(ctx, func(tx *Tx) error { return tx.rekeyPackages(ctx, rows, keys) }); err != nil {
			return describe(err, "filing packages anew")
		}
	}
}

func (t *Tx) rekeyPackages(ctx context.Context, rows []PackageRow, keys func(advisory.Package) []advisory.Key) error {
	if _, err := t.ShareRevision(ctx); err != nil { // none of them is collected meanwhile
		return err
	}
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	filed, there := map[int64][]int64{}, map[int64]bool{}
	err := each(ctx, &t.Queries, func(row scanner) error {
		var pkg, name int64
		err := row.Scan(&pkg, &name)
		if there[pkg] = true; name != 0 {
			filed[pkg] = append(filed[pkg], name)
		}
		return err
	}, "SELECT p.id, coalesce(k.name_id, 0) FROM packages p LEFT JOIN package_keys k ON k.package_id = p.id WHERE p.id {in ids}", list(ids))
	if err != nil {
		return err
	}
	var same, other []int64
	var names []advisory.Key
	var links [][2]int64
	for i := range rows {
		id := rows[i].ID
		if !there[id] {
			continue
		}
		mine := keys(rows[i].Package)
		now := make([]int64, len(mine))
		for n, k := range mine {
			now[n] = nameID(k)
		}
		if slices.Sort(now); slices.Equal(slices.Compact(now), sorted(filed[id])) {
			same = append(same, id)
			continue
		}
		other, names = append(other, id), append(names, mine...)
		for _, name := range now {
			links = append(links, [2]int64{name, id})
		}
	}
	// What waits already goes on waiting.
	if _, err := t.exec(ctx, "UPDATE packages SET key_rev = ? WHERE key_rev >= 0 AND id {in ids}", advisory.KeyRevision, list(same)); err != nil || len(other) == 0 {
		return err
	}
	if _, err := t.exec(ctx, "UPDATE packages SET key_rev = ? WHERE id {in ids}", rematching, list(other)); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "DELETE FROM package_keys WHERE package_id {in ids}", list(other)); err != nil {
		return err
	}
	if err := t.putNames(ctx, names); err != nil {
		return err
	}
	return t.insertMany(ctx, "INSERT INTO package_keys (name_id, package_id)", " ON CONFLICT DO NOTHING", 2, len(links), func(n int) []any {
		return []any{links[n][0], links[n][1]}
	})
}

func sorted(ids []int64) []int64 {
	slices.Sort(ids)
	return ids
}

// AnalysesToRekey lists some analyses with a number above after whose packages are other distinct packages by the present
// rules, or may be; none when there are no more.
func (q *Queries) AnalysesToRekey(ctx context.Context, after int64) ([]Analysis, error) {
	var oldest int
	if err := q.one(ctx, "SELECT coalesce(min(key_rev), 0) FROM analyses", nil, &oldest); err != nil {
		return nil, describe(err, "looking for analyses that are kept by older rules")
	}
	found, err := all(ctx, q, scanAnalysis, "SELECT "+analysisColumns+` FROM analyses a WHERE a.key_rev < ? AND a.id > ? AND EXISTS (
			SELECT 1 FROM analysis_sets s JOIN package_set_members m ON m.set_id = s.set_id JOIN packages p ON p.id = m.package_id
			WHERE s.analysis_id = a.id AND (p.ecosystem = '' OR p.type {in texts})) ORDER BY a.id LIMIT 100`,
		advisory.KeyRevision, after, list(advisory.Retold(oldest)))
	return found, describe(err, "looking for analyses that are kept by older rules")
}

// RekeyAnalysis replaces the package sets of an analysis by those of the present rules.
func (t *Tx) RekeyAnalysis(ctx context.Context, id int64, sets []int64) error {
	n, err := t.exec(ctx, "UPDATE analyses SET key_rev = ? WHERE id = ?", advisory.KeyRevision, id)
	if err != nil || n == 0 { // it was collected
		return describe(err, "filing analysis %d anew", id)
	}
	if _, err := t.exec(ctx, "DELETE FROM analysis_sets WHERE analysis_id = ?", id); err != nil {
		return describe(err, "filing analysis %d anew", id)
	}
	err = t.insertMany(ctx, "INSERT INTO analysis_sets (analysis_id, set_id)", " ON CONFLICT DO NOTHING", 2, len(sets), func(i int) []any {
		return []any{id, sets[i]}
	})
	return describe(err, "filing analysis %d anew", id)
}

// AnalysesRekeyed notes of all analyses but some that their packages are those of the present rules.
func (s *Store) AnalysesRekeyed(ctx context.Context, but []int64) error {
	err := s.repeat(ctx, "UPDATE analyses SET key_rev = ? WHERE id IN (SELECT id FROM analyses WHERE key_rev < ? AND NOT id {in ids} LIMIT 2000)",
		advisory.KeyRevision, advisory.KeyRevision, list(but))
	return describe(err, "filing analyses anew")
}

// SetRekeyed notes that the packages that waited to be matched by the present rules are, from rev on.
func (t *Tx) SetRekeyed(ctx context.Context, rev int64) error {
	_, err := t.exec(ctx, "UPDATE packages SET key_rev = ?, keyed_from = ? WHERE key_rev = ?", advisory.KeyRevision, rev, rematching)
	return describe(err, "noting what was matched")
}

// PackagesKeyed lists the distinct packages of an analysis whose matches at rev are by the present rules.
func (q *Queries) PackagesKeyed(ctx context.Context, analysis, rev int64) ([]PackageRow, error) {
	return all(ctx, q, scanPackage, "SELECT "+packageColumns+` FROM packages p WHERE p.key_rev >= ? AND p.keyed_from <= ? AND p.id {in (}
		SELECT m.package_id FROM analysis_sets s JOIN package_set_members m ON m.set_id = s.set_id WHERE s.analysis_id = ?{)} ORDER BY p.id`,
		advisory.KeyRevision, rev, analysis)
}
