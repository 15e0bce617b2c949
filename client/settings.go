package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Policy is a bundle with its place in the account.
type Policy struct {
	ID        string          `json:"policyId"`
	Active    bool            `json:"active"`
	Source    string          `json:"policy_source"`
	CreatedAt time.Time       `json:"created_at,omitzero"`
	UpdatedAt time.Time       `json:"last_updated,omitzero"`
	Name      string          `json:"name"`
	Bundle    json.RawMessage `json:"policybundle"`
}

// Policies lists them without their bundles.
func (c *Client) Policies(ctx context.Context) ([]Policy, error) {
	var list []Policy
	err := c.get(ctx, at("policies").flag("detail", false), &list)
	return list, err
}

// Policy reads one with its bundle.
func (c *Client) Policy(ctx context.Context, id string) (Policy, error) {
	return one[Policy](c, ctx, http.MethodGet, at("policies", id).flag("detail", true), nil)
}

// AddPolicy stores a bundle as it is; it does not become the active one.
func (c *Client) AddPolicy(ctx context.Context, bundle []byte) (Policy, error) {
	var p Policy
	err := c.do(ctx, http.MethodPost, at("policies").flag("detail", false), bundle, &p)
	return p, err
}

// AddPolicyYAML stores a bundle that is written in YAML; the server keeps the JSON of it.
func (c *Client) AddPolicyYAML(ctx context.Context, bundle []byte) (Policy, error) {
	var p Policy
	err := c.do(ctx, http.MethodPost, at("policies").flag("detail", false), document{mediaType: "application/yaml", data: bundle}, &p)
	return p, err
}

// PolicyVersion is a bundle as it was in force.
type PolicyVersion struct {
	ID string `json:"policyId"`
	// Version counts from 1 on, the oldest first.
	Version int             `json:"version"`
	Digest  string          `json:"bundle_digest"`
	From    time.Time       `json:"from,omitzero"`
	To      time.Time       `json:"to,omitzero"` // zero while it is in force
	Bundle  json.RawMessage `json:"policybundle,omitempty"`
}

// PolicyVersions lists all versions of a policy without their bundles, the newest first.
func (c *Client) PolicyVersions(ctx context.Context, id string) ([]PolicyVersion, error) {
	var list []PolicyVersion
	err := c.get(ctx, at("policies", id, "versions"), &list)
	return list, err
}

// PolicyVersion reads one with its bundle, by its number, its digest or a moment at which it was in force.
func (c *Client) PolicyVersion(ctx context.Context, id, version string) (PolicyVersion, error) {
	var v PolicyVersion
	err := c.get(ctx, at("policies", id, "versions", version), &v)
	return v, err
}

// ActivatePolicy makes a policy the account's only active one.
func (c *Client) ActivatePolicy(ctx context.Context, id string) (Policy, error) {
	p, err := c.Policy(ctx, id)
	if err != nil {
		return p, err
	}
	body := map[string]any{"policyId": id, "active": true, "policybundle": p.Bundle}
	return one[Policy](c, ctx, http.MethodPut, at("policies", id).flag("active", true), body)
}

// DeletePolicy deletes a policy that is not the active one.
func (c *Client) DeletePolicy(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, at("policies", id), nil, nil)
}

// Gate is one gate that policies may use.
type Gate struct {
	Name        string    `json:"name"`
	Description string    `json:"description"`
	State       string    `json:"state"`
	Superseded  string    `json:"superceded_by"`
	Triggers    []Trigger `json:"triggers"`
}

// Trigger of a [Gate].
type Trigger struct {
	Name        string      `json:"name"`
	Description string      `json:"description"`
	State       string      `json:"state"`
	Superseded  string      `json:"superceded_by"`
	Parameters  []Parameter `json:"parameters"`
}

// Parameter of a [Trigger].
type Parameter struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Example     any    `json:"example"`
	Required    bool   `json:"required"`
	State       string `json:"state"`
	Superseded  string `json:"superceded_by"`
	// KnownValues are those that can match, where they are few and not part of the description of its form.
	KnownValues []string `json:"known_values,omitempty"`
}

// Gates describes what policies may say.
func (c *Client) Gates(ctx context.Context) ([]Gate, error) {
	var list []Gate
	err := c.get(ctx, at("system", "policy_spec"), &list)
	return list, err
}

// Subscription asks for notices of one type about one key.
type Subscription struct {
	ID     string `json:"subscription_id"`
	Key    string `json:"subscription_key"`
	Type   string `json:"subscription_type"`
	Value  string `json:"subscription_value"`
	Active bool   `json:"active"`
}

// Subscriptions lists those of a key and a type; "" means any.
func (c *Client) Subscriptions(ctx context.Context, key, typ string) ([]Subscription, error) {
	var list []Subscription
	err := c.get(ctx, at("subscriptions").with("subscription_key", key).with("subscription_type", typ), &list)
	return list, err
}

// Subscription reads one.
func (c *Client) Subscription(ctx context.Context, id string) (Subscription, error) {
	return one[Subscription](c, ctx, http.MethodGet, at("subscriptions", id), nil)
}

// SetSubscription switches one on or off.
func (c *Client) SetSubscription(ctx context.Context, id string, active bool) (Subscription, error) {
	return one[Subscription](c, ctx, http.MethodPut, at("subscriptions", id), map[string]any{"active": active})
}

// DeleteSubscription deletes one.
func (c *Client) DeleteSubscription(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, at("subscriptions", id), nil, nil)
}

// Registry shows stored credentials; the server never shows the password.
type Registry struct {
	Registry  string    `json:"registry"`
	Name      string    `json:"registry_name"`
	User      string    `json:"registry_user"`
	Type      string    `json:"registry_type"`
	Verify    bool      `json:"registry_verify"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	UpdatedAt time.Time `json:"last_updated,omitzero"`
}

// PutRegistry stores credentials. Insecure leaves the TLS certificate unchecked; SkipValidate stores without logging in.
type PutRegistry struct {
	Registry, Name, Type, User, Password string
	Insecure, SkipValidate               bool
}

func (p PutRegistry) body() map[string]any {
	b := map[string]any{"registry": p.Registry, "registry_user": p.User, "registry_pass": p.Password, "registry_verify": !p.Insecure}
	if p.Name != "" {
		b["registry_name"] = p.Name
	}
	if p.Type != "" {
		b["registry_type"] = p.Type
	}
	return b
}

// Registries lists stored credentials.
func (c *Client) Registries(ctx context.Context) ([]Registry, error) {
	var list []Registry
	err := c.get(ctx, at("registries"), &list)
	return list, err
}

// Registry reads stored credentials.
func (c *Client) Registry(ctx context.Context, name string) (Registry, error) {
	return one[Registry](c, ctx, http.MethodGet, at("registries", name), nil)
}

// AddRegistry stores credentials.
func (c *Client) AddRegistry(ctx context.Context, p PutRegistry) (Registry, error) {
	return one[Registry](c, ctx, http.MethodPost, at("registries").flag("validate", !p.SkipValidate), p.body())
}

// UpdateRegistry changes stored credentials.
func (c *Client) UpdateRegistry(ctx context.Context, p PutRegistry) (Registry, error) {
	return one[Registry](c, ctx, http.MethodPut, at("registries", p.Registry).flag("validate", !p.SkipValidate), p.body())
}

// DeleteRegistry deletes stored credentials.
func (c *Client) DeleteRegistry(ctx context.Context, name string) error {
	return c.do(ctx, http.MethodDelete, at("registries", name), nil, nil)
}

// Notice is one change that was told, or is to be.
type Notice struct {
	ID        string          `json:"notificationId"`
	Type      string          `json:"notification_type"`
	Key       string          `json:"subscription_key"`
	State     string          `json:"state"`
	Attempts  int             `json:"attempts"`
	LastError string          `json:"last_error"`
	CreatedAt time.Time       `json:"created_at"`
	Payload   json.RawMessage `json:"notification_payload"`
}

// Notices lists the newest notices in a state; "" means any, "failed" what was not delivered.
func (c *Client) Notices(ctx context.Context, state string) ([]Notice, error) {
	var list []Notice
	err := c.get(ctx, at("notices").with("state", state), &list)
	return list, err
}
