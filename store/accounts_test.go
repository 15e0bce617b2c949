package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/store"
)

func TestEnsureAdminKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		if made := must(b.EnsureAdmin(b.ctx, "first"))(t); !made {
			t.Error("the admin was not made on an empty database")
		}
		b.clock.Advance(time.Hour)
		if made := must(b.EnsureAdmin(b.ctx, "second"))(t); made {
			t.Error("the admin was made twice")
		}
		u := must(b.User(b.ctx, store.AdminAccount))(t)
		want := store.User{Username: "admin", Account: "admin", UUID: u.UUID, PasswordHash: "first", CreatedAt: day, UpdatedAt: day}
		if diff := cmp.Diff(want, u); diff != "" || len(u.UUID) != 32 {
			t.Errorf("the admin (want -, have +), UUID of 32 digits:\n%s", diff)
		}
		a := must(b.Account(b.ctx, store.AdminAccount))(t)
		if diff := cmp.Diff(store.Account{Name: "admin", Type: "admin", State: "enabled", CreatedAt: day, UpdatedAt: day}, a); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAccountsAndUsers(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		b.clock.Advance(time.Minute)
		b.write(func(tx *store.Tx) error {
			return errors.Join(
				tx.PutAccount(b.ctx, store.Account{Name: "a", Type: "user", State: "disabled", Email: "a@example.com"}),
				tx.PutUser(b.ctx, store.User{Username: "ute", Account: "a", UUID: "u1", PasswordHash: "x"}),
				tx.PutUser(b.ctx, store.User{Username: "ute", Account: "b", UUID: "other", PasswordHash: "y"}))
		})
		want := []store.Account{
			{Name: "a", Type: "user", State: "disabled", Email: "a@example.com", CreatedAt: day, UpdatedAt: day.Add(time.Minute)},
			{Name: "b", Type: "user", State: "enabled", CreatedAt: day, UpdatedAt: day},
		}
		if diff := cmp.Diff(want, must(b.Accounts(b.ctx))(t)); diff != "" {
			t.Error(diff)
		}
		users := []store.User{{Username: "ute", Account: "a", UUID: "u1", PasswordHash: "y", CreatedAt: day.Add(time.Minute), UpdatedAt: day.Add(time.Minute)}}
		if diff := cmp.Diff(users, must(b.Users(b.ctx, "a"))(t)); diff != "" {
			t.Error(diff)
		}
		if _, err := b.Account(b.ctx, "nobody"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an unknown account gave %v", err)
		}
		err := b.Write(b.ctx, func(tx *store.Tx) error { return tx.PutUser(b.ctx, store.User{Username: "x", Account: "nobody"}) })
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("a user of an unknown account gave %v", err)
		}
	})
}
