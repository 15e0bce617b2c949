package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"landwaiter.dev/image"
)

const policySelect = `SELECT p.account, p.id, p.name, p.description, p.source, p.active, p.digest, v.document, p.created_at, p.updated_at
	FROM policies p JOIN policy_versions v ON v.account = p.account AND v.policy_id = p.id AND v.to_at = 0`

func scanPolicy(row scanner, p *Policy) error {
	var document string
	err := row.Scan(&p.Account, &p.ID, &p.Name, &p.Description, &p.Source, &p.Active, &p.Digest, &document, moment{&p.CreatedAt}, moment{&p.UpdatedAt})
	p.Document = []byte(document)
	return err
}

// Policies lists an account's policies with their documents, oldest first.
func (q *Queries) Policies(ctx context.Context, account string) ([]Policy, error) {
	return all(ctx, q, scanPolicy, policySelect+" WHERE p.account = ? ORDER BY p.created_at, p.id", account)
}

// Policy returns one policy of an account.
func (q *Queries) Policy(ctx context.Context, account, id string) (Policy, error) {
	p, err := first(ctx, q, scanPolicy, policySelect+" WHERE p.account = ? AND p.id = ?", account, id)
	return p, describe(err, "policy %q", id)
}

// ActivePolicy returns an account's active policy; [ErrNotFound] when none was ever activated.
func (q *Queries) ActivePolicy(ctx context.Context, account string) (Policy, error) {
	p, err := first(ctx, q, scanPolicy, policySelect+" WHERE p.account = ? AND p.active", account)
	return p, describe(err, "an active policy")
}

// PutPolicy inserts a policy, inactive, or puts a new version of it in force from UpdatedAt (zero: now) on; Active and
// CreatedAt of an older one stay. Digest is computed from Document. changed is false when the document was there already.
func (t *Tx) PutPolicy(ctx context.Context, p Policy) (changed bool, err error) {
	p.Digest = image.DigestOf(p.Document)
	at := micros(t.orNow(p.UpdatedAt))
	old, err := t.Policy(ctx, p.Account, p.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	_, err = t.exec(ctx, `INSERT INTO policies (account, id, name, description, source, active, digest, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, FALSE, ?, ?, ?) ON CONFLICT (account, id) DO UPDATE SET name = excluded.name, description = excluded.description,
			source = excluded.source, digest = excluded.digest, updated_at = excluded.updated_at`,
		p.Account, p.ID, p.Name, p.Description, p.Source, string(p.Digest), micros(t.orNow(p.CreatedAt)), at)
	if err != nil || old.Digest == p.Digest {
		return false, describe(err, "keeping policy %q", p.ID)
	}
	if _, err = t.exec(ctx, "UPDATE policy_versions SET to_at = ? WHERE account = ? AND policy_id = ? AND to_at = 0", at, p.Account, p.ID); err != nil {
		return false, describe(err, "ending a version of policy %q", p.ID)
	}
	_, err = t.exec(ctx, "INSERT INTO policy_versions (account, policy_id, digest, document, from_at, to_at) VALUES (?, ?, ?, ?, ?, 0)",
		p.Account, p.ID, string(p.Digest), string(p.Document), at)
	return true, describe(err, "keeping policy %q", p.ID)
}

// ActivatePolicy makes a policy the only active one of its account from at (zero: now) on.
func (t *Tx) ActivatePolicy(ctx context.Context, account, id string, at time.Time) error {
	p, err := t.Policy(ctx, account, id)
	if err != nil || p.Active {
		return err
	}
	stamp := micros(t.orNow(at))
	for _, step := range []struct {
		query string
		args  []any
	}{
		{"UPDATE policies SET active = FALSE, updated_at = ? WHERE account = ? AND active", []any{stamp, account}},
		{"UPDATE policies SET active = TRUE, updated_at = ? WHERE account = ? AND id = ?", []any{stamp, account, id}},
		{"UPDATE policy_activations SET to_at = ? WHERE account = ? AND to_at = 0", []any{stamp, account}},
		{"INSERT INTO policy_activations (account, policy_id, from_at, to_at) VALUES (?, ?, ?, 0)", []any{account, id, stamp}},
	} {
		if _, err := t.exec(ctx, step.query, step.args...); err != nil {
			return describe(err, "activating policy %q", id)
		}
	}
	return nil
}

// DeletePolicy removes a policy; its versions stay for what was once judged by them. [ErrConflict] for the active one.
func (t *Tx) DeletePolicy(ctx context.Context, account, id string) error {
	p, err := t.Policy(ctx, account, id)
	if err != nil {
		return err
	}
	if p.Active {
		return fmt.Errorf("policy %q is the active one: %w", id, ErrConflict)
	}
	if _, err := t.exec(ctx, "UPDATE policy_versions SET to_at = ? WHERE account = ? AND policy_id = ? AND to_at = 0", micros(t.now()), account, id); err != nil {
		return describe(err, "deleting policy %q", id)
	}
	_, err = t.exec(ctx, "DELETE FROM policies WHERE account = ? AND id = ?", account, id)
	return describe(err, "deleting policy %q", id)
}
