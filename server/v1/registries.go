package v1

import (
	"context"
	"slices"
	"strings"

	"landwaiter.dev/engine"
	"landwaiter.dev/store"
)

var registryTypes = []string{"docker_v2", "awsecr"}

// Registry shows stored credentials, never the password.
type Registry struct {
	Registry  string `json:"registry"`
	Name      string `json:"registry_name"`
	User      string `json:"registry_user"`
	Type      string `json:"registry_type"`
	Verify    bool   `json:"registry_verify"`
	UserID    string `json:"userId"`
	CreatedAt clock  `json:"created_at"`
	UpdatedAt clock  `json:"last_updated"`
}

// RegistryPath names stored credentials in a path.
type RegistryPath struct {
	Registry string `path:"registry" doc:"Host, with a path and a final * if it was stored with one; the rest of the path, slashes included"`
}

// registryBody has pointers where a missing key differs from an empty one.
type registryBody struct {
	_        struct{} `additionalProperties:"true"`
	Registry *string  `json:"registry" doc:"host[:port][/path[*]]"`
	User     *string  `json:"registry_user"`
	Password *string  `json:"registry_pass" writeOnly:"true"`
	Type     string   `json:"registry_type,omitempty" doc:"docker_v2 (default) or awsecr"`
	Name     string   `json:"registry_name,omitempty"`
	Verify   *bool    `json:"registry_verify,omitempty" doc:"Check the TLS certificate; default true"`
}

// CreateRegistry is what POST and PUT take. The body is read raw: beside a decoded one, a query parameter that defaults
// to true could not be switched off.
type CreateRegistry struct {
	Validate bool `query:"validate" default:"true" doc:"Log in before storing"`
	RawBody  []byte
}

type updateRegistry struct {
	RegistryPath
	CreateRegistry
}

func (r *routes) registries() {
	const tag = "Registries"
	add(r, "GET /registries", tag, "List registry credentials", r.listRegistries)
	add(r, "POST /registries", tag, "Store registry credentials", r.createRegistry, takes[registryBody](r))
	add(r, "GET /registries/{registry}", tag, "Get registry credentials", func(ctx context.Context, in *RegistryPath) ([]Registry, error) {
		found, err := r.Registries.Get(ctx, account(ctx), in.Registry)
		return []Registry{newRegistry(&found)}, err
	})
	add(r, "PUT /registries/{registry}", tag, "Change registry credentials", r.updateRegistry, takes[registryBody](r))
	add(r, "DELETE /registries/{registry}", tag, "Delete registry credentials", func(ctx context.Context, in *RegistryPath) (bool, error) {
		err := r.Registries.Delete(ctx, account(ctx), in.Registry)
		if isNotFound(err) {
			err = nil
		}
		return true, err
	})
}

func newRegistry(s *store.Registry) Registry {
	return Registry{
		Registry: s.Registry, Name: or(s.Name, s.Registry), User: s.User, Type: s.Type, Verify: s.Verify, UserID: s.Account,
		CreatedAt: clock(s.CreatedAt), UpdatedAt: clock(s.UpdatedAt),
	}
}

func (r *routes) listRegistries(ctx context.Context, _ *none) ([]Registry, error) {
	found, err := r.Registries.List(ctx, account(ctx))
	if err != nil {
		return nil, err
	}
	list := make([]Registry, 0, len(found))
	for i := range found {
		list = append(list, newRegistry(&found[i]))
	}
	return list, nil
}

func (r *routes) createRegistry(ctx context.Context, in *CreateRegistry) ([]Registry, error) {
	put, err := in.read()
	if err != nil {
		return nil, err
	}
	found, err := r.Registries.Create(ctx, account(ctx), put)
	return []Registry{newRegistry(&found)}, err
}

func (r *routes) updateRegistry(ctx context.Context, in *updateRegistry) ([]Registry, error) {
	put, err := in.read()
	if err != nil {
		return nil, err
	}
	if put.Registry != in.Registry {
		return nil, invalid("registry %.200q in the body differs from %.200q in the path", put.Registry, in.Registry)
	}
	found, err := r.Registries.Update(ctx, account(ctx), in.Registry, put)
	return []Registry{newRegistry(&found)}, err
}

func (in *CreateRegistry) read() (engine.PutRegistry, error) {
	var b registryBody
	if err := object(in.RawBody, &b); err != nil {
		return engine.PutRegistry{}, err
	}
	for _, key := range []struct {
		name  string
		value *string
	}{{"registry", b.Registry}, {"registry_user", b.User}, {"registry_pass", b.Password}} {
		if key.value == nil {
			return engine.PutRegistry{}, required(key.name)
		}
	}
	name := *b.Registry
	put := engine.PutRegistry{
		Registry: name, Name: or(b.Name, name), Type: or(b.Type, "docker_v2"), User: *b.User, Password: *b.Password,
		Verify: b.Verify == nil || *b.Verify, Validate: in.Validate,
	}
	switch {
	case name == "":
		return put, invalid("'registry' is empty")
	case strings.Contains(name, "://"):
		return put, invalid("registry %.200q: leave out the scheme; want host[:port][/path[*]]", name)
	case strings.HasSuffix(name, "/"):
		return put, invalid("registry %.200q: leave out the slash at the end", name)
	case strings.Contains(strings.TrimSuffix(name, "*"), "*"):
		return put, invalid("registry %.200q: a * may only stand at the end", name)
	case strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return put, invalid("registry %.200q holds blanks or control characters", name)
	case !slices.Contains(registryTypes, put.Type):
		return put, invalid("%.60q is not one of [%s]", put.Type, strings.Join(registryTypes, ", "))
	}
	return put, nil
}
