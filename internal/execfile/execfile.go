// Package execfile lists the sections of an executable: enough of ELF, PE and Mach-O to find the few that compilers
// fill with facts about a program's parts. It reads headers only, a bounded amount of them, and keeps nothing open.
//
// The debug/* packages of the standard library read more (symbols, strings, every section's header) and trust the
// counts in the file; here a hostile file costs as little as a good one.
package execfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Errors that callers tell apart.
var (
	// ErrFormat is wrapped by what is wrong with a file that begins like an executable.
	ErrFormat = errors.New("broken executable")
	// ErrNotExecutable means that the file is nothing that can be run: another format, or an object file.
	ErrNotExecutable = errors.New("not an executable")
)

// Format of an executable.
type Format string

// The formats that are read.
const (
	ELF   Format = "ELF"
	PE    Format = "PE"
	MachO Format = "Mach-O"
)

// Bounds of what is read of any file. Real executables have tens of sections.
const (
	maxSections = 4096
	maxNames    = 1 << 20 // bytes of section names, or of Mach-O load commands
	maxArches   = 16      // of a universal Mach-O file
)

// Section is a named part of the file. A section without bytes in the file is left out.
type Section struct {
	Name string
	// Offset and Size in the file; they lie inside it.
	Offset, Size int64
}

// Sections lists the sections of the executable in the first size bytes of r. A universal Mach-O file gives those of
// all its architectures.
func Sections(r io.ReaderAt, size int64) (Format, []Section, error) {
	in := input{r, size}
	magic, err := in.bytes(0, 4)
	if err != nil {
		return "", nil, ErrNotExecutable
	}
	switch {
	case string(magic) == "\x7fELF":
		s, err := elfSections(in)
		return ELF, s, err
	case string(magic[:2]) == "MZ":
		s, err := peSections(in)
		return PE, s, err
	}
	switch binary.BigEndian.Uint32(magic) {
	case 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe:
		s, err := machoSections(in, 0)
		return MachO, s, err
	case 0xcafebabe, 0xcafebabf:
		s, err := fatSections(in)
		return MachO, s, err
	}
	return "", nil, ErrNotExecutable
}

// Find returns the first section of that name.
func Find(sections []Section, name string) (Section, bool) {
	for _, s := range sections {
		if s.Name == name {
			return s, true
		}
	}
	return Section{}, false
}

// input reads within the file's bounds.
type input struct {
	r    io.ReaderAt
	size int64
}

// bytes reads exactly n bytes at an offset.
func (in input) bytes(at, n int64) ([]byte, error) {
	if !in.holds(at, n) {
		return nil, fmt.Errorf("%w: its headers lead outside the file", ErrFormat)
	}
	b := make([]byte, n)
	if k, err := in.r.ReadAt(b, at); int64(k) < n {
		return nil, fmt.Errorf("read headers: %w", err)
	}
	return b, nil
}

func (in input) holds(at, n int64) bool {
	return at >= 0 && n >= 0 && at <= in.size && n <= in.size-at
}

// section makes a Section of unsigned numbers; false when it is empty or not inside the file.
func (in input) section(name string, at, n uint64) (Section, bool) {
	if n == 0 || at > 1<<62 || n > 1<<62 || !in.holds(int64(at), int64(n)) {
		return Section{}, false
	}
	return Section{name, int64(at), int64(n)}, true
}

// text is a string up to its first NUL.
func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
