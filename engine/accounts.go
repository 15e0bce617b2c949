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

// nobody is the hash of a password that nobody has, in the parameters of real ones.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$GL8V5rZrcIsqeC/XTy8p5w$kokFZijYw7ztJfTAjN+UIpvFPiZdKNW11F2kMFpcDJ0"

// Authenticate checks a user's password. Whatever is wrong, the answer is the same.
func (u *Auth) Authenticate(ctx context.Context, username, password string) (Caller, error) {
	user, err := u.store.User(ctx, username)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Caller{}, err
	}
	hash := user.PasswordHash
	if hash == "" {
		hash = nobody // so that an unknown name takes as long as a wrong password
	}
	ok, err := u.passwords.Verify(ctx, hash, password)
	if err != nil {
		return Caller{}, err
	}
	if !ok || user.PasswordHash == "" {
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
