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
			format, sections, err := Sections(bytes.NewReader(tc.file), int64(len(tc.file)))
			if err != nil || format != tc.format || len(sections) != len(want)+tc.extra {
				t.Fatalf("got %s, %v, %v", format, sections, err)
			}
			for _, w := range want {
				s, ok := Find(sections, w.Name)
				if got := tc.file[s.Offset : s.Offset+s.Size]; !ok || string(got) != string(w.Data) {
					t.Errorf("section %s: %q, want %q", w.Name, got, w.Data)
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
	_, sections, err := Sections(f, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, names(sections)); d != "" {
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
		if _, s, err := Sections(bytes.NewReader(file), int64(len(file))); !errors.Is(err, ErrNotExecutable) || s != nil {
			t.Errorf("%s: got %v, %v; want ErrNotExecutable", name, s, err)
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
		if _, _, err := Sections(bytes.NewReader(file), int64(len(file))); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v, want ErrFormat", name, err)
		}
	}
}

// FuzzSections: no panic, and sections lie inside the file.
func FuzzSections(f *testing.F) {
	s := binaries.Section{Name: ".dep-v0", Data: []byte("hello")}
	f.Add(binaries.ELF(binary.LittleEndian, s))
	f.Add(binaries.ELF(binary.BigEndian, s))
	f.Add(binaries.PE(s))
	f.Add(binaries.MachO(s))
	f.Add(binaries.Fat(binaries.MachO(s)))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, sections, _ := Sections(bytes.NewReader(file), int64(len(file)))
		for _, s := range sections {
			if s.Offset < 0 || s.Size <= 0 || s.Offset+s.Size > int64(len(file)) {
				t.Fatalf("section %+v lies outside a file of %d bytes", s, len(file))
			}
		}
	})
}
