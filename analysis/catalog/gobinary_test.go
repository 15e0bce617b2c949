package catalog

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/binaries"
)

const goModules = `path	example.test/cmd/server
mod	example.test	(devel)
dep	github.com/a/b	v1.2.3	h1:abc=
dep	github.com/satori/go.uuid	v1.2.0
=>	github.com/gofrs/uuid	v3.2.0+incompatible	h1:def=
dep	example.test/local	v0.0.0
=>	../local	(devel)	
build	-ldflags="-s -w -X main.version=1.4.2"
build	CGO_ENABLED=0
build	vcs.revision=0123abcd
build	vcs.time=2026-01-02T03:04:05Z
build	vcs.modified=true
`

func TestGoBinary(t *testing.T) {
	t.Parallel()
	info := binaries.GoBuildInfo("go1.22.2 X:boringcrypto", goModules)
	for name, file := range map[string][]byte{
		"ELF":    binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".text", Data: []byte("code")}, binaries.Section{Name: ".go.buildinfo", Data: info}),
		"PE":     binaries.PE(binaries.Section{Name: ".data", Data: info}),
		"Mach-O": binaries.MachO(binaries.Section{Name: "__go_buildinfo", Data: info}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := readBytes(Executable(), "usr/bin/server", file)
			if err != nil {
				t.Fatal(err)
			}
			want := []image.Package{
				{Name: "example.test", Extra: map[string]string{"main": "true", "path": "example.test/cmd/server", "go-version": "go1.22.2 X:boringcrypto", "ldflags-version": "1.4.2",
					"vcs.revision": "0123abcd", "vcs.time": "2026-01-02T03:04:05Z", "vcs.modified": "true"}},
				{Name: "github.com/a/b", Version: "v1.2.3", Extra: map[string]string{"h1": "h1:abc="}},
				{Name: "github.com/gofrs/uuid", Version: "v3.2.0+incompatible", Extra: map[string]string{"h1": "h1:def=", "replaces": "github.com/satori/go.uuid@v1.2.0"}},
				{Name: "example.test/local", Extra: map[string]string{"replaced-by": "../local"}},
				{Name: "stdlib", Version: "1.22.2", Extra: map[string]string{"go-version": "go1.22.2 X:boringcrypto"}},
			}
			for i := range want {
				want[i].Type, want[i].Location = image.Golang, "usr/bin/server"
			}
			if d := cmp.Diff(want, found.Packages); d != "" {
				t.Error(d)
			}
		})
	}
}

// The test's own program is a Go program by whatever toolchain runs the test.
func TestGoBinaryOfThisToolchain(t *testing.T) {
	t.Parallel()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found, err := readBytes(Executable(), "usr/bin/test", data)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, p := range found.Packages {
		names[p.Name] = true
	}
	if !names["stdlib"] {
		t.Errorf("no standard library in %v", names)
	}
}

func TestGoVersion(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"go1.21.0": "1.21.0", "go1.22.2 X:nocoverageredesign": "1.22.2", "go1.23rc1": "1.23rc1", "go1.22.2-fips": "1.22.2", "go1.25.1-X:jsonv2": "1.25.1",
		"go1.20.12 (Red Hat 1.20.12-1.el9)": "1.20.12",
		"devel go1.23-0123abcd Tue Jan 2":   "1.23-0123abcd", "devel +0123abcd Tue": "", "": "", "golang": "",
	} {
		if got := goVersion(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestLinkedVersion(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"-s -w -X main.version=1.4.2":                            "1.4.2",
		`-X 'example.test/x.Version=v2' -X main.commit=abc`:      "v2",
		"-X=k8s.io/component-base/version.gitVersion=v1.28.0 -s": "v1.28.0",
		"-s -w": "", "-X main.goversion=1": "", "-X": "",
	} {
		if got := linkedVersion(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestNotGo(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{
		"C program":     binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".text", Data: []byte("\xff Go buildinf: in a text")}),
		"C for Windows": binaries.PE(binaries.Section{Name: ".data", Data: []byte("hello")}),
		"Java class":    []byte("\xca\xfe\xba\xbe\x00\x00\x00\x34 and more"),
		"no sections":   append([]byte("\x7fELF"), make([]byte, 100)...),
	} {
		if found, err := readBytes(Executable(), "bin/x", file); err != nil || len(found.Packages)+len(found.Gaps) > 0 {
			t.Errorf("%s: got %+v, %v; want nothing", name, found, err)
		}
	}
}

func TestBrokenGoBinaryIsSaid(t *testing.T) {
	t.Parallel()
	for name, info := range map[string][]byte{
		"cut":         binaries.GoBuildInfo("go1.22.2", goModules)[:40],
		"false size":  append([]byte("\xff Go buildinf:\x08\x02"), append(make([]byte, 16), bytes.Repeat([]byte("\xff"), 20)...)...),
		"no modules":  binaries.GoBuildInfo("go1.22.2", "mod\t\x00\n"),
		"other magic": []byte("hello"),
	} {
		file := binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".go.buildinfo", Data: info})
		found, err := readBytes(Executable(), "bin/x", file)
		if d := cmp.Diff([]image.GapKind{image.GapParserFailed}, gapKinds(found)); d != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
	file := binaries.ELF(binary.LittleEndian, binaries.Section{Name: "x", Data: []byte("x")})
	copy(file[60:], "\xff\xff") // 65,535 sections
	if found, err := readBytes(Executable(), "bin/x", file); err != nil || len(found.Gaps) != 1 || found.Gaps[0].Kind != image.GapFileSkipped {
		t.Errorf("got %+v, %v; want a gap", found, err)
	}
}

// A Windows program of which nothing but zeros can be read is given up, not searched to its end.
func TestSearchForBuildInfoEnds(t *testing.T) {
	t.Parallel()
	file := binaries.PE(binaries.Section{Name: ".data", Data: make([]byte, maxBuildInfoReads+1<<20)})
	found, err := readBytes(Executable(), "bin/x.exe", file)
	if err != nil || len(found.Gaps) != 1 || found.Gaps[0].Kind != image.GapLimit {
		t.Errorf("got %+v, %v; want a gap", found.Gaps, err)
	}
}

func FuzzGoBinary(f *testing.F) {
	f.Add([]byte("go1.22.2"), []byte(goModules))
	f.Add([]byte("devel go1.23-0123abcd"), []byte("dep\ta\tv1\n=>\tb\tv2\n"))
	f.Fuzz(func(t *testing.T, version, modules []byte) {
		info := binaries.GoBuildInfo(string(version), string(modules))
		for _, file := range [][]byte{
			binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".go.buildinfo", Data: info}),
			binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".go.buildinfo", Data: modules}),
			modules,
		} {
			found, _ := readBytes(Executable(), "bin/x", file)
			checkPackages(t, found.Packages)
		}
	})
}

func BenchmarkExecutable(b *testing.B) {
	sections := make([]binaries.Section, 30)
	for i := range sections {
		sections[i] = binaries.Section{Name: strings.Repeat("x", i+1), Data: make([]byte, 1000)}
	}
	file := binaries.ELF(binary.LittleEndian, sections...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readBytes(Executable(), "bin/x", file); err != nil {
			b.Fatal(err)
		}
	}
}
