package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
)

const userColumns = "username, account, uuid, password_hash, created_at, updated_at"

func scanUser(row scanner, u *User) error {
	return row.Scan(&u.Username, &u.Account, &u.UUID, &u.PasswordHash, moment{&u.CreatedAt}, moment{&u.UpdatedAt})
}

// User returns one user, [ErrNotFound] when there is none of that name.
func (q *Queries) User(ctx context.Context, username string) (User, error) {
	u, err := first(ctx, q, scanUser, "SELECT "+userColumns+" FROM users WHERE username = ?", username)
	return u, describe(err, "user %q", username)
}

// Users lists the users of an account by name.
func (q *Queries) Users(ctx context.Context, account string) ([]User, error) {
	return all(ctx, q, scanUser, "SELECT "+userColumns+" FROM users WHERE account = ? ORDER BY username", account)
}

// PutUser inserts a user or changes the one of its name; account, UUID and CreatedAt stay. An empty UUID is made; zero
// times are now.
func (t *Tx) PutUser(ctx context.Context, u User) error {
	if u.UUID == "" {
		u.UUID = newID()
	}
	_, err := t.exec(ctx, "INSERT INTO users ("+userColumns+`) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (username) DO UPDATE SET password_hash = excluded.password_hash, updated_at = excluded.updated_at`,
		u.Username, u.Account, u.UUID, u.PasswordHash, micros(t.orNow(u.CreatedAt)), micros(t.orNow(u.UpdatedAt)))
	return describe(err, "keeping user %q", u.Username)
}

// EnsureAdmin makes the account [AdminAccount] and its user of the same name where they are missing. What is there stays
// as it is, its password too. It says whether the user was made.
func (s *Store) EnsureAdmin(ctx context.Context, passwordHash string) (made bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		made = false
		_, err := tx.User(ctx, AdminAccount)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		if _, err := tx.Account(ctx, AdminAccount); errors.Is(err, ErrNotFound) {
			err = tx.PutAccount(ctx, Account{Name: AdminAccount, Type: "admin", State: "enabled"})
			if err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		made = true
		return tx.PutUser(ctx, User{Username: AdminAccount, Account: AdminAccount, PasswordHash: passwordHash})
	})
	return made, err
}

// newID is 32 random hexadecimal digits.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
