package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrate brings the schema, and that of the job engine, to this version. It may be called by several nodes at once and
// changes nothing where nothing is to be done.
func (s *Store) Migrate(ctx context.Context) error {
	release, err := s.lockMigration(ctx)
	if err != nil {
		return fmt.Errorf("waiting to migrate: %w", err)
	}
	defer release()
	migrations, err := s.d.migrations()
	if err != nil {
		return err
	}
	kind := goose.DialectPostgres
	if s.Embedded() {
		kind = goose.DialectSQLite3
	}
	provider, err := goose.NewProvider(kind, s.pool, nil, goose.WithGoMigrations(migrations...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	if s.Embedded() {
		err = migrateJobs(ctx, riversqlite.New(s.pool))
	} else {
		err = migrateJobs(ctx, riverdatabasesql.New(s.pool))
	}
	if err != nil {
		return fmt.Errorf("migrating the tables of jobs: %w", err)
	}
	return nil
}

func migrateJobs(ctx context.Context, driver riverdriver.Driver[*sql.Tx]) error {
	m, err := rivermigrate.New(driver, nil)
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// SchemaCurrent says whether the schema is that of this version, so that [Store.Migrate] has nothing to do.
func (s *Store) SchemaCurrent(ctx context.Context) (bool, error) {
	have, err := s.schemaVersion(ctx)
	return have == newestMigration(), err
}

// schemaVersion is the newest migration that was applied; 0 for an empty database.
func (s *Store) schemaVersion(ctx context.Context) (int64, error) {
	q := Queries{run: s.pool, d: s.d}
	var n int64
	if err := q.one(ctx, s.d.tableExists, []any{"goose_db_version"}, &n); err != nil || n == 0 {
		return 0, describe(err, "reading the version of the database")
	}
	err := q.one(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied", nil, &n)
	return n, describe(err, "reading the version of the database")
}

// lockMigration waits until no other node migrates.
func (s *Store) lockMigration(ctx context.Context) (release func(), err error) {
	if s.d.migrationLock == "" {
		return func() {}, nil
	}
	conn, err := s.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, s.d.migrationLock); err != nil {
		return nil, fmt.Errorf("%w (%v)", err, conn.Close())
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), s.d.migrationUnlock) // closing the session unlocks as well
		_ = conn.Close()
	}, nil
}

// migrations are the files in order, in the words of the dialect.
func (d *dialect) migrations() ([]*goose.Migration, error) {
	var list []*goose.Migration
	for _, name := range migrationNames() {
		raw, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		text, version := d.words.Replace(string(raw)), migrationVersion(name)
		list = append(list, goose.NewGoMigration(version, &goose.GoFunc{
			RunTx: func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, text); err != nil {
					return err
				}
				if fill := fills[version]; fill != nil {
					return fill(ctx, tx, d)
				}
				return nil
			},
		}, nil))
	}
	return list, nil
}

// fills are what a migration does to rows that SQL cannot read.
var fills = map[int64]func(context.Context, *sql.Tx, *dialect) error{7: fileIDs, 8: fileNames, 13: fileArtifacts}

// newestMigration is the version that this binary knows.
func newestMigration() int64 {
	names := migrationNames()
	return migrationVersion(names[len(names)-1])
}

func migrationNames() []string {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		panic("the migrations are missing from the binary")
	}
	return names
}

// migrationVersion is 1 for "migrations/0001_initial.sql".
func migrationVersion(name string) int64 {
	number, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 {
		panic("a migration is not called NNNN_what.sql: " + name)
	}
	return n
}
