package rpmdb_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/internal/rpmdb"
	"landwaiter.dev/internal/testkit/rpmdbtest"
)

func TestHeaderValues(t *testing.T) {
	t.Parallel()
	blob := rpmdbtest.Header(rpmdbtest.Values{
		rpmdb.Name: "a", rpmdb.BaseNames: []string{"x", "", "z"}, rpmdb.FileModes: []uint16{0o100644, 0o40755},
		rpmdb.Epoch: []uint32{3}, rpmdb.LongSize: []uint64{1 << 40}, rpmdb.FileStates: []byte{0, 2},
	})
	for name, blob := range map[string][]byte{
		"as in a database":     blob,
		"as in a package file": append([]byte{0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0}, blob...),
	} {
		h, err := rpmdb.ParseHeader(blob)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := []any{
			h.String(rpmdb.Name), h.String(rpmdb.Version), h.Strings(rpmdb.BaseNames), h.Count(rpmdb.BaseNames),
			h.Integers(rpmdb.FileModes).Len(), h.Integers(rpmdb.FileModes).At(1), h.Integers(rpmdb.FileModes).At(2),
			h.Integers(rpmdb.Epoch).At(0), h.Integers(rpmdb.LongSize).At(0), h.Integers(rpmdb.Size).Len(), h.Bytes(rpmdb.FileStates),
		}
		want := []any{"a", "", []string{"x", "", "z"}, 3, 2, uint64(0o40755), uint64(0), uint64(3), uint64(1 << 40), 0, []byte{0, 2}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestHeaderLies changes the index of one value so that it points out of the store or counts too much: the value is
// absent, nothing else happens.
func TestHeaderLies(t *testing.T) {
	t.Parallel()
	be := binary.BigEndian
	for name, change := range map[string]func(entry []byte){
		"offset":          func(e []byte) { be.PutUint32(e[8:], 1<<31) },
		"offset past end": func(e []byte) { be.PutUint32(e[8:], 1000) },
		"count":           func(e []byte) { be.PutUint32(e[12:], 1<<32-1) },
		"count of few":    func(e []byte) { be.PutUint32(e[12:], 12) },
		"no count":        func(e []byte) { be.PutUint32(e[12:], 0) },
		"type":            func(e []byte) { be.PutUint32(e[4:], 99) },
	} {
		blob := rpmdbtest.Header(rpmdbtest.Values{rpmdb.BaseNames: []string{"x", "y"}})
		change(blob[8:24])
		h, err := rpmdb.ParseHeader(blob)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := h.Strings(rpmdb.BaseNames); got != nil {
			t.Errorf("%s: got %q", name, got)
		}
		if got := h.Integers(rpmdb.BaseNames).Len(); got != 0 {
			t.Errorf("%s: %d integers", name, got)
		}
	}
}

// TestLaterValueCounts reads a header to which rpm appended a changed value.
func TestLaterValueCounts(t *testing.T) {
	t.Parallel()
	blob := rpmdbtest.Header(rpmdbtest.Values{rpmdb.Name: "old", rpmdb.Version: "new"})
	binary.BigEndian.PutUint32(blob[8+16:], uint32(rpmdb.Name))
	h, err := rpmdb.ParseHeader(blob)
	if err != nil || h.String(rpmdb.Name) != "new" {
		t.Errorf("got %q, %v", h.String(rpmdb.Name), err)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add(header("a"))
	f.Add(rpmdbtest.Header(rpmdbtest.Values{rpmdb.BaseNames: []string{"a", "b"}, rpmdb.FileModes: []uint16{1, 2}, rpmdb.FileStates: []byte{1}}))
	for blob := range rpmdb.Blobs(bytes.NewReader(fixture(f, "sle15-one.ndb.gz")), 8256) {
		f.Add(bytes.Clone(blob))
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		h, err := rpmdb.ParseHeader(blob)
		if err != nil {
			return
		}
		for _, tag := range []rpmdb.Tag{rpmdb.Name, rpmdb.BaseNames, rpmdb.FileModes, rpmdb.FileStates, rpmdb.LongSize} {
			size := len(h.String(tag)) + len(h.Bytes(tag))
			for _, s := range h.Strings(tag) {
				size += len(s)
			}
			n := h.Integers(tag)
			for i := range n.Len() {
				n.At(i)
			}
			if size > 3*len(blob) || n.Len() > len(blob) {
				t.Errorf("tag %d yields more than the header holds", tag)
			}
		}
	})
}

// fuzzBlobs checks the promise of Blobs: no more bytes than the file has.
func fuzzBlobs(t *testing.T, db []byte) {
	total := 0
	for blob, err := range rpmdb.Blobs(bytes.NewReader(db), int64(len(db))) {
		if err == nil {
			total += len(blob)
			_, _ = rpmdb.ParseHeader(blob)
		}
	}
	if total > len(db) {
		t.Errorf("%d bytes yield %d", len(db), total)
	}
}

func FuzzBDB(f *testing.F) {
	f.Add(rpmdbtest.BDB(binary.LittleEndian, header("a"), header("b")))
	f.Add(rpmdbtest.BDB(binary.BigEndian, header("a")))
	f.Add(fixture(f, "libuuid.bdb.gz")[:12<<10])
	f.Fuzz(fuzzBlobs)
}

func FuzzNDB(f *testing.F) {
	f.Add(rpmdbtest.NDB(header("a"), header("b")))
	f.Add(fixture(f, "sle15-one.ndb.gz"))
	f.Fuzz(fuzzBlobs)
}

func FuzzSQLite(f *testing.F) {
	f.Add(sqliteFile(f, "PRAGMA page_size=512", "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)",
		"INSERT INTO Packages VALUES (1, zeroblob(100)), (2, zeroblob(2000))"))
	f.Fuzz(fuzzBlobs)
}
