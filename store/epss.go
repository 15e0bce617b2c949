package store

import (
	"context"
	"slices"
	"time"
)

// EPSS is one CVE's chance of being exploited, 0 to 1, and its place among all.
type EPSS struct {
	CVE               string
	Score, Percentile float64
	// Day ("2006-01-02") that the score is of; set by reads.
	Day string
}

// PutEPSS keeps the scores of a day, known from a moment on, in short transactions. Where the same day comes again, scores
// that differ from what was known count from then on. Of a CVE that is there twice the last score counts.
func (s *Store) PutEPSS(ctx context.Context, day, known time.Time, scores []EPSS) error {
	stamp := day.UTC().Format(time.DateOnly)
	for part := range slices.Chunk(inOrder(scores), 2*batch) {
		err := s.Write(ctx, func(tx *Tx) error { return tx.putEPSS(ctx, stamp, micros(known), part) })
		if err != nil {
			return describe(err, "keeping scores")
		}
	}
	return nil
}

// putEPSS is [Store.PutEPSS] within a transaction; each CVE is there once.
func (t *Tx) putEPSS(ctx context.Context, day string, known int64, scores []EPSS) error {
	cves := make([]string, 0, len(scores))
	for _, e := range scores {
		cves = append(cves, e.CVE)
	}
	have, err := t.epssOf(ctx, cves, day)
	if err != nil {
		return err
	}
	added := make([]EPSS, 0, len(scores))
	for _, e := range scores {
		if old, has := have[e.CVE]; !has || old.Score != e.Score || old.Percentile != e.Percentile {
			added = append(added, e)
		}
	}
	return t.insertMany(ctx, "INSERT INTO epss (cve, day, loaded_at, score, percentile)",
		" ON CONFLICT (cve, day, loaded_at) DO UPDATE SET score = excluded.score, percentile = excluded.percentile", 5, len(added), func(i int) []any {
			return []any{added[i].CVE, day, known, added[i].Score, added[i].Percentile}
		})
}

// epssOf are the newest scores known of one day.
func (q *Queries) epssOf(ctx context.Context, cves []string, day string) (map[string]EPSS, error) {
	return q.epss(ctx, "e.cve {in texts} AND e.day = ? AND e.loaded_at = (SELECT max(l.loaded_at) FROM epss l WHERE l.cve = e.cve AND l.day = e.day)", list(cves), day)
}

// DropEPSS removes the scores of days before one, but for those of vulnerabilities that have a match here: of these the past
// may be asked about.
func (s *Store) DropEPSS(ctx context.Context, before time.Time) error {
	err := s.repeat(ctx, `DELETE FROM epss WHERE (cve, day) IN (SELECT e.cve, e.day FROM epss e WHERE e.day < ?
		AND NOT EXISTS (SELECT 1 FROM finding_ids f WHERE f.vuln = e.cve) LIMIT 5000)`, before.UTC().Format(time.DateOnly))
	return describe(err, "removing old scores")
}

// EPSSAt returns, for each of the CVEs that has one, the newest score of that day or before among those that were known here
// at a moment.
func (q *Queries) EPSSAt(ctx context.Context, cves []string, day, known time.Time) (map[string]EPSS, error) {
	scores, err := q.epss(ctx, `e.cve {in texts} AND (e.day, e.loaded_at) = (SELECT l.day, l.loaded_at FROM epss l
		WHERE l.cve = e.cve AND l.day <= ? AND l.loaded_at <= ? ORDER BY l.day DESC, l.loaded_at DESC LIMIT 1)`,
		list(cves), day.UTC().Format(time.DateOnly), micros(known))
	return scores, describe(err, "reading scores")
}

func (q *Queries) epss(ctx context.Context, where string, args ...any) (map[string]EPSS, error) {
	scores := map[string]EPSS{}
	err := each(ctx, q, func(row scanner) error {
		var e EPSS
		if err := row.Scan(&e.CVE, &e.Score, &e.Percentile, &e.Day); err != nil {
			return err
		}
		scores[e.CVE] = e
		return nil
	}, "SELECT e.cve, e.score, e.percentile, e.day FROM epss e WHERE "+where, args...)
	return scores, err
}

// VulnsWithMatch lists the ids of all findings, aliases included, that have a match: the vulnerabilities whose scores are
// worth keeping.
func (q *Queries) VulnsWithMatch(ctx context.Context) ([]string, error) {
	return all(ctx, q, scalar[string], "SELECT DISTINCT vuln FROM finding_ids ORDER BY vuln")
}
