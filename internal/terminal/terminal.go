// Package terminal is what we know about the screen that we write to, and keeps foreign text from steering it.
package terminal

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// Is says whether w is a terminal.
func Is(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width of the terminal in columns; 0 when w is none.
func Width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// ReadPassword asks on prompt and reads a line from in without showing it. It works only where in is a terminal.
func ReadPassword(in io.Reader, prompt io.Writer, question string) (string, error) {
	f, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", os.ErrInvalid
	}
	_, _ = io.WriteString(prompt, question)
	text, err := term.ReadPassword(int(f.Fd()))
	_, _ = io.WriteString(prompt, "\n")
	return string(text), err
}

// Escape makes text from elsewhere safe to print on one line of a terminal: control characters, line breaks, bytes that
// are no UTF-8 and the characters that turn the direction of writing become escapes that show what was there.
func Escape(s string) string { return escape(s, false) }

// EscapeLines is [Escape] for text of several lines: line breaks and tabs stay.
func EscapeLines(s string) string { return escape(s, true) }

func escape(s string, lines bool) string {
	if clean(s, lines) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + hex(s[0]))
		case !bad(r, lines):
			b.WriteString(s[:n])
		default:
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		}
		s = s[n:]
	}
	return b.String()
}

// Plain is text from elsewhere for pages and documents that people read: what steers, and bytes that are no UTF-8, become
// replacement characters. Line breaks and tabs stay.
func Plain(s string) string {
	if clean(s, true) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if bad(r, true) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

func clean(s string, lines bool) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return bad(r, lines) })
}

func bad(r rune, lines bool) bool {
	if lines && (r == '\n' || r == '\t') {
		return false
	}
	return Steers(r)
}

// Steers says whether a character steers what shows it: controls, line and paragraph separators, those that turn the direction
// of writing, and the byte order mark.
func Steers(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\ufeff'
}

func hex(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}
