package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// NewRecord is an advisory on its way into the store.
type NewRecord struct {
	ID string
	// Document is the [advisory.Record] as JSON, Digest its digest; "" is computed.
	Document []byte
	Digest   image.Digest
	// Keys are the names under which the record speaks of packages.
	Keys []advisory.Key
	// IDs are those that the record is known under beside its own.
	IDs []string
	// New says that the folder has no version of the record, not even one staged for the same revision: none is looked for.
	New bool
}

// EncodeRecord makes a record ready for [Store.StageRecords]. Equal records have equal digests.
func EncodeRecord(r *advisory.Record, keys []advisory.Key) (NewRecord, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return NewRecord{}, fmt.Errorf("advisory %.100q: %w", r.ID, err)
	}
	return NewRecord{ID: r.ID, Document: b, Digest: image.DigestOf(b), Keys: keys, IDs: otherIDs(r)}, nil
}

// CurrentRecords maps the ids of a folder's records, as the newest staged or current revision has them, to their digests.
func (q *Queries) CurrentRecords(ctx context.Context, folder string) (map[string]image.Digest, error) {
	records := map[string]image.Digest{}
	err := each(ctx, q, func(row scanner) error {
		var id string
		var digest []byte
		if err := row.Scan(&id, &digest); err != nil {
			return err
		}
		records[id] = image.DigestOfSum(digest)
		return nil
	}, "SELECT record_id, digest FROM advisory_versions WHERE folder = ? AND to_rev = 0", folder)
	return records, describe(err, "reading the records of %q", folder)
}

// stageRemoved ends the present versions of records at rev and takes back those that begin there.
func (t *Tx) stageRemoved(ctx context.Context, rev int64, folder string, ids []string) error {
	staged, err := all(ctx, &t.Queries, scalar[int64], "SELECT id FROM advisory_versions WHERE folder = ? AND record_id {in texts} AND from_rev = ?",
		folder, list(ids), rev)
	if err != nil {
		return err
	}
	if len(staged) > 0 {
		if err := t.removeVersions(ctx, staged); err != nil {
			return err
		}
	}
	_, err = t.exec(ctx, "UPDATE advisory_versions SET to_rev = ? WHERE folder = ? AND record_id {in texts} AND to_rev = 0", rev, folder, list(ids))
	return err
}

// StageRemoved ends the records with these ids at rev, in many short transactions; ids that are not there are no error.
func (s *Store) StageRemoved(ctx context.Context, rev int64, folder string, ids []string) error {
	for start := 0; start < len(ids); start += stageRows {
		part := ids[start:min(start+stageRows, len(ids))]
		if err := s.Write(ctx, func(tx *Tx) error { return tx.stageRemoved(ctx, rev, folder, part) }); err != nil {
			return describe(err, "ending records of %q", folder)
		}
	}
	return nil
}

// ErrStaged says that rev is current or past, so nothing can be staged for it or taken back.
var ErrStaged = errors.New("this feed revision is in use")

// AbortStaged removes all that was staged for rev, in short transactions. It is safe to call when nothing was.
func (s *Store) AbortStaged(ctx context.Context, rev int64) error {
	if current, err := s.CurrentRevision(ctx); err != nil {
		return err
	} else if rev <= current.ID {
		return fmt.Errorf("feed revision %d: %w", rev, ErrStaged)
	}
	steps := []string{
		"DELETE FROM matches WHERE id IN (SELECT id FROM matches WHERE from_rev = ? LIMIT 2000)",
		"UPDATE matches SET to_rev = 0, close_reason = '' WHERE id IN (SELECT id FROM matches WHERE to_rev = ? AND to_rev > 0 LIMIT 2000)",
		"UPDATE advisory_versions SET to_rev = 0 WHERE id IN (SELECT id FROM advisory_versions WHERE to_rev = ? AND to_rev > 0 LIMIT 2000)",
		"DELETE FROM kev WHERE from_rev = ?",
		"UPDATE kev SET to_rev = 0 WHERE to_rev = ?",
		"DELETE FROM feed_off WHERE from_rev = ?",
		"UPDATE feed_off SET to_rev = 0 WHERE to_rev = ?",
		"DELETE FROM folder_off WHERE from_rev = ?",
		"UPDATE folder_off SET to_rev = 0 WHERE to_rev = ?",
	}
	if err := s.dropVersions(ctx, rev, ""); err != nil {
		return describe(err, "taking back what was staged")
	}
	for _, step := range steps {
		if err := s.repeat(ctx, step, rev); err != nil {
			return describe(err, "taking back what was staged")
		}
	}
	return nil
}

// AbortFolder takes back what was staged of one folder's records for rev; what was staged of others stays.
func (s *Store) AbortFolder(ctx context.Context, rev int64, folder string) error {
	if current, err := s.CurrentRevision(ctx); err != nil {
		return err
	} else if rev <= current.ID {
		return fmt.Errorf("feed revision %d: %w", rev, ErrStaged)
	}
	if err := s.dropVersions(ctx, rev, folder); err != nil {
		return describe(err, "taking back what was staged of %q", folder)
	}
	err := s.repeat(ctx, "UPDATE advisory_versions SET to_rev = 0 WHERE id IN (SELECT id FROM advisory_versions WHERE to_rev = ? AND folder = ? LIMIT 2000)", rev, folder)
	return describe(err, "taking back what was staged of %q", folder)
}

// dropVersions removes the versions of records that begin at rev, a few in each transaction; those of one
// folder, or with "" of all.
func (s *Store) dropVersions(ctx context.Context, rev int64, folder string) error {
	for {
		var ids []int64
		err := s.Write(ctx, func(tx *Tx) (err error) {
			ids, err = all(ctx, &tx.Queries, scalar[int64], "SELECT id FROM advisory_versions WHERE from_rev = ? AND (? = '' OR folder = ?) LIMIT 500", rev, folder, folder)
			if err != nil {
				return err
			}
			return tx.removeVersions(ctx, ids)
		})
		if err != nil || len(ids) == 0 {
			return err
		}
	}
}

// repeat runs a statement that takes a part of its rows at a time until none is left.
func (s *Store) repeat(ctx context.Context, statement string, args ...any) error {
	for {
		var n int64
		err := s.Write(ctx, func(tx *Tx) (err error) {
			n, err = tx.exec(ctx, statement, args...)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// orDigest is d, or the digest of b when d is "".
func orDigest(d image.Digest, b []byte) image.Digest {
	if d == "" {
		return image.DigestOf(b)
	}
	return d
}
