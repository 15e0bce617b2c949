package analysis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// TestBelow asks for files by name at any depth below a directory.
func TestBelow(t *testing.T) {
	t.Parallel()
	r := newRouter([]catalog.Cataloger{
		{Want: catalog.Want{Below: map[image.Path][]string{"var/db": {"PF", "x"}}}},
		{Want: catalog.Want{Below: map[image.Path][]string{"var": {"PF"}}}},
	})
	for path, want := range map[image.Path]mask{
		"var/db/PF": 3, "var/db/a/b/PF": 3, "var/PF": 2, "var/db/a/x": 1, "var/db": 0, "var/dbx/x": 0, "a/var/db/x": 0, "PF": 0,
	} {
		if got := r.byName(path); got != want {
			t.Errorf("%s: asks %b, want %b", path, got, want)
		}
	}
}

// TestDatabasesOfDistributions puts small images together and shows packages, owners and layers.
func TestDatabasesOfDistributions(t *testing.T) {
	t.Parallel()
	const md5OfX = "9dd4e461268c8034f5c8564e155c67a6"
	for _, c := range []struct {
		name string
		in   layers
		want []string
		gaps []string
	}{
		{
			"Arch Linux", layers{
				{file("etc/os-release", "ID=arch\nBUILD_ID=rolling\n"), file("var/lib/pacman/local/a-1-1/desc", "%NAME%\na\n\n%VERSION%\n1-1\n"),
					file("var/lib/pacman/local/a-1-1/files", "%FILES%\nusr/\nusr/bin/\nusr/bin/a\nusr/lib/python3/site-packages/q-1.dist-info/METADATA\n"), file("usr/bin/a", "x"),
					file("usr/lib/python3/site-packages/q-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: q\nVersion: 1\n")},
				{file("var/lib/pacman/local/b-2-1/desc", "%NAME%\nb\n\n%VERSION%\n2-1\n")},
			},
			[]string{"alpm a 1-1 layer 0", "alpm b 2-1 layer 1", "pypi q 1 layer 0 of a"}, nil,
		},
		{
			"Gentoo, a package upgraded", layers{
				{file("etc/os-release", "ID=gentoo\n"), file("var/db/pkg/app/a-1/CONTENTS", "obj /usr/bin/a "+md5OfX+" 1\n"), file("var/db/pkg/app/a-1/PF", "a-1\n"), file("usr/bin/a", "x"),
					file("var/db/pkg/app/b-1/PF", "b-1\n")},
				{file("var/db/pkg/app/.wh.a-1", ""), file("var/db/pkg/app/a-2-r1/PF", "a-2-r1\n"), file("var/db/pkg/app/a-2-r1/LICENSE", "MIT\n")},
			},
			[]string{"ebuild app/a 2-r1 layer 1", "ebuild app/b 1 layer 0"}, nil,
		},
		{
			"OpenWrt, the database removed", layers{
				{file("etc/os-release", "ID=openwrt\n"), file("usr/lib/opkg/status", "Package: a\nVersion: 1\nStatus: install user installed\n")},
				{file("usr/lib/opkg/.wh.status", "")},
			},
			nil, []string{"the opkg package database, last seen in layer 0, is gone in a later one; its packages may still be there"},
		},
		{
			"a database and nothing that names the distribution", layers{{file("var/lib/pacman/local/a-1-1/desc", "%NAME%\na\n\n%VERSION%\n1-1\n")}},
			[]string{"alpm a 1-1 layer 0"}, []string{"there is a package database but nothing that names the distribution"},
		},
		{
			"a database that is not read", layers{{file("etc/os-release", "ID=void\n"), file("var/db/xbps/pkgdb-0.38.plist", "<plist/>")}},
			nil, []string{
				"the package database of xbps (Void Linux) is not read: its packages are not known",
				`the image is "void" and has no package database that we can read`,
			},
		},
		{
			"apk below var, behind a link", layers{{file("etc/os-release", "ID=wolfi\n"), file("data/apk/db/installed", "P:a\nV:1-r0\nA:x86_64\n\n"), symlink("var/lib/apk", "/data/apk")}},
			[]string{"apk a 1-r0 layer 0"}, nil,
		},
		{
			"Nix", layers{
				{file("etc/os-release", "ID=nixos\nVERSION_ID=24.05\n"), file("nix/store/1ddf3x30m0z6kknmrmapsc7liz8npi1w-perl-5.38.2/bin/perl", "x"),
					file("nix/store/2ddf3x30m0z6kknmrmapsc7liz8npi1w-bash-5.2.patch", "x")},
				{dir("nix/store/3ddf3x30m0z6kknmrmapsc7liz8npi1w-hello-2.12-man"), file("nix/store/.wh.1ddf3x30m0z6kknmrmapsc7liz8npi1w-perl-5.38.2", ""), dir("nix/store/4ddf3x30m0z6kknmrmapsc7liz8npi1w-source")},
			},
			[]string{"nix hello 2.12 layer 1"}, nil,
		},
		{
			"pacman behind a link", layers{{file("etc/os-release", "ID=arch\n"), file("usr/lib/holo/pacmandb/local/a-1-1/desc", "%NAME%\na\n\n%VERSION%\n1-1\n"),
				file("usr/lib/holo/pacmandb/local/a-1-1/files", "%FILES%\nusr/bin/a\n"), symlink("var/lib/pacman", "/usr/lib/holo/pacmandb")}},
			[]string{"alpm a 1-1 layer 0"}, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := NewReader(Options{TempDir: t.TempDir(), Catalogers: catalog.All()})
			a, _, err := r.Image(context.Background(), imageOf(t, c.in).Input, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got, gaps []string
			for _, p := range a.Packages {
				s := fmt.Sprintf("%s %s %s layer %d", p.Type, p.Name, p.Version, p.Layer)
				if p.OwnedBy != nil {
					s += " of " + p.OwnedBy.Name
				}
				got = append(got, s)
			}
			for _, g := range a.Gaps {
				gaps = append(gaps, g.Detail)
			}
			slices.SortFunc(gaps, func(a, b string) int { return -strings.Compare(a, b) })
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("packages (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.gaps, gaps); d != "" {
				t.Errorf("gaps (-want +got):\n%s", d)
			}
		})
	}
}
