package servertest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/store"
)

type (
	policies      struct{ e *Engine }
	subscriptions struct{ e *Engine }
	registries    struct{ e *Engine }
	feeds         struct{ e *Engine }
	system        struct{ e *Engine }
)

func (p policies) List(_ context.Context, account string) ([]store.Policy, error) {
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	var list []store.Policy
	for _, one := range p.e.policies[account] {
		list = append(list, *one)
	}
	return sortedBy(list, func(p store.Policy) string { return p.ID }), nil
}

func (p policies) Get(_ context.Context, account, id string) (store.Policy, error) {
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	if one := p.e.policies[account][id]; one != nil {
		return *one, nil
	}
	return store.Policy{}, noSuch("policy", id)
}

func (p policies) Put(_ context.Context, account string, source []byte) (store.Policy, error) {
	document, err := policy.JSONOf(source)
	if err != nil {
		return store.Policy{}, engine.Errorf(engine.ClassInvalid, "invalid_policy", "%v", err)
	}
	var b struct{ ID, Name, Version string }
	if err := json.Unmarshal(document, &b); err != nil {
		return store.Policy{}, engine.Errorf(engine.ClassInvalid, "invalid_policy", "Bundle failed validation")
	}
	if b.Version != "1_0" {
		return store.Policy{}, engine.Errorf(engine.ClassInvalid, "invalid_policy", "Bundle failed validation").With("validation_details", []map[string]string{
			{"severity": "error", "problem_type": "UnsupportedVersionError", "details": "Found version " + b.Version + ", expected one of supported versions ['1_0']"},
		})
	}
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	p.e.Puts++
	if p.e.policies[account] == nil {
		p.e.policies[account] = map[string]*store.Policy{}
	}
	one := p.e.policies[account][b.ID]
	if one == nil {
		one = &store.Policy{Account: account, ID: b.ID, Source: "local", CreatedAt: Start}
		p.e.policies[account][b.ID] = one
	}
	one.Name, one.Document, one.Digest, one.UpdatedAt = b.Name, document, image.DigestOf(document), Start
	key := account + "/" + b.ID
	versions := p.e.policyVersions[key]
	if n := len(versions); n > 0 {
		versions[n-1].To = Start
	}
	p.e.policyVersions[key] = append(versions, engine.PolicyVersion{Number: len(versions) + 1, PolicyVersion: store.PolicyVersion{
		PolicyID: b.ID, Digest: one.Digest, Document: document, From: Start,
	}})
	return *one, nil
}

func (p policies) Versions(_ context.Context, account, id string) ([]engine.PolicyVersion, error) {
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	list := slices.Clone(p.e.policyVersions[account+"/"+id])
	if len(list) == 0 {
		return nil, noSuch("policy", id)
	}
	slices.Reverse(list)
	return list, nil
}

func (p policies) Version(ctx context.Context, account, id, version string) (engine.PolicyVersion, error) {
	list, err := p.Versions(ctx, account, id)
	for _, v := range list {
		if version == fmt.Sprint(v.Number) || version == string(v.Digest) {
			return v, nil
		}
	}
	return engine.PolicyVersion{}, cmp.Or(err, noSuch("policy", id+"@"+version))
}

func (p policies) Activate(_ context.Context, account, id string) (store.Policy, error) {
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	one := p.e.policies[account][id]
	if one == nil {
		return store.Policy{}, noSuch("policy", id)
	}
	for _, other := range p.e.policies[account] {
		other.Active = false
	}
	one.Active = true
	return *one, nil
}

func (p policies) Delete(_ context.Context, account, id string) error {
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	one := p.e.policies[account][id]
	switch {
	case one == nil:
		return noSuch("policy", id)
	case one.Active:
		return engine.Errorf(engine.ClassConflict, "policy_active", "policy %q is the active one: activate another first", id)
	}
	delete(p.e.policies[account], id)
	return nil
}

func (e *Engine) subscribe(account string, s engine.PutSubscription) (store.Subscription, error) {
	id := id32(account, s.Key, s.Type)
	if e.subscriptions[id] != nil {
		return store.Subscription{}, engine.Errorf(engine.ClassConflict, "subscription_exists", "there is a subscription %s for %s already", s.Type, s.Key)
	}
	sub := &store.Subscription{ID: id, Account: account, Type: s.Type, Key: s.Key, CreatedAt: Start, UpdatedAt: Start}
	e.subscriptions[id] = sub
	update(sub, s)
	return *sub, nil
}

func update(sub *store.Subscription, s engine.PutSubscription) {
	if s.Active != nil {
		sub.Active = *s.Active
	}
	if s.Value != nil {
		sub.Value = *s.Value
	}
}

func (s subscriptions) List(_ context.Context, account, key, typ string) ([]store.Subscription, error) {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	var list []store.Subscription
	for _, sub := range s.e.subscriptions {
		if sub.Account == account && (key == "" || key == sub.Key) && (typ == "" || typ == sub.Type) {
			list = append(list, *sub)
		}
	}
	return sortedBy(list, func(s store.Subscription) string { return s.Key + s.Type }), nil
}

func (s subscriptions) get(account, id string) (*store.Subscription, error) {
	if sub := s.e.subscriptions[id]; sub != nil && sub.Account == account {
		return sub, nil
	}
	return nil, noSuch("subscription", id)
}

func (s subscriptions) Get(_ context.Context, account, id string) (store.Subscription, error) {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	sub, err := s.get(account, id)
	if err != nil {
		return store.Subscription{}, err
	}
	return *sub, nil
}

func (s subscriptions) Create(_ context.Context, account string, put engine.PutSubscription) (store.Subscription, error) {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	return s.e.subscribe(account, put)
}

func (s subscriptions) Update(_ context.Context, account, id string, put engine.PutSubscription) (store.Subscription, error) {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	sub, err := s.get(account, id)
	if err != nil {
		return store.Subscription{}, err
	}
	update(sub, put)
	return *sub, nil
}

func (s subscriptions) Delete(_ context.Context, account, id string) error {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	if _, err := s.get(account, id); err != nil {
		return err
	}
	delete(s.e.subscriptions, id)
	return nil
}

func (r registries) List(_ context.Context, account string) ([]store.Registry, error) {
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	var list []store.Registry
	for _, name := range slices.Sorted(maps.Keys(r.e.registries)) {
		if one := r.e.registries[name]; one.Account == account {
			list = append(list, *one)
		}
	}
	return list, nil
}

func (r registries) Get(_ context.Context, account, name string) (store.Registry, error) {
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	if one := r.e.registries[name]; one != nil && one.Account == account {
		return *one, nil
	}
	return store.Registry{}, noSuch("registry", name)
}

func (r registries) put(account, name string, p engine.PutRegistry) (store.Registry, error) {
	if p.Validate && p.Password == "wrong" {
		return store.Registry{}, engine.Errorf(engine.ClassRefused, "unauthorised", "cannot log in to %s with the credentials given", p.Registry)
	}
	one := &store.Registry{Account: account, Registry: p.Registry, Name: p.Name, Type: p.Type, User: p.User, Verify: p.Verify, CreatedAt: Start, UpdatedAt: Start}
	r.e.registries[name] = one
	r.e.Passwords[name] = p.Password
	return *one, nil
}

func (r registries) Create(_ context.Context, account string, p engine.PutRegistry) (store.Registry, error) {
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	if r.e.registries[p.Registry] != nil {
		return store.Registry{}, engine.Errorf(engine.ClassConflict, "registry_exists", "credentials for %s are stored already: update them", p.Registry)
	}
	return r.put(account, p.Registry, p)
}

func (r registries) Update(_ context.Context, account, name string, p engine.PutRegistry) (store.Registry, error) {
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	if r.e.registries[name] == nil {
		return store.Registry{}, noSuch("registry", name)
	}
	return r.put(account, name, p)
}

func (r registries) Delete(_ context.Context, _, name string) error {
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	if r.e.registries[name] == nil {
		return noSuch("registry", name)
	}
	delete(r.e.registries, name)
	return nil
}

func (f feeds) State(context.Context) ([]engine.FeedState, error) {
	f.e.mu.Lock()
	defer f.e.mu.Unlock()
	s := engine.FeedState{Name: "vulnerabilities", Enabled: true, CreatedAt: Start, UpdatedAt: Start, Revision: 3, Groups: []store.FeedGroup{
		{Feed: "vulnerabilities", Group: "debian:12", Ecosystem: "Debian:12", Enabled: true, CreatedAt: Start, LastSync: Start, Records: 31250},
		{Feed: "vulnerabilities", Group: "github:python", Ecosystem: "PyPI", Enabled: true, CreatedAt: Start, LastSync: Start, Records: 15000, LastAttempt: Start, LastError: "the archive is truncated"},
	}}
	s.Sources = []engine.FeedSource{{Name: "Debian", Driver: "osv", LastSync: Start, LastAttempt: Start, Records: 31250, Held: true, Error: "it lost more than half, so it is held back until a sync with accept_shrink"}, {Name: "PyPI", Driver: "osv", LastSync: Start, Records: 15000, Ungrouped: 2, Archive: "archive out.lwf of 2024-04-30"}}
	s.Archives = map[string]string{"github:python": "archive out.lwf of 2024-04-30"}
	s.Sync = engine.SyncProgress{Running: true, Step: "loading", Part: "npm", Records: 1500}
	if f.e.Unloaded > 0 {
		f.e.Unloaded--
		return []engine.FeedState{s}, nil
	}
	s.LastFullSync = Start
	return []engine.FeedState{s}, nil
}

// Switch knows the feed and the group debian:12, and forgets at once.
func (f feeds) Switch(ctx context.Context, feed, group string, on bool) (engine.FeedState, error) {
	list, _ := f.State(ctx)
	s := list[0]
	if feed != s.Name || group != "" && group != s.Groups[0].Group {
		return s, noSuch("feed", feed+" "+group)
	}
	if group == "" {
		s.Enabled = on
	} else {
		s.Groups[0].Enabled = on
	}
	return s, nil
}

// Delete finds the feed enabled and the group debian:12 disabled.
func (f feeds) Delete(ctx context.Context, feed, group string) (engine.FeedState, error) {
	s, err := f.Switch(ctx, feed, group, false)
	if err == nil && group == "" {
		return s, engine.Errorf(engine.ClassConflict, "feed_enabled", "feed %s is enabled: disable it before you delete it", feed)
	}
	s.Groups[0].LastSync, s.Groups[0].Records = time.Time{}, 0
	return s, err
}

func (f feeds) Sync(_ context.Context, r engine.SyncRequest) ([]engine.SyncResult, error) {
	f.e.mu.Lock()
	defer f.e.mu.Unlock()
	if f.e.Syncing {
		return nil, engine.Errorf(engine.ClassConflict, "sync_running", "a feed sync is running already; try again when it has ended")
	}
	if !r.Wait {
		return nil, nil
	}
	return []engine.SyncResult{{Feed: "vulnerabilities", OK: true, Seconds: 41.7, Groups: []engine.SyncedGroup{
		{Group: "debian:12", OK: true, Seconds: 3.25, Records: 100, Images: 2},
	}}}, nil
}

func (s system) Services(context.Context) ([]engine.Service, error) {
	var list []engine.Service
	for _, name := range strings.Fields("apiext catalog policy_engine analyzer simplequeue") {
		list = append(list, engine.Service{Name: name, HostID: "node-1", BaseURL: "http://node-1:8228", Version: "1.2.3", Up: true, Heartbeat: Start})
	}
	return append(list, engine.Service{Name: "analyzer", HostID: "node-2", BaseURL: "http://node-2:8228", Message: "unavailable"}), nil
}

func (s system) DeleteService(_ context.Context, name, host string) error {
	switch host {
	case "node-1":
		return engine.Errorf(engine.ClassConflict, "service_active", "service %s on %s is active", name, host)
	case "node-2":
		return nil
	}
	return noSuch("service", name+" on "+host)
}

func (s system) Version() string { return "1.2.3" }

func spec() any {
	return []map[string]any{{
		"name": "vulnerabilities", "description": "What is known to be wrong", "state": "active", "superceded_by": nil,
		"triggers": []map[string]any{{
			"name": "package", "description": "A package has a vulnerability", "state": "active", "superceded_by": nil,
			"parameters": []map[string]any{{"name": "severity", "description": "Severity to compare with", "example": "high", "required": false, "state": "active", "superceded_by": nil}},
		}},
	}, {"name": "pkgblacklist", "description": "Gone", "state": "eol", "superceded_by": "packages", "triggers": []any{}}}
}
