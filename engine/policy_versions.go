package engine

import (
	"context"
	"strconv"
	"strings"
	"time"

	"landwaiter.dev/store"
)

// PolicyVersion is a bundle as it was in force.
type PolicyVersion struct {
	store.PolicyVersion
	// Number counts the versions of a policy from 1 on, the oldest first.
	Number int
}

// Versions lists every version of a bundle, the newest first and without documents. Those of a deleted bundle stay, for what was judged by them.
func (u *Policies) Versions(ctx context.Context, account, id string) ([]PolicyVersion, error) {
	list, err := u.store.PolicyVersions(ctx, account, id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, Errorf(ClassNotFound, "policy_not_found", "policy %q not found in this account", id)
	}
	versions := make([]PolicyVersion, 0, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		versions = append(versions, PolicyVersion{list[i], i + 1})
	}
	return versions, nil
}

// Version gives one version of a bundle by its number, by its digest or the beginning of that, or by the moment (RFC 3339) at
// which it was in force.
func (u *Policies) Version(ctx context.Context, account, id, version string) (PolicyVersion, error) {
	list, err := u.Versions(ctx, account, id)
	if err != nil {
		return PolicyVersion{}, err
	}
	number, noNumber := strconv.Atoi(version)
	moment, noMoment := time.Parse(time.RFC3339, version)
	digest := strings.TrimPrefix(version, "sha256:")
	for _, v := range list {
		switch {
		case noNumber == nil && len(version) < 10 && v.Number == number,
			noMoment == nil && !moment.Before(v.From) && (v.To.IsZero() || moment.Before(v.To)),
			len(digest) >= 8 && strings.HasPrefix(v.Digest.Hex(), digest):
			v.PolicyVersion, err = u.store.PolicyVersion(ctx, account, id, v.Number)
			return v, err
		}
	}
	return PolicyVersion{}, Errorf(ClassNotFound, "policy_not_found",
		"policy %q has no version %.100q: give its number (1 to %d), its digest, or a moment at which it was in force", id, version, len(list))
}
