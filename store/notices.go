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

// VulnState is the list of vulnerabilities that was last told about a tag, and what it was made of.
type VulnState struct {
	// List is the digest of the list, which is in the blobs; "" when nothing was told.
	List image.Digest
	// Revision of the advisory data, and the analysis.
	Revision, Analysis int64
}

// VulnState returns what was last told about the vulnerabilities of a tag; the zero value when nothing was.
func (q *Queries) VulnState(ctx context.Context, account, fullTag string) (VulnState, error) {
	return q.vulnState(ctx, account, fullTag, "")
}

// LockVulnState is [Queries.VulnState], and lets nobody else tell about the tag until the transaction ends.
func (t *Tx) LockVulnState(ctx context.Context, account, fullTag string) (VulnState, error) {
	// A row that is not there cannot be locked.
	_, err := t.exec(ctx, `INSERT INTO vuln_states (account, full_tag, list, revision, analysis_id, updated_at) VALUES (?, ?, '', 0, 0, ?)
		ON CONFLICT (account, full_tag) DO NOTHING`, account, fullTag, micros(t.now()))
	if err != nil {
		return VulnState{}, describe(err, "what was told about %q", fullTag)
	}
	return t.vulnState(ctx, account, fullTag, "{lock}")
}

func (q *Queries) vulnState(ctx context.Context, account, fullTag, lock string) (VulnState, error) {
	var s VulnState
	err := q.one(ctx, "SELECT list, revision, analysis_id FROM vuln_states WHERE account = ? AND full_tag = ?"+lock, []any{account, fullTag},
		&s.List, &s.Revision, &s.Analysis)
	return s, describe(ignoreMissing(err), "what was told about %q", fullTag)
}

// PutVulnState keeps what was told, under [Tx.LockVulnState].
func (t *Tx) PutVulnState(ctx context.Context, account, fullTag string, s VulnState) error {
	err := mustChange(t.exec(ctx, "UPDATE vuln_states SET list = ?, revision = ?, analysis_id = ?, updated_at = ? WHERE account = ? AND full_tag = ?",
		string(s.List), s.Revision, s.Analysis, micros(t.now()), account, fullTag))
	return describe(err, "keeping what was told about %q", fullTag)
}
