// Package jsonscan takes a few fields out of JSON text without building the rest.
//
// It is for package metadata that other people wrote: tens of thousands of small files of which four or five fields
// matter, some of them broken in the fields that nobody asked for. It checks the structure (strings, brackets, colons)
// and leaves the grammar of what it skips alone. Depth costs no stack and no memory.
package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrSyntax is wrapped by all errors of this package.
var ErrSyntax = errors.New("not well-formed JSON")

// Fields calls field for each member of the object that data holds, in order, with the raw text of the value. A byte
// order mark is skipped. It stops early, without an error, when field returns false. What was yielded before an error
// was well-formed.
func Fields(data []byte, field func(key, value []byte) bool) error {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	s := scanner{data: data}
	if s.space(); s.peek() != '{' {
		return s.fail("an object")
	}
	s.pos++
	for first := true; ; first = false {
		if s.space(); s.peek() == '}' && first {
			s.pos++
			return s.end()
		}
		raw, err := s.string()
		if err != nil {
			return err
		}
		if s.space(); s.peek() != ':' {
			return s.fail("a colon")
		}
		s.pos++
		value, err := s.value()
		if err != nil {
			return err
		}
		key := raw[1 : len(raw)-1]
		if bytes.IndexByte(key, '\\') >= 0 {
			name, _ := String(raw)
			key = []byte(name)
		}
		if !field(key, value) {
			return nil
		}
		switch s.space(); s.peek() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			return s.end()
		default:
			return s.fail("a comma or a closing brace")
		}
	}
}

// Elements calls element for each element of the array that data holds, with its raw text, as [Fields] does.
func Elements(data []byte, element func(value []byte) bool) error {
	s := scanner{data: data}
	if s.space(); s.peek() != '[' {
		return s.fail("an array")
	}
	s.pos++
	for first := true; ; first = false {
		if s.space(); s.peek() == ']' && first {
			s.pos++
			return s.end()
		}
		value, err := s.value()
		if err != nil {
			return err
		}
		if !element(value) {
			return nil
		}
		switch s.space(); s.peek() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return s.end()
		default:
			return s.fail("a comma or a closing bracket")
		}
	}
}

// String decodes raw text that is a JSON string; false when it is something else. What is no UTF-8 comes back with
// replacement characters.
func String(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return strings.ToValidUTF8(string(inner), "\uFFFD"), true
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// Strings decodes raw text that is one JSON string or an array of them; other elements are left out.
func Strings(raw []byte) []string {
	if s, ok := String(raw); ok {
		return []string{s}
	}
	var all []string
	_ = Elements(raw, func(v []byte) bool {
		if s, ok := String(v); ok {
			all = append(all, s)
		}
		return true
	})
	return all
}

type scanner struct {
	data []byte
	pos  int
}

func (s *scanner) fail(want string) error {
	return fmt.Errorf("%w: want %s at byte %d", ErrSyntax, want, s.pos)
}

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// end checks that nothing but blanks is left.
func (s *scanner) end() error {
	if s.space(); s.pos != len(s.data) {
		return s.fail("the end")
	}
	return nil
}

// string passes a string and returns it with its quotes.
func (s *scanner) string() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.fail("a string")
	}
	start := s.pos
	for i := start + 1; ; {
		n := bytes.IndexByte(s.data[i:], '"')
		if n < 0 {
			return nil, fmt.Errorf("%w: the string at byte %d does not end", ErrSyntax, start)
		}
		i += n + 1
		slashes := 0
		for j := i - 2; j > start && s.data[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			s.pos = i
			return s.data[start:i], nil
		}
	}
}

// value passes any value and returns its text.
func (s *scanner) value() ([]byte, error) {
	s.space()
	start, depth := s.pos, 0
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case '"':
			if _, err := s.string(); err != nil {
				return nil, err
			}
		case '{', '[':
			depth++
			s.pos++
			continue
		case '}', ']':
			if depth == 0 {
				return nil, s.fail("a value")
			}
			depth--
			s.pos++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return nil, s.fail("a value")
			}
			s.pos++
			continue
		default:
			s.word()
		}
		if depth == 0 {
			return s.data[start:s.pos], nil
		}
	}
	return nil, s.fail("a value")
}

// word passes a number, true, false, null or what stands in their place.
func (s *scanner) word() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ',', ':', '{', '}', '[', ']', '"', ' ', '\t', '\r', '\n':
			return
		}
		s.pos++
	}
}
