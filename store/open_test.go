package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

func TestMigrateTwiceAndByTwo(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{DataDir: filepath.Join(t.TempDir(), "new", "data")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if current := must(s.SchemaCurrent(ctx))(t); current {
		t.Error("an empty database is said to have the current schema")
	}
	for range 2 {
		if err := s.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		if current := must(s.SchemaCurrent(ctx))(t); !current {
			t.Error("a migrated database is said to have another schema")
		}
	}
}

func TestNodesThatStartAtOnceMigrateOnce(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			o := d.Options(t)
			one, two := reopen(t, o), reopen(t, o)
			errs := make(chan error, 2)
			go func() { errs <- one.Migrate(context.Background()) }()
			go func() { errs <- two.Migrate(context.Background()) }()
			if err := errors.Join(<-errs, <-errs); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func reopen(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			o := d.Options(t)
			s := reopen(t, o)
			if _, err := s.Pool().Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)"); err != nil {
				t.Fatal(err)
			}
			_, err := store.Open(context.Background(), o)
			if !errors.Is(err, store.ErrNewerSchema) {
				t.Fatalf("Open gave %v, want ErrNewerSchema", err)
			}
		})
	}
}

func TestDataDirectoryHasOneServer(t *testing.T) {
	t.Parallel()
	o := store.Options{DataDir: t.TempDir()}
	one, two := reopen(t, o), reopen(t, o)
	release, err := one.LockData()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.LockData(); !errors.Is(err, store.ErrHeld) {
		t.Fatalf("a second server got the data directory (%v)", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := two.LockData()
	if err != nil {
		t.Fatalf("the data directory is not free after release: %v", err)
	}
	_ = again()
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "landwaiter.db"), []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]store.Options{
		"no directory":          {},
		"a file is in the way":  {DataDir: file},
		"not a database":        {DataDir: broken},
		"nobody at the address": {DatabaseURL: "postgres://user:geheim@127.0.0.1:1/none?connect_timeout=2"},
		"not a URL":             {DatabaseURL: "postgres://user:geheim@[::1/none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(context.Background(), o)
			if err == nil {
				_ = s.Close()
				t.Fatal("it opened")
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// What one process writes another reads, and both may write: scan works beside a server.
func TestTwoProcessesShareADatabase(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			o := d.Options(t)
			one, two := reopen(t, o), reopen(t, o)
			errs := make(chan error, 2)
			for _, s := range []*store.Store{one, two} {
				go func() {
					var err error
					for range 50 {
						err = errors.Join(err, s.Write(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, "who", s.String()) }))
					}
					errs <- err
				}()
			}
			if err := errors.Join(<-errs, <-errs); err != nil {
				t.Fatal(err)
			}
			if a, b := must(one.Setting(ctx, "who"))(t), must(two.Setting(ctx, "who"))(t); a == "" || a != b {
				t.Errorf("one reads %q, the other %q", a, b)
			}
		})
	}
}
