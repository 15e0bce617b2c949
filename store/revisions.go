package store

import (
	"context"
	"fmt"
	"time"
)

func scanRevision(row scanner, r *Revision) error {
	return row.Scan(&r.ID, moment{&r.SwitchedAt}, &r.Reason)
}

const currentRevision = `SELECT p.revision, coalesce(r.switched_at, 0), coalesce(r.reason, '') FROM revision_pointer p
	LEFT JOIN revisions r ON r.id = p.revision`

// CurrentRevision is the state of advisory data that everybody reads; its ID is 0 before the first.
func (q *Queries) CurrentRevision(ctx context.Context) (Revision, error) {
	r, err := first(ctx, q, scanRevision, currentRevision)
	return r, describe(err, "reading the feed revision")
}

// ShareRevision is [Queries.CurrentRevision], and keeps it current until the transaction ends. Who keeps packages and
// matches new ones does it under this lock, taken first: then no package is matched with the old data after the new
// data's packages were counted, and none is collected while it is being kept.
func (t *Tx) ShareRevision(ctx context.Context) (Revision, error) {
	return t.heldRevision(ctx, "SELECT revision FROM revision_pointer WHERE one = 1{share}")
}

// LockRevision is [Tx.ShareRevision] for who will switch: it waits for all others, and they for it. Under it
// [Queries.PackagesStaged] tells which packages came while the revision was staged.
func (t *Tx) LockRevision(ctx context.Context) (Revision, error) {
	return t.heldRevision(ctx, "SELECT revision FROM revision_pointer WHERE one = 1{lock}")
}

func (t *Tx) heldRevision(ctx context.Context, query string) (Revision, error) {
	var id int64
	if err := t.one(ctx, query, nil, &id); err != nil {
		return Revision{}, describe(err, "locking the feed revision")
	}
	return t.CurrentRevision(ctx)
}

// RevisionAt is the revision that was current at a time; false before the first.
func (q *Queries) RevisionAt(ctx context.Context, at time.Time) (Revision, bool, error) {
	r, err := first(ctx, q, scanRevision, "SELECT id, switched_at, reason FROM revisions WHERE switched_at <= ? ORDER BY switched_at DESC, id DESC LIMIT 1", micros(at))
	return r, err == nil, ignoreMissing(err)
}

// Revisions lists all revisions, newest first.
func (q *Queries) Revisions(ctx context.Context) ([]Revision, error) {
	return all(ctx, q, scanRevision, "SELECT id, switched_at, reason FROM revisions ORDER BY id DESC")
}

// RevisionsBetween lists the revisions that came after one and up to another, oldest first.
func (q *Queries) RevisionsBetween(ctx context.Context, after, upTo int64) ([]Revision, error) {
	return all(ctx, q, scanRevision, "SELECT id, switched_at, reason FROM revisions WHERE id > ? AND id <= ? ORDER BY id", after, upTo)
}

// SwitchRevision makes rev, the one after the current, the current one from at (zero: now) on: all that was staged for it
// is what everybody reads. [ErrConflict] when rev is not the next. A clock that went back counts as one that stood still:
// revisions are in order of time.
func (t *Tx) SwitchRevision(ctx context.Context, rev int64, reason string, at time.Time) error {
	current, err := t.LockRevision(ctx)
	if err != nil {
		return err
	}
	if at = t.orNow(at); at.Before(current.SwitchedAt) {
		at = current.SwitchedAt
	}
	if rev != current.ID+1 {
		return fmt.Errorf("feed revision %d cannot follow %d: %w", rev, current.ID, ErrConflict)
	}
	if _, err := t.exec(ctx, "INSERT INTO revisions (id, switched_at, reason) VALUES (?, ?, ?)", rev, micros(at), reason); err != nil {
		return describe(err, "switching the feed revision")
	}
	_, err = t.exec(ctx, "UPDATE revision_pointer SET revision = ? WHERE one = 1", rev)
	return describe(err, "switching the feed revision")
}
