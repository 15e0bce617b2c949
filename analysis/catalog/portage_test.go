package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestPortage(t *testing.T) {
	t.Parallel()
	const dir = "var/db/pkg/app-shells/bash-5.1_p16-r6/"
	packages, gaps := joinedFiles(Portage(), map[image.Path][]byte{
		dir + "CONTENTS":   testdata(t, "portage/CONTENTS"),
		dir + "PF":         []byte("bash-5.1_p16-r6\n"),
		dir + "SLOT":       []byte("0\n"),
		dir + "LICENSE":    []byte("GPL-3+\n"),
		dir + "repository": []byte("gentoo\n"),
		dir + "SIZE":       []byte("1234567\n"),
		dir + "HOMEPAGE":   []byte("https://a.example https://b.example\n"),
		"var/db/pkg/sys-devel/gcc-config-2.11/PF":             []byte("gcc-config-2.11\n"),
		"var/db/pkg/virtual/left-1/SLOT":                      []byte("0\n"), // what is left of a package is none
		"var/db/pkg/sys-libs/-MERGING-zlib-1.3/CONTENTS":      []byte("obj /lib/x 0123456789abcdef0123456789abcdef 1\n"),
		"var/db/pkg/sys-libs/zlib-1.3/sub/CONTENTS":           []byte("dir /x\n"),
		"var/db/pkg/x11-libs/libXft-2.3.8-r1-custom/CONTENTS": []byte("dir /x\n"),
	})
	want := []image.Package{
		{
			Type: image.Ebuild, Name: "app-shells/bash", Version: "5.1_p16-r6", SourceName: "app-shells/bash", SourceVersion: "5.1_p16-r6",
			Licenses: []string{"GPL-3+"}, Homepage: "https://a.example", InstalledSize: 1234567, Location: dir + "CONTENTS",
			Extra: map[string]string{"slot": "0", "repository": "gentoo"},
			Files: []image.OwnedFile{
				{Path: "bin/bash", Algorithm: "md5", Digest: "0123456789abcdef0123456789abcdef", Size: -1},
				{Path: "bin/sh", Size: -1},
				{Path: "etc/bash/bashrc", Algorithm: "md5", Digest: "fedcba9876543210fedcba9876543210", Size: -1, Config: true},
				{Path: "usr/share/doc/a name with -> arrow", Algorithm: "md5", Digest: strings.Repeat("0", 32), Size: -1},
				{Path: "run/pipe", Size: -1},
			},
		},
		{
			Type: image.Ebuild, Name: "sys-devel/gcc-config", Version: "2.11", SourceName: "sys-devel/gcc-config", SourceVersion: "2.11",
			Location: "var/db/pkg/sys-devel/gcc-config-2.11/PF",
		},
	}
	if diff := cmp.Diff(want, packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	wantGaps := []string{`a package was left out because the name of its directory, "libXft-2.3.8-r1-custom", has no version`}
	if diff := cmp.Diff(wantGaps, gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func TestPortageHostile(t *testing.T) {
	t.Parallel()
	const contents = "var/db/pkg/a/b-1/CONTENTS"
	for _, tt := range []struct{ name, content, gap string }{
		{"no sum", "obj /bin/x 1700000000\n", "line 1 of CONTENTS is not valid"},
		{"only a word", "obj\n", "line 1 of CONTENTS is not valid"},
		{"link to nowhere", "sym /bin/x\n", "line 1 of CONTENTS is not valid"},
		{"endless line", "obj /" + strings.Repeat("x", 1<<20) + "\n", "too long"},
		{"outside", "obj /../../etc/passwd 0123456789abcdef0123456789abcdef 1\nfif /\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := readFile(Portage(), inMemory(contents, []byte(tt.content)))
			if diff := cmp.Diff([]string{"a/b 1"}, names(found.Packages)); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
			checkFiles(t, found.Packages[0].Files)
			if got := strings.Join(details(found.Gaps), "\n"); !strings.Contains(got, tt.gap) {
				t.Errorf("gaps: got %q, want %q", got, tt.gap)
			}
		})
	}
}

func FuzzPortage(f *testing.F) {
	f.Add(testdata(f, "portage/CONTENTS"), "var/db/pkg/app-shells/bash-5.1_p16-r6/CONTENTS")
	f.Add([]byte("GPL-2 MIT"), "var/db/pkg/a/b-1/LICENSE")
	f.Add([]byte("0/1.2"), "var/db/pkg/a/b-1/SLOT")
	f.Fuzz(func(t *testing.T, content []byte, path string) {
		p, err := image.CleanPath(path)
		if err != nil || p == "" {
			t.Skip()
		}
		checkFound(t, Portage(), p, content)
	})
}
