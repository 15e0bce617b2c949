package catalog

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

// testdata reads a file of testdata.
func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// inMemory and onDisk are the two ways in which the layer reader hands out content.
func inMemory(p image.Path, content []byte) *File {
	f := onDisk(p, content)
	f.Bytes = content
	return f
}

func onDisk(p image.Path, content []byte) *File {
	return &File{Path: p, Size: int64(len(content)), Content: bytes.NewReader(content), Limits: testLimits}
}

// readFile runs a cataloguer on one file; an error becomes a gap, as in the layer reader.
func readFile(c Cataloger, f *File) Found {
	found := Found{Cataloger: c.Name, Path: f.Path}
	if err := c.Read(f, &found); err != nil {
		found.Gap(image.GapParserFailed, err.Error())
	}
	return found
}

// details are the sentences of gaps.
func details(gaps []image.Gap) []string {
	var s []string
	for _, g := range gaps {
		s = append(s, g.Detail)
	}
	return s
}

// names are "name version arch" of packages.
func names(packages []image.Package) []string {
	var s []string
	for _, p := range packages {
		s = append(s, strings.TrimSpace(p.Name+" "+p.Version+" "+p.Arch))
	}
	return s
}

// checkFound states what holds of any file, however hostile, and whichever way it was handed out.
func checkFound(t *testing.T, c Cataloger, p image.Path, content []byte) {
	t.Helper()
	found := readFile(c, inMemory(p, content))
	if diff := cmp.Diff(found, readFile(c, onDisk(p, content))); diff != "" {
		t.Errorf("from memory and from disk differ:\n%s", diff)
	}
	for _, pkg := range found.Packages {
		if !isWord(pkg.Name) || !isWord(pkg.Version) || pkg.Location != p || pkg.SourceName == "" || !pkg.Type.OS() {
			t.Errorf("package is not whole: %+v", pkg)
		}
		checkFiles(t, pkg.Files)
	}
	for _, l := range found.Lists {
		checkFiles(t, l.Files)
	}
	if len(found.Gaps) > maxLosses+2 {
		t.Errorf("%d gaps were not folded", len(found.Gaps))
	}
	if c.Join != nil {
		c.Join([]Found{found, found})
	}
}

func checkFiles(t *testing.T, files []image.OwnedFile) {
	t.Helper()
	for _, f := range files {
		if clean, err := image.CleanPath(string(f.Path)); err != nil || clean != f.Path || clean == "" {
			t.Errorf("path %q is no key: %v", f.Path, err)
		}
		if (f.Algorithm == "") != (f.Digest == "") {
			t.Errorf("digest without algorithm or the reverse: %+v", f)
		}
	}
}

func TestKeyOfIsCleanPath(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "/", "//", ".", "..", "/.", "a", "/a", "//a", "a/", "/a//b", "/a/./b", "/a/../../b", "./a", "../a", ".a", "/.a/.b",
		"a\x00b", strings.Repeat("a/", 255) + "a", strings.Repeat("a/", 256) + "a", strings.Repeat("a", 4096), strings.Repeat("a", 4097),
		"/" + strings.Repeat("a", 4096), "a\xff", " a ",
	} {
		want, wantErr := image.CleanPath(name)
		got, err := keyOf(name)
		if got != want && wantErr == nil || (err == nil) != (wantErr == nil) && len(name) <= image.MaxPathLength {
			t.Errorf("%.40q: got %.40q, %v; want %.40q, %v", name, got, err, want, wantErr)
		}
	}
}

// TestLinesTooLong shows that an endless line is cut, told, and does not take the next line with it.
func TestLinesTooLong(t *testing.T) {
	t.Parallel()
	content := []byte(strings.Repeat("x", 3*maxLine) + "\nnext\r\n" + strings.Repeat("y", maxLine-1) + "\nlast")
	for name, f := range map[string]*File{"memory": inMemory("f", content), "disk": onDisk("f", content)} {
		var got []int
		l := linesOf(f)
		for line, ok := l.next(); ok; line, ok = l.next() {
			n := len(line)
			if l.cut {
				n = -n
			}
			got = append(got, n)
		}
		if diff := cmp.Diff([]int{-maxLine, 4, maxLine - 1, 4}, got); diff != "" || l.err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, l.err, diff)
		}
	}
}
