package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// settingKept is the oldest revision of which all advisories are kept.
const settingKept = "advisories.kept_from"

// ErrNotKept says that advisories of a revision have been removed, so nothing can be matched with them any more. What was
// matched with them in their time stays known.
var ErrNotKept = errors.New("the advisories of that day are no longer kept")

// Pruned says what [Store.PruneAdvisories] removed.
type Pruned struct{ Versions, Scores int64 }

// PruneAdvisories removes versions of records that had ended by a time, and the scores of days before it, except the last
// of each vulnerability; matches keep what they say. It works in short transactions and may be stopped at any time.
func (s *Store) PruneAdvisories(ctx context.Context, before time.Time) (Pruned, error) {
	var p Pruned
	rev, found, err := s.RevisionAt(ctx, before)
	if err != nil {
		return p, err
	}
	if found {
		if err := s.keepFrom(ctx, rev.ID); err != nil {
			return p, err
		}
		if p.Versions, err = s.pruneVersions(ctx, rev.ID); err != nil {
			return p, describe(err, "removing old advisories")
		}
	}
	p.Scores, err = s.pruneEPSS(ctx, before)
	return p, describe(err, "removing old scores")
}

// keepFrom notes, before anything goes, from which revision on all is kept.
func (s *Store) keepFrom(ctx context.Context, rev int64) error {
	return s.Write(ctx, func(tx *Tx) error {
		kept, err := tx.keptFrom(ctx)
		if err != nil || kept >= rev {
			return err
		}
		return tx.PutSetting(ctx, settingKept, strconv.FormatInt(rev, 10))
	})
}

func (q *Queries) keptFrom(ctx context.Context) (int64, error) {
	raw, err := q.Setting(ctx, settingKept)
	if err != nil || raw == "" {
		return 0, err
	}
	return strconv.ParseInt(raw, 10, 64)
}

// mustBeKept fails with [ErrNotKept] when advisories of a revision have been removed.
func (q *Queries) mustBeKept(ctx context.Context, rev int64) error {
	kept, err := q.keptFrom(ctx)
	if err == nil && rev < kept {
		err = fmt.Errorf("feed revision %d: %w", rev, ErrNotKept)
	}
	return err
}

func (s *Store) pruneVersions(ctx context.Context, rev int64) (total int64, err error) {
	for {
		var ids []int64
		err := s.Write(ctx, func(tx *Tx) (err error) {
			ids, err = all(ctx, &tx.Queries, scalar[int64], "SELECT id FROM advisory_versions WHERE to_rev > 0 AND to_rev <= ? LIMIT 100", rev)
			if err != nil || len(ids) == 0 {
				return err
			}
			return tx.removeVersions(ctx, ids)
		})
		if err != nil || len(ids) == 0 {
			return total, err
		}
		total += int64(len(ids))
	}
}

func (s *Store) pruneEPSS(ctx context.Context, before time.Time) (total int64, err error) {
	day := before.UTC().Format(time.DateOnly)
	for last := ""; ; {
		cves, err := all(ctx, &s.Queries, scalar[string], "SELECT DISTINCT cve FROM epss WHERE cve > ? ORDER BY cve LIMIT 200", last)
		if err != nil || len(cves) == 0 {
			return total, err
		}
		last = cves[len(cves)-1]
		err = s.Write(ctx, func(tx *Tx) error {
			n, err := tx.exec(ctx, `DELETE FROM epss WHERE cve {in texts} AND day < ?
				AND EXISTS (SELECT 1 FROM epss n WHERE n.cve = epss.cve AND n.day >= epss.day AND (n.day > epss.day OR n.loaded_at > epss.loaded_at)
				AND n.day <= ? AND n.loaded_at <= ?)`, list(cves), day, day, micros(before))
			total += n
			return err
		})
		if err != nil {
			return total, err
		}
	}
}
