package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"

	"landwaiter.dev/internal/terminal"
)

// teller prints the demo's story: plain lines, with colours on a terminal alone.
type teller struct {
	mu      sync.Mutex
	out     io.Writer
	colours bool
	chapter int
}

func newTeller(out io.Writer) *teller { return &teller{out: out, colours: terminal.Is(out)} }

const (
	bold   = "\x1b[1m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[31m"
	cyan   = "\x1b[36m"
)

func (t *teller) paint(colour, text string) string {
	if !t.colours {
		return text
	}
	return colour + text + "\x1b[0m"
}

func (t *teller) line(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.out, text)
}

// title begins a chapter.
func (t *teller) title(text string) {
	t.chapter++
	t.line("\n" + t.paint(bold, fmt.Sprintf("%d. %s", t.chapter, text)))
}

// text prints a sentence.
func (t *teller) text(format string, args ...any) {
	t.line("   " + terminal.Escape(fmt.Sprintf(format, args...)))
}

// phase says what happened in a phase of the main job.
func (t *teller) phase(name, format string, args ...any) {
	t.line("   " + t.paint(green, fmt.Sprintf("%-10s", name)) + " " + terminal.Escape(fmt.Sprintf(format, args...)))
}

// typed shows a command as the user could type it.
func (t *teller) typed(args ...string) {
	t.line("   " + t.paint(cyan, "$ landwaiter "+strings.Join(args, " ")))
}

// quote prints what a command says, indented.
func (t *teller) quote(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		t.line(strings.TrimRight("     "+terminal.EscapeLines(lines.Text()), " "))
	}
}

// verdict in the colour of its gravity.
func (t *teller) verdict(action string) string {
	return t.paint(bold+map[string]string{"stop": red, "warn": yellow}[action], strings.ToUpper(action))
}

// size in people's units.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1<<10:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

// count with a noun in its number.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
