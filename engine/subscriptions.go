package engine

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// Subscriptions says who wants to hear what.
type Subscriptions struct {
	store *store.Store
	now   func() time.Time
}

func subscriptionID(account, key, kind string) string {
	sum := md5.Sum([]byte(account + "+" + key + "+" + kind))
	return hex.EncodeToString(sum[:])
}

func checkType(kind string) error {
	if !slices.Contains(notify.Types(), kind) {
		return Errorf(ClassInvalid, "invalid_subscription_type", "%q is not a subscription type: there are %s", kind, strings.Join(notify.Types(), ", "))
	}
	return nil
}

// List gives the subscriptions of an account; both filters must match exactly when given.
func (u *Subscriptions) List(ctx context.Context, account, key, kind string) ([]store.Subscription, error) {
	if kind != "" && kind != "repo_update" {
		if err := checkType(kind); err != nil {
			return nil, err
		}
	}
	return u.store.Subscriptions(ctx, account, key, kind)
}

// Get gives one subscription.
func (u *Subscriptions) Get(ctx context.Context, account, id string) (store.Subscription, error) {
	s, err := u.store.SubscriptionByID(ctx, account, id)
	if errors.Is(err, store.ErrNotFound) {
		return s, Errorf(ClassNotFound, "subscription_not_found", "subscription %q not found in this account", id)
	}
	return s, err
}

// Create adds a subscription, inactive unless asked otherwise.
func (u *Subscriptions) Create(ctx context.Context, account string, p PutSubscription) (store.Subscription, error) {
	if p.Key == "" {
		return store.Subscription{}, Errorf(ClassInvalid, "invalid_subscription", "'subscription_key' is a required property")
	}
	if err := checkType(p.Type); err != nil {
		return store.Subscription{}, err
	}
	now := u.now()
	s := store.Subscription{ID: subscriptionID(account, p.Key, p.Type), Account: account, Type: p.Type, Key: p.Key, CreatedAt: now, UpdatedAt: now}
	if err := apply(&s, p); err != nil {
		return s, err
	}
	err := u.store.Write(ctx, func(tx *store.Tx) error { return tx.PutSubscription(ctx, &s) })
	if errors.Is(err, store.ErrExists) {
		return s, Errorf(ClassConflict, "subscription_exists", "a subscription of type %s for %s already exists: change it instead", s.Type, s.Key)
	}
	return s, err
}

// Update changes value or state of a subscription.
func (u *Subscriptions) Update(ctx context.Context, account, id string, p PutSubscription) (store.Subscription, error) {
	s, err := u.Get(ctx, account, id)
	if err != nil {
		return s, err
	}
	if err := apply(&s, p); err != nil {
		return s, err
	}
	s.UpdatedAt = u.now()
	return s, u.store.Write(ctx, func(tx *store.Tx) error { return tx.UpdateSubscription(ctx, &s) })
}

func apply(s *store.Subscription, p PutSubscription) error {
	if p.Value != nil {
		if *p.Value != "" && !json.Valid([]byte(*p.Value)) {
			return Errorf(ClassInvalid, "invalid_subscription", "subscription_value must be JSON text")
		}
		s.Value = *p.Value
	}
	if p.Active != nil {
		s.Active = *p.Active
	}
	return nil
}

// Delete removes a subscription; an unknown one is no error.
func (u *Subscriptions) Delete(ctx context.Context, account, id string) error {
	return u.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.DeleteSubscription(ctx, account, id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil
	})
}

// subscribe makes the four subscriptions of a tag: those named become active, the rest stay as they are, and new ones are
// inactive.
func subscribe(ctx context.Context, tx *store.Tx, account, fullTag string, active []string, now time.Time) error {
	have, err := tx.Subscriptions(ctx, account, fullTag, "")
	if err != nil {
		return err
	}
	for _, kind := range notify.Types() {
		on := slices.Contains(active, kind)
		i := slices.IndexFunc(have, func(s store.Subscription) bool { return s.Type == kind })
		switch {
		case i < 0:
			s := store.Subscription{ID: subscriptionID(account, fullTag, kind), Account: account, Type: kind, Key: fullTag, Active: on, CreatedAt: now, UpdatedAt: now}
			if err := tx.PutSubscription(ctx, &s); err != nil {
				return err
			}
		case on && !have[i].Active:
			s := have[i]
			s.Active, s.UpdatedAt = true, now
			if err := tx.UpdateSubscription(ctx, &s); err != nil {
				return err
			}
		}
	}
	return nil
}
