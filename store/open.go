package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"landwaiter.dev/internal/clock"
)

// Options say where everything is kept.
type Options struct {
	// DataDir holds the embedded database and its blobs, and the files of a server in any case.
	DataDir string
	// DatabaseURL is a PostgreSQL URL; "" means the embedded database in DataDir.
	DatabaseURL string
	// MaxConns bounds the connections to PostgreSQL and the readers of the embedded database; 0 means 16 and 4.
	MaxConns int
	// Clock stamps records; nil means the machine's.
	Clock clock.Clock
}

// Store is the open database and its blobs. It is safe for concurrent use. Its embedded [Queries] read what is committed.
type Store struct {
	Queries
	pool, readers *sql.DB
	blobs         Blobs
	dataDir       string
	syncing       sync.Mutex // [Store.LockSync] where one process writes
}

// The names of things in the data directory.
const (
	databaseFile = "landwaiter.db"
	blobsDir     = "blobs"
	lockFile     = "lock"
)

// IsDataDir says whether there is a database of ours in a directory.
func IsDataDir(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, databaseFile))
	return err == nil && info.Mode().IsRegular()
}

// Open opens the database, makes the data directory where it is missing, and changes nothing else: [Store.Migrate] does.
// It fails with [ErrNewerSchema] where a newer version has been. The context is for the duration of the call.
func Open(ctx context.Context, o Options) (*Store, error) {
	codec, err := newCodec()
	if err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	s := &Store{dataDir: o.DataDir, Queries: Queries{clock: o.Clock, codec: codec, caches: newCaches()}}
	if o.DatabaseURL == "" {
		err = s.openSQLite(o)
	} else {
		err = s.openPostgres(o)
	}
	if err != nil {
		return nil, err
	}
	s.run = s.readers
	if err := s.pool.PingContext(ctx); err != nil {
		_ = s.Close()
		if s.Embedded() {
			return nil, noDataDir(o.DataDir, err)
		}
		return nil, fmt.Errorf("the database does not answer: %w", err)
	}
	if have, err := s.schemaVersion(ctx); err != nil || have > newestMigration() {
		_ = s.Close()
		if err == nil {
			err = ErrNewerSchema
		}
		return nil, err
	}
	return s, nil
}

func (s *Store) openSQLite(o Options) error {
	if o.DataDir == "" {
		return errors.New("the embedded database needs a data directory")
	}
	if err := os.MkdirAll(o.DataDir, 0o700); err != nil {
		return noDataDir(o.DataDir, err)
	}
	blobs, err := NewDirBlobs(filepath.Join(o.DataDir, blobsDir))
	if err != nil {
		return noDataDir(o.DataDir, err)
	}
	path := filepath.Join(o.DataDir, databaseFile)
	s.d, s.blobs = sqliteDialect, blobs
	if s.pool, err = sql.Open("sqlite", sqliteDSN(path, "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)", "cache_size(-65536)")); err != nil {
		return err
	}
	s.pool.SetMaxOpenConns(1)
	if s.readers, err = sql.Open("sqlite", sqliteDSN(path, "query_only(1)", "cache_size(-16384)")); err != nil {
		return errors.Join(err, s.pool.Close())
	}
	s.readers.SetMaxOpenConns(orDefault(o.MaxConns, 4))
	s.readers.SetMaxIdleConns(orDefault(o.MaxConns, 4))
	return nil
}

// sqliteDSN names a database file. Every transaction takes the write lock when it begins, so none has to be given up when
// it turns from reading to writing; readers never begin one.
func sqliteDSN(path string, pragmas ...string) string {
	v := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(15000)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}).String()
}

func (s *Store) openPostgres(o Options) error {
	config, err := pgx.ParseConfig(o.DatabaseURL)
	if err != nil { // the error of the library may show the URL, and with it the password
		return errors.New("the database URL cannot be read: want postgres://user:password@host/database")
	}
	// Tables grow from nothing to a million rows within one connection: a plan that was right for the first is not kept.
	config.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	config.RuntimeParams["application_name"] = "landwaiter"
	db := stdlib.OpenDB(*config)
	n := orDefault(o.MaxConns, 16)
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	s.d, s.pool, s.readers = postgresDialect, db, db
	s.blobs = &tableBlobs{q: Queries{run: db, d: s.d, clock: o.Clock, codec: s.codec}}
	return nil
}

func orDefault(n, d int) int {
	if n > 0 {
		return n
	}
	return d
}

// Close closes all connections; open transactions fail.
func (s *Store) Close() error {
	if s.readers == s.pool {
		return s.pool.Close()
	}
	return errors.Join(s.readers.Close(), s.pool.Close())
}

// Pool is the pool that writes, for the job engine. On the embedded database it has one connection: whoever holds a
// transaction of it must not ask it for another.
func (s *Store) Pool() *sql.DB { return s.pool }

// Embedded says whether the database is SQLite in the data directory.
func (s *Store) Embedded() bool { return s.d == sqliteDialect }

// Blobs keeps bytes by digest.
func (s *Store) Blobs() Blobs { return s.blobs }

// String names the kind of database, without address or password.
func (s *Store) String() string { return "store on " + strconv.Quote(s.d.name) }
