package store

import (
	"context"
	"fmt"
)

// PolicyVersions lists every version of a policy that was ever in force, the oldest first and without documents, which may
// be large; those of a deleted policy stay. Nil when there never was one of that id.
func (q *Queries) PolicyVersions(ctx context.Context, account, id string) ([]PolicyVersion, error) {
	list, err := all(ctx, q, scanPolicyVersion, "SELECT v.policy_id, v.digest, '', v.from_at, v.to_at FROM policy_versions v WHERE v.account = ? AND v.policy_id = ? ORDER BY v.from_at, v.to_at", account, id)
	for i := range list {
		list[i].Document = nil
	}
	return list, describe(err, "versions of policy %q", id)
}

// PolicyVersion returns one version of a policy by its place in [Queries.PolicyVersions], from 1 on; [ErrNotFound] when there
// is none.
func (q *Queries) PolicyVersion(ctx context.Context, account, id string, number int) (PolicyVersion, error) {
	if number < 1 {
		return PolicyVersion{}, describe(ErrNotFound, "version %d of policy %q", number, id)
	}
	v, err := first(ctx, q, scanPolicyVersion, fmt.Sprintf("%s WHERE v.account = ? AND v.policy_id = ? ORDER BY v.from_at, v.to_at LIMIT 1 OFFSET %d",
		policyVersionSelect, number-1), account, id)
	return v, describe(err, "version %d of policy %q", number, id)
}
