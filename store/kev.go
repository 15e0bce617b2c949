package store

import (
	"context"
)

// KEVDetail is what the catalogue of exploited vulnerabilities says of a CVE beside the day: the day by which it should be
// mended, "" where none is named, and whether it is known to be used in ransomware campaigns.
type KEVDetail struct {
	Due        string
	Ransomware bool
}

// KEVDetailsAt are the details of those of the CVEs that rev has some of.
func (q *Queries) KEVDetailsAt(ctx context.Context, rev int64, cves []string) (map[string]KEVDetail, error) {
	return q.kevDetails(ctx, "from_rev <= ? AND (to_rev = 0 OR to_rev > ?) AND cve {in texts}", rev, rev, list(cves))
}

func (q *Queries) kevDetails(ctx context.Context, where string, args ...any) (map[string]KEVDetail, error) {
	m := map[string]KEVDetail{}
	err := each(ctx, q, func(row scanner) error {
		var cve string
		var d KEVDetail
		if err := row.Scan(&cve, &d.Due, &d.Ransomware); err != nil {
			return err
		}
		m[cve] = d
		return nil
	}, "SELECT cve, due, ransomware FROM kev WHERE (due <> '' OR ransomware) AND "+where, args...)
	return m, describe(err, "reading the catalogue of exploited vulnerabilities")
}

// CurrentKEV is the catalogue of known exploited vulnerabilities as the newest staged or current revision has it: the day
// ("2006-01-02") each CVE was added.
func (q *Queries) CurrentKEV(ctx context.Context) (map[string]string, error) {
	return q.kev(ctx, "SELECT cve, added FROM kev WHERE to_rev = 0")
}

// KEVAt is the catalogue that rev has; empty where its source is off. It is shared and must not be changed.
func (q *Queries) KEVAt(ctx context.Context, rev int64) (map[string]string, error) {
	keep, err := q.caches.settled.is(ctx, q, rev)
	if err != nil || !keep {
		if err != nil {
			return nil, err
		}
		return q.kevAt(ctx, rev)
	}
	if kept := q.caches.settled.catalogue(rev, nil); kept != nil {
		return kept, nil
	}
	m, err := q.kevAt(ctx, rev)
	if err != nil {
		return nil, err
	}
	return q.caches.settled.catalogue(rev, m), nil
}

func (q *Queries) kevAt(ctx context.Context, rev int64) (map[string]string, error) {
	if off, err := q.folderOffAt(ctx, kevFolder, rev); err != nil || off {
		return map[string]string{}, err
	}
	return q.kev(ctx, "SELECT cve, added FROM kev WHERE from_rev <= ? AND (to_rev = 0 OR to_rev > ?)", rev, rev)
}

func (q *Queries) kev(ctx context.Context, query string, args ...any) (map[string]string, error) {
	m := map[string]string{}
	err := each(ctx, q, func(row scanner) error {
		var cve, added string
		if err := row.Scan(&cve, &added); err != nil {
			return err
		}
		m[cve] = added
		return nil
	}, query, args...)
	return m, describe(err, "reading the catalogue of exploited vulnerabilities")
}

// StageKEV stages the whole catalogue, with the details that there are, for rev and returns the CVEs that were added, changed or removed.
func (s *Store) StageKEV(ctx context.Context, rev int64, catalogue map[string]string, details map[string]KEVDetail) ([]string, error) {
	current, err := s.CurrentKEV(ctx)
	if err != nil {
		return nil, err
	}
	known, err := s.kevDetails(ctx, "to_rev = 0")
	if err != nil {
		return nil, err
	}
	var changed, ended, begun []string
	for cve, added := range catalogue {
		if old, has := current[cve]; !has || old != added || known[cve] != details[cve] {
			changed, begun = append(changed, cve), append(begun, cve)
			if has {
				ended = append(ended, cve)
			}
		}
	}
	for cve := range current {
		if _, still := catalogue[cve]; !still {
			changed, ended = append(changed, cve), append(ended, cve)
		}
	}
	err = s.Write(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, "DELETE FROM kev WHERE from_rev = ? AND cve {in texts}", rev, list(ended)); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, "UPDATE kev SET to_rev = ? WHERE to_rev = 0 AND cve {in texts}", rev, list(ended)); err != nil {
			return err
		}
		return tx.insertMany(ctx, "INSERT INTO kev (cve, added, due, ransomware, from_rev, to_rev)", "", 6, len(begun), func(i int) []any {
			d := details[begun[i]]
			return []any{begun[i], catalogue[begun[i]], d.Due, d.Ransomware, rev, 0}
		})
	})
	return changed, describe(err, "staging the catalogue of exploited vulnerabilities")
}
