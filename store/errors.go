package store

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors of opening; those of records are with them.
var (
	// ErrNewerSchema says that a newer Landwaiter has been here.
	ErrNewerSchema = errors.New("the database was written by a newer version of landwaiter; use that version or a new data directory")
	// ErrHeld says that another process, a server or a scan that loads data, holds the data directory.
	ErrHeld = errors.New("the data directory is in use by another landwaiter, a server or a scan that loads advisory data")
	// ErrScanSyncs is an [ErrHeld] of which is known that it ends: who holds the directory loads advisory data.
	ErrScanSyncs = fmt.Errorf("%w", ErrHeld)
	// ErrNoSpace says that the disk of the database is full.
	ErrNoSpace = errors.New("no space is left on the disk of the database")
)

// SQLSTATE codes (PostgreSQL documentation, appendix A).
const (
	pgUniqueViolation     = "23505"
	pgForeignKeyViolation = "23503"
	pgSerialization       = "40001"
	pgDeadlock            = "40P01"
	pgDiskFull            = "53100"
)

// meaning wraps what a driver says into the sentinels that callers branch on.
func meaning(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case pgUniqueViolation:
			return fmt.Errorf("%w: %w", ErrExists, err)
		case pgForeignKeyViolation:
			return fmt.Errorf("%w: %w", ErrConflict, err)
		case pgDiskFull:
			return fmt.Errorf("%w: %w", ErrNoSpace, err)
		}
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return fmt.Errorf("%w: %w", ErrExists, err)
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return fmt.Errorf("%w: %w", ErrConflict, err)
		case sqlite3.SQLITE_FULL:
			return fmt.Errorf("%w: %w", ErrNoSpace, err)
		}
	}
	return err
}

// again says whether a transaction failed only because another one was in its way.
func again(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == pgSerialization || pg.Code == pgDeadlock
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		primary := lite.Code() & 0xff
		return primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED
	}
	return false
}

func unhex(s string) ([]byte, error) { return hex.DecodeString(s) }

// noDataDir says that the data directory cannot be made or written, why, and what to do, without names of system calls.
func noDataDir(dir string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("the data directory %s cannot be used: %w; choose another with --data or LANDWAITER_DATA", dir, err)
}
