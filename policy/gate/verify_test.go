package gate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	ref := func(name string) image.PackageRef { return image.PackageRef{Type: image.RPM, Name: name, Version: "1"} }
	c := &gate.Context{Analysis: &image.Analysis{Verification: image.Verification{Differences: []image.FileDifference{
		{Path: "etc/a.conf", Package: ref("a"), Status: image.FileChanged, Config: true},
		{Path: "etc/b.conf", Package: ref("a"), Status: image.FileMissing, Config: true},
		{Path: "usr/bin/a", Package: ref("a"), Status: image.FileChanged},
		{Path: "usr/bin/b", Package: ref("b"), Status: image.FileModeChanged},
		{Path: "usr/bin/c", Package: ref("b"), Status: image.FileChanged, Symlink: true},
		{Path: "usrx/b", Package: ref("b"), Status: image.FileMissing},
	}}}}
	row := func(pkg, path, status string) string {
		return "|VERIFY check against package db for package '" + pkg + "' failed on entry '" + path + "' with status: '" + status + "'"
	}
	conf, a, b, x := row("a", "/etc/b.conf", "missing"), row("a", "/usr/bin/a", "changed"), row("b", "/usr/bin/b", "changed"), row("b", "/usrx/b", "missing")
	for _, tc := range []struct {
		params []string
		want   []string
	}{
		{nil, []string{conf, a, b, x}},
		{[]string{"check=changed"}, []string{a, b}},
		{[]string{"check=missing"}, []string{conf, x}},
		{[]string{"only_packages=a, c"}, []string{conf, a}},
		{[]string{"only_packages=A"}, nil},
		{[]string{"only_directories=/usr"}, []string{a, b, x}}, // a plain prefix
		{[]string{"only_directories=/usr/"}, []string{a, b}},
		{[]string{"only_directories=/usr, /usr/bin"}, []string{a, a, b, b, x}},
		{[]string{"only_directories=usr"}, nil},
		{[]string{"only_packages=b", "only_directories=/usr", "check=missing"}, []string{x}},
	} {
		if diff := cmp.Diff(tc.want, run(t, c, "packages/verify", tc.params...)); diff != "" {
			t.Errorf("%q: %s", tc.params, diff)
		}
	}
	if got := run(t, &gate.Context{}, "packages/verify"); got != nil {
		t.Errorf("got %q", got)
	}
}
