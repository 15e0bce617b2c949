package v1

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"landwaiter.dev/internal/jsonscan"
	"landwaiter.dev/server/problem"
	"landwaiter.dev/store"
)

// PolicyRecord is a bundle with its place in the account.
type PolicyRecord struct {
	_           struct{} `additionalProperties:"true"`
	ID          string   `json:"policyId"`
	UserID      string   `json:"userId"`
	Active      bool     `json:"active"`
	Source      string   `json:"policy_source"`
	CreatedAt   clock    `json:"created_at"`
	UpdatedAt   clock    `json:"last_updated"`
	Bundle      raw      `json:"policybundle"`
	BundleMeta  raw      `json:"policybundlemeta"`
	Name        string   `json:"name,omitempty"`
	Description string   `json:"description,omitempty"`
	Digest      string   `json:"bundle_digest,omitempty" doc:"Digest of the bundle as it came"`
}

// PolicyPath names a policy in a path.
type PolicyPath struct {
	ID string `path:"policyId"`
}

type listPolicies struct {
	Detail bool `query:"detail" doc:"With the bundles"`
}

type getPolicy struct {
	PolicyPath
	Detail bool `query:"detail" default:"true"`
}

type addPolicy struct {
	Detail      bool   `query:"detail" default:"true"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte
}

type putPolicy struct {
	PolicyPath
	Active  bool `query:"active"`
	RawBody []byte
}

func (r *routes) policies() {
	const tag = "Policies"
	add(r, "GET /policies", tag, "List policies", r.listPolicies)
	add(r, "POST /policies", tag, "Add a policy bundle", r.addPolicy, takes[map[string]any](r), alsoYAML)
	add(r, "GET /policies/{policyId}", tag, "Get a policy", r.getPolicy)
	add(r, "PUT /policies/{policyId}", tag, "Change or activate a policy", r.putPolicy, takes[PolicyRecord](r))
	add(r, "DELETE /policies/{policyId}", tag, "Delete a policy", func(ctx context.Context, in *PolicyPath) (string, error) {
		return "deleted", r.Policies.Delete(ctx, account(ctx), in.ID)
	})
}

// IsYAML says whether a Content-Type is that of YAML.
func IsYAML(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && slices.Contains([]string{"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"}, t)
}

// alsoYAML documents that a body may be YAML.
func alsoYAML(op *huma.Operation) {
	op.RequestBody.Content["application/yaml"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
}

func newPolicy(p *store.Policy, detail bool) PolicyRecord {
	rec := PolicyRecord{
		ID: p.ID, UserID: p.Account, Active: p.Active, Source: or(p.Source, "local"), CreatedAt: clock(p.CreatedAt), UpdatedAt: clock(p.UpdatedAt),
		Name: p.Name, Description: p.Description, Digest: string(p.Digest),
	}
	if detail {
		rec.Bundle = raw(p.Document)
	}
	return rec
}

func (r *routes) listPolicies(ctx context.Context, in *listPolicies) ([]PolicyRecord, error) {
	found, err := r.Policies.List(ctx, account(ctx))
	if err != nil {
		return nil, err
	}
	list := make([]PolicyRecord, 0, len(found))
	for i := range found {
		list = append(list, newPolicy(&found[i], in.Detail))
	}
	return list, nil
}

func (r *routes) getPolicy(ctx context.Context, in *getPolicy) ([]PolicyRecord, error) {
	p, err := r.Policies.Get(ctx, account(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return []PolicyRecord{newPolicy(&p, in.Detail)}, nil
}

func (r *routes) addPolicy(ctx context.Context, in *addPolicy) (PolicyRecord, error) {
	var bundle map[string]json.RawMessage
	if !IsYAML(in.ContentType) {
		if err := object(in.RawBody, &bundle); err != nil {
			return PolicyRecord{}, err
		}
	}
	p, err := r.Policies.Put(ctx, account(ctx), bytes.Clone(in.RawBody))
	return newPolicy(&p, in.Detail), err
}

// putPolicy takes a record as GET gives it. The bundle is stored only when it says something new, so that activating a
// record makes no new version of its bundle.
func (r *routes) putPolicy(ctx context.Context, in *putPolicy) ([]PolicyRecord, error) {
	var rec struct {
		ID     *string         `json:"policyId"`
		Active *bool           `json:"active"`
		Bundle json.RawMessage `json:"policybundle"`
	}
	if err := object(in.RawBody, &rec); err != nil {
		return nil, err
	}
	if err := jsonscan.Twice(in.RawBody); err != nil {
		return nil, invalid("the record cannot be used: %v", err)
	}
	var bundle struct {
		ID *string `json:"id"`
	}
	switch {
	case rec.ID == nil:
		return nil, required("policyId")
	case *rec.ID != in.ID:
		return nil, invalid("policyId %.100q in the body differs from %.100q in the path", *rec.ID, in.ID)
	case len(rec.Bundle) == 0:
		return nil, required("policybundle")
	}
	if err := object(rec.Bundle, &bundle); err != nil {
		return nil, err
	}
	if bundle.ID != nil && *bundle.ID != in.ID {
		return nil, invalid("the bundle's id %.100q differs from %.100q in the path", *bundle.ID, in.ID)
	}
	p, err := r.Policies.Get(ctx, account(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	activate := in.Active || rec.Active != nil && *rec.Active
	if p.Active && !activate {
		return nil, problem.New(http.StatusConflict, "policy_active", "cannot deactivate an active policy: activate another one instead")
	}
	if !sameJSON(p.Document, rec.Bundle) {
		if p, err = r.Policies.Put(ctx, account(ctx), bytes.Clone(rec.Bundle)); err != nil {
			return nil, err
		}
	}
	if activate && !p.Active {
		if p, err = r.Policies.Activate(ctx, account(ctx), in.ID); err != nil {
			return nil, err
		}
	}
	return []PolicyRecord{newPolicy(&p, true)}, nil
}

// sameJSON says whether two documents mean the same, whatever the order of keys and the blanks.
func sameJSON(a, b []byte) bool {
	decode := func(doc []byte) (v any, err error) {
		d := json.NewDecoder(bytes.NewReader(doc))
		d.UseNumber()
		err = d.Decode(&v)
		return v, err
	}
	x, err1 := decode(a)
	y, err2 := decode(b)
	return err1 == nil && err2 == nil && reflect.DeepEqual(x, y)
}
