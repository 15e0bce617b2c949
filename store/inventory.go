package store

import (
	"context"
	"slices"

	"landwaiter.dev/advisory"
)

// PackagesByKeys lists the packages that are filed under any of the names.
func (q *Queries) PackagesByKeys(ctx context.Context, keys []advisory.Key) ([]PackageRow, error) {
	return all(ctx, q, scanPackage, "SELECT "+packageColumns+` FROM packages p
		WHERE p.id IN (SELECT k.package_id FROM package_keys k WHERE k.name_id {in ids}) ORDER BY p.id`, nameIDs(keys))
}

// PackagesStaged lists the packages that are filed under a name that a record staged for rev speaks of, that have an open
// match with a vulnerability of which the catalogue of exploited ones or NVD says something else from rev on, whose
// ecosystem or a source of which is switched off or on at rev, that wait to be matched by other names than before, or were
// matched by older rules: what a sync has to match again.
func (q *Queries) PackagesStaged(ctx context.Context, rev int64) ([]PackageRow, error) {
	names, err := q.stagedNamesOfPackages(ctx, rev)
	if err != nil {
		return nil, describe(err, "reading what was staged")
	}
	return q.packagesStaged(ctx, rev, 0, names)
}

// PackagesStagedSince is [Queries.PackagesStaged] for the packages with a number above after alone, of which there are
// few: asked under [Tx.LockRevision], with the number that [Store.LastPackage] gave, it tells which packages came in the
// meantime, whatever the amount of what is staged.
func (q *Queries) PackagesStagedSince(ctx context.Context, rev, after int64) ([]PackageRow, error) {
	came, err := all(ctx, q, scalar[int64], "SELECT id FROM packages WHERE id > ?", after)
	if err != nil || len(came) == 0 {
		return nil, describe(err, "looking for packages that came")
	}
	names, err := all(ctx, q, scalar[int64], `SELECT k.name_id FROM package_keys k WHERE k.package_id {in ids} AND EXISTS (
		SELECT 1 FROM advisory_keys a JOIN advisory_versions v ON v.id = a.version_id WHERE a.name_id = k.name_id AND (v.from_rev = ? OR v.to_rev = ?
			OR v.folder IN (SELECT o.folder FROM folder_off o WHERE o.from_rev = ? OR o.to_rev = ?)))`, list(came), rev, rev, rev, rev)
	if err != nil {
		return nil, describe(err, "reading what was staged")
	}
	return q.packagesStaged(ctx, rev, after, names)
}

// LastPackage is a number such that every package that is kept from now on has a higher one.
func (s *Store) LastPackage(ctx context.Context) (last int64, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		// Who keeps packages shares the revision: their transactions have ended.
		if _, err := tx.LockRevision(ctx); err != nil {
			return err
		}
		return tx.one(ctx, "SELECT coalesce(max(id), 0) FROM packages", nil, &last)
	})
	return last, describe(err, "looking for the last package")
}

func (q *Queries) packagesStaged(ctx context.Context, rev, after int64, names []int64) ([]PackageRow, error) {
	exploited, err := all(ctx, q, scalar[string], `SELECT cve FROM kev WHERE from_rev = ? OR to_rev = ?
		OR to_rev = 0 AND EXISTS (SELECT 1 FROM folder_off o WHERE o.folder = ? AND (o.from_rev = ? OR o.to_rev = ?))`, rev, rev, kevFolder, rev, rev)
	if err != nil {
		return nil, describe(err, "reading what was staged")
	}
	rated, ratedArgs, err := q.stagedByNVD(ctx, rev)
	if err != nil {
		return nil, describe(err, "reading what was staged")
	}
	args := append([]any{after, list(names), list(exploited), rev, rev, rev, rev, rev, rematching, advisory.MatchRevision}, ratedArgs...)
	return all(ctx, q, scanPackage, "SELECT "+packageColumns+` FROM packages p WHERE p.id > ? AND p.id {in (}
			SELECT pk.package_id FROM package_keys pk WHERE pk.name_id {in ids}
			UNION SELECT m.package_id FROM finding_ids f JOIN matches m ON m.finding_id = f.finding_id
				WHERE f.vuln {in texts} AND (m.to_rev = 0 OR m.to_rev >= ?)
			UNION SELECT e.id FROM packages e WHERE e.ecosystem IN (SELECT o.ecosystem FROM feed_off o WHERE o.from_rev = ? OR o.to_rev = ?)
			UNION SELECT e.id FROM packages e WHERE EXISTS (SELECT 1 FROM feed_off o WHERE o.ecosystem = '' AND (o.from_rev = ? OR o.to_rev = ?))
			UNION SELECT e.id FROM packages e WHERE e.key_rev = ?
			UNION SELECT e.id FROM packages e WHERE e.match_rev < ?
			`+rated+"{)} ORDER BY p.id", args...)
}

// PackagesWithVulns lists the packages that have an open or staged match with a vulnerability that is known under one of
// the ids, by that id.
func (q *Queries) PackagesWithVulns(ctx context.Context, ids []string) (map[string][]PackageRow, error) {
	byID := map[string][]PackageRow{}
	err := each(ctx, q, func(row scanner) error {
		var id string
		var p PackageRow
		if err := row.Scan(append([]any{&id}, p.fields()...)...); err != nil {
			return err
		}
		byID[id] = append(byID[id], p)
		return nil
	}, "SELECT DISTINCT f.vuln, "+packageColumns+` FROM finding_ids f JOIN matches m ON m.finding_id = f.finding_id JOIN packages p ON p.id = m.package_id
		WHERE f.vuln {in texts} AND m.to_rev = 0 ORDER BY p.id`, list(ids))
	return byID, describe(err, "looking for packages with vulnerabilities")
}

// PackagesIn lists all packages of an ecosystem.
func (q *Queries) PackagesIn(ctx context.Context, ecosystem string) ([]PackageRow, error) {
	return all(ctx, q, scanPackage, "SELECT "+packageColumns+" FROM packages p WHERE p.ecosystem = ? ORDER BY p.id", ecosystem)
}

// PackagesOfAnalysis lists the distinct packages of an analysis.
func (q *Queries) PackagesOfAnalysis(ctx context.Context, analysis int64) ([]PackageRow, error) {
	return all(ctx, q, scanPackage, "SELECT "+packageColumns+` FROM packages p WHERE p.id {in (}
		SELECT m.package_id FROM analysis_sets s JOIN package_set_members m ON m.set_id = s.set_id WHERE s.analysis_id = ?{)} ORDER BY p.id`, analysis)
}

// ImagesWithPackages lists the records of all accounts' active, analysed images that hold any of the packages.
func (q *Queries) ImagesWithPackages(ctx context.Context, packages []int64) ([]int64, error) {
	return all(ctx, q, scalar[int64], `SELECT i.id FROM images i WHERE i.state = 'active' AND i.status = 'analyzed' AND i.analysis_id {in (}
			SELECT DISTINCT s.analysis_id FROM analysis_sets s WHERE s.set_id {in (}
				SELECT DISTINCT m.set_id FROM package_set_members m WHERE m.package_id {in ids}{)}{)} ORDER BY i.id`, list(packages))
}

// Ecosystems lists the ecosystems that the inventory has, sorted; packages of none are left out.
func (q *Queries) Ecosystems(ctx context.Context) ([]string, error) {
	return all(ctx, q, scalar[string], "SELECT DISTINCT ecosystem FROM packages WHERE ecosystem <> '' ORDER BY ecosystem")
}

// WaitsToMatch says whether packages of an analysis wait to be matched by the names that they have now.
func (q *Queries) WaitsToMatch(ctx context.Context, analysis int64) (bool, error) {
	var n int64
	err := q.one(ctx, `SELECT count(*) FROM analysis_sets s CROSS JOIN package_set_members m CROSS JOIN packages p
		WHERE s.analysis_id = ? AND m.set_id = s.set_id AND p.id = m.package_id AND p.key_rev = ?`, []any{analysis, rematching}, &n)
	return n > 0, describe(err, "reading packages")
}

// SetMatched notes that packages were matched with rev, by the present rules.
func (t *Tx) SetMatched(ctx context.Context, packages []int64, rev int64) error {
	_, err := t.exec(ctx, "UPDATE packages SET matched_rev = ?, match_rev = ? WHERE id {in ids}", rev, advisory.MatchRevision, list(packages))
	return describe(err, "noting what was matched")
}

// RulesPending says whether packages were matched by older rules than [advisory.MatchRevision]: [Queries.PackagesStaged]
// lists them.
func (q *Queries) RulesPending(ctx context.Context) (bool, error) {
	var n int64
	err := q.one(ctx, "SELECT count(*) FROM (SELECT 1 FROM packages WHERE match_rev < ? LIMIT 1) p", []any{advisory.MatchRevision}, &n)
	return n > 0, describe(err, "looking for packages that were matched by older rules")
}

// MatchedByRules notes, in short transactions, that packages were matched by the present rules. Who is broken off before has
// them matched again.
func (s *Store) MatchedByRules(ctx context.Context, packages []int64) error {
	for part := range slices.Chunk(packages, batch) {
		err := s.Write(ctx, func(tx *Tx) error {
			_, err := tx.exec(ctx, "UPDATE packages SET match_rev = ? WHERE match_rev < ? AND id {in ids}", advisory.MatchRevision, advisory.MatchRevision, list(part))
			return err
		})
		if err != nil {
			return describe(err, "noting what was matched")
		}
	}
	return nil
}

// Unmatched narrows packages to those that were never matched.
func (q *Queries) Unmatched(ctx context.Context, packages []int64) ([]int64, error) {
	return all(ctx, q, scalar[int64], "SELECT id FROM packages WHERE id {in ids} AND matched_rev = 0 ORDER BY id", list(packages))
}

// UnstageMatches takes back the matches of packages that begin at rev, which is not current yet.
func (t *Tx) UnstageMatches(ctx context.Context, rev int64, packages []int64) error {
	_, err := t.exec(ctx, "DELETE FROM matches WHERE from_rev = ? AND package_id {in ids}", rev, list(packages))
	return describe(err, "taking back matches")
}
