package store

import (
	"context"

	"landwaiter.dev/advisory"
)

// PackagesByKeys lists the packages that are filed under any of the names.
func (q *Queries) PackagesByKeys(ctx context.Context, keys []advisory.Key) ([]PackageRow, error) {
	return all(ctx, q, scanPackage, "SELECT "+packageColumns+` FROM packages p
		WHERE p.id IN (SELECT k.package_id FROM package_keys k WHERE k.name_id {in ids}) ORDER BY p.id`, nameIDs(keys))
}

// PackagesStaged lists the packages that are filed under a name that a record staged for rev speaks of, that have an open
// match with a vulnerability whose entry in the catalogue of exploited ones, or whose record of NVD, changes at rev, or
// whose ecosystem is switched off or on at rev, that of NVD's data with all that NVD says something of; only those with a
// number above after. It is what a sync has to match again; asked once more under [Tx.LockRevision] it tells which
// packages came in the meantime.
func (q *Queries) PackagesStaged(ctx context.Context, rev, after int64) ([]PackageRow, error) {
	exploited, err := all(ctx, q, scalar[string], "SELECT cve FROM kev WHERE from_rev = ? OR to_rev = ?", rev, rev)
	if err != nil {
		return nil, describe(err, "reading what was staged")
	}
	rated, ratedArgs, err := q.stagedByNVD(ctx, rev)
	if err != nil {
		return nil, describe(err, "reading what was staged")
	}
	args := append([]any{after, rev, rev, list(exploited), rev, rev, rev, rev, rev}, ratedArgs...)
	return all(ctx, q, scanPackage, "SELECT "+packageColumns+` FROM packages p WHERE p.id > ? AND p.id IN (
			SELECT pk.package_id FROM package_keys pk WHERE pk.name_id IN (
				SELECT ak.name_id FROM advisory_versions v JOIN advisory_keys ak ON ak.version_id = v.id WHERE v.from_rev = ?
				UNION SELECT ak.name_id FROM advisory_versions v JOIN advisory_keys ak ON ak.version_id = v.id WHERE v.to_rev = ? AND v.to_rev > 0)
			UNION SELECT m.package_id FROM finding_ids f JOIN matches m ON m.finding_id = f.finding_id
				WHERE f.vuln {in texts} AND (m.to_rev = 0 OR m.to_rev >= ?)
			UNION SELECT e.id FROM packages e WHERE e.ecosystem IN (SELECT o.ecosystem FROM feed_off o WHERE o.from_rev = ? OR o.to_rev = ?)
			UNION SELECT e.id FROM packages e WHERE EXISTS (SELECT 1 FROM feed_off o WHERE o.ecosystem = '' AND (o.from_rev = ? OR o.to_rev = ?))
			`+rated+") ORDER BY p.id", args...)
}

// PackagesWithVulns lists the packages that have an open match one of whose ids is among these.
func (q *Queries) PackagesWithVulns(ctx context.Context, ids []string) ([]PackageRow, error) {
	return all(ctx, q, scanPackage, "SELECT "+packageColumns+` FROM packages p WHERE p.id IN (
			SELECT m.package_id FROM finding_ids f JOIN matches m ON m.finding_id = f.finding_id WHERE f.vuln {in texts} AND m.to_rev = 0
		) ORDER BY p.id`, list(ids))
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

// SetMatched notes that the matches of packages are known up to rev.
func (t *Tx) SetMatched(ctx context.Context, packages []int64, rev int64) error {
	_, err := t.exec(ctx, "UPDATE packages SET matched_rev = ? WHERE id {in ids}", rev, list(packages))
	return describe(err, "noting what was matched")
}

// Unmatched narrows packages to those that were never matched.
func (q *Queries) Unmatched(ctx context.Context, packages []int64) ([]int64, error) {
	return all(ctx, q, scalar[int64], "SELECT id FROM packages WHERE id {in ids} AND matched_rev = 0 ORDER BY id", list(packages))
}
