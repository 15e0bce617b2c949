// Package yamlscan walks the lines of YAML that a program wrote: lock files made of nested mappings and lists of plain
// values, one to a line.
//
// It builds nothing and follows no anchors, so that size and depth of a hostile file cost a walk over its lines and
// nothing else. Text over several lines and flow collections stay raw; a reader that needs them looks at the value.
package yamlscan

import (
	"bytes"
	"strconv"
	"strings"
)

// Line is one line that says something.
type Line struct {
	// Indent counts the blanks in front of the key, a dash of the same line included: the members of "- a: 1" are at
	// the indent of a.
	Indent int
	// Item says that a dash stands in front: a new element of a list.
	Item bool
	// Key is "" for a list's plain value.
	Key string
	// Value without its quotes; "" when it follows on deeper lines. Flow collections are raw.
	Value string
}

// maxLine bounds one line; longer ones hold no key that anybody asks for.
const maxLine = 64 << 10

// maxMarks bounds the dashes and question marks in front of one line.
const maxMarks = 8

// Lines calls line for each line in order until it returns false. Comments, blank lines, document marks and lines that
// are too long are left out.
func Lines(data []byte, line func(Line) bool) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for raw := range bytes.Lines(data) {
		if len(raw) > maxLine {
			continue
		}
		text := string(bytes.TrimRight(raw, " \t\r\n"))
		l := Line{}
		rest := strings.TrimLeft(text, " ")
		l.Indent = len(text) - len(rest)
		for marks := 0; marks < maxMarks; marks++ {
			trimmed, ok := strings.CutPrefix(rest, "- ")
			if ok {
				l.Item = true
			} else if trimmed, ok = strings.CutPrefix(rest, "? "); !ok { // the long form: "? key", then ": value"
				trimmed, ok = strings.CutPrefix(rest, ": ")
			}
			if !ok {
				break
			}
			inner := strings.TrimLeft(trimmed, " ")
			l.Indent += len(rest) - len(inner)
			if strings.HasPrefix(rest, "? ") {
				l.Indent -= len(rest) - len(inner) // as if the key stood alone
				inner += ":"
			}
			rest = inner
		}
		if rest == "" || rest[0] == '#' || rest == "---" || rest == "..." || rest == "-" || rest == ":" {
			continue
		}
		l.Key, l.Value = split(rest)
		if !line(l) {
			return
		}
	}
}

// split takes "key: value" apart.
func split(s string) (key, value string) {
	if s[0] == '"' || s[0] == '\'' {
		end := closing(s)
		if end < 0 {
			return "", s
		}
		rest := strings.TrimLeft(s[end+1:], " ")
		if rest == ":" || strings.HasPrefix(rest, ": ") {
			return unquote(s[:end+1]), scalar(strings.TrimSpace(rest[1:]))
		}
		return "", scalar(s)
	}
	if s[0] == '{' || s[0] == '[' {
		return "", s
	}
	if k, v, ok := strings.Cut(s, ": "); ok {
		return strings.TrimSpace(k), scalar(strings.TrimSpace(v))
	}
	if k, ok := strings.CutSuffix(s, ":"); ok {
		return strings.TrimSpace(k), ""
	}
	return "", scalar(s)
}

// scalar is a value without quotes and without a comment behind it.
func scalar(s string) string {
	if s == "" {
		return ""
	}
	if s[0] == '"' || s[0] == '\'' {
		if end := closing(s); end >= 0 {
			return unquote(s[:end+1])
		}
		return s
	}
	if i := strings.Index(s, " #"); i >= 0 {
		s = strings.TrimRight(s[:i], " \t")
	}
	return s
}

// closing is the place of the quote that ends the string at the beginning of s; -1 without one.
func closing(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && s[0] == '"':
			i++
		case s[i] == s[0] && s[0] == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
		case s[i] == s[0]:
			return i
		}
	}
	return -1
}

func unquote(s string) string {
	inner := s[1 : len(s)-1]
	if s[0] == '\'' {
		return strings.ReplaceAll(inner, "''", "'")
	}
	if strings.Contains(inner, `\`) {
		if t, err := strconv.Unquote(s); err == nil {
			return t
		}
	}
	return inner
}
