package analysis

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

const debian = "ID=debian\nVERSION_ID=12\n"

func TestPackages(t *testing.T) {
	t.Parallel()
	release := file("etc/os-release", debian)
	for _, c := range []struct {
		name string
		in   layers
		want []string
		gaps []image.GapKind
	}{
		{
			"each package has the layer that brought this version",
			layers{
				{release, file("lib/db", "a 1\nb 1\n")},
				{file("lib/db", "a 1\nb 2\n")},
				{file("lib/db", "a 1\nb 2\nc 1\n")},
				{file("lib/db", "a 1\nb 1\nc 1\n")},
			},
			[]string{"a 1 lib/db @0", "b 1 lib/db @3", "c 1 lib/db @2"}, nil,
		},
		{
			"records in files of their own are united over layers",
			layers{{release, file("var/status.d/a", "a 1\n")}, {file("var/status.d/b", "b 1\n")}, {file("var/status.d/.wh.a", "")}},
			[]string{"b 1 var/status.d/b @1"}, nil,
		},
		{
			"what a deleted file found does not count",
			layers{{file("x/package.json", "p 1\n"), file("y/package.json", "q 1\n")}, {file("x/.wh.package.json", ""), file("y/package.json", "q 2\n")}},
			[]string{"q 2 y/package.json @1"}, nil,
		},
		{
			"gaps of deleted files are gone too",
			layers{{file("x/bad.jar", "?"), file("y/bad.jar", "?")}, {file("x/.wh.bad.jar", "")}},
			[]string{}, []image.GapKind{image.GapParserFailed},
		},
		{
			"a removed database is told",
			layers{{release, file("lib/db", "a 1\n")}, {file("lib/.wh.db", "")}},
			[]string{}, []image.GapKind{image.GapDatabaseRemoved},
		},
		{
			"a distribution without a database is told",
			layers{{release}},
			[]string{}, []image.GapKind{image.GapNoPackageDatabase},
		},
		{
			"a database without a distribution is told",
			layers{{file("lib/db", "a 1\n")}},
			[]string{"a 1 lib/db @0"}, []image.GapKind{image.GapUnknownDistro},
		},
		{
			"one database under two names is read once",
			layers{{release, dir("usr/lib"), symlink("lib", "usr/lib"), file("usr/lib/db", "a 1\n")}},
			[]string{"a 1 usr/lib/db @0"}, nil,
		},
		{
			"a database that is a circle of links",
			layers{{file("x", ""), symlink("var/lib/dpkg", "dpkg")}},
			[]string{}, []image.GapKind{image.GapFileSkipped},
		},
		{
			"language packages whose files a package lists are owned, through the image's own links",
			layers{{
				release, symlink("lib", "usr/lib"), file("usr/lib/node/own/package.json", "own 1\n"), file("usr/lib/node/alone/package.json", "alone 1\n"),
				file("usr/lib/py/z.dist-info/METADATA", "z 1\n"), file("usr/lib/py/z.dist-info/RECORD", "1"),
				file("usr/lib/db", "a 1 lib/node/own/package.json lib/py/z.dist-info/RECORD\n"),
			}},
			[]string{"a 1 usr/lib/db @0", "alone 1 usr/lib/node/alone/package.json @0", "own 1 usr/lib/node/own/package.json @0 by a", "z 1 usr/lib/py/z.dist-info/METADATA @0 by a"}, nil,
		},
		{
			"a symlink owns nothing",
			layers{{
				release, file("usr/lib/db", "a 1 usr/share/package.json\n"), symlink("usr/share/package.json", "../../srv/package.json"), file("srv/package.json", "p 1\n"),
			}},
			[]string{"a 1 usr/lib/db @0", "p 1 srv/package.json @0"}, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, _ := analysed(t, c.in)
			if d := cmp.Diff(c.want, packagesOf(a)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(append([]image.GapKind{}, c.gaps...), gapKinds(a)); d != "" {
				t.Errorf("gaps: %s", d)
			}
		})
	}
}

func TestOwnerOfAFile(t *testing.T) {
	t.Parallel()
	_, tree := analysed(t, layers{{file("etc/os-release", debian), file("usr/lib/db", "a 1 usr/bin/x var/lib/dpkg/status\n"), file("usr/bin/x", "1"), file("usr/bin/y", "1"), file("var/lib/dpkg/status", "1")}})
	for p, want := range map[image.Path]string{"usr/bin/x": "a", "usr/bin/y": "", "var/lib/dpkg/status": "", "missing": ""} {
		ref, ok := tree.Owner(p)
		if ref.Name != want || ok != (want != "") {
			t.Errorf("%s: %+v, %v", p, ref, ok)
		}
	}
}

func TestReplacedFileIsNotOwned(t *testing.T) {
	t.Parallel()
	f := image.File{MD5: []byte{0xab, 0xcd}}
	for _, c := range []struct {
		o    image.OwnedFile
		want bool
	}{
		{image.OwnedFile{Algorithm: "md5", Digest: "abcd"}, false},
		{image.OwnedFile{Algorithm: "MD5", Digest: "ABCD"}, false},
		{image.OwnedFile{Algorithm: "md5", Digest: "abce"}, true},
		{image.OwnedFile{Algorithm: "md5", Digest: "abce", Config: true}, false},
		{image.OwnedFile{Algorithm: "sha512", Digest: "00"}, false},
		{image.OwnedFile{}, false},
	} {
		if got := replaced(&f, &c.o); got != c.want {
			t.Errorf("%+v: %v", c.o, got)
		}
	}
}
