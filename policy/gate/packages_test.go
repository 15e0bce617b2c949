package gate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func TestRequiredPackage(t *testing.T) {
	t.Parallel()
	analysis := &image.Analysis{Packages: []image.Package{
		{Type: image.Binary, Name: "libc6", Version: "2.35", Location: "opt/libc.so.6"}, // the distribution's comes first
		{Type: image.Deb, Name: "libc6", Version: "2.36-9"},
		{Type: image.Python, Name: "brought", Version: "1", Location: "usr/lib/c", OwnedBy: &image.PackageRef{Name: "python3-brought"}},
		{Type: image.Deb, Name: "perl", Version: "1:5.36-7"},
		{Type: image.RPM, Name: "bash", Version: "5.1.8-6.el9"},
		{Type: image.RPM, Name: "dbus", Version: "1:1.12-8.el9"},
		{Type: image.APK, Name: "musl", Version: "1.2.4-r2"},
		{Type: image.Python, Name: "pip", Version: "23.0rc1", Location: "usr/lib/b"},
		{Type: image.Python, Name: "pip", Version: "22.0", Location: "usr/lib/a"},
		{Type: image.NPM, Name: "odd", Version: "not a version", Location: "x/package.json"},
		{Type: image.Ebuild, Name: "app-shells/bash", Version: "5.1_p16-r6"},
		{Type: image.Opkg, Name: "busybox", Version: "1.36.1-1"},
		{Type: image.NuGet, Name: "Serilog", Version: "2.10.0.1"},
		{Type: "unheard-of", Name: "other", Version: "1"},
	}}
	exact := func(name, version string) string {
		return "|Required input package (" + name + ") is present (" + version + "), but not at the version specified in policy (" + name + ")"
	}
	older := func(name, version, wanted string) string {
		return "|Required min-version input package (" + name + ") is present (" + version + "), but is lower version than what is specified in policy (" + wanted + ")"
	}
	for _, tc := range []struct{ params, want string }{
		{"name=libc6", ""},
		{"name=Libc6", "|Required input package (Libc6) is not present in container image"},
		{"name=no version=1", "|Required input package (no,1) is not present in container image"},
		{"name=libc6 version=2.36-9", ""},
		{"name=brought", "|Required input package (brought) is not present in container image"},
		{"name=libc6 version=2.36", exact("libc6", "2.36-9")},
		{"name=bash version=5.1.8", exact("bash", "5.1.8-6.el9")},
		{"name=libc6 version=2.36 version_match_type=minimum", ""},
		{"name=libc6 version=2.36-10 version_match_type=minimum", older("libc6", "2.36-9", "2.36-10")},
		{"name=perl version=5.37 version_match_type=minimum", older("perl", "1:5.36-7", "5.37")},
		{"name=perl version=2:5.0 version_match_type=minimum", older("perl", "1:5.36-7", "2:5.0")},
		{"name=bash version=5.1.8 version_match_type=minimum", ""},
		{"name=bash version=5.1.8-5.el9 version_match_type=minimum", ""},
		{"name=bash version=5.1.8-7.el9 version_match_type=minimum", older("bash", "5.1.8-6.el9", "5.1.8-7.el9")},
		{"name=dbus version=1.13 version_match_type=minimum", older("dbus", "1:1.12-8.el9", "1.13")},
		{"name=musl version=1.2.4 version_match_type=minimum", ""},
		{"name=musl version=1.2.4-r3 version_match_type=minimum", older("musl", "1.2.4-r2", "1.2.4-r3")},
		{"name=pip version=22.0 version_match_type=minimum", ""},
		{"name=pip version=22.0.1 version_match_type=minimum", older("pip", "22.0", "22.0.1")},
		{"name=app-shells/bash version=5.1_p9 version_match_type=minimum", ""},
		{"name=app-shells/bash version=5.1_p16-r10 version_match_type=minimum", older("app-shells/bash", "5.1_p16-r6", "5.1_p16-r10")},
		{"name=busybox version=1.36.1-2 version_match_type=minimum", older("busybox", "1.36.1-1", "1.36.1-2")},
		{"name=Serilog version=2.10.1 version_match_type=minimum", older("Serilog", "2.10.0.1", "2.10.1")},
		{"name=odd version=1 version_match_type=minimum", "error: comparing version"},
		{"name=other version=2 version_match_type=minimum", "error: the version order of packages of type \"unheard-of\" is not known"},
	} {
		got := strings.Join(run(t, &gate.Context{Analysis: analysis}, "packages/required_package", strings.Fields(tc.params)...), "\n")
		if got != tc.want && (!strings.HasPrefix(tc.want, "error") || !strings.HasPrefix(got, tc.want)) {
			t.Errorf("%s:\n got %s\nwant %s", tc.params, got, tc.want)
		}
	}
}

func TestPackageBlacklist(t *testing.T) {
	t.Parallel()
	analysis := &image.Analysis{Packages: []image.Package{
		{Type: image.APK, Name: "openssl", Version: "1.1.1c-r0"},
		{Type: image.Deb, Name: "telnetd", Version: "0.17-42"},
		{Type: image.Binary, Name: "telnetd", Version: "0.17", Location: "usr/sbin/telnetd", OwnedBy: &image.PackageRef{Name: "telnetd"}},
		{Type: image.RPM, Name: "vim", Version: "2:8.2-1.el9"},
		{Type: image.NPM, Name: "left-pad", Version: "1.0.0", Location: "a/package.json"},
		{Type: image.NPM, Name: "left-pad", Version: "1.0.0", Location: "b/package.json"},
	}}
	for _, tc := range []struct {
		params string
		want   []string
	}{
		{"name=telnetd", []string{"|Package is blacklisted: telnetd"}},
		{"name=telnet", nil},
		{"name=openssl version=1.1.1c", []string{"|Package is blacklisted: openssl-1.1.1c"}},
		{"name=openssl version=1.1.1c-r0", nil},
		{"name=telnetd version=0.17", nil},
		{"name=telnetd version=0.17-42", []string{"|Package is blacklisted: telnetd-0.17-42"}},
		{"name=vim version=2:8.2", []string{"|Package is blacklisted: vim-2:8.2"}},
		{"name=left-pad", []string{"|Package is blacklisted: left-pad", "|Package is blacklisted: left-pad"}},
	} {
		got := run(t, &gate.Context{Analysis: analysis}, "packages/blacklist", strings.Fields(tc.params)...)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", tc.params, diff)
		}
	}
}
