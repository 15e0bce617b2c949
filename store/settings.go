package store

import "context"

// Setting returns a named value that the program keeps for itself; "" when it was never set.
func (q *Queries) Setting(ctx context.Context, name string) (string, error) {
	var v string
	err := q.one(ctx, "SELECT value FROM settings WHERE name = ?", []any{name}, &v)
	return v, describe(ignoreMissing(err), "setting %q", name)
}

// PutSetting keeps a named value.
func (t *Tx) PutSetting(ctx context.Context, name, value string) error {
	_, err := t.exec(ctx, "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return describe(err, "keeping setting %q", name)
}
