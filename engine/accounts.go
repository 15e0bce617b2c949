package engine

import (
	"context"
	"errors"

	"landwaiter.dev/store"
)

// Passwords checks passwords.
type Passwords interface {
	// Verify says whether password is the one that hash was made of.
	Verify(ctx context.Context, hash, password string) (bool, error)
}

// Auth says who asks.
type Auth struct {
	store     *store.Store
	passwords Passwords
}

// Authenticate checks a user's password. Whatever is wrong, the answer is the same.
func (u *Auth) Authenticate(ctx context.Context, username, password string) (Caller, error) {
	user, err := u.store.User(ctx, username)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Caller{}, err
	}
	ok := false
	if user.PasswordHash != "" {
		if ok, err = u.passwords.Verify(ctx, user.PasswordHash, password); err != nil {
			return Caller{}, err
		}
	}
	if !ok {
		return Caller{}, Errorf(ClassUnauthorised, "unauthorised", "Unauthorized")
	}
	account, err := u.store.Account(ctx, user.Account)
	if err != nil {
		return Caller{}, err
	}
	if account.State != "enabled" {
		return Caller{}, Errorf(ClassForbidden, "account_not_enabled", "Not authorized. Account %s not enabled.", account.Name)
	}
	return Caller{User: user, Account: account, Admin: account.Type == "admin"}, nil
}

// As gives the caller in another account, which only users of the admin account may name.
func (u *Auth) As(ctx context.Context, c Caller, name string) (Caller, error) {
	if name == "" || name == c.Account.Name {
		return c, nil
	}
	if !c.Admin {
		return c, Errorf(ClassForbidden, "forbidden", "Not authorized. Requires permissions: domain=%s action=* target=*", name)
	}
	account, err := u.store.Account(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return c, Errorf(ClassNotFound, "account_not_found", "account %q not found", name)
	}
	c.Account = account
	return c, err
}
