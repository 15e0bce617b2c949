package clamd

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A file over StreamMaxLength is a limit, however much of it there is; the next file has a session again.
func TestStreamMaxLength(t *testing.T) {
	t.Parallel()
	f := &fake{t: t, answer: marker, limit: chunkSize + 100}
	c := client(t, f.serve(), Options{Sessions: 1})
	for _, size := range []int{chunkSize + 101, 3 * chunkSize, 20 << 20} {
		got, err := scan(c, make([]byte, size), 32<<10)
		if diff := cmp.Diff(Result{Limit: SizeLimit}, got); diff != "" || err != nil {
			t.Errorf("%d bytes: %v (-want +got):\n%s", size, err, diff)
		}
		if got, err := scan(c, []byte("EVIL"), 4); err != nil || len(got.Signatures) != 1 {
			t.Errorf("after it: %+v, %v", got, err)
		}
	}
}

// The daemon closed an idle session, or was started anew: nobody notices.
func TestReconnects(t *testing.T) {
	t.Parallel()
	f := &fake{t: t, answer: func(session int, content []byte) string {
		if session == 2 {
			return "" // hangs up on a file that it has
		}
		return marker(session, content)
	}, begin: func(session int) bool { return session != 1 }}
	c := client(t, f.serve(), Options{})
	if err := c.Ping(context.Background()); err != nil {
		t.Fatal(err)
	}
	// Session 1 ends when a file begins, session 2 when it was sent: one new session is tried, not two.
	if got, err := scan(c, []byte("EVIL"), 4); err == nil || !strings.Contains(err.Error(), "ended the session") {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := scan(c, []byte("EVIL"), 4); err != nil || len(got.Signatures) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if f.sessions != 3 {
		t.Errorf("%d sessions", f.sessions)
	}
}

// A long file cannot be sent again, since what is gone is gone: that is an error, and never a clean file.
func TestEarlyClose(t *testing.T) {
	t.Parallel()
	f := &fake{t: t, answer: func(int, []byte) string { return "" }}
	c := client(t, f.serve(), Options{})
	if got, err := scan(c, make([]byte, 4*chunkSize), chunkSize); err == nil {
		t.Errorf("%+v", got)
	}
	f = &fake{t: t, answer: marker, begin: func(int) bool { return false }}
	c = client(t, f.serve(), Options{})
	s, err := c.Begin(context.Background(), -1)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil { // until the sockets' buffers are full
		_, err = s.Write(make([]byte, chunkSize))
	}
	if _, again := s.Write([]byte("x")); again == nil || again.Error() != err.Error() {
		t.Errorf("the error does not stay: %v, then %v", err, again)
	}
	if _, end := s.End(); end == nil || end.Error() != err.Error() {
		t.Errorf("the error does not stay: %v, then %v", err, end)
	}
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		"\x00", "garbage\x00", "2: stream: OK\x00", "1: \x00", "1: stream: FOUND\x00", "1: stream:  FOUND\x00", "1: stream: a\x1b[31m FOUND\x00",
		"1: stream: " + strings.Repeat("a", 600) + " FOUND\x00", strings.Repeat("x", 1<<20), "1: stream: OK", "1: stream: \xff FOUND\x00", "-1: stream: OK\x00",
		"1: stream: no memory ERROR\x00", "1: ERROR\x00", strings.Repeat("\x00", 100000),
	} {
		f := &fake{t: t, answer: func(int, []byte) string { return "x" }, send: func(w io.Writer, _ string) {
			_, _ = io.WriteString(w, answer)
			if !strings.HasSuffix(answer, "\x00") {
				_ = w.(net.Conn).Close()
			}
		}}
		c := client(t, f.serve(), Options{})
		got, err := scan(c, []byte("content"), 7)
		if err == nil || len(err.Error()) > 400 || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%.40q: %+v, %v", answer, got, err)
		}
		if len(c.idle) > 0 {
			t.Errorf("%.40q: the session is used again", answer)
		}
	}
}

// What is said before a question is asked is no answer to it.
func TestUnaskedAnswersAreNotTaken(t *testing.T) {
	t.Parallel()
	f := &fake{t: t, answer: func(session int, content []byte) string {
		if session == 1 {
			return "stream: OK\x002: stream: OK"
		}
		return marker(session, content)
	}}
	c := client(t, f.serve(), Options{Sessions: 1})
	if got, err := scan(c, []byte("fine"), 4); err != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	time.Sleep(20 * time.Millisecond)
	if got, err := scan(c, []byte("EVIL"), 4); err != nil || len(got.Signatures) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSlow(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := &fake{t: t, answer: func(int, []byte) string {
		<-release
		return "stream: OK"
	}}
	c := client(t, f.serve(), Options{Sessions: 1, Answer: 30 * time.Millisecond})
	defer close(release)
	if _, err := scan(c, []byte("x"), 1); err == nil || !strings.Contains(err.Error(), "in time") {
		t.Error(err)
	}
	// A caller who goes does not wait either, whether for the answer or for a session.
	c = client(t, c.address, Options{Sessions: 1})
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(context.Background())
	s, err := c.Begin(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { cancel(gone) })
	if _, err := c.Begin(ctx, 1); !errors.Is(err, gone) {
		t.Errorf("waited for a session: %v", err)
	}
	if _, err := s.End(); !errors.Is(err, gone) {
		t.Errorf("waited for an answer: %v", err)
	}
}

// A daemon that takes no bytes does not hold the caller for ever.
func TestStuck(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := &fake{t: t, answer: marker, begin: func(int) bool {
		<-release
		return false
	}}
	c := client(t, f.serve(), Options{Write: 50 * time.Millisecond})
	defer close(release)
	s, err := c.Begin(context.Background(), -1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Abort()
	for err == nil {
		_, err = s.Write(make([]byte, 1<<20))
	}
	if !strings.Contains(err.Error(), "no more bytes") {
		t.Error(err)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	f := &fake{t: t, answer: func(_ int, content []byte) string {
		time.Sleep(5 * time.Millisecond)
		return marker(0, content)
	}}
	c := client(t, f.serve(), Options{Sessions: 3})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got, err := scan(c, []byte("EVIL"), 2); err != nil || len(got.Signatures) != 1 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	all.Wait()
	if f.most > 3 || f.sessions > 3 {
		t.Errorf("%d streams at once, %d sessions", f.most, f.sessions)
	}
}

// A file that was announced longer or shorter is not judged, and an aborted one leaves room for others.
func TestIncomplete(t *testing.T) {
	t.Parallel()
	f := &fake{t: t, answer: marker}
	c := client(t, f.serve(), Options{Sessions: 1})
	for range 3 {
		s, err := c.Begin(context.Background(), 10)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write([]byte("short")); err != nil {
			t.Fatal(err)
		}
		if r, err := s.End(); err == nil {
			t.Errorf("%+v", r)
		}
		if s, err = c.Begin(context.Background(), -1); err != nil {
			t.Fatal(err)
		}
		s.Abort()
		s.Abort()
		if _, err := s.Write([]byte("x")); err == nil {
			t.Error("written after the end")
		}
		if _, err := s.End(); err == nil {
			t.Error("ended twice")
		}
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	c := client(t, "unix:"+t.TempDir()+"/no", Options{})
	for range 2 {
		if _, err := c.Begin(context.Background(), 1); err == nil || !strings.Contains(err.Error(), "is it running") {
			t.Error(err)
		}
	}
	if _, err := c.Version(context.Background()); err == nil {
		t.Error("a version from nobody")
	}
}
