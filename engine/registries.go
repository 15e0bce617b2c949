package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/seal"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// Registries keeps the credentials of accounts and answers which of them are for a repository. The operator's own logins
// are never used here.
type Registries struct {
	store *store.Store
	key   seal.Key
	now   func() time.Time
	// base holds what the installation allows for all registries (plain HTTP, CA file, transport).
	base source.RegistryOptions
}

// List gives the registries of an account.
func (u *Registries) List(ctx context.Context, account string) ([]store.Registry, error) {
	return u.store.Registries(ctx, account)
}

// Get gives one registry.
func (u *Registries) Get(ctx context.Context, account, name string) (store.Registry, error) {
	r, err := u.store.Registry(ctx, account, name)
	if errors.Is(err, store.ErrNotFound) {
		return r, Errorf(ClassNotFound, "registry_not_found", "registry %q not found in this account", name)
	}
	return r, err
}

// Create stores credentials for a registry that has none yet.
func (u *Registries) Create(ctx context.Context, account string, r PutRegistry) (store.Registry, error) {
	if _, err := u.store.Registry(ctx, account, r.Registry); err == nil {
		return store.Registry{}, Errorf(ClassConflict, "registry_exists", "registry %q already has credentials: update them instead", r.Registry)
	}
	return u.put(ctx, account, r, u.now())
}

// Update replaces the credentials of a registry.
func (u *Registries) Update(ctx context.Context, account, name string, r PutRegistry) (store.Registry, error) {
	old, err := u.Get(ctx, account, name)
	if err != nil {
		return old, err
	}
	if r.Registry == "" {
		r.Registry = name
	}
	if r.Registry != name {
		return old, Errorf(ClassConflict, "registry_mismatch", "the body names registry %q, the path %q", r.Registry, name)
	}
	return u.put(ctx, account, r, old.CreatedAt)
}

func (u *Registries) put(ctx context.Context, account string, r PutRegistry, created time.Time) (store.Registry, error) {
	switch {
	case r.Registry == "":
		return store.Registry{}, Errorf(ClassInvalid, "invalid_registry", "'registry' is a required property")
	case strings.HasPrefix(r.Registry, "http://") || strings.HasPrefix(r.Registry, "https://") || strings.HasSuffix(r.Registry, "/"):
		return store.Registry{}, Errorf(ClassConflict, "invalid_registry", "registry %q must be a host or host/path without http:// and without a slash at its end", r.Registry)
	}
	if r.Type == "" {
		r.Type = "docker_v2"
	}
	if r.Type != "docker_v2" && r.Type != "awsecr" {
		return store.Registry{}, Errorf(ClassInvalid, "invalid_registry", "registry type %q: want docker_v2 or awsecr", r.Type)
	}
	if r.Name == "" {
		r.Name = r.Registry
	}
	if r.Validate {
		host, _, _ := strings.Cut(r.Registry, "/")
		o := u.base
		o.Keychain, o.SkipVerify = fixed{r.User, r.Password}, !r.Verify
		if err := source.Ping(ctx, host, o); err != nil {
			refusal := Errorf(ClassRefused, "registry_credentials", "cannot ping supplied registry with supplied credentials: %w", err)
			return store.Registry{}, refusal.With("error_codes", []string{sourceCode(err)})
		}
	}
	row := store.Registry{
		Account: account, Registry: r.Registry, Name: r.Name, Type: r.Type, User: r.User, Verify: r.Verify,
		Secret:    u.key.Seal([]byte(r.Password), sealContext(account, r.Registry)),
		CreatedAt: created, UpdatedAt: u.now(),
	}
	return row, u.store.Write(ctx, func(tx *store.Tx) error { return tx.PutRegistry(ctx, row) })
}

// Delete forgets the credentials of a registry; an unknown one is no error.
func (u *Registries) Delete(ctx context.Context, account, name string) error {
	return u.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.DeleteRegistry(ctx, account, name); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil
	})
}

func sealContext(account, registry string) string { return "registry " + account + " " + registry }

// options are those with which an account speaks to the registry of a reference: the longest entry that matches wins; a
// trailing * matches by prefix.
func (u *Registries) options(ctx context.Context, account string, ref image.Reference) (source.RegistryOptions, error) {
	rows, err := u.store.Registries(ctx, account)
	if err != nil {
		return source.RegistryOptions{}, err
	}
	o, best := u.base, -1
	var chosen store.Registry
	for _, r := range rows {
		if n := matchRegistry(r.Registry, ref); n > best {
			best, chosen = n, r
		}
	}
	if best < 0 {
		return o, nil
	}
	password, err := u.key.Open(chosen.Secret, sealContext(account, chosen.Registry))
	if err != nil {
		return o, Errorf(ClassInternal, "registry_credentials", "the stored password of registry %q %w: store it again", chosen.Registry, err)
	}
	o.Keychain, o.SkipVerify = fixed{chosen.User, string(password)}, !chosen.Verify
	return o, nil
}

// matchRegistry is the length of the entry when it is for ref, else -1.
func matchRegistry(entry string, ref image.Reference) int {
	full := ref.Registry + "/" + ref.Repository
	if prefix, wild := strings.CutSuffix(entry, "*"); wild {
		if strings.HasPrefix(full, prefix) {
			return len(prefix)
		}
		return -1
	}
	if entry == ref.Registry || entry == full || strings.HasPrefix(full, entry+"/") {
		return len(entry)
	}
	return -1
}

// fixed is a keychain of one login.
type fixed struct{ user, password string }

func (f fixed) Resolve(authn.Resource) (authn.Authenticator, error) {
	if f.user == "" && f.password == "" {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(authn.AuthConfig{Username: f.user, Password: f.password}), nil
}
