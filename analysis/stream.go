package analysis

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"sync"
)

// chunkSize is the unit in which a decompressed layer goes from one stage to the next. It fits a core's cache with
// room for what the stages themselves need.
const chunkSize = 256 * kib

type chunk struct {
	data *[chunkSize]byte
	n    int
	err  error
}

// stream is the uncompressed layer. A stage of its own reads, decompresses and hashes, so that where a core is free
// the tar can be walked meanwhile. It is read by one goroutine.
type stream struct {
	in   chan chunk
	stop context.CancelFunc
	done chan struct{}
	pool *sync.Pool
	// now is the chunk being read, left what of it is unread.
	now  *[chunkSize]byte
	left []byte
	err  error
	// hash and total are complete once Read has returned io.EOF. There is no hash when the caller needs none.
	hash  hash.Hash
	total int64
}

// newStream starts the stage with buffers of the pool. check is called with the running total and may end the stream.
func newStream(ctx context.Context, r io.Reader, pool *sync.Pool, hashed bool, check func(total int64) error) *stream {
	ctx, stop := context.WithCancel(ctx)
	s := &stream{in: make(chan chunk, 4), stop: stop, done: make(chan struct{}), pool: pool}
	if hashed {
		s.hash = sha256.New()
	}
	go s.fill(ctx, r, check)
	return s
}

func (s *stream) fill(ctx context.Context, r io.Reader, check func(int64) error) {
	defer close(s.done)
	defer close(s.in)
	total := int64(0)
	for {
		c := chunk{data: s.buffer()}
		c.n, c.err = readFull(r, c.data[:])
		if s.hash != nil {
			s.hash.Write(c.data[:c.n])
		}
		total += int64(c.n)
		if c.err == nil || c.err == io.EOF {
			if err := check(total); err != nil {
				c.err = err
			}
		}
		if c.err == nil {
			c.err = ctx.Err()
		}
		select {
		case s.in <- c:
		case <-ctx.Done():
			s.pool.Put(c.data)
			return
		}
		if c.err != nil {
			return
		}
	}
}

func (s *stream) buffer() *[chunkSize]byte {
	if b, ok := s.pool.Get().(*[chunkSize]byte); ok {
		return b
	}
	return new([chunkSize]byte)
}

// readFull fills p unless the stream ends or fails before.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = r.Read(p[n:])
		n += k
	}
	return n, err
}

// Read gives the bytes of the layer.
func (s *stream) Read(p []byte) (int, error) {
	for len(s.left) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		if s.now != nil {
			s.pool.Put(s.now)
			s.now = nil
		}
		c, ok := <-s.in
		if !ok {
			s.err = context.Canceled
			return 0, s.err
		}
		s.now, s.left, s.err = c.data, c.data[:c.n], c.err
		s.total += int64(c.n)
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// drain reads to the true end and says whether anything but zeros was left.
func (s *stream) drain() (more bool, err error) {
	for {
		if !more {
			for _, b := range s.left {
				if b != 0 {
					more = true
					break
				}
			}
		}
		s.left = nil
		if s.err != nil {
			if s.err == io.EOF {
				return more, nil
			}
			return more, s.err
		}
		var one [1]byte
		n, err := s.Read(one[:])
		if n == 1 && one[0] != 0 {
			more = true
		}
		if err != nil && err != io.EOF {
			return more, err
		}
	}
}

// close ends the stage and waits for it: afterwards nobody reads the blob.
func (s *stream) close() {
	s.stop()
	for c := range s.in {
		s.pool.Put(c.data)
	}
	<-s.done
	if s.now != nil {
		s.pool.Put(s.now)
		s.now = nil
	}
}
