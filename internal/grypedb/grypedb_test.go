package grypedb_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landwaiter.dev/internal/grypedb"
	"landwaiter.dev/internal/testkit/grypefile"
)

func open(t testing.TB, data []byte) (*grypedb.DB, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a b?c#.db") // what must not be read as part of an address
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := grypedb.Open(name)
	if err == nil {
		t.Cleanup(func() { db.Close() })
	}
	return db, err
}

func rows(db *grypedb.DB) (list []grypedb.Vulnerability, err error) {
	for v, failed := range db.Vulnerabilities() {
		if failed != nil {
			return list, failed
		}
		list = append(list, *v)
	}
	return list, nil
}

func TestRowsComeByProviderAndName(t *testing.T) {
	t.Parallel()
	noble := &grypedb.System{Name: "ubuntu", Major: "24", Minor: "4"}
	list := []grypedb.Vulnerability{
		{Name: "GHSA-b", Provider: "github", Status: "active", Published: "2024-03-05 00:00:00+00:00", Blob: []byte(`{"id":"GHSA-b"}`),
			Packages: []grypedb.Package{{Ecosystem: "python", Name: "x", Blob: []byte(`{"ranges":[]}`)}, {Ecosystem: "python", Name: "y"}}},
		{Name: "CVE-2024-0001", Provider: "ubuntu", Status: "active", Modified: "2024-03-06 01:02:03.5+00:00",
			Packages: []grypedb.Package{{Ecosystem: "deb", Name: "curl", System: noble}, {Ecosystem: "deb", Name: "wget", System: noble, Unaffected: true}}},
		{Name: "CVE-2024-0001", Provider: "debian", Status: "rejected", Withdrawn: "2024-03-07 00:00:00+00:00"},
		{Name: "CVE-2024-0001", Provider: "ubuntu", Status: "", Packages: []grypedb.Package{{Ecosystem: "deb", Name: "curl", System: &grypedb.System{Name: "ubuntu", Label: "x", Channel: "esm"}}}},
	}
	db, err := open(t, grypefile.Bytes(t, list...))
	if err != nil {
		t.Fatal(err)
	}
	got, err := rows(db)
	if err != nil {
		t.Fatal(err)
	}
	want := []grypedb.Vulnerability{list[2], list[0], list[1], list[3]}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(grypedb.Vulnerability{}, "ID")); diff != "" {
		t.Error(diff)
	}
	for range db.Vulnerabilities() {
		break // whoever has enough may stop
	}
}

func TestOlderSchemasAreRead(t *testing.T) {
	t.Parallel()
	old := strings.Replace(grypefile.Schema, "codename text, channel text,", "codename text,", 1) // 6.0.2
	old = old[:strings.Index(old, "CREATE TABLE unaffected")]
	db, err := open(t, grypefile.Made(t, func(db *sql.DB) error {
		_, err := db.Exec(old + `INSERT INTO db_metadata VALUES ('', 6, 0, 2); INSERT INTO packages VALUES (1, 'deb', 'curl'); INSERT INTO operating_systems (id, name, major_version) VALUES (1, 'debian', '12');
			INSERT INTO vulnerability_handles (name, status, provider_id) VALUES ('CVE-2024-0001', 'active', 'debian'); INSERT INTO affected_package_handles VALUES (1, 1, 1, 1, NULL)`)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := rows(db)
	want := []grypedb.Vulnerability{{ID: 1, Name: "CVE-2024-0001", Provider: "debian", Status: "active",
		Packages: []grypedb.Package{{Ecosystem: "deb", Name: "curl", System: &grypedb.System{Name: "debian", Major: "12"}}}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestWhatIsNoDatabaseOfSchema6(t *testing.T) {
	t.Parallel()
	whole := grypefile.Bytes(t)
	made := func(text string) []byte {
		return grypefile.Made(t, func(db *sql.DB) error { _, err := db.Exec(text); return err })
	}
	meta := "INSERT INTO db_metadata VALUES ('', 6, 1, 9);"
	for _, c := range []struct {
		name   string
		data   []byte
		schema bool
		want   string
	}{
		{"schema 5", made(strings.Replace(grypefile.Schema+meta, "6, 1, 9", "5, 0, 0", 1)), true, "its schema is 5.0.0, and 6 is what is read here"},
		{"schema 7", made(strings.Replace(grypefile.Schema+meta, "6, 1, 9", "7, 0, 1", 1)), true, "its schema is 7.0.1"},
		{"no version", made(grypefile.Schema), true, "no schema version"},
		{"another database", made("CREATE TABLE x (y)"), true, "no schema version"},
		{"a table is missing", made(strings.Replace(grypefile.Schema+meta, "TABLE blobs", "TABLE globs", 1)), false, "the table blobs"},
		{"a view for a table", made(strings.Replace(grypefile.Schema+meta, "TABLE blobs", "TABLE globs", 1) + "CREATE VIEW blobs AS SELECT 1 AS id, 'x' AS value"), false, "is not one that Grype makes"},
		{"a computed column", made(strings.Replace(grypefile.Schema+meta, "value text NOT NULL", "value text GENERATED ALWAYS AS (hex(zeroblob(1000))) VIRTUAL", 1)), false, "is not one that Grype makes"},
		{"empty", nil, true, "no schema version"},
		{"no database", []byte(strings.Repeat("x", 8192)), false, "not a database"},
		{"cut", whole[:len(whole)/2], false, ""},
	} {
		db, err := open(t, c.data)
		if err == nil && c.want == "" { // what is cut may only show when it is read
			_, err = rows(db)
		}
		_, isSchema := errors.AsType[*grypedb.SchemaError](err)
		if err == nil || !strings.Contains(err.Error(), c.want) || isSchema != c.schema {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := grypedb.Open(filepath.Join(t.TempDir(), "none.db")); err == nil {
		t.Error("a file that is not there was opened")
	}
}

// FuzzOpen: a damaged database is an error, and reading it ends.
func FuzzOpen(f *testing.F) {
	whole := grypefile.Bytes(f, grypedb.Vulnerability{Name: "CVE-2024-0001", Provider: "debian", Blob: []byte("{}"), Packages: []grypedb.Package{{Ecosystem: "deb", Name: "x"}}})
	f.Add(whole, 100, byte(1))
	f.Add(whole, 4096+8, byte(255))
	f.Fuzz(func(t *testing.T, data []byte, at int, change byte) {
		if len(data) > 1<<20 {
			return
		}
		if at >= 0 && at < len(data) {
			data = bytes.Clone(data)
			data[at] ^= change
		}
		if db, err := open(t, data); err == nil {
			rows(db)
		}
	})
}
