// Package grypedb reads Grype's vulnerability database, schema 6: a SQLite file of several gigabytes with one row for
// each vulnerability of each provider, one for each package that it affects, and JSON beside them. It yields rows as they
// are; what they mean is for package advisory/feed to say.
//
// The file may come from anybody: tables that are views or compute something are refused, no value is larger than a
// bound, and reading ends after a time.
package grypedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// Model is the schema that is read: the first of its three numbers. Revisions and additions keep what is read here.
const Model = 6

// Limits of what is read.
const (
	maxValue    = 16 << 20 // bytes of one value
	maxPackages = 100_000  // affected packages of one vulnerability
	maxRecord   = 64 << 20 // bytes of JSON of one vulnerability and its packages
	readTime    = time.Hour
)

// Numbers of SQLite's run-time limits (sqlite3_limit).
const (
	limitLength   = 0
	limitAttached = 7
)

// SchemaError says that a database has a schema that is not read.
type SchemaError struct {
	// Found is its schema as three numbers; "" when it has none.
	Found string
}

func (e *SchemaError) Error() string {
	if e.Found == "" {
		return "it has no schema version: it is no database of Grype's schema 6"
	}
	return fmt.Sprintf("its schema is %s, and %d is what is read here", e.Found, Model)
}

// DB is an open database.
type DB struct {
	db     *sql.DB
	conn   *sql.Conn
	ctx    context.Context
	cancel context.CancelFunc
	// unaffected: the schema has a table of what is not affected. channel: it tells channels of a release.
	unaffected, channel bool
}

// Vulnerability is a record of one provider with the packages that it speaks of.
type Vulnerability struct {
	ID             int64
	Name, Provider string
	// Status is "active" or "", "analyzing", "rejected" or "disputed".
	Status string
	// Published, Modified and Withdrawn as they are written; "" when they are not.
	Published, Modified, Withdrawn string
	// Blob is the JSON of the vulnerability; nil when it has none.
	Blob     []byte
	Packages []Package
}

// Package is one package that a vulnerability speaks of.
type Package struct {
	// Ecosystem is the type of package as Syft names it: "python", "deb".
	Ecosystem, Name string
	// System is nil for packages that belong to no distribution.
	System *System
	// Blob is the JSON of version ranges; nil when it has none.
	Blob []byte
	// Unaffected says that the ranges are what is not affected.
	Unaffected bool
}

// System is a release of a distribution.
type System struct {
	// Name is the ID of os-release, mostly. Versions are without leading zeros: "24" and "4" for Ubuntu 24.04.
	Name, Major, Minor string
	// Label is a version that is no number ("unstable", "edge"), Channel a line beside the main one ("eus").
	Label, Channel string
}

// Open opens a file for reading only. A [*SchemaError] is what a database of another schema gives.
func Open(path string) (*DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", Path: absolute, RawQuery: "mode=ro&immutable=1"}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	d := &DB{db: db}
	d.ctx, d.cancel = context.WithTimeout(context.Background(), readTime)
	if err := d.begin(); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Close ends all reading.
func (d *DB) Close() error {
	d.cancel()
	if d.conn != nil {
		d.conn.Close()
	}
	return d.db.Close()
}

func (d *DB) begin() (err error) {
	if d.conn, err = d.db.Conn(d.ctx); err != nil {
		return err
	}
	for limit, value := range map[int]int{limitLength: maxValue, limitAttached: 0} {
		if _, err := sqlite.Limit(d.conn, limit, value); err != nil {
			return err
		}
	}
	if _, err := d.conn.ExecContext(d.ctx, "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA query_only=ON; PRAGMA temp_store=FILE"); err != nil {
		return err
	}
	if err := d.schema(); err != nil {
		return err
	}
	for _, t := range []string{"vulnerability_handles", "affected_package_handles", "packages", "operating_systems", "blobs"} {
		if err := d.plain(t); err != nil {
			return err
		}
	}
	d.unaffected = d.plain("unaffected_package_handles") == nil // since 6.1.1
	// since 6.0.3
	return d.conn.QueryRowContext(d.ctx, "SELECT count(*) > 0 FROM pragma_table_info('operating_systems') WHERE name = 'channel'").Scan(&d.channel)
}

func (d *DB) schema() error {
	if err := d.plain("db_metadata"); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return &SchemaError{}
		}
		return err
	}
	var model, revision, addition int
	err := d.conn.QueryRowContext(d.ctx, "SELECT model, revision, addition FROM db_metadata LIMIT 1").Scan(&model, &revision, &addition)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return &SchemaError{}
	case err != nil:
		return err
	case model != Model:
		return &SchemaError{fmt.Sprintf("%d.%d.%d", model, revision, addition)}
	}
	return nil
}

// plain refuses what is not a table of values: to read a view, a virtual table or a computed column would run what the
// author of the file wrote. It wraps [sql.ErrNoRows] where there is no such table.
func (d *DB) plain(table string) error {
	var kind, text string
	var root int64
	err := d.conn.QueryRowContext(d.ctx, "SELECT type, rootpage, sql FROM sqlite_schema WHERE name = ?", table).Scan(&kind, &root, &text)
	if err != nil {
		return fmt.Errorf("the table %s: %w", table, err)
	}
	upper := strings.ToUpper(text)
	if kind != "table" || root <= 0 || strings.Contains(upper, "GENERATED") || strings.Contains(upper, " AS ") || strings.Contains(upper, " AS(") {
		return fmt.Errorf("the table %s is not one that Grype makes", table)
	}
	return nil
}
