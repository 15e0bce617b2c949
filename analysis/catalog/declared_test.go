package catalog

import (
	"bytes"
	"strings"
	"testing"

	"landwaiter.dev/image"
)

// testLimits are small, so that tests can reach them.
var testLimits = Limits{ArchiveDepth: 4, ArchiveEntries: 1000, ArchiveBytes: 16 << 20, MetadataBytes: 1 << 20, Packages: 1000, OwnedFiles: 10_000, NestedBytes: 128 << 20}

// readBytes gives a cataloguer one file, as the walk over a layer does.
func readBytes(c Cataloger, path string, data []byte) (Found, error) {
	return readBytesWith(c, path, data, testLimits)
}

func readBytesWith(c Cataloger, path string, data []byte, limits Limits) (Found, error) {
	found := Found{Cataloger: c.Name, Path: image.Path(path)}
	f := &File{Path: image.Path(path), Size: int64(len(data)), Mode: 0o644, Content: bytes.NewReader(data), Bytes: data, Limits: limits}
	err := c.Read(f, &found)
	return found, err
}

// checkPackages is the property of all fuzz targets: whatever the bytes, packages can be named, printed and stored.
func checkPackages(t *testing.T, packages []image.Package) {
	t.Helper()
	for _, p := range packages {
		if _, ok := declaredName(p.Name); !ok {
			t.Fatalf("unusable name %q", p.Name)
		}
		if _, ok := declaredVersion(p.Version); !ok && p.Version != "" {
			t.Fatalf("unusable version %q", p.Version)
		}
		for _, s := range append([]string{p.Origin, p.Homepage, p.Namespace, p.Arch}, p.Licenses...) {
			if s != declaredText(s) {
				t.Fatalf("unprintable text %q", s)
			}
		}
		for k, s := range p.Extra {
			if s != declaredText(s) {
				t.Fatalf("unprintable %s: %q", k, s)
			}
		}
		for _, f := range p.Files {
			checkPath(t, f.Path)
		}
	}
}

func checkPath(t *testing.T, p image.Path) {
	t.Helper()
	if clean, err := image.CleanPath(string(p)); err != nil || clean != p || p == "" {
		t.Fatalf("path %q leaves the tree or is not clean", p)
	}
}

func TestDeclaredText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" MIT\n":                    "MIT",
		"a\x1b[2Jb\x00c":            "a [2Jb c",
		"Andr\xe9":                  "Andr\uFFFD",
		strings.Repeat("x", 2000):   "",
		"Jane Doe <jane@x.example>": "Jane Doe <jane@x.example>",
	} {
		if got := declaredText(in); got != want {
			t.Errorf("%.20q: got %q, want %q", in, got, want)
		}
	}
}

func TestDeclaredNameRefusesWhatNoEcosystemAllows(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"@scope/name": true, "log4j-core": true, "github.com/a/b": true, "": false, "a b": false, "a\x1b": false, "y\xff": false, strings.Repeat("x", 600): false,
	} {
		if _, ok := declaredName(in); ok != want {
			t.Errorf("%.20q: got %v, want %v", in, ok, want)
		}
	}
}
