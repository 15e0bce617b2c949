package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"landwaiter.dev/client"
)

// engine is `landwaiter serve`, started by the demo.
type engine struct {
	program        string // the binary, for commands too
	url            string
	user, password string
	data           string // directory
	client         *client.Client

	log  string // file
	stop context.CancelFunc
	gone chan struct{} // closed when it ended
}

var errEngineEnded = errors.New("the engine ended")

// startEngine starts the engine on its embedded store, with its data, its advisories and its log in dir, telling what
// happens to webhook. It runs until stopped; the caller waits until it is ready.
func startEngine(program, dir, webhook string) (*engine, error) {
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	e := &engine{
		program: program, url: "http://" + listen, user: "admin", password: strings.ToLower(rand.Text()[:16]),
		data: filepath.Join(dir, "data"), log: filepath.Join(dir, "serve.log"), gone: make(chan struct{}),
	}
	// No retries: the demo asks again until the engine is there.
	if e.client, err = client.New(client.Config{URL: e.url, User: e.user, Password: e.password, Retries: -1}); err != nil {
		return nil, err
	}
	log, err := os.Create(e.log)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	cmd := exec.CommandContext(ctx, program, "serve")
	cmd.Env = append(plainEnv(),
		"LANDWAITER_LISTEN="+listen, "LANDWAITER_DATA="+e.data, "LANDWAITER_ADMIN_PASSWORD="+e.password,
		"LANDWAITER_FEEDS_OSV="+filepath.Join(dir, "feeds", "osv"), "LANDWAITER_FEEDS_KEV="+filepath.Join(dir, "feeds", "kev.json"),
		"LANDWAITER_FEEDS_EPSS=none",
		"LANDWAITER_WEBHOOKS_GENERAL_URL="+webhook, "LANDWAITER_WEBHOOKS_ALLOW_PRIVATE=127.0.0.1")
	cmd.Stdout, cmd.Stderr = log, log
	gentle(cmd)
	if err := cmd.Start(); err != nil {
		stop()
		return nil, errors.Join(err, log.Close())
	}
	go func() {
		_ = cmd.Wait()
		_ = log.Close()
		close(e.gone)
	}()
	return e, nil
}

// close stops the engine and waits until it is gone.
func (e *engine) close() {
	e.stop()
	<-e.gone
}

// ready waits until the engine answers and its advisory data has loaded.
func (e *engine) ready(ctx context.Context) error {
	return e.until(ctx, func() (bool, error) {
		feeds, err := e.client.Feeds(ctx)
		for i := range feeds {
			if !feeds[i].Ready() {
				return false, nil
			}
		}
		return len(feeds) > 0, err
	})
}

// until asks again and again, and fails at once when the engine has ended.
func (e *engine) until(ctx context.Context, done func() (bool, error)) error {
	for {
		ok, err := done()
		if ok && err == nil {
			return nil
		}
		select {
		case <-e.gone:
			return errEngineEnded
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// lastWords are the last lines of the engine's log.
func (e *engine) lastWords() string {
	text, _ := os.ReadFile(e.log)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// command prepares a command of the CLI that asks this engine.
func (e *engine) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, e.program, args...)
	cmd.Env = append(plainEnv(), "LANDWAITER_URL="+e.url, "LANDWAITER_USER="+e.user, "LANDWAITER_PASS="+e.password)
	gentle(cmd)
	return cmd
}

// plainEnv is the environment without settings of an engine or a client that the user may have.
func plainEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "LANDWAITER_") && !strings.HasPrefix(kv, "ANCHORE_CLI_") {
			env = append(env, kv)
		}
	}
	return env
}

// freeAddress is where the engine shall listen: its usual port, another one when that is taken.
func freeAddress() (string, error) {
	var first error
	for _, address := range []string{"127.0.0.1:8228", "127.0.0.1:0"} {
		l, err := net.Listen("tcp", address)
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		first = errors.Join(first, err)
	}
	return "", first
}
