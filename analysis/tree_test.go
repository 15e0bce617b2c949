package analysis

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestTree(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		in   layers
		want []string
		gaps []image.GapKind
	}{
		{
			"an opaque marker acts on lower layers alone, wherever it stands",
			layers{{dir("d"), file("d/low", "1")}, {file("d/before", "22"), file("d/.wh..wh..opq", ""), file("d/after", "333")}},
			[]string{"d/ @0", "d/after 3 @1", "d/before 2 @1"}, nil,
		},
		{
			"a whiteout beside what it names leaves the new file",
			layers{{file("a", "1")}, {file("a", "22"), file(".wh.a", "")}},
			[]string{"a 2 @1"}, nil,
		},
		{
			"no symlink is followed by a marker",
			layers{{dir("usr/lib"), file("usr/lib/x", "1"), symlink("lib", "usr/lib")}, {file("lib/.wh.x", ""), file("lib/.wh..wh..opq", "")}},
			[]string{"lib -> usr/lib @0", "usr/ @0", "usr/lib/ @0", "usr/lib/x 1 @0"}, nil,
		},
		{
			"a whiteout of a directory hides all below, and what a higher layer makes again stays",
			layers{{file("s/p/a", "1"), file("s/q", "1")}, {file("s/.wh.p", "")}, {file("s/p/b", "22")}},
			[]string{"s/ @0", "s/p/ @2", "s/p/b 2 @2", "s/q 1 @0"}, nil,
		},
		{
			"a lower whiteout does not reach up",
			layers{{file("a", "1")}, {file(".wh.a", "")}, {file("a", "22")}, {}},
			[]string{"a 2 @2"}, nil,
		},
		{
			"malformed markers are odd files with a gap, and in the lowest layer no marker is a file",
			layers{{file("x/.wh.", "1"), file("x/.wh..", "1"), file("x/.wh..wh..opqX", "1"), file("x/.wh.gone", ""), file("x/.wh..wh..opq", ""), file(".wh..wh.aufs", ""), file("x/y", "1")}},
			[]string{"x/ @0", "x/.wh. 1 @0", "x/.wh.. 1 @0", "x/.wh..wh..opqX 1 @0", "x/y 1 @0"},
			[]image.GapKind{image.GapFileSkipped, image.GapFileSkipped, image.GapFileSkipped},
		},
		{
			"a directory that becomes a file loses what was in it",
			layers{{dir("d"), file("d/x", "1")}, {file("d", "22")}},
			[]string{"d 2 @1"}, nil,
		},
		{
			"a file that becomes a directory, listed or not",
			layers{{file("a", "1"), file("b", "1")}, {dir("a"), file("a/x", "1"), file("b/x", "1")}},
			[]string{"a/ @1", "a/x 1 @1", "b/ @1", "b/x 1 @1"}, nil,
		},
		{
			"a directory over a directory keeps what is in it",
			layers{{dir("d"), file("d/x", "1")}, {dir("d").mode(0o700)}},
			[]string{"d/ @1", "d/x 1 @0"}, nil,
		},
		{
			"of a name given twice the last counts, and a directory replaced in its own layer takes its files along",
			layers{{file("a", "1"), file("a", "22"), dir("d"), file("d/x", "1"), file("d", "333")}},
			[]string{"a 2 @0", "d 3 @0"}, nil,
		},
		{
			"a file below a file of the same layer is listed, with a gap",
			layers{{file("a", "1"), file("a/b", "22")}},
			[]string{"a 1 @0", "a/b 2 @0"}, []image.GapKind{image.GapFileSkipped},
		},
		{
			"names are keys: dots, slashes and dot-dots stay below the root",
			layers{{file("./a", "1"), file("/b", "1"), file("../../c", "1"), file("d/../e", "1")}},
			[]string{"a 1 @0", "b 1 @0", "c 1 @0", "e 1 @0"}, nil,
		},
		{
			"a hard link keeps the content that it had",
			layers{{file("a", "1234"), hard("b", "a")}, {file("a", "1")}, {file(".wh.a", "")}},
			[]string{"b 4 @0"}, nil,
		},
		{
			"a hard link to a file of a lower layer, and one to nothing",
			layers{{file("a", "1234")}, {hard("b", "/a"), hard("c", "nowhere"), file(".wh.a", "")}},
			[]string{"b 4 @1"}, []image.GapKind{image.GapFileSkipped},
		},
		{
			"a name that is not UTF-8",
			layers{{file("caf\xe9", "1")}},
			[]string{"caf\xe9 1 @0"}, nil,
		},
		{"no layers at all", layers{}, []string{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, tree := analysed(t, c.in)
			if d := cmp.Diff(c.want, show(tree)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(append([]image.GapKind{}, c.gaps...), gapKinds(a)); d != "" {
				t.Errorf("gaps: %s", d)
			}
		})
	}
}

func TestHardLinkIsTheFile(t *testing.T) {
	t.Parallel()
	a, tree := analysed(t, layers{{file("bin/su", "root").mode(0o755), hard("bin/su2", "bin/su").mode(0o4755)}})
	f, _ := tree.Lookup("bin/su2")
	g, _ := tree.Lookup("bin/su")
	if string(f.SHA256) != string(g.SHA256) || f.SHA256 == nil || !f.HardLink || f.Link != "bin/su" || f.Type != image.Regular {
		t.Errorf("a hard link is the file that it names: %+v, %+v", f, g)
	}
	if f.Mode != 0o4755 {
		t.Errorf("a set-uid bit in the link's header must not be lost: %o", f.Mode)
	}
	if a.Files.Bytes != 4 || a.Files.Regular != 2 {
		t.Errorf("a content with two names counts once: %+v", a.Files)
	}
	if len(f.MD5) != 16 || len(f.SHA1) != 20 {
		t.Errorf("below bin the digests of package databases are taken too")
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	l := []entry{
		dir("usr/lib"), file("usr/lib/x", "1"), symlink("lib", "usr/lib"), symlink("usr/lib64", "/lib"), symlink("a", "b"), symlink("b", "a"),
		symlink("up", "../../../../usr/lib/x"), symlink("out", "/nowhere"), symlink("c0", "usr"),
	}
	for i := range 41 {
		l = append(l, symlink(fmt.Sprintf("c%d", i+1), fmt.Sprintf("c%d", i)))
	}
	_, tree := analysed(t, layers{l})
	for _, c := range []struct {
		in, want image.Path
		err      error
	}{
		{"lib/x", "usr/lib/x", nil},
		{"usr/lib64/x", "usr/lib/x", nil},
		{"lib/../lib/../lib/x", "", ErrNotFound},
		{"up", "usr/lib/x", nil},
		{"out", "", ErrNotFound},
		{"a", "", ErrTooManyLinks},
		{"a/x", "", ErrTooManyLinks},
		{"c39/lib/x", "usr/lib/x", nil},
		{"c40/lib/x", "", ErrTooManyLinks},
		{"missing", "", ErrNotFound},
	} {
		got, err := tree.Resolve(c.in)
		if c.in == "lib/../lib/../lib/x" {
			// Through the link, ".." is the parent of where the link leads: usr, which has a lib.
			c.want, c.err = "usr/lib/x", nil
		}
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("Resolve(%q) = %q, %v; want %q, %v", c.in, got, err, c.want, c.err)
		}
	}
}

func TestTarSize(t *testing.T) {
	t.Parallel()
	a, _ := analysed(t, layers{{dir("d"), file("d/x", "1"), hard("d/y", "d/x")}, {file("d/z", string(make([]byte, 9000)))}})
	// Four headers, one block, eighteen blocks, the end: 12,800 bytes, in records of 10,240.
	if a.Size != 20480 {
		t.Errorf("size %d", a.Size)
	}
}
