package catalog

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// joined reads files in path order and joins what they yield.
func joinedFiles(c Cataloger, files map[image.Path][]byte) (packages []image.Package, gaps []string) {
	var paths []image.Path
	for p := range files {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	var found []Found
	for _, p := range paths {
		f := readFile(c, inMemory(p, files[p]))
		gaps = append(gaps, details(f.Gaps)...)
		found = append(found, f)
	}
	packages, more := c.Join(found)
	return packages, append(gaps, details(more)...)
}

func TestPacman(t *testing.T) {
	t.Parallel()
	const dir = "var/lib/pacman/local/readline-8.2.013-1/"
	packages, gaps := joinedFiles(Pacman(), map[image.Path][]byte{
		dir + "desc":                            testdata(t, "pacman/desc"),
		dir + "files":                           testdata(t, "pacman/files"),
		dir + "mtree":                           gzipped(t, testdata(t, "pacman/mtree")),
		"var/lib/pacman/local/zsh-1:5.9-1/desc": []byte("%NAME%\nzsh\n\n%VERSION%\n1:5.9-1\n"),
		"var/lib/pacman/local/a/b/desc":         []byte("%NAME%\nnot a package\n"),
	})
	sum := "030efec96954604c983a2fabaf141f07c7e4bc4ff24f3946db2b1f6e"
	want := []image.Package{
		{
			Type: image.ALPM, Name: "readline", Version: "8.2.013-1", Arch: "x86_64", SourceName: "readline", SourceVersion: "8.2.013-1",
			Licenses: []string{"GPL-3.0-or-later", "custom"}, Origin: "A Packager <packager@example.org>",
			Homepage: "https://tiswww.case.edu/php/chet/readline/rltop.html", InstalledSize: 823414, Location: dir + "desc",
			Files: []image.OwnedFile{
				{Path: "etc/inputrc", Algorithm: "sha256", Digest: "36b89a50" + sum, Mode: 0o100644, Size: 1040, User: "0", Group: "0", Config: true},
				{Path: "usr/lib/libreadline.so", Mode: 0o120777, Size: -1, User: "0", Group: "0"},
				{Path: "usr/lib/libreadline.so.8.2", Algorithm: "sha256", Digest: "aaaaaaaa" + sum, Mode: 0o100755, Size: 350000, User: "0", Group: "0"},
				{Path: "usr/share/doc/a name", Algorithm: "sha256", Digest: "bbbbbbbb" + sum, Mode: 0o100644, Size: 1, User: "0", Group: "0"},
			},
		},
		{Type: image.ALPM, Name: "zsh", Version: "1:5.9-1", SourceName: "zsh", SourceVersion: "1:5.9-1", Location: "var/lib/pacman/local/zsh-1:5.9-1/desc"},
	}
	if diff := cmp.Diff(want, packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if gaps != nil {
		t.Errorf("gaps: %q", gaps)
	}
}

// TestPacmanHostile shows what broken files lose, and that each loss is told.
func TestPacmanHostile(t *testing.T) {
	t.Parallel()
	const dir = "var/lib/pacman/local/a-1-1/"
	for _, tt := range []struct {
		name    string
		file    image.Path
		content []byte
		gap     string
	}{
		{"no version", dir + "desc", []byte("%NAME%\na\n"), `its version "" is missing`},
		{"no name", dir + "desc", []byte("%VERSION%\n1\n"), "its name"},
		{"control characters", dir + "desc", []byte("%NAME%\na\x1b[31m\n\n%VERSION%\n1\n"), "its name"},
		{"endless line", dir + "desc", []byte("%NAME%\na\n\n%DESC%\n" + strings.Repeat("x", 1<<20) + "\n\n%VERSION%\n1\n"), "too long"},
		{"a path that is too long", dir + "files", []byte("%FILES%\n" + strings.Repeat("x", 5000) + "\n"), "was left out"},
		{"not compressed", dir + "mtree", []byte("#mtree\n"), "not compressed"},
		{"truncated", dir + "mtree", gzipped(t, testdata(t, "pacman/mtree"))[:100], "unexpected EOF"},
		{"bomb", dir + "mtree", gzipped(t, make([]byte, maxMtree+1)), "the rest was not read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := readFile(Pacman(), inMemory(tt.file, tt.content))
			if got := strings.Join(details(found.Gaps), "\n"); !strings.Contains(got, tt.gap) {
				t.Errorf("gaps: got %q, want %q", got, tt.gap)
			}
		})
	}
}

func FuzzPacman(f *testing.F) {
	f.Add(testdata(f, "pacman/desc"), uint8(0))
	f.Add(testdata(f, "pacman/files"), uint8(1))
	f.Add(testdata(f, "pacman/mtree"), uint8(2))
	paths := []image.Path{"var/lib/pacman/local/a-1-1/desc", "var/lib/pacman/local/a-1-1/files", "var/lib/pacman/local/a-1-1/mtree"}
	f.Fuzz(func(t *testing.T, content []byte, which uint8) {
		if which %= 3; which == 2 {
			content = gzipped(t, content)
		}
		checkFound(t, Pacman(), paths[which], content)
	})
}

func BenchmarkPacman(b *testing.B) {
	var mtree, files strings.Builder
	mtree.WriteString("#mtree\n/set type=file uid=0 gid=0 mode=644\n")
	files.WriteString("%FILES%\n")
	for i := range 20_000 {
		sum := fmt.Sprintf("%064x", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
		fmt.Fprintf(&mtree, "./usr/share/doc/some/where/file%d time=1720000000.0 size=%d md5digest=%s sha256digest=%s\n", i, i, sum[:32], sum)
		fmt.Fprintf(&files, "usr/share/doc/some/where/file%d\n", i)
	}
	const dir = "var/lib/pacman/local/a-1-1/"
	packed, list := gzipped(b, []byte(mtree.String())), []byte(files.String())
	desc := testdata(b, "pacman/desc")
	b.SetBytes(int64(mtree.Len() + len(list)))
	for b.Loop() {
		found := []Found{
			readFile(Pacman(), inMemory(dir+"desc", desc)), readFile(Pacman(), inMemory(dir+"files", list)), readFile(Pacman(), inMemory(dir+"mtree", packed)),
		}
		if p, gaps := Pacman().Join(found); len(p) != 1 || len(p[0].Files) != 20_000 || gaps != nil {
			b.Fatalf("%d packages", len(p))
		}
	}
}
