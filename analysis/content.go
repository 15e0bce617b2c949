package analysis

import (
	"context"
	"errors"
	"io"
	"math/bits"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"landwaiter.dev/internal/spool"
)

// contents holds the bytes of files while cataloguers look at them, within the budgets of the process.
type contents struct {
	memory *semaphore.Weighted
	spool  *spool.Pool
	// pools recycle buffers; pool i has those of 1<<i bytes.
	pools [32]sync.Pool
	// chunks recycles the buffers of streams.
	chunks sync.Pool
}

func newContents(lim *Limits, dir string) *contents {
	return &contents{memory: semaphore.NewWeighted(max(lim.Memory, lim.MemoryFile)), spool: spool.New(dir, lim.Spool)}
}

// content is one file's bytes, in memory or in a spooled file. Its owner calls free or abandon, once.
type content struct {
	from  *contents
	bytes []byte
	file  *spool.File
	gone  atomic.Bool
}

// inMemory waits for the budget and returns a buffer of size bytes.
func (c *contents) inMemory(ctx context.Context, size int64) (*content, error) {
	if err := c.memory.Acquire(ctx, size); err != nil {
		return nil, err
	}
	class := bits.Len64(uint64(max(size, 4*kib) - 1))
	if b, ok := c.pools[class].Get().(*[]byte); ok {
		return &content{from: c, bytes: (*b)[:size]}, nil
	}
	return &content{from: c, bytes: make([]byte, size, 1<<class)}, nil
}

// onDisk waits for the budget and returns a temporary file for size bytes. [spool.ErrTooLarge] is for the caller.
func (c *contents) onDisk(ctx context.Context, size int64) (*content, error) {
	f, err := c.spool.Create(ctx, size)
	if err != nil {
		return nil, err
	}
	return &content{from: c, file: f}, nil
}

// free gives memory and file back.
func (c *content) free() {
	if c.file != nil {
		c.file.Close()
		return
	}
	c.gone.Store(true)
	c.from.memory.Release(int64(len(c.bytes)))
	b := c.bytes[:0:cap(c.bytes)]
	c.from.pools[bits.Len64(uint64(cap(b)-1))].Put(&b)
}

// abandon ends the use by a cataloguer that does not come back: its reads fail from now on, and what it may still
// look at is not used again.
func (c *content) abandon() {
	if c.file != nil {
		c.file.Close()
		return
	}
	c.gone.Store(true)
	c.from.memory.Release(int64(len(c.bytes)))
}

// ReadAt implements [io.ReaderAt] for cataloguers.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if c.file != nil {
		return c.file.ReadAt(p, off)
	}
	switch {
	case c.gone.Load():
		return 0, os.ErrClosed
	case off < 0:
		return 0, errors.New("negative offset")
	case off >= int64(len(c.bytes)):
		return 0, io.EOF
	}
	n := copy(p, c.bytes[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
