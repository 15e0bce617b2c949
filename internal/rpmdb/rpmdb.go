// Package rpmdb reads rpm's package database in its three formats: Berkeley DB hash (Packages), NDB (Packages.db) and
// SQLite (rpmdb.sqlite). It yields rpm headers and decodes them.
//
// The database comes from an image and may be damaged or hostile: every reader takes time in proportion to the file's
// size, whatever the file says, and holds one header at a time. Nothing is written and no path is opened.
package rpmdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Bounds of a database.
const (
	// maxBlob is the longest header that is read. rpm itself refuses more.
	maxBlob = 256 << 20
	// maxBlobs is how many headers are read from one database.
	maxBlobs = 100_000
	// maxSQLite is the largest SQLite database, which unlike the others is held in memory.
	maxSQLite = 256 << 20
)

// ErrFormat says that a file is no rpm database of a known format.
var ErrFormat = errors.New("not an rpm database of a known format (Berkeley DB hash, NDB or SQLite)")

// errBudget ends the reading of a database whose parts overlap so as to be read again and again.
var errBudget = errors.New("headers overlap or repeat: they add up to more than the whole file")

// Blobs yields the headers of the database in r, which is size bytes long, for [ParseHeader]. A yielded slice is valid
// until the next one. An error stands for one header that could not be read, or, as the last one, for the rest of the
// database. The format is told from the first bytes.
func Blobs(r io.ReaderAt, size int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var head [32]byte
		n, err := r.ReadAt(head[:min(size, int64(len(head)))], 0)
		if err != nil && err != io.EOF {
			yield(nil, fmt.Errorf("reading the rpm database: %w", err))
			return
		}
		out := &output{yield: yield, budget: size}
		switch start := head[:n]; {
		case isSQLite(start):
			err = readSQLite(r, size, out)
		case isNDB(start):
			err = readNDB(r, size, out)
		case isBDB(start):
			err = readBDB(r, size, out)
		default:
			err = ErrFormat
		}
		if err != nil && err != errStopped {
			out.yield(nil, err)
		}
	}
}

// errStopped says that the caller of Blobs wants no more.
var errStopped = errors.New("stopped")

// output hands headers on and counts what they cost.
type output struct {
	yield  func([]byte, error) bool
	budget int64 // bytes of headers that may still be yielded
	count  int
}

// take reserves n bytes; called before they are read.
func (o *output) take(n int64) error {
	if n < 0 || n > maxBlob {
		return fmt.Errorf("a header of %d bytes is longer than the %d that rpm allows", n, maxBlob)
	}
	if n > o.budget {
		return errBudget
	}
	o.budget -= n
	if o.count++; o.count > maxBlobs {
		return fmt.Errorf("more than %d packages", maxBlobs)
	}
	return nil
}

func (o *output) blob(b []byte) error {
	if !o.yield(b, nil) {
		return errStopped
	}
	return nil
}

// lost reports one header that could not be read.
func (o *output) lost(format string, args ...any) error {
	if o.count++; o.count > maxBlobs {
		return fmt.Errorf("more than %d packages", maxBlobs)
	}
	if !o.yield(nil, fmt.Errorf(format, args...)) {
		return errStopped
	}
	return nil
}

// readAt fills b from r or says that the file ends too early.
func readAt(r io.ReaderAt, b []byte, off int64) error {
	if n, err := r.ReadAt(b, off); n < len(b) {
		if err == io.EOF || err == nil {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("reading %d bytes at %d: %w", len(b), off, err)
	}
	return nil
}

// grow returns a slice of n bytes, reusing b.
func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n, n+n/4)
	}
	return b[:n]
}

var le = binary.LittleEndian
