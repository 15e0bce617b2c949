package v1

import (
	"context"

	"landwaiter.dev/engine"
)

// PolicyVersion is a bundle as it was in force, an addition to the original's routes.
type PolicyVersion struct {
	_       struct{} `additionalProperties:"true"`
	ID      string   `json:"policyId"`
	Version int      `json:"version" doc:"From 1 on, the oldest first"`
	Digest  string   `json:"bundle_digest"`
	From    clock    `json:"from" doc:"When it came in force"`
	To      *clock   `json:"to" doc:"When it was replaced or deleted; null while it is in force"`
	Bundle  raw      `json:"policybundle,omitempty"`
}

// PolicyVersionPath names a version of a policy in a path.
type PolicyVersionPath struct {
	PolicyPath
	Version string `path:"version" doc:"Number, digest, or a moment (RFC 3339) at which it was in force"`
}

func (r *routes) policyVersions() {
	const tag = "Policies"
	add(r, "GET /policies/{policyId}/versions", tag, "List all versions of a policy, the newest first", func(ctx context.Context, in *PolicyPath) ([]PolicyVersion, error) {
		list, err := r.Policies.Versions(ctx, account(ctx), in.ID)
		versions := make([]PolicyVersion, len(list))
		for i := range list {
			versions[i] = newPolicyVersion(&list[i], false)
		}
		return versions, err
	})
	add(r, "GET /policies/{policyId}/versions/{version}", tag, "Get a version of a policy with its bundle", func(ctx context.Context, in *PolicyVersionPath) (PolicyVersion, error) {
		v, err := r.Policies.Version(ctx, account(ctx), in.ID, in.Version)
		return newPolicyVersion(&v, true), err
	})
}

func newPolicyVersion(v *engine.PolicyVersion, detail bool) PolicyVersion {
	p := PolicyVersion{ID: v.PolicyID, Version: v.Number, Digest: string(v.Digest), From: clock(v.From)}
	if !v.To.IsZero() {
		to := clock(v.To)
		p.To = &to
	}
	if detail {
		p.Bundle = raw(v.Document)
	}
	return p
}
