package clamd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxAnswer is the longest answer that is read, in bytes. Signature names are far shorter.
	maxAnswer = 4096
	// maxCommands is how many commands go over one session.
	maxCommands = 1 << 20
)

// session is one connection in IDSESSION mode. Answers are read as they come, so that a daemon that refuses a file while
// it is being sent is heard at once, and one that hung up is never sent anything. One user at a time.
type session struct {
	conn    net.Conn
	answers chan string // closed when no more can come; then fault is set
	fault   error
	done    chan struct{}
	once    sync.Once

	commands int       // sent so far; the daemon counts them too and numbers its answers
	since    time.Time // of the last use
	frame    []byte    // of the last stream, to be used again
}

func newSession(conn net.Conn) *session {
	s := &session{conn: conn, answers: make(chan string, 1), done: make(chan struct{})}
	go s.read()
	return s
}

// read hands on one answer after another until the connection ends. One that nobody takes stops it.
func (s *session) read() {
	defer close(s.answers)
	r := bufio.NewReaderSize(s.conn, maxAnswer)
	for {
		line, err := r.ReadSlice(0)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			s.fault = fmt.Errorf("%w: an answer of more than %d bytes", errGarbled, maxAnswer)
			return
		case errors.Is(err, io.EOF) && len(line) > 0:
			s.fault = fmt.Errorf("%w: its answer broke off", errGarbled)
			return
		case err != nil:
			s.fault = errGone
			return
		}
		select {
		case s.answers <- string(line[:len(line)-1]):
		case <-s.done:
			s.fault = errGone
			return
		}
	}
}

// quiet says that the session is open and nobody has said anything unasked.
func (s *session) quiet() bool {
	select {
	case <-s.answers:
		return false
	default:
		return true
	}
}

// write sends all of p or fails; no progress is bounded in time.
func (s *session) write(p []byte, patience time.Duration) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(patience))
	_, err := s.conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("it took no more bytes for %s", patience)
	}
	if err != nil {
		return errGone
	}
	return nil
}

// answer waits for the answer to the last command and gives its text without the number.
func (s *session) answer(ctx context.Context, patience time.Duration) (string, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case line, ok := <-s.answers:
		if !ok {
			return "", s.fault
		}
		return s.number(line)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-timer.C:
		return "", errSlow
	}
}

// number checks that an answer is the one to the last command ("3: PONG").
func (s *session) number(line string) (string, error) {
	number, text, ok := strings.Cut(line, ": ")
	if n, err := strconv.Atoi(number); !ok || err != nil || n != s.commands {
		return "", fmt.Errorf("%w: %.100q", errGarbled, line)
	}
	return text, nil
}

// close ends the session; it may be called more than once and by anybody.
func (s *session) close() {
	s.once.Do(func() {
		close(s.done)
		_ = s.conn.Close()
	})
}
