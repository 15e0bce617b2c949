package limit

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReader(t *testing.T) {
	t.Parallel()
	tooLong := errors.New("too long")
	for _, c := range []struct {
		name, in, want string
		n              int64
		err            error
	}{
		{"shorter", "abc", "abc", 5, nil},
		{"just fits", "abcde", "abcde", 5, nil},
		{"one too many", "abcdef", "abcde", 5, tooLong},
		{"nothing allowed, nothing there", "", "", 0, nil},
		{"nothing allowed, something there", "a", "", 0, tooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				l := NewReader(r, c.n, tooLong)
				got, err := io.ReadAll(l)
				if string(got) != c.want || !errors.Is(err, c.err) {
					t.Errorf("got %q, %v; want %q, %v", got, err, c.want, c.err)
				}
				if c.err != nil {
					if n, err := l.Read(make([]byte, 1)); n != 0 || !errors.Is(err, c.err) {
						t.Errorf("a reader that failed must stay failed: %d, %v", n, err)
					}
				}
			}
		})
	}
}
