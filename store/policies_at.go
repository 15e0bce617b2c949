package store

import (
	"context"
	"time"

	"landwaiter.dev/image"
)

// PolicyVersion is a bundle as it was in force.
type PolicyVersion struct {
	PolicyID string
	Digest   image.Digest
	Document []byte
	From     time.Time
	To       time.Time // zero while it is in force
}

const policyVersionSelect = "SELECT v.policy_id, v.digest, v.document, v.from_at, v.to_at FROM policy_versions v"

func scanPolicyVersion(row scanner, v *PolicyVersion) error {
	var document string
	err := row.Scan(&v.PolicyID, &v.Digest, &document, moment{&v.From}, moment{&v.To})
	v.Document = []byte(document)
	return err
}

// PolicyAt returns the version of a policy that was in force at a time; [ErrNotFound] when there was none.
func (q *Queries) PolicyAt(ctx context.Context, account, id string, at time.Time) (PolicyVersion, error) {
	v, err := first(ctx, q, scanPolicyVersion, policyVersionSelect+` WHERE v.account = ? AND v.policy_id = ? AND v.from_at <= ? AND (v.to_at = 0 OR v.to_at > ?)
		ORDER BY v.from_at DESC LIMIT 1`, account, id, micros(at), micros(at))
	return v, describe(err, "policy %q at %s", id, at.UTC().Format(time.RFC3339))
}

// ActivePolicyAt returns the version in force of the policy that was active at a time; [ErrNotFound] when none was.
func (q *Queries) ActivePolicyAt(ctx context.Context, account string, at time.Time) (PolicyVersion, error) {
	var id string
	err := q.one(ctx, `SELECT policy_id FROM policy_activations WHERE account = ? AND from_at <= ? AND (to_at = 0 OR to_at > ?)
		ORDER BY from_at DESC LIMIT 1`, []any{account, micros(at), micros(at)}, &id)
	if err != nil {
		return PolicyVersion{}, describe(err, "an active policy at %s", at.UTC().Format(time.RFC3339))
	}
	return q.PolicyAt(ctx, account, id, at)
}

// PolicyByDigest returns the newest version of any policy of an account with this document, deleted ones included.
func (q *Queries) PolicyByDigest(ctx context.Context, account string, digest image.Digest) (PolicyVersion, error) {
	v, err := first(ctx, q, scanPolicyVersion, policyVersionSelect+" WHERE v.account = ? AND v.digest = ? ORDER BY v.from_at DESC LIMIT 1",
		account, string(digest))
	return v, describe(err, "policy version %.100q", digest)
}
