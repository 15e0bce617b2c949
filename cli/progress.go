package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"landwaiter.dev/internal/terminal"
)

// progress tells people on standard error how something goes: on a terminal in one line that moves, elsewhere in a line
// for each change.
type progress struct {
	out  io.Writer
	live bool
	what string

	mu    sync.Mutex
	state string
	start time.Time
	done  chan struct{}
	idle  sync.WaitGroup
}

func (a *app) progress(what string) *progress {
	p := &progress{out: a.err, live: terminal.Is(a.err), what: terminal.Escape(what), start: time.Now(), done: make(chan struct{})}
	if p.live {
		p.idle.Go(p.spin)
	}
	return p
}

// set says the present state; the same state again says nothing.
func (p *progress) set(state string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == state {
		return
	}
	p.state = state
	if !p.live {
		fmt.Fprintf(p.out, "%s: %s\n", p.what, terminal.Escape(state))
	}
}

// spin draws the line until the end.
func (p *progress) spin() {
	const frames = "|/-\\"
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		p.mu.Lock()
		if p.state != "" {
			fmt.Fprintf(p.out, "\r\x1b[K%c %s: %s, %s", frames[i%len(frames)], p.what, terminal.Escape(p.state), time.Since(p.start).Round(time.Second))
		}
		p.mu.Unlock()
		select {
		case <-tick.C:
		case <-p.done:
			fmt.Fprint(p.out, "\r\x1b[K")
			return
		}
	}
}

// end takes the line away. Calling it again does nothing.
func (p *progress) end() {
	p.mu.Lock()
	select {
	case <-p.done:
	default:
		close(p.done)
	}
	p.mu.Unlock()
	p.idle.Wait()
}
