package store

import (
	"context"

	"landwaiter.dev/image"
)

func scanNotice(row scanner, n *Notice) error {
	var payload string
	err := row.Scan(&n.ID, &n.Account, &n.Type, &n.Key, &payload, moment{&n.CreatedAt}, &n.State, &n.Attempts, &n.LastError)
	n.Payload = []byte(payload)
	return err
}

const noticeColumns = "id, account, type, topic, payload, created_at, state, attempts, last_error"

// InsertNotice keeps a change to tell; [ErrExists] when one of this id is there, and then the transaction goes on
// unharmed. An empty state is pending, a zero CreatedAt now.
func (t *Tx) InsertNotice(ctx context.Context, n Notice) error {
	if n.State == "" {
		n.State = "pending"
	}
	rows, err := t.exec(ctx, "INSERT INTO notices ("+noticeColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
		n.ID, n.Account, n.Type, n.Key, string(n.Payload), micros(t.orNow(n.CreatedAt)), n.State, n.Attempts, n.LastError)
	if err == nil && rows == 0 {
		err = ErrExists
	}
	return describe(err, "keeping notice %q", n.ID)
}

// Notice returns one notice.
func (q *Queries) Notice(ctx context.Context, id string) (Notice, error) {
	n, err := first(ctx, q, scanNotice, "SELECT "+noticeColumns+" FROM notices WHERE id = ?", id)
	return n, describe(err, "notice %q", id)
}

// Notices lists the newest notices of an account in a state, at most limit of them, newest first; "" stands for any state.
func (q *Queries) Notices(ctx context.Context, account, state string, limit int) ([]Notice, error) {
	return all(ctx, q, scanNotice, "SELECT "+noticeColumns+" FROM notices WHERE account = ? AND (? = '' OR state = ?) ORDER BY created_at DESC, id LIMIT ?",
		account, state, state, limit)
}

// UpdateNotice keeps how the telling went.
func (t *Tx) UpdateNotice(ctx context.Context, id, state string, attempts int, lastError string) error {
	return describe(mustChange(t.exec(ctx, "UPDATE notices SET state = ?, attempts = ?, last_error = ? WHERE id = ?", state, attempts, lastError, id)),
		"notice %q", id)
}

// VulnState returns the digest of the list of vulnerabilities that was last told about a tag; "" when none was.
func (q *Queries) VulnState(ctx context.Context, account, fullTag string) (image.Digest, error) {
	var d image.Digest
	err := q.one(ctx, "SELECT list FROM vuln_states WHERE account = ? AND full_tag = ?", []any{account, fullTag}, &d)
	return d, describe(ignoreMissing(err), "what was told about %q", fullTag)
}

// PutVulnState keeps the digest of the list that was told; the list itself is in the blobs.
func (t *Tx) PutVulnState(ctx context.Context, account, fullTag string, list image.Digest) error {
	_, err := t.exec(ctx, `INSERT INTO vuln_states (account, full_tag, list, updated_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (account, full_tag) DO UPDATE SET list = excluded.list, updated_at = excluded.updated_at`,
		account, fullTag, string(list), micros(t.now()))
	return describe(err, "keeping what was told about %q", fullTag)
}
