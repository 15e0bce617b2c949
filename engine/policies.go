package engine

import (
	"context"
	"errors"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/store"
)

// Policies keeps the bundles of accounts, every version of them.
type Policies struct {
	store *store.Store
	jobs  *Jobs
	now   func() time.Time
}

// List gives the bundles of an account.
func (u *Policies) List(ctx context.Context, account string) ([]store.Policy, error) {
	return u.store.Policies(ctx, account)
}

// Get gives one bundle.
func (u *Policies) Get(ctx context.Context, account, id string) (store.Policy, error) {
	p, err := u.store.Policy(ctx, account, id)
	if errors.Is(err, store.ErrNotFound) {
		return p, Errorf(ClassNotFound, "policy_not_found", "policy %q not found in this account", id)
	}
	return p, err
}

// Put stores a bundle of which the source is JSON, which is kept as it came, or YAML, of which the JSON is kept: inactive
// when it is new; one that exists keeps its state. What does not validate is not stored.
func (u *Policies) Put(ctx context.Context, account string, source []byte) (store.Policy, error) {
	bundle, err := parseBundle(source)
	if err != nil {
		return store.Policy{}, err
	}
	now, document := u.now(), bundle.Document()
	p := store.Policy{
		Account: account, ID: bundle.ID, Name: bundle.Name, Description: bundle.Description, Source: "local",
		Digest: image.DigestOf(document), Document: document, CreatedAt: now, UpdatedAt: now,
	}
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		old, err := tx.Policy(ctx, account, p.ID)
		switch {
		case err == nil:
			p.Active, p.CreatedAt = old.Active, old.CreatedAt
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		if _, err := tx.PutPolicy(ctx, p); err != nil {
			return err
		}
		if p.Active && old.Digest != p.Digest {
			return u.evaluateAll(ctx, tx, account)
		}
		return nil
	})
	return p, err
}

// parseBundle turns what policy says into a refusal of ours.
func parseBundle(document []byte) (*policy.Bundle, error) {
	bundle, err := policy.Parse(document)
	if err == nil {
		return bundle, nil
	}
	e := Errorf(ClassInvalid, "invalid_policy", "Bundle failed validation: %w", err)
	if invalid, ok := policy.IsInvalid(err); ok {
		e.Message = "Bundle failed validation"
		if invalid.Form != "" {
			e.Message = invalid.Form
		}
		_ = e.With("validation_details", invalid.Problems)
	}
	return nil, e
}

// Activate makes a bundle the one that counts; the one before stays, inactive.
func (u *Policies) Activate(ctx context.Context, account, id string) (store.Policy, error) {
	if _, err := u.Get(ctx, account, id); err != nil {
		return store.Policy{}, err
	}
	err := u.store.Write(ctx, func(tx *store.Tx) error {
		if p, err := tx.Policy(ctx, account, id); err != nil || p.Active {
			return err
		}
		if err := tx.ActivatePolicy(ctx, account, id, u.now()); err != nil {
			return err
		}
		return u.evaluateAll(ctx, tx, account)
	})
	if err != nil {
		return store.Policy{}, err
	}
	return u.Get(ctx, account, id)
}

// Delete removes a bundle that is not active.
func (u *Policies) Delete(ctx context.Context, account, id string) error {
	p, err := u.Get(ctx, account, id)
	if err != nil {
		return err
	}
	if p.Active {
		return Errorf(ClassConflict, "policy_active", "policy %q is active: activate another one first", id)
	}
	return u.store.Write(ctx, func(tx *store.Tx) error { return tx.DeletePolicy(ctx, account, id) })
}

// evaluateAll puts off the evaluation of every analysed image of an account.
func (u *Policies) evaluateAll(ctx context.Context, tx *store.Tx, account string) error {
	list, err := tx.Images(ctx, account, store.ImageFilter{Status: store.Analyzed})
	if err != nil {
		return err
	}
	ids := make([]int64, len(list))
	for i, img := range list {
		ids[i] = img.ID
	}
	return evaluateWatchedFirst(ctx, tx, u.jobs, ids, "bundle")
}

// EnsureDefault gives an account that has no bundle the default one, active.
func (u *Policies) EnsureDefault(ctx context.Context, account string) error {
	have, err := u.store.Policies(ctx, account)
	if err != nil || len(have) > 0 {
		return err
	}
	p, err := u.Put(ctx, account, policy.Default())
	if err != nil {
		return err
	}
	_, err = u.Activate(ctx, account, p.ID)
	return err
}

// active is the bundle in force at a moment; the zero moment is now.
func (u *Policies) active(ctx context.Context, account string, at time.Time) (store.Policy, error) {
	var p store.Policy
	var err error
	if at.IsZero() {
		p, err = u.store.ActivePolicy(ctx, account)
	} else {
		var v store.PolicyVersion
		v, err = u.store.ActivePolicyAt(ctx, account, at)
		p = thatVersion(account, v)
	}
	switch {
	case errors.Is(err, store.ErrNotFound) && !at.IsZero():
		return p, Errorf(ClassNotFound, "no_active_policy", "no policy was active in this account at %s", at.UTC().Format(time.RFC3339))
	case errors.Is(err, store.ErrNotFound):
		return p, Errorf(ClassNotFound, "no_active_policy", "no policy was active in this account: activate one")
	}
	return p, err
}

// inForce is a bundle by id as it was at a moment.
func (u *Policies) inForce(ctx context.Context, account, id string, at time.Time) (store.Policy, error) {
	if at.IsZero() {
		return u.Get(ctx, account, id)
	}
	v, err := u.store.PolicyAt(ctx, account, id, at)
	if errors.Is(err, store.ErrNotFound) {
		return store.Policy{}, Errorf(ClassNotFound, "policy_not_found", "policy %q was not in this account at %s", id, at.UTC().Format(time.RFC3339))
	}
	return thatVersion(account, v), err
}

func thatVersion(account string, v store.PolicyVersion) store.Policy {
	return store.Policy{Account: account, ID: v.PolicyID, Digest: v.Digest, Document: v.Document, UpdatedAt: v.From}
}
