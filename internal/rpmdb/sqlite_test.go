package rpmdb_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// sqliteFile runs statements and returns the database as a file.
func sqliteFile(t testing.TB, statements ...string) []byte {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var file []byte
	if err := conn.Raw(func(c any) error {
		file, err = c.(interface{ Serialize() ([]byte, error) }).Serialize()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestSQLiteRunsNothing shows that what a hostile schema would compute is never run.
func TestSQLiteRunsNothing(t *testing.T) {
	t.Parallel()
	const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n)"
	for name, statement := range map[string]string{
		"another table":     "CREATE TABLE packages_of_mine (hnum INTEGER, blob BLOB)",
		"an endless view":   "CREATE VIEW Packages AS " + endless + " SELECT i AS hnum, zeroblob(16) AS blob FROM n",
		"a computed column": "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob AS (zeroblob(100000000)))",
		"a virtual table":   "CREATE VIRTUAL TABLE Packages USING fts5(hnum, blob)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			packages, problems := read(sqliteFile(t, statement))
			if packages != nil || len(problems) != 1 || !strings.Contains(problems[0], "table of packages") {
				t.Errorf("got packages %q, problems %q", packages, problems)
			}
		})
	}
}

// TestSQLiteSharedPages reads a tree whose inner pages name the same child again and again: 8 kB that hold, if one
// believes them, tens of thousands of packages.
func TestSQLiteSharedPages(t *testing.T) {
	t.Parallel()
	be := binary.BigEndian
	statements := []string{"PRAGMA page_size=512", "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)"}
	for i := range 60 {
		statements = append(statements, fmt.Sprintf("INSERT INTO Packages VALUES (%d, x'%s')", i+1, strings.Repeat("00", 100)))
	}
	file := sqliteFile(t, statements...)
	page := func(no uint32) []byte { return file[(no-1)*512 : no*512] }
	root := page(2)
	if root[0] != 5 {
		t.Fatalf("page 2 is of kind %d: not the inner page that this test wants", root[0])
	}
	point := func(inner []byte, child uint32) {
		for i := range int(be.Uint16(inner[3:])) {
			be.PutUint32(inner[be.Uint16(inner[12+2*i:]):], child)
		}
		be.PutUint32(inner[8:], child)
	}
	first, second := uint32(3), uint32(4) // leaves; all inner pages are made of the root
	copy(page(second), root)
	point(page(second), first)
	point(root, second)
	_, problems := read(file)
	if len(problems) == 0 || !strings.Contains(problems[len(problems)-1], "more than the whole file") {
		t.Errorf("problems: %q", problems)
	}
}
