package v1

import (
	"context"
	"slices"
	"strings"

	"landwaiter.dev/engine"
	"landwaiter.dev/store"
)

var subscriptionTypes = []string{"tag_update", "policy_eval", "vuln_update", "analysis_update", "repo_update"}

// Subscription asks for notices.
type Subscription struct {
	ID        string  `json:"subscription_id"`
	Key       string  `json:"subscription_key"`
	Type      string  `json:"subscription_type"`
	Value     *string `json:"subscription_value" doc:"JSON text or null"`
	Active    bool    `json:"active"`
	UserID    string  `json:"userId"`
	CreatedAt int64   `json:"created_at" doc:"Unix seconds"`
	UpdatedAt int64   `json:"last_updated" doc:"Unix seconds"`
}

// SubscriptionPath names a subscription in a path.
type SubscriptionPath struct {
	ID string `path:"subscriptionId"`
}

type listSubscriptions struct {
	Key  string `query:"subscription_key"`
	Type string `query:"subscription_type"`
}

type createSubscription struct {
	Body struct {
		_      struct{} `additionalProperties:"true"`
		Key    string   `json:"subscription_key"`
		Type   string   `json:"subscription_type"`
		Value  *string  `json:"subscription_value" required:"false"`
		Active bool     `json:"active" required:"false"`
	}
}

type updateSubscription struct {
	SubscriptionPath
	Body struct {
		_      struct{} `additionalProperties:"true"`
		Key    *string  `json:"subscription_key" required:"false" doc:"Ignored"`
		Type   *string  `json:"subscription_type" required:"false" doc:"Ignored"`
		Value  *string  `json:"subscription_value" required:"false"`
		Active *bool    `json:"active" required:"false"`
	}
}

func (r *routes) subscriptions() {
	const tag = "Subscriptions"
	add(r, "GET /subscriptions", tag, "List subscriptions", r.listSubscriptions)
	add(r, "POST /subscriptions", tag, "Create a subscription", r.createSubscription)
	add(r, "GET /subscriptions/{subscriptionId}", tag, "Get a subscription", r.getSubscription)
	add(r, "PUT /subscriptions/{subscriptionId}", tag, "Change a subscription", r.updateSubscription)
	add(r, "DELETE /subscriptions/{subscriptionId}", tag, "Delete a subscription", r.deleteSubscription)
}

func newSubscription(s *store.Subscription) Subscription {
	return Subscription{
		ID: s.ID, Key: s.Key, Type: s.Type, Value: orNull(s.Value), Active: s.Active, UserID: s.Account,
		CreatedAt: s.CreatedAt.Unix(), UpdatedAt: s.UpdatedAt.Unix(),
	}
}

func checkSubscriptionType(typ string) error {
	if slices.Contains(subscriptionTypes, typ) {
		return nil
	}
	return invalid("%.60q is not one of [%s]", typ, strings.Join(subscriptionTypes, ", "))
}

func (r *routes) listSubscriptions(ctx context.Context, in *listSubscriptions) ([]Subscription, error) {
	if in.Type != "" {
		if err := checkSubscriptionType(in.Type); err != nil {
			return nil, err
		}
	}
	found, err := r.Subscriptions.List(ctx, account(ctx), in.Key, in.Type)
	if err != nil {
		return nil, err
	}
	list := make([]Subscription, 0, len(found))
	for i := range found {
		list = append(list, newSubscription(&found[i]))
	}
	return list, nil
}

func (r *routes) createSubscription(ctx context.Context, in *createSubscription) ([]Subscription, error) {
	b := &in.Body
	if err := checkSubscriptionType(b.Type); err != nil {
		return nil, err
	}
	s, err := r.Subscriptions.Create(ctx, account(ctx), engine.PutSubscription{Type: b.Type, Key: b.Key, Value: b.Value, Active: &b.Active})
	return []Subscription{newSubscription(&s)}, err
}

// getSubscription answers an empty list for what is not there, as clients expect.
func (r *routes) getSubscription(ctx context.Context, in *SubscriptionPath) ([]Subscription, error) {
	s, err := r.Subscriptions.Get(ctx, account(ctx), in.ID)
	if isNotFound(err) {
		return []Subscription{}, nil
	}
	return []Subscription{newSubscription(&s)}, err
}

func (r *routes) updateSubscription(ctx context.Context, in *updateSubscription) ([]Subscription, error) {
	s, err := r.Subscriptions.Update(ctx, account(ctx), in.ID, engine.PutSubscription{Value: in.Body.Value, Active: in.Body.Active})
	return []Subscription{newSubscription(&s)}, err
}

func (r *routes) deleteSubscription(ctx context.Context, in *SubscriptionPath) (bool, error) {
	err := r.Subscriptions.Delete(ctx, account(ctx), in.ID)
	if isNotFound(err) {
		err = nil
	}
	return true, err
}
