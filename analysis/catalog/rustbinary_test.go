package catalog

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/binaries"
)

const crates = `{"packages":[{"name":"adler","version":"1.0.2","source":"crates.io"},
{"name":"openssl-src","version":"111.15.0+1.1.1k","source":"crates.io","kind":"build"},
{"name":"app","version":"0.1.0","source":"local","root":true,"dependencies":[0,1]},{"name":"broken"}]}`

func deflated(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRustBinary(t *testing.T) {
	t.Parallel()
	section := binaries.Section{Name: ".dep-v0", Data: deflated(t, crates)}
	for name, file := range map[string][]byte{
		"ELF":       binaries.ELF(binary.LittleEndian, section),
		"PE":        binaries.PE(binaries.Section{Name: ".text", Data: []byte("x")}, section),
		"Mach-O":    binaries.MachO(section),
		"universal": binaries.Fat(binaries.MachO(), binaries.MachO(section)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := readBytes(Executable(), "app/app", file)
			if err != nil {
				t.Fatal(err)
			}
			want := []image.Package{
				{Name: "adler", Version: "1.0.2", Extra: map[string]string{"source": "crates.io"}},
				{Name: "openssl-src", Version: "111.15.0+1.1.1k", Extra: map[string]string{"source": "crates.io", "kind": "build"}},
				{Name: "app", Version: "0.1.0", Extra: map[string]string{"source": "local", "root": "true"}},
			}
			for i := range want {
				want[i].Type, want[i].Location = image.Cargo, "app/app"
			}
			if d := cmp.Diff(want, found.Packages); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]image.GapKind{image.GapParserFailed}, gapKinds(found)); d != "" {
				t.Error("the broken entry:", d)
			}
		})
	}
}

func TestRustBinaryBombIsAGap(t *testing.T) {
	t.Parallel()
	bomb := deflated(t, "{"+strings.Repeat(" ", 4<<20)+"}")
	found, err := readBytes(Executable(), "bin/bomb", binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".dep-v0", Data: bomb}))
	if err != nil || len(found.Gaps) != 1 || found.Gaps[0].Kind != image.GapLimit {
		t.Errorf("got %+v, %v; want a gap", found, err)
	}
}

func TestRustBinaryBroken(t *testing.T) {
	t.Parallel()
	good := deflated(t, crates)
	for name, data := range map[string][]byte{"no zlib": []byte("hello"), "cut": good[:len(good)/2], "no JSON": deflated(t, "<html>"), "no list": deflated(t, "{}")} {
		file := binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".dep-v0", Data: data})
		found, err := readBytes(Executable(), "bin/x", file)
		if d := cmp.Diff([]image.GapKind{image.GapParserFailed}, gapKinds(found)); d != "" || err != nil || len(found.Packages) > 0 {
			t.Errorf("%s: got %v, %v %s", name, found.Packages, err, d)
		}
	}
}

func TestNotRust(t *testing.T) {
	t.Parallel()
	file := binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".text", Data: []byte("code")})
	for _, in := range [][]byte{file, []byte("#!/bin/sh\n"), nil} {
		if found, err := readBytes(Executable(), "bin/x", in); err != nil || len(found.Packages)+len(found.Gaps) > 0 {
			t.Errorf("got %+v, %v; want nothing", found, err)
		}
	}
}

func FuzzRustBinary(f *testing.F) {
	f.Add([]byte(crates), false)
	f.Add(deflated(f, crates), true)
	f.Fuzz(func(t *testing.T, data []byte, raw bool) {
		if !raw {
			data = deflated(t, string(data))
		}
		found, _ := readBytes(Executable(), "bin/x", binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".dep-v0", Data: data}))
		checkPackages(t, found.Packages)
	})
}
