package tomlscan

import (
	"bytes"
	"strings"
)

type scanner struct {
	data []byte
	pos  int
}

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// line passes the rest of the line and returns it.
func (s *scanner) line() []byte {
	rest := s.data[s.pos:]
	if n := bytes.IndexByte(rest, '\n'); n >= 0 {
		rest = rest[:n]
		s.pos++
	}
	s.pos += len(rest)
	return bytes.TrimRight(rest, "\r")
}

// blank passes blanks, ends of lines and comments.
func (s *scanner) blank() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		case '#':
			s.line()
		default:
			return
		}
	}
}

// space passes blanks of the line.
func (s *scanner) space() {
	for s.pos < len(s.data) && (s.data[s.pos] == ' ' || s.data[s.pos] == '\t') {
		s.pos++
	}
}

// field passes "key = value".
func (s *scanner) field() (string, []byte, bool) {
	var key string
	if c := s.peek(); c == '"' || c == '\'' {
		start := s.pos
		if !s.string() {
			return "", nil, false
		}
		var ok bool
		if key, ok = String(s.data[start:s.pos]); !ok {
			return "", nil, false
		}
	} else {
		start := s.pos
		for s.pos < len(s.data) && !bytes.ContainsRune([]byte("=\n,{}[]\"'#"), rune(s.data[s.pos])) {
			s.pos++
		}
		key = strings.TrimSpace(string(s.data[start:s.pos]))
	}
	if s.space(); s.peek() != '=' || key == "" {
		return "", nil, false
	}
	s.pos++
	s.space()
	value, ok := s.value()
	return key, value, ok
}

// value passes a value of any kind, over several lines where brackets or quotes are open, and returns its text.
func (s *scanner) value() ([]byte, bool) {
	start, depth := s.pos, 0
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case '"', '\'':
			if !s.string() {
				return nil, false
			}
		case '[', '{':
			depth++
			s.pos++
		case ']', '}':
			if depth == 0 {
				return s.data[start:s.pos], s.pos > start
			}
			depth--
			s.pos++
		case '#':
			if depth == 0 {
				return s.data[start:s.pos], s.pos > start
			}
			s.line()
			continue
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return s.data[start:s.pos], s.pos > start
			}
			s.pos++
			continue
		default:
			s.pos++
			continue
		}
		if depth == 0 {
			return s.data[start:s.pos], true
		}
	}
	return s.data[start:s.pos], depth == 0 && s.pos > start
}

// string passes a string of any of the four kinds.
func (s *scanner) string() bool {
	quote := s.data[s.pos]
	rest := s.data[s.pos:]
	long := []byte{quote, quote, quote}
	if bytes.HasPrefix(rest, long) {
		n := bytes.Index(rest[3:], long)
		if n < 0 {
			return false
		}
		s.pos += 3 + n + 3
		for extra := 0; extra < 2 && s.peek() == quote; extra++ { // a quote may stand before the closing three
			s.pos++
		}
		return true
	}
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == quote:
			s.pos += i + 1
			return true
		case rest[i] == '\n':
			return false
		case rest[i] == '\\' && quote == '"':
			i++
		}
	}
	return false
}
