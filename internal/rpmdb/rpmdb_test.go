package rpmdb_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/internal/rpmdb"
	"landwaiter.dev/internal/testkit/rpmdbtest"
)

// fixture unpacks a file of testdata.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// read is all that a database says: the packages' names and versions, and the errors.
func read(db []byte) (packages []string, problems []string) {
	for blob, err := range rpmdb.Blobs(bytes.NewReader(db), int64(len(db))) {
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		h, err := rpmdb.ParseHeader(blob)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		packages = append(packages, h.String(rpmdb.Name)+" "+h.String(rpmdb.Version))
	}
	return packages, problems
}

func header(name string) []byte {
	return rpmdbtest.Header(rpmdbtest.Values{
		rpmdb.Name: name, rpmdb.Version: "1", rpmdb.License: strings.Repeat("x", 5000),
	})
}

func TestDatabasesOfEachFormat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		db   []byte
		want []string
	}{
		{"Berkeley DB of RHEL 8", fixture(t, "libuuid.bdb.gz"), []string{"libuuid 2.32.1"}},
		{"NDB of SLE 15", fixture(t, "sle15-one.ndb.gz"), []string{"system-user-root 20190513"}},
		{"SQLite by rpm 4.18", fixture(t, "demo.sqlite.gz"), []string{"demo 1.0", "libdemo 7.2"}},
		{"Berkeley DB, little-endian", rpmdbtest.BDB(binary.LittleEndian, header("a"), header("b")), []string{"a 1", "b 1"}},
		{"Berkeley DB, big-endian", rpmdbtest.BDB(binary.BigEndian, header("a"), header("b")), []string{"a 1", "b 1"}},
		{"NDB", rpmdbtest.NDB(header("a"), header("b"), header("c")), []string{"a 1", "b 1", "c 1"}},
		{"NDB without packages", rpmdbtest.NDB(), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, problems := read(tt.db)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
			if problems != nil {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}

// TestDamagedDatabases shows that damage costs what it touches, is told, and never hangs or panics.
func TestDamagedDatabases(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	const page = 4096
	bdb := func(change func(db []byte)) []byte {
		db := rpmdbtest.BDB(le, header("a"), header("b"))
		change(db)
		return db
	}
	ndb := func(change func(db []byte)) []byte {
		db := rpmdbtest.NDB(header("a"), header("b"))
		change(db)
		return db
	}
	for _, tt := range []struct {
		name    string
		db      []byte
		want    []string
		problem string
	}{
		{"empty", nil, nil, "not an rpm database"},
		{"no database", []byte("#!/bin/sh\necho a script of some length\n"), nil, "not an rpm database"},

		{"BDB: only the magic", bdb(func([]byte) {})[:40], nil, "unexpected EOF"},
		{"BDB: page size", bdb(func(db []byte) { le.PutUint32(db[20:], 3) }), nil, "page size of 3 bytes"},
		{"BDB: encrypted", bdb(func(db []byte) { db[24] = 1 }), nil, "encrypted"},
		{"BDB: cut", bdb(func([]byte) {})[:5*page+100], []string{"a 1"}, "outside of the file"},
		{"BDB: item outside", bdb(func(db []byte) { le.PutUint16(db[page+28:], 0xffff) }), []string{"b 1"}, "outside of the page"},
		{"BDB: odd items", bdb(func(db []byte) { le.PutUint16(db[page+20:], 0xffff) }), []string{"b 1"}, "do not fit"},
		{"BDB: chain runs in a circle", bdb(func(db []byte) { le.PutUint32(db[3*page+16:], 2) }), []string{"b 1"}, "belongs to two values"},
		{"BDB: chain of another value", bdb(func(db []byte) { le.PutUint32(db[2*page+16:], 6) }), []string{"a 1"}, "belongs to two values"},
		{"BDB: chain to nowhere", bdb(func(db []byte) { le.PutUint32(db[2*page+16:], 1<<30) }), []string{"b 1"}, "outside of the file"},
		{"BDB: chain into a hash page", bdb(func(db []byte) { le.PutUint32(db[2*page+16:], 1) }), []string{"b 1"}, "no overflow page"},
		{"BDB: a value of 4 GiB", bdb(func(db []byte) { le.PutUint32(db[2*page-17+8:], 1<<32-1) }), []string{"b 1"}, "longer than"},
		{"BDB: a value longer than the file", bdb(func(db []byte) { le.PutUint32(db[2*page-17+8:], 1<<20) }), []string{"b 1"}, "more than the whole file"},
		{"BDB: unknown kind of item", bdb(func(db []byte) { db[2*page-17] = 9 }), []string{"b 1"}, "type 9"},

		{"NDB: version", ndb(func(db []byte) { db[4] = 7 }), nil, "version 7"},
		{"NDB: slots", ndb(func(db []byte) { le.PutUint32(db[12:], 1<<30) }), nil, "do not fit"},
		{"NDB: slot", ndb(func(db []byte) { db[48] = 'x' }), []string{"a 1"}, "damaged"},
		{"NDB: checksum", ndb(func(db []byte) { db[4096+100] ^= 1 }), []string{"b 1"}, "checksum"},
		{"NDB: head", ndb(func(db []byte) { db[4096] ^= 1 }), []string{"b 1"}, "no head"},
		{"NDB: length", ndb(func(db []byte) { le.PutUint32(db[4096+12:], 1<<31) }), []string{"b 1"}, "too short"},
		{"NDB: outside", ndb(func(db []byte) { le.PutUint32(db[32+8:], 1<<31) }), []string{"b 1"}, "outside of the file"},
		{"NDB: blocks", ndb(func(db []byte) { le.PutUint32(db[32+12:], 1<<31) }), []string{"b 1"}, "outside of the file"},

		{"SQLite: only the magic", []byte("SQLite format 3\x00"), nil, "ends inside its header"},
		{"SQLite: random", append([]byte("SQLite format 3\x00"), bytes.Repeat([]byte{0x5a}, 5000)...), nil, "SQLite:"},
		{"SQLite: cut", fixture(t, "demo.sqlite.gz")[:20000], nil, "malformed"},
		{"header: empty", rpmdbtest.NDB(nil, header("b")), []string{"b 1"}, "shorter than its own head"},
		{"header: counts", rpmdbtest.NDB(bytes.Repeat([]byte{0xff}, 64), header("b")), []string{"b 1"}, "not valid"},
		{"header: cut", rpmdbtest.NDB(header("a")[:400], header("b")), []string{"b 1"}, "do not fit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, problems := read(tt.db)
			if len(got) != len(tt.want) || len(got) > 0 && !cmp.Equal(tt.want, got) {
				t.Errorf("packages: got %q, want %q", got, tt.want)
			}
			if !strings.Contains(strings.Join(problems, "\n"), tt.problem) {
				t.Errorf("problems: got %q, want %q among them", problems, tt.problem)
			}
		})
	}
}

// TestOverlapsAreRefused shows that a database cannot make its reader do more than the file's size is worth: here
// thousands of slots name blobs that lie inside one another.
func TestOverlapsAreRefused(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	db := rpmdbtest.NDB(bytes.Repeat([]byte{1}, 1<<20))
	big := append([]byte(nil), db[4096:]...)
	pages := uint32(64)
	db = append(db[:4096], make([]byte, (pages-1)*4096)...)
	le.PutUint32(db[12:], pages)
	for at, i := 32, uint32(1); at < len(db); at, i = at+16, i+1 {
		copy(db[at:], "Slot")
		le.PutUint32(db[at+4:], i)
		le.PutUint32(db[at+8:], uint32(len(db)/16)+i)
		le.PutUint32(db[at+12:], uint32(len(big)/16)-i)
	}
	db = append(db, big...)
	packages, problems := read(db)
	if packages != nil || len(problems) < 1000 {
		t.Errorf("got %d packages and %d problems", len(packages), len(problems))
	}
	if last := problems[len(problems)-1]; !strings.Contains(last, "add up to more than the whole file") {
		t.Errorf("the last problem is %q", last)
	}
}

func TestCallerMayStop(t *testing.T) {
	t.Parallel()
	for _, db := range [][]byte{rpmdbtest.NDB(header("a"), header("b")), rpmdbtest.BDB(binary.LittleEndian, header("a"), header("b")), fixture(t, "demo.sqlite.gz")} {
		n := 0
		for range rpmdb.Blobs(bytes.NewReader(db), int64(len(db))) {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%d headers in place of 1", n)
		}
	}
}
