// Package execfile is the view of an executable that all who look into one share: enough of ELF, PE and Mach-O to find
// the few sections that compilers fill with facts about a program's parts, and on demand its notes and a symbol. It
// reads a bounded amount and keeps nothing open.
//
// The debug/* packages of the standard library read more (symbols, strings, every section's header) and trust the
// counts in the file; here a hostile file costs as little as a good one.
package execfile

import (
	"bytes"
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
	// Addr is where an ELF section is loaded; 0 when it is not, and in other formats.
	Addr uint64
}

// File is an executable whose headers have been read.
type File struct {
	Format Format
	// Sections in the order of the file. A universal Mach-O file has those of all its architectures.
	Sections []Section

	in input
	// order and wide, 64 bits, are of ELF files.
	order binary.ByteOrder
	wide  bool
}

// Executable says whether a file that begins with head is worth [Open]: an ELF, PE or Mach-O file.
func Executable(head []byte) bool {
	if len(head) < 16 {
		return false
	}
	switch string(head[:4]) {
	case "\x7fELF", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe":
		return true
	case "\xca\xfe\xba\xbe":
		// A universal Mach-O file counts its architectures where a Java class has its version, which is 45 or more.
		return binary.BigEndian.Uint32(head[4:]) < 40
	}
	if head[0] != 'M' || head[1] != 'Z' || len(head) < 64 {
		return false
	}
	at := int64(binary.LittleEndian.Uint32(head[60:]))
	return at >= 64 && (at+4 > int64(len(head)) || string(head[at:at+4]) == "PE\x00\x00")
}

// Open reads the headers of the executable in the first size bytes of r.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{in: input{r, size}}
	magic, err := f.in.bytes(0, 4)
	if err != nil {
		return nil, ErrNotExecutable
	}
	switch {
	case string(magic) == "\x7fELF":
		f.Format, err = ELF, f.readELF()
	case string(magic[:2]) == "MZ":
		f.Format = PE
		f.Sections, err = peSections(f.in)
	default:
		f.Format = MachO
		switch binary.BigEndian.Uint32(magic) {
		case 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe:
			f.Sections, err = machoSections(f.in, 0)
		case 0xcafebabe, 0xcafebabf:
			f.Sections, err = fatSections(f.in)
		default:
			err = ErrNotExecutable
		}
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Section is the first section of that name.
func (f *File) Section(name string) (Section, bool) {
	for _, s := range f.Sections {
		if s.Name == name {
			return s, true
		}
	}
	return Section{}, false
}

// Data is the content of a section; false when it is larger than limit.
func (f *File) Data(s Section, limit int64) (data []byte, ok bool, err error) {
	if s.Size > limit {
		return nil, false, nil
	}
	data, err = f.in.bytes(s.Offset, s.Size)
	return data, err == nil, err
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
	return Section{Name: name, Offset: int64(at), Size: int64(n)}, true
}

// text is a string up to its first NUL.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
