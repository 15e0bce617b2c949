package store

import (
	"context"
	"fmt"
)

// PackageMatch is a match with the package that it is on.
type PackageMatch struct {
	Package PackageRow
	Match   Match
}

const matchColumns = "m.id, m.package_id, m.finding_id, m.from_rev, m.to_rev, m.since, m.fix_since, m.close_reason"

// during narrows matches to those that a revision, given twice, has.
const during = "m.from_rev <= ? AND (m.to_rev = 0 OR m.to_rev > ?)"

type matchRow struct {
	Match
	finding int64
}

func scanMatch(row scanner, m *matchRow) error {
	return row.Scan(&m.ID, &m.PackageID, &m.finding, &m.From, &m.To, moment{&m.Since}, moment{&m.FixSince}, &m.CloseReason)
}

// matches runs a query for matches and fills their findings; a match that comes twice is taken once.
func (q *Queries) matches(ctx context.Context, query string, args ...any) ([]Match, error) {
	rows, err := all(ctx, q, scanMatch, query, args...)
	if err != nil {
		return nil, describe(err, "reading matches")
	}
	var ids []int64
	seen := make(map[int64]bool, len(rows))
	for i := range rows {
		if !seen[rows[i].finding] {
			seen[rows[i].finding] = true
			ids = append(ids, rows[i].finding)
		}
	}
	findings, err := q.findings(ctx, ids)
	if err != nil {
		return nil, describe(err, "reading findings")
	}
	out := make([]Match, 0, len(rows))
	twice := make(map[int64]bool, len(rows))
	for i := range rows {
		if twice[rows[i].ID] {
			continue
		}
		twice[rows[i].ID] = true
		f := findings[rows[i].finding]
		if f == nil {
			return nil, fmt.Errorf("match %d has lost its finding: %w", rows[i].ID, ErrNotFound)
		}
		rows[i].Finding = *f
		out = append(out, rows[i].Match)
	}
	return out, nil
}

// OpenMatches returns the matches of packages that rev has, by package. Findings are shared and must not be changed.
func (q *Queries) OpenMatches(ctx context.Context, packages []int64, rev int64) (map[int64][]Match, error) {
	list, err := q.matches(ctx, "SELECT "+matchColumns+" FROM matches m WHERE m.package_id {in ids} AND "+during+" ORDER BY m.id",
		list(packages), rev, rev)
	byPackage := make(map[int64][]Match, len(packages))
	for _, m := range list {
		byPackage[m.PackageID] = append(byPackage[m.PackageID], m)
	}
	return byPackage, err
}

// MatchesOfAnalysis lists the matches that rev has on the packages of an analysis. Findings are shared and must not be
// changed.
func (q *Queries) MatchesOfAnalysis(ctx context.Context, analysis, rev int64) ([]PackageMatch, error) {
	matches, err := q.matches(ctx, "SELECT "+matchColumns+` FROM analysis_sets s CROSS JOIN package_set_members pm CROSS JOIN matches m
		WHERE s.analysis_id = ? AND pm.set_id = s.set_id AND m.package_id = pm.package_id AND `+during+" ORDER BY m.id", analysis, rev, rev)
	if err != nil {
		return nil, err
	}
	packages, err := q.PackagesOfAnalysis(ctx, analysis)
	if err != nil {
		return nil, err
	}
	at := make(map[int64]int, len(packages))
	for i := range packages {
		at[packages[i].ID] = i
	}
	out := make([]PackageMatch, len(matches))
	for i, m := range matches {
		out[i] = PackageMatch{Package: packages[at[m.PackageID]], Match: m}
	}
	return out, nil
}

// ChangedPackages lists the packages with a match that begins or ends at rev for another reason than quiet ones.
func (q *Queries) ChangedPackages(ctx context.Context, rev int64, quiet ...string) ([]int64, error) {
	return all(ctx, q, scalar[int64], `SELECT package_id FROM matches WHERE from_rev = ?
		UNION SELECT package_id FROM matches WHERE to_rev = ? AND to_rev > 0 AND NOT close_reason {in texts} ORDER BY 1`, rev, rev, list(quiet))
}

// EndedMatches lists the matches on the packages of an analysis that ended after one revision and up to another, with their
// reasons. Findings are shared and must not be changed.
func (q *Queries) EndedMatches(ctx context.Context, analysis, after, until int64) ([]Match, error) {
	return q.matches(ctx, "SELECT "+matchColumns+` FROM analysis_sets s CROSS JOIN package_set_members pm CROSS JOIN matches m
		WHERE s.analysis_id = ? AND pm.set_id = s.set_id AND m.package_id = pm.package_id AND m.to_rev > ? AND m.to_rev <= ? ORDER BY m.to_rev, m.id`,
		analysis, after, until)
}
