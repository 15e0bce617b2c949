package store

import (
	"context"
	"time"
)

// EPSS is one CVE's chance of being exploited, 0 to 1, and its place among all.
type EPSS struct {
	CVE               string
	Score, Percentile float64
	// Day ("2006-01-02") that the score is of; set by reads.
	Day string
}

// PutEPSS keeps the scores of a day, in short transactions; the same day again replaces them.
func (s *Store) PutEPSS(ctx context.Context, day time.Time, scores []EPSS) error {
	stamp := day.UTC().Format(time.DateOnly)
	for start := 0; start < len(scores); start += 2 * batch {
		part := scores[start:min(start+2*batch, len(scores))]
		err := s.Write(ctx, func(tx *Tx) error {
			return tx.insertMany(ctx, "INSERT INTO epss (cve, day, score, percentile)",
				" ON CONFLICT (cve, day) DO UPDATE SET score = excluded.score, percentile = excluded.percentile", 4, len(part), func(i int) []any {
					return []any{part[i].CVE, stamp, part[i].Score, part[i].Percentile}
				})
		})
		if err != nil {
			return describe(err, "keeping scores")
		}
	}
	return nil
}

// DropEPSS removes the scores of days before one, but for those of vulnerabilities that have a match here: of these the past
// may be asked about.
func (s *Store) DropEPSS(ctx context.Context, before time.Time) error {
	err := s.repeat(ctx, `DELETE FROM epss WHERE (cve, day) IN (SELECT e.cve, e.day FROM epss e WHERE e.day < ?
		AND NOT EXISTS (SELECT 1 FROM finding_ids f WHERE f.vuln = e.cve) LIMIT 5000)`, before.UTC().Format(time.DateOnly))
	return describe(err, "removing old scores")
}

// EPSSAt returns, for each of the CVEs that has one, the newest score of that day or before.
func (q *Queries) EPSSAt(ctx context.Context, cves []string, day time.Time) (map[string]EPSS, error) {
	scores := map[string]EPSS{}
	err := each(ctx, q, func(row scanner) error {
		var e EPSS
		if err := row.Scan(&e.CVE, &e.Score, &e.Percentile, &e.Day); err != nil {
			return err
		}
		scores[e.CVE] = e
		return nil
	}, `SELECT e.cve, e.score, e.percentile, e.day FROM epss e WHERE e.cve {in texts} AND e.day =
		(SELECT max(l.day) FROM epss l WHERE l.cve = e.cve AND l.day <= ?)`, list(cves), day.UTC().Format(time.DateOnly))
	return scores, describe(err, "reading scores")
}

// VulnsWithMatch lists the ids of all findings, aliases included, that have a match: the vulnerabilities whose scores are
// worth keeping.
func (q *Queries) VulnsWithMatch(ctx context.Context) ([]string, error) {
	return all(ctx, q, scalar[string], "SELECT DISTINCT vuln FROM finding_ids ORDER BY vuln")
}
