// Package grypefile makes databases in the form of Grype's, schema 6, for tests.
package grypefile

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver

	"landwaiter.dev/internal/grypedb"
)

// Schema is what the tables look like; those that are not read are left out.
const Schema = `
CREATE TABLE blobs (id integer, value text NOT NULL, PRIMARY KEY (id));
CREATE TABLE db_metadata (build_timestamp datetime NOT NULL, model integer NOT NULL, revision integer NOT NULL, addition integer NOT NULL);
CREATE TABLE providers (id text, version text, processor text, date_captured datetime, input_digest text, PRIMARY KEY (id));
CREATE TABLE vulnerability_handles (id integer PRIMARY KEY AUTOINCREMENT, name text NOT NULL, status text NOT NULL, published_date datetime,
	modified_date datetime, withdrawn_date datetime, provider_id text NOT NULL, blob_id integer,
	CONSTRAINT fk_vulnerability_handles_provider FOREIGN KEY (provider_id) REFERENCES providers (id));
CREATE TABLE packages (id integer PRIMARY KEY AUTOINCREMENT, ecosystem text, name text);
CREATE TABLE operating_systems (id integer PRIMARY KEY AUTOINCREMENT, name text, release_id text, major_version text, minor_version text,
	label_version text, codename text, channel text, eol_date datetime, eoas_date datetime);
CREATE TABLE affected_package_handles (id integer PRIMARY KEY AUTOINCREMENT, vulnerability_id integer NOT NULL, operating_system_id integer, package_id integer, blob_id integer);
CREATE TABLE unaffected_package_handles (id integer PRIMARY KEY AUTOINCREMENT, vulnerability_id integer NOT NULL, operating_system_id integer, package_id integer, blob_id integer);
`

// Bytes is a database of these vulnerabilities with the schema 6.1.9.
func Bytes(t testing.TB, list ...grypedb.Vulnerability) []byte {
	t.Helper()
	return Made(t, func(db *sql.DB) error {
		if _, err := db.Exec(Schema + "INSERT INTO db_metadata VALUES ('2026-09-28 06:42:30+00:00', 6, 1, 9)"); err != nil {
			return err
		}
		for i := range list {
			if err := insert(db, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Made is a SQLite file that fill has made.
func Made(t testing.TB, fill func(*sql.DB) error) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "vulnerability.db")
	db, err := sql.Open("sqlite", name)
	if err == nil {
		db.SetMaxOpenConns(1)
		err = fill(db)
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func insert(db *sql.DB, v *grypedb.Vulnerability) error {
	id := func(query string, args ...any) (int64, error) {
		r, err := db.Exec(query, args...)
		if err != nil {
			return 0, err
		}
		return r.LastInsertId()
	}
	blob := func(b []byte) (any, error) {
		if b == nil {
			return nil, nil
		}
		return id("INSERT INTO blobs (value) VALUES (?)", string(b))
	}
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	ref, err := blob(v.Blob)
	if err != nil {
		return err
	}
	of, err := id("INSERT INTO vulnerability_handles (name, status, published_date, modified_date, withdrawn_date, provider_id, blob_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
		v.Name, v.Status, orNull(v.Published), orNull(v.Modified), orNull(v.Withdrawn), v.Provider, ref)
	if err != nil {
		return err
	}
	for _, p := range v.Packages {
		pkg, err := id("INSERT INTO packages (ecosystem, name) VALUES (?, ?)", p.Ecosystem, p.Name)
		if err != nil {
			return err
		}
		var system any
		if s := p.System; s != nil {
			if system, err = id("INSERT INTO operating_systems (name, major_version, minor_version, label_version, channel) VALUES (?, ?, ?, ?, ?)",
				s.Name, s.Major, s.Minor, s.Label, s.Channel); err != nil {
				return err
			}
		}
		if ref, err = blob(p.Blob); err != nil {
			return err
		}
		table := "affected_package_handles"
		if p.Unaffected {
			table = "unaffected_package_handles"
		}
		if _, err := id("INSERT INTO "+table+" (vulnerability_id, operating_system_id, package_id, blob_id) VALUES (?, ?, ?, ?)", of, system, pkg, ref); err != nil {
			return err
		}
	}
	return nil
}
