package store

import "context"

const accountColumns = "name, type, state, email, created_at, updated_at"

func scanAccount(row scanner, a *Account) error {
	return row.Scan(&a.Name, &a.Type, &a.State, &a.Email, moment{&a.CreatedAt}, moment{&a.UpdatedAt})
}

// Account returns one account, [ErrNotFound] when there is none of that name.
func (q *Queries) Account(ctx context.Context, name string) (Account, error) {
	a, err := first(ctx, q, scanAccount, "SELECT "+accountColumns+" FROM accounts WHERE name = ?", name)
	return a, describe(err, "account %q", name)
}

// Accounts lists all accounts by name.
func (q *Queries) Accounts(ctx context.Context) ([]Account, error) {
	return all(ctx, q, scanAccount, "SELECT "+accountColumns+" FROM accounts ORDER BY name")
}

// PutAccount inserts an account or changes the one of its name; CreatedAt stays. Zero times are now.
func (t *Tx) PutAccount(ctx context.Context, a Account) error {
	_, err := t.exec(ctx, "INSERT INTO accounts ("+accountColumns+`) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET type = excluded.type, state = excluded.state, email = excluded.email, updated_at = excluded.updated_at`,
		a.Name, a.Type, a.State, a.Email, micros(t.orNow(a.CreatedAt)), micros(t.orNow(a.UpdatedAt)))
	return describe(err, "keeping account %q", a.Name)
}
