// Package clamd asks a ClamAV daemon about the content of files over the daemon's own socket protocol (clamd(8)): a
// session (IDSESSION) carries one stream (INSTREAM) after another, so that nothing is written to disk and no file needs
// to be in memory.
//
// The daemon decides what it looks into. Limits of its own that a file hits are part of a [Result] as far as the daemon
// tells them: it names StreamMaxLength always, the others only with "AlertExceedsMax yes"; [Client.TellsLimits] finds out.
package clamd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options of a [Client]. Zero values mean the defaults.
type Options struct {
	// Sessions is how many streams may be open at once, 4 by default. The daemon scans as many files at a time as its
	// MaxThreads allows.
	Sessions int
	// Dial is how long connecting may take, 5 s by default.
	Dial time.Duration
	// Write is how long the daemon may take no bytes, 30 s by default.
	Write time.Duration
	// Answer is how long the daemon may take for its answer once it has a file, 5 min by default. Its own MaxScanTime is
	// 2 min unless it was changed.
	Answer time.Duration
}

// maxIdle is how long a session may wait for the next file: less than the daemon's IdleTimeout of 30 s.
const maxIdle = 15 * time.Second

// Client of one daemon. Safe for concurrent use.
type Client struct {
	network, address string
	options          Options
	slots            chan struct{}

	mu     sync.Mutex
	idle   []*session
	closed bool
}

// New makes a client of the daemon at an address: "unix:/path/to/clamd.ctl" or "tcp:host:port", the latter also without
// "tcp:". Nothing is connected yet. IPv6 addresses stand in brackets.
func New(address string, o Options) (*Client, error) {
	network, place, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	if o.Sessions <= 0 {
		o.Sessions = 4
	}
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{{&o.Dial, 5 * time.Second}, {&o.Write, 30 * time.Second}, {&o.Answer, 5 * time.Minute}} {
		if *d.value <= 0 {
			*d.value = d.usual
		}
	}
	return &Client{network: network, address: place, options: o, slots: make(chan struct{}, o.Sessions)}, nil
}

func parseAddress(address string) (network, place string, err error) {
	bad := func(why string) (string, string, error) {
		return "", "", fmt.Errorf("clamd address %.200q: %s; want unix:/path/to/clamd.ctl or tcp:host:port", address, why)
	}
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		switch {
		case !filepath.IsAbs(path):
			return bad("the path of the socket is not absolute")
		case strings.ContainsRune(path, 0) || len(path) > 104: // what every system's sockaddr_un holds
			return bad("no socket can have this path")
		}
		return "unix", path, nil
	}
	host, port, err := net.SplitHostPort(strings.TrimPrefix(address, "tcp:"))
	switch n, e := strconv.ParseUint(port, 10, 16); {
	case err != nil:
		return bad("it has no host and port")
	case host == "" || strings.ContainsAny(host, "/ \x00"):
		return bad("it has no host")
	case e != nil || n == 0:
		return bad("its port is no number from 1 to 65535")
	}
	return "tcp", net.JoinHostPort(host, port), nil
}

// String is the address, for people.
func (c *Client) String() string { return c.network + ":" + c.address }

// Close ends the sessions that no stream uses; the others end with their streams.
func (c *Client) Close() {
	c.mu.Lock()
	idle := c.idle
	c.idle, c.closed = nil, true
	c.mu.Unlock()
	for _, s := range idle {
		s.close()
	}
}

// Ping says whether the daemon answers.
func (c *Client) Ping(ctx context.Context) error {
	answer, err := c.command(ctx, "PING")
	if err == nil && answer != "PONG" {
		err = c.garbled(answer)
	}
	return err
}

// Version is what the daemon says of itself and its signatures: "ClamAV 1.0.7/27100/Tue Nov 14 09:40:00 2023", or the
// program alone where it has only signatures without a version.
func (c *Client) Version(ctx context.Context) (string, error) {
	answer, err := c.command(ctx, "VERSION")
	if err == nil && !strings.HasPrefix(answer, "ClamAV ") {
		err = c.garbled(answer)
	}
	if err != nil {
		return "", err
	}
	return answer, nil
}

// command does one command without a body. A session that turns out to be gone is replaced once.
func (c *Client) command(ctx context.Context, word string) (string, error) {
	if err := c.enter(ctx); err != nil {
		return "", err
	}
	defer c.leave()
	for try := 0; ; try++ {
		s, used, err := c.session(ctx)
		if err != nil {
			return "", err
		}
		answer, err := c.ask(ctx, s, word)
		if err == nil {
			c.keep(s)
			return answer, nil
		}
		s.close()
		if !used || try > 0 || !isGone(err) {
			return "", c.explain(ctx, err)
		}
	}
}

func (c *Client) ask(ctx context.Context, s *session, word string) (string, error) {
	stop := context.AfterFunc(ctx, s.close)
	defer stop()
	s.commands++
	if err := s.write([]byte("z"+word+"\x00"), c.options.Write); err != nil {
		return "", err
	}
	// These are answered by the daemon at once, however busy it is with files.
	return s.answer(ctx, c.options.Write)
}

// enter waits until fewer than the allowed number of sessions are in use.
func (c *Client) enter(ctx context.Context) error {
	select {
	case c.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for clamd at %s: %w", c, context.Cause(ctx))
	}
}

func (c *Client) leave() { <-c.slots }

// session gives an idle session that is still open, or a new one; used says which.
func (c *Client) session(ctx context.Context) (s *session, used bool, err error) {
	for {
		c.mu.Lock()
		s = nil
		if n := len(c.idle); n > 0 {
			s, c.idle = c.idle[n-1], c.idle[:n-1]
		}
		c.mu.Unlock()
		if s == nil {
			s, err = c.dial(ctx)
			return s, false, err
		}
		if s.quiet() && time.Since(s.since) < maxIdle {
			return s, true, nil
		}
		s.close()
	}
}

// keep puts a session aside for the next use.
func (c *Client) keep(s *session) {
	s.since = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || s.commands >= maxCommands || !s.quiet() {
		s.close()
		return
	}
	c.idle = append(c.idle, s)
}

func (c *Client) dial(ctx context.Context) (*session, error) {
	d := net.Dialer{Timeout: c.options.Dial}
	conn, err := d.DialContext(ctx, c.network, c.address)
	if err != nil {
		return nil, fmt.Errorf("clamd at %s cannot be reached: %w; is it running, and may this user use its socket?", c, err)
	}
	s := newSession(conn)
	if err := s.write([]byte("zIDSESSION\x00"), c.options.Write); err != nil {
		s.close()
		return nil, c.explain(ctx, err)
	}
	return s, nil
}

func (c *Client) garbled(answer string) error {
	return fmt.Errorf("clamd at %s: %w: %.100q", c, errGarbled, answer)
}

// explain says whose fault an error is: a caller who has gone closed the session himself.
func (c *Client) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("clamd at %s: %w", c, err)
}

var (
	errGone    = errors.New("it ended the session; its log says why")
	errGarbled = errors.New("it does not answer as clamd does")
	errSlow    = errors.New("it did not answer in time")
)

// isGone says that the daemon closed the connection before it answered, so that asking again may help.
func isGone(err error) bool { return errors.Is(err, errGone) }
