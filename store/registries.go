package store

import "context"

const registryColumns = "account, registry, name, type, username, secret, verify, created_at, updated_at"

func scanRegistry(row scanner, r *Registry) error {
	return row.Scan(&r.Account, &r.Registry, &r.Name, &r.Type, &r.User, &r.Secret, &r.Verify, moment{&r.CreatedAt}, moment{&r.UpdatedAt})
}

// InsertRegistry keeps credentials; [ErrExists] when the account has some for this registry.
func (t *Tx) InsertRegistry(ctx context.Context, r Registry) error {
	n, err := t.exec(ctx, "INSERT INTO registries ("+registryColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, registry) DO NOTHING",
		r.Account, r.Registry, r.Name, r.Type, r.User, nonNilBytes(r.Secret), r.Verify, micros(t.orNow(r.CreatedAt)), micros(t.orNow(r.UpdatedAt)))
	if err == nil && n == 0 {
		err = ErrExists
	}
	return describe(err, "registry %q", r.Registry)
}

// PutRegistry keeps credentials, instead of those that the account has for this registry; CreatedAt stays.
func (t *Tx) PutRegistry(ctx context.Context, r Registry) error {
	_, err := t.exec(ctx, "INSERT INTO registries ("+registryColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (account, registry) DO UPDATE SET name = excluded.name, type = excluded.type, username = excluded.username,
			secret = excluded.secret, verify = excluded.verify, updated_at = excluded.updated_at`,
		r.Account, r.Registry, r.Name, r.Type, r.User, nonNilBytes(r.Secret), r.Verify, micros(t.orNow(r.CreatedAt)), micros(t.orNow(r.UpdatedAt)))
	return describe(err, "keeping registry %q", r.Registry)
}

// Registries lists an account's registries by name.
func (q *Queries) Registries(ctx context.Context, account string) ([]Registry, error) {
	return all(ctx, q, scanRegistry, "SELECT "+registryColumns+" FROM registries WHERE account = ? ORDER BY registry", account)
}

// Registry returns an account's credentials for exactly this registry text.
func (q *Queries) Registry(ctx context.Context, account, registry string) (Registry, error) {
	r, err := first(ctx, q, scanRegistry, "SELECT "+registryColumns+" FROM registries WHERE account = ? AND registry = ?", account, registry)
	return r, describe(err, "registry %q", registry)
}

// DeleteRegistry forgets credentials; [ErrNotFound] when there are none.
func (t *Tx) DeleteRegistry(ctx context.Context, account, registry string) error {
	return describe(mustChange(t.exec(ctx, "DELETE FROM registries WHERE account = ? AND registry = ?", account, registry)), "registry %q", registry)
}

func nonNilBytes(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
