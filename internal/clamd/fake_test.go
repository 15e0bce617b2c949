package clamd

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// fake is a clamd that a test tells what to do. It speaks the protocol as the real one, one session a goroutine.
type fake struct {
	t testing.TB
	// limit is StreamMaxLength; 0 for none.
	limit int
	// answer to a file; "" hangs up instead.
	answer func(session int, content []byte) string
	// begin is called when a file begins; false hangs up.
	begin func(session int) bool
	// send writes an answer; nil writes it whole.
	send func(w io.Writer, answer string)

	mu       sync.Mutex
	sessions int
	open     int
	most     int // streams that were open at once
}

// serve listens on loopback until the test ends and gives the address.
func (f *fake) serve() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	var all sync.WaitGroup
	f.t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.sessions++
			n := f.sessions
			f.mu.Unlock()
			all.Go(func() {
				defer conn.Close()
				f.session(n, conn)
			})
		}
	})
	return l.Addr().String()
}

func (f *fake) session(n int, conn net.Conn) {
	r := bufio.NewReader(conn)
	say := func(count int, text string) {
		line := fmt.Sprintf("%d: %s\x00", count, text)
		if f.send != nil {
			f.send(conn, line)
			return
		}
		_, _ = io.WriteString(conn, line)
	}
	for count := 0; ; count++ {
		word, err := r.ReadString(0)
		if err != nil {
			return
		}
		switch word = strings.TrimSuffix(word, "\x00"); {
		case count == 0:
			if word != "zIDSESSION" {
				return
			}
		case word == "zPING":
			say(count, "PONG")
		case word == "zVERSION":
			say(count, "ClamAV 1.0.7/27100/Tue Nov 14 09:40:00 2023")
		case word == "zINSTREAM":
			if f.begin != nil && !f.begin(n) {
				return
			}
			f.mu.Lock()
			f.open++
			f.most = max(f.most, f.open)
			f.mu.Unlock()
			content, fits := f.content(r)
			f.mu.Lock()
			f.open--
			f.mu.Unlock()
			if !fits {
				say(count, "INSTREAM size limit exceeded. ERROR")
				return
			}
			text := f.answer(n, content)
			if text == "" {
				return
			}
			say(count, text)
		default:
			say(count, "UNKNOWN COMMAND")
			return
		}
	}
}

func (f *fake) content(r io.Reader) ([]byte, bool) {
	var all []byte
	for {
		var n uint32
		if err := binary.Read(r, binary.BigEndian, &n); err != nil || n == 0 {
			return all, true
		}
		if f.limit > 0 && len(all)+int(n) > f.limit {
			return nil, false
		}
		chunk := make([]byte, n)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, true
		}
		all = append(all, chunk...)
	}
}

// marker finds "EVIL" as a real scanner would.
func marker(_ int, content []byte) string {
	if strings.Contains(string(content), "EVIL") {
		return "stream: Test.Evil FOUND"
	}
	return "stream: OK"
}

// client of a fake.
func client(t testing.TB, address string, o Options) *Client {
	t.Helper()
	c, err := New(address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
