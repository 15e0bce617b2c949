package store

import (
	"context"
	"slices"
)

// stageMatches is how many matches one transaction stages.
const stageMatches = 400

// StageMatches ends matches at rev with a reason and begins others there, in many short transactions; nobody sees it
// before [Tx.SwitchRevision]. The new ones begin at rev whatever their From says. It must not be called within [Store.Write].
func (s *Store) StageMatches(ctx context.Context, rev int64, end []int64, reason string, begin []Match) error {
	for start := 0; start < len(end); start += 4 * stageMatches {
		part := end[start:min(start+4*stageMatches, len(end))]
		if err := s.Write(ctx, func(tx *Tx) error { return tx.StageMatches(ctx, rev, part, reason, nil) }); err != nil {
			return err
		}
	}
	for start := 0; start < len(begin); start += stageMatches {
		part := begin[start:min(start+stageMatches, len(begin))]
		if err := s.Write(ctx, func(tx *Tx) error { return tx.StageMatches(ctx, rev, nil, "", part) }); err != nil {
			return err
		}
	}
	return nil
}

// StageMatches is [Store.StageMatches] within a transaction, for the few that are left when the revision is switched. A match on a
// package that was collected meanwhile is left out.
func (t *Tx) StageMatches(ctx context.Context, rev int64, end []int64, reason string, begin []Match) error {
	if len(end) > 0 {
		// What begins and ends at the same revision was never there.
		if _, err := t.exec(ctx, "DELETE FROM matches WHERE from_rev = ? AND id {in ids}", rev, list(end)); err != nil {
			return describe(err, "ending matches")
		}
		_, err := t.exec(ctx, "UPDATE matches SET to_rev = ?, close_reason = ? WHERE to_rev = 0 AND id {in ids}", rev, reason, list(end))
		if err != nil {
			return describe(err, "ending matches")
		}
	}
	if len(begin) == 0 {
		return nil
	}
	if _, err := t.ShareRevision(ctx); err != nil {
		return err
	}
	ids := make([]int64, len(begin))
	for i := range begin {
		ids[i] = begin[i].PackageID
	}
	there, err := all(ctx, &t.Queries, scalar[int64], "SELECT id FROM packages WHERE id {in ids} ORDER BY id", list(ids))
	if err != nil {
		return describe(err, "looking for packages")
	}
	kept := make([]Match, 0, len(begin))
	for _, m := range begin {
		if _, is := slices.BinarySearch(there, m.PackageID); is {
			m.From = rev
			kept = append(kept, m)
		}
	}
	return t.InsertMatches(ctx, kept)
}

// InsertMatches begins matches at their From and keeps them open; ID, To and CloseReason are not looked at. A package
// that is new is matched with the current revision under [Tx.ShareRevision]. A match that is there is not inserted again.
func (t *Tx) InsertMatches(ctx context.Context, matches []Match) error {
	if len(matches) == 0 {
		return nil
	}
	findings, err := t.putFindings(ctx, matches)
	if err != nil {
		return describe(err, "keeping findings")
	}
	err = t.insertMany(ctx, "INSERT INTO matches (package_id, finding_id, from_rev, to_rev, since, fix_since, close_reason)",
		" ON CONFLICT (package_id, finding_id, from_rev) DO NOTHING", 7, len(matches), func(i int) []any {
			m := &matches[i]
			return []any{m.PackageID, findings[i], m.From, 0, micros(m.Since), micros(m.FixSince), ""}
		})
	return describe(err, "keeping matches")
}
