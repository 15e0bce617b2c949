package execfile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/internal/testkit/binaries"
)

func open(file []byte) (*File, error) { return Open(bytes.NewReader(file), int64(len(file))) }

func names(sections []Section) []string {
	var all []string
	for _, s := range sections {
		all = append(all, s.Name)
	}
	return all
}

func TestSections(t *testing.T) {
	t.Parallel()
	want := []binaries.Section{{Name: ".dep-v0", Data: []byte("hello")}, {Name: ".data", Data: []byte("world")}}
	for name, tc := range map[string]struct {
		file   []byte
		format Format
		extra  int
	}{
		"ELF":            {binaries.ELF(binary.LittleEndian, want...), ELF, 1},
		"ELF big endian": {binaries.ELF(binary.BigEndian, want...), ELF, 1},
		"PE":             {binaries.PE(want...), PE, 0},
		"Mach-O":         {binaries.MachO(want...), MachO, 0},
		"universal":      {binaries.Fat(binaries.MachO(), binaries.MachO(want...)), MachO, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := open(tc.file)
			if err != nil || f.Format != tc.format || len(f.Sections) != len(want)+tc.extra {
				t.Fatalf("got %+v, %v", f, err)
			}
			for _, w := range want {
				s, found := f.Section(w.Name)
				if got, ok, err := f.Data(s, 5); !found || !ok || err != nil || string(got) != string(w.Data) {
					t.Errorf("section %s: %q, %v; want %q", w.Name, got, err, w.Data)
				}
				if _, ok, err := f.Data(s, 4); ok || err != nil {
					t.Errorf("section %s: more than was allowed, %v", w.Name, err)
				}
			}
		})
	}
}

// The test's own program has the sections that the standard library sees.
func TestRealProgram(t *testing.T) {
	t.Parallel()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	std, err := elf.NewFile(f)
	if err != nil {
		t.Skip("this system's programs are not ELF files")
	}
	var want []string
	for _, s := range std.Sections {
		if s.Type != elf.SHT_NOBITS && s.Size > 0 {
			want = append(want, s.Name)
		}
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(f, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, names(got.Sections)); d != "" {
		t.Error(d)
	}
}

func TestNotExecutable(t *testing.T) {
	t.Parallel()
	object := binaries.ELF(binary.LittleEndian)
	object[16] = 1
	for name, file := range map[string][]byte{
		"empty":       nil,
		"text":        []byte("#!/bin/sh\n"),
		"Java class":  append([]byte("\xca\xfe\xba\xbe\x00\x00\x00\x34"), make([]byte, 100)...),
		"object file": object,
		"DOS program": append([]byte("MZ"), make([]byte, 100)...),
	} {
		if f, err := open(file); !errors.Is(err, ErrNotExecutable) || f != nil {
			t.Errorf("%s: got %v, %v; want ErrNotExecutable", name, f, err)
		}
	}
}

// Headers that promise more than there is are refused, without reading for it.
func TestBroken(t *testing.T) {
	t.Parallel()
	change := func(f []byte, at int, b ...byte) []byte {
		f = bytes.Clone(f)
		copy(f[at:], b)
		return f
	}
	good := binaries.ELF(binary.LittleEndian, binaries.Section{Name: "a", Data: []byte("a")})
	for name, file := range map[string][]byte{
		"table outside":     change(good, 40, 0, 0, 0, 0, 0, 0, 0, 0x40),
		"table overflows":   change(good, 40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"65,535 sections":   change(good, 60, 0xff, 0xff),
		"names nowhere":     change(good, 62, 0xfe, 0xff),
		"cut":               good[:60],
		"false entry size":  change(good, 58, 1, 0),
		"PE without table":  binaries.PE(binaries.Section{Name: "a", Data: []byte("a")})[:64+24+240],
		"Mach-O commands":   change(binaries.MachO(), 20, 0xff, 0xff, 0xff, 0x7f),
		"Mach-O count":      change(binaries.MachO(), 16, 0xff, 0xff, 0xff, 0x7f),
		"universal outside": change(binaries.Fat(binaries.MachO()), 16, 0x7f, 0xff, 0xff, 0xff),
	} {
		if _, err := open(file); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v, want ErrFormat", name, err)
		}
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	good := binaries.Note("FDO", 0xcafe1a7e, []byte("hello"))
	cut := append(bytes.Clone(good), 4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 'F', 'D', 'O', 0)
	for name, tc := range map[string]struct {
		data []byte
		want []Note
	}{
		"one":         {good, []Note{{"FDO", 0xcafe1a7e, []byte("hello")}}},
		"two":         {append(bytes.Clone(good), binaries.Note("GNU", 3, []byte{1})...), []Note{{"FDO", 0xcafe1a7e, []byte("hello")}, {"GNU", 3, []byte{1}}}},
		"endless":     {cut, []Note{{"FDO", 0xcafe1a7e, []byte("hello")}}},
		"owner":       {[]byte("\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00\x00FDO\x00"), nil},
		"over limit":  {make([]byte, 1000), nil},
		"a few bytes": {[]byte("abc"), nil},
	} {
		f, err := open(binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".note.package", Data: tc.data}))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tc.want, f.Notes(".note.package", 100)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	f, err := open(binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".note.package", Data: make([]byte, 12000)}))
	if err != nil || len(f.Notes(".note.package", 1<<20)) != maxNotes {
		t.Errorf("a thousand empty notes: got %d, %v", len(f.Notes(".note.package", 1<<20)), err)
	}
}

func TestSymbols(t *testing.T) {
	t.Parallel()
	data := binaries.Section{Name: ".data", Data: []byte("\x05\x00\x00\x00\x00\x00\x00\x00hello")}
	at := binaries.Address(".data", data)
	f, err := open(binaries.ELF(binary.LittleEndian, append([]binaries.Section{data}, binaries.Symbols(map[string]uint64{"sbom": at + 8, "sbom_length": at, "sbomb": 1, "out": 1 << 40})...)...))
	if err != nil {
		t.Fatal(err)
	}
	got := f.Symbols("sbom", "sbom_length", "out", "none")
	if d := cmp.Diff(map[string]uint64{"sbom": at + 8, "sbom_length": at, "out": 1 << 40}, got); d != "" {
		t.Fatal(d)
	}
	n, ok := f.Uint(got["sbom_length"])
	if b, ok2 := f.At(got["sbom"], int64(n)); !ok || !ok2 || string(b) != "hello" {
		t.Errorf("got %d, %q", n, b)
	}
	for _, tc := range []struct {
		addr uint64
		n    int64
	}{{at + 8, 6}, {at + 8, -1}, {1 << 40, 1}, {0, 1}, {at - 1, 1}} {
		if b, ok := f.At(tc.addr, tc.n); ok {
			t.Errorf("%d bytes at %#x: got %q, want nothing", tc.n, tc.addr, b)
		}
	}
}

func TestPacked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file []byte
		want bool
	}{
		"UPX":            {binaries.PackedELF(), true},
		"UPX on Windows": {binaries.PE(binaries.Section{Name: "UPX0", Data: []byte("x")}), true},
		"not packed":     {binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".data", Data: []byte("UPX!UPX!UPX!")}), false},
		"no sections":    {append([]byte("\x7fELF\x02\x01"), make([]byte, 100)...), false},
	} {
		if f, err := open(tc.file); err != nil || f.Packed() != tc.want {
			t.Errorf("%s: got %v, want %v (%v)", name, !tc.want, tc.want, err)
		}
	}
}

func TestExecutable(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		head []byte
		want bool
	}{
		"ELF":        {binaries.ELF(binary.LittleEndian), true},
		"PE":         {binaries.PE(), true},
		"Mach-O":     {binaries.MachO(), true},
		"universal":  {binaries.Fat(binaries.MachO()), true},
		"Java class": {append([]byte("\xca\xfe\xba\xbe\x00\x00\x00\x34"), make([]byte, 100)...), false},
		"script":     {[]byte("#!/bin/sh\necho hello\n"), false},
		"cut":        {[]byte("\x7fELF"), false},
	} {
		if got := Executable(tc.head); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// FuzzOpen: no panic, and sections lie inside the file.
func FuzzOpen(f *testing.F) {
	s := binaries.Section{Name: ".dep-v0", Data: []byte("hello")}
	f.Add(binaries.ELF(binary.LittleEndian, s))
	f.Add(binaries.ELF(binary.BigEndian, s))
	f.Add(binaries.PE(s))
	f.Add(binaries.MachO(s))
	f.Add(binaries.Fat(binaries.MachO(s)))
	f.Add(binaries.PackedELF())
	f.Add(binaries.ELF(binary.LittleEndian, append(binaries.Symbols(map[string]uint64{"sbom": 1}), binaries.Section{Name: ".note.package", Data: binaries.Note("FDO", 1, []byte("x"))})...))
	f.Fuzz(func(t *testing.T, file []byte) {
		x, err := open(file)
		if err != nil {
			return
		}
		x.Packed()
		for _, n := range x.Notes(".note.package", 1<<16) {
			if len(n.Desc) > len(file) {
				t.Fatal("a note is larger than the file")
			}
		}
		x.Symbols("sbom", "sbom_length")
		for _, s := range x.Sections {
			if s.Offset < 0 || s.Size <= 0 || s.Offset+s.Size > int64(len(file)) {
				t.Fatalf("section %+v lies outside a file of %d bytes", s, len(file))
			}
		}
	})
}
