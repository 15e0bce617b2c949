// Package tomlscan takes the tables out of TOML text one by one, without building the document.
//
// It is for lock files that nobody vouches for: a line that is not understood costs that line, not the file, and depth
// costs no stack and no memory. It checks strings and brackets and leaves the rest of the grammar alone.
package tomlscan

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrSyntax is wrapped by all errors of this package.
var ErrSyntax = errors.New("not well-formed TOML")

// Table is one header with the lines below it.
type Table struct {
	// Name is the dotted name in the header without blanks; "" for the lines before the first header.
	Name string
	// Array says that the header is [[name]]: one element of a list.
	Array bool
	// Fields have the raw text of each value. The first of several equal keys counts.
	Fields map[string][]byte
}

// String is the field as a string; "" when it is absent or something else.
func (t *Table) String(key string) string {
	s, _ := String(t.Fields[key])
	return s
}

// maxFields bounds the lines of one table that are kept.
const maxFields = 200_000

// maxWaste bounds what is read in vain, of values that nothing ends, as a multiple of the text.
const maxWaste = 4

// Tables calls table for each table in order, the one before the first header included when it has lines. It stops
// early, without an error, when table returns false. Lines that are not understood are passed over; the error counts
// them.
func Tables(data []byte, table func(Table) bool) error {
	s := scanner{data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))}
	t := Table{Fields: map[string][]byte{}}
	bad, waste := 0, 0
	for s.blank(); s.pos < len(s.data); s.blank() {
		if s.data[s.pos] == '[' {
			next, ok := header(s.line())
			if !ok {
				bad++
				continue
			}
			if (t.Name != "" || len(t.Fields) > 0) && !table(t) {
				return nil
			}
			next.Fields = map[string][]byte{}
			t = next
			continue
		}
		start := s.pos
		key, value, ok := s.field()
		if !ok {
			bad++
			if waste += s.pos - start; waste > maxWaste*len(s.data) {
				break
			}
			s.pos = start
			s.line()
			continue
		}
		if _, twice := t.Fields[key]; !twice && len(t.Fields) < maxFields {
			t.Fields[key] = value
		}
	}
	if t.Name != "" || len(t.Fields) > 0 {
		if !table(t) {
			return nil
		}
	}
	if bad > 0 {
		return fmt.Errorf("%w: %d lines are not understood", ErrSyntax, bad)
	}
	return nil
}

// header reads "[a.b]" or "[[a]]".
func header(line []byte) (Table, bool) {
	var t Table
	inner, ok := bytes.CutPrefix(line, []byte("["))
	if t.Array = bytes.HasPrefix(inner, []byte("[")); t.Array {
		inner = inner[1:]
	}
	end := bytes.IndexByte(inner, ']')
	if !ok || end < 0 {
		return t, false
	}
	t.Name = strings.Join(strings.Fields(string(inner[:end])), "")
	return t, t.Name != ""
}

// Fields calls field for each member of the inline table that raw holds.
func Fields(raw []byte, field func(key string, value []byte) bool) error {
	s := scanner{data: raw}
	if s.peek() != '{' {
		return fmt.Errorf("%w: want a table", ErrSyntax)
	}
	s.pos++
	for {
		if s.blank(); s.peek() == '}' {
			return nil
		}
		key, value, ok := s.field()
		if !ok {
			return fmt.Errorf("%w: want a key and a value at byte %d", ErrSyntax, s.pos)
		}
		if !field(key, value) {
			return nil
		}
		if s.blank(); s.peek() == ',' {
			s.pos++
		}
	}
}

// Elements calls element for each element of the array that raw holds.
func Elements(raw []byte, element func(value []byte) bool) error {
	s := scanner{data: raw}
	if s.peek() != '[' {
		return fmt.Errorf("%w: want an array", ErrSyntax)
	}
	s.pos++
	for {
		if s.blank(); s.peek() == ']' {
			return nil
		}
		value, ok := s.value()
		if !ok {
			return fmt.Errorf("%w: want a value at byte %d", ErrSyntax, s.pos)
		}
		if !element(value) {
			return nil
		}
		if s.blank(); s.peek() == ',' {
			s.pos++
		}
	}
}

// String decodes raw text that is a string of one line; false when it is something else.
func String(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != raw[len(raw)-1] {
		return "", false
	}
	inner := string(raw[1 : len(raw)-1])
	switch raw[0] {
	case '\'':
		return inner, !strings.Contains(inner, "'")
	case '"':
		if !strings.Contains(inner, `\`) {
			return inner, !strings.Contains(inner, `"`)
		}
		s, err := strconv.Unquote(string(raw))
		return s, err == nil
	}
	return "", false
}

// Strings decodes raw text that is an array of strings; other elements are left out.
func Strings(raw []byte) []string {
	var all []string
	_ = Elements(raw, func(v []byte) bool {
		if s, ok := String(v); ok {
			all = append(all, s)
		}
		return true
	})
	return all
}
