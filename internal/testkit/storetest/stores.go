// Package storetest gives each test a store of its own, on each database that Landwaiter runs on. A test says what holds
// on any of them and never names one:
//
//	storetest.Stores(t, func(t *testing.T, s *store.Store) { … })
//
// The embedded database is a copied file, PostgreSQL a database made from a template in a cluster that lives as long as
// the test binary. Where PostgreSQL is missing the test fails: what was not tried is not known to work.
package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"landwaiter.dev/store"
)

// Option changes how a store is opened, for example its clock.
type Option func(*store.Options)

// Stores runs f as a parallel subtest on each database, with an empty, migrated store that is closed after the test.
func Stores(t *testing.T, f func(t *testing.T, s *store.Store), options ...Option) {
	t.Helper()
	for _, d := range Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			f(t, d.Open(t, options...))
		})
	}
}

// Database is one kind of database.
type Database struct {
	Name string
	// Options are those of a fresh and migrated database, for who opens it several times.
	Options func(testing.TB) store.Options
}

// Databases lists all kinds.
func Databases() []Database {
	return []Database{{Name: "sqlite", Options: newSQLite}, {Name: "postgres", Options: newPostgres}}
}

// Open opens a fresh and migrated store, which is closed after the test.
func (d Database) Open(t testing.TB, options ...Option) *store.Store {
	t.Helper()
	o := d.Options(t)
	for _, change := range options {
		change(&o)
	}
	return open(t, o)
}

func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// migrated is the embedded database as a migration leaves it, made once for each test binary.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "landwaiter-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := migrate(store.Options{DataDir: dir}); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "landwaiter.db"))
})

// migrate makes an empty database into a migrated one and closes it.
func migrate(o store.Options) error {
	ctx := context.Background()
	s, err := store.Open(ctx, o)
	if err != nil {
		return err
	}
	if err := s.Migrate(ctx); err != nil {
		_ = s.Close()
		return err
	}
	return s.Close() // the last connection leaves no write-ahead log behind
}

func newSQLite(t testing.TB) store.Options {
	t.Helper()
	template, err := migrated()
	if err != nil {
		t.Fatal("making a database: ", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "landwaiter.db"), template, 0o600); err != nil {
		t.Fatal(err)
	}
	return store.Options{DataDir: dir}
}
