// Package spool keeps contents that are too large for memory in temporary files whose bytes, over the whole process,
// never exceed a budget. A file has no name once it is open, so that nothing is left behind, not even after SIGKILL.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sync/semaphore"
)

// ErrTooLarge says that a content can never fit the budget.
var ErrTooLarge = errors.New("larger than the whole spool")

// ErrClosed is what reading a closed file gives.
var ErrClosed = os.ErrClosed

// Pool hands out files within one budget. It is safe for concurrent use.
type Pool struct {
	dir   string
	total int64
	sem   *semaphore.Weighted
}

// New returns a pool of at most total bytes below dir; "" is the system's directory for temporary files.
func New(dir string, total int64) *Pool {
	return &Pool{dir: dir, total: total, sem: semaphore.NewWeighted(total)}
}

// Create opens a file for exactly size bytes. It waits until the budget has room and ends early with the context.
func (p *Pool) Create(ctx context.Context, size int64) (*File, error) {
	if size > p.total {
		return nil, ErrTooLarge
	}
	if err := p.sem.Acquire(ctx, size); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(p.dir, "landwaiter-spool-*")
	if err != nil {
		p.sem.Release(size)
		return nil, fmt.Errorf("opening a temporary file: %w", err)
	}
	// The content lives as long as the descriptor. Where an open file cannot be removed, Close does it.
	removed := os.Remove(f.Name()) == nil
	return &File{f: f, left: size, size: size, pool: p, removed: removed}, nil
}

// File is one content, written once from its start and then read at will.
type File struct {
	f       *os.File
	pool    *Pool
	size    int64
	left    int64
	removed bool
	closed  bool
}

// Write appends; more than the size asked for is an error.
func (f *File) Write(p []byte) (int, error) {
	if int64(len(p)) > f.left {
		return 0, io.ErrShortWrite
	}
	n, err := f.f.Write(p)
	f.left -= int64(n)
	return n, err
}

// ReadAt reads what was written; after Close it fails.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.f.ReadAt(p, off) }

// Close gives the space back.
func (f *File) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	err := f.f.Close()
	if !f.removed {
		err = errors.Join(err, os.Remove(f.f.Name()))
	}
	f.pool.sem.Release(f.size)
	return err
}
