// Package limit bounds streams: a reader that is too long ends in an error, never in a cut that looks like its end.
package limit

import "io"

// Reader passes R on until N bytes were read; the first byte beyond makes Err. N counts down and is never negative.
type Reader struct {
	R   io.Reader
	N   int64
	Err error
}

// NewReader allows n bytes of r; what lies beyond is err.
func NewReader(r io.Reader, n int64, err error) *Reader { return &Reader{R: r, N: n, Err: err} }

// Read returns Err, again and again, once more than N bytes have come.
func (l *Reader) Read(p []byte) (int, error) {
	if l.N < 0 {
		return 0, l.Err
	}
	if len(p) == 0 {
		return 0, nil
	}
	// One byte more than allowed is asked for: only so can too long be told from just long enough.
	if int64(len(p)) > l.N+1 {
		p = p[:l.N+1]
	}
	n, err := l.R.Read(p)
	if int64(n) > l.N {
		n = int(l.N)
		l.N = -1
		return n, l.Err
	}
	l.N -= int64(n)
	return n, err
}

// ReadAll reads all of r when it has at most n bytes, else it fails with err.
func ReadAll(r io.Reader, n int64, err error) ([]byte, error) {
	return io.ReadAll(NewReader(r, n, err))
}
