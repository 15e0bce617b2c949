package catalog

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestOpkg(t *testing.T) {
	t.Parallel()
	packages, gaps := joinedFiles(Opkg(), map[image.Path][]byte{
		"usr/lib/opkg/status":                    testdata(t, "opkg/status"),
		"usr/lib/opkg/info/libopenssl3.control":  testdata(t, "opkg/libopenssl3.control"),
		"usr/lib/opkg/info/libopenssl3.list":     testdata(t, "opkg/libopenssl3.list"),
		"usr/lib/opkg/info/busybox.list":         []byte("/bin/busybox\n/etc/syslog.conf\n"),
		"usr/lib/opkg/info/busybox.postinst":     []byte("#!/bin/sh\n"),
		"usr/lib/opkg/info/never.control":        []byte("Package: never\nVersion: 1\nArchitecture: all\n"),
		"usr/lib/opkg/info/openssl-conf.control": []byte("rubbish"),
	})
	want := []image.Package{
		{
			Type: image.Opkg, Name: "busybox", Version: "1.36.1-1", Arch: "x86_64", SourceName: "busybox", SourceVersion: "1.36.1-1",
			Location: "usr/lib/opkg/status",
			Files: []image.OwnedFile{
				{Path: "etc/syslog.conf", Algorithm: "sha256", Digest: "36b89a50030efec96954604c983a2fabaf141f07c7e4bc4ff24f3946db2b1f6e", Size: -1, Config: true},
				{Path: "bin/busybox", Size: -1},
			},
		},
		{
			Type: image.Opkg, Name: "libopenssl3", Version: "3.0.13-1", Arch: "x86_64", SourceName: "openssl", SourceVersion: "3.0.13-1",
			Licenses: []string{"Apache-2.0"}, Origin: "A Maintainer <maintainer@example.org>", InstalledSize: 4000, Location: "usr/lib/opkg/status",
			Files: []image.OwnedFile{
				{Path: "usr/lib/libssl.so.3", Size: -1},
				{Path: "usr/lib/libcrypto.so.3", Mode: 0o100755, Size: -1},
				{Path: "usr/lib/libssl.so", Mode: 0o120777, Size: -1},
			},
		},
		{
			Type: image.Opkg, Name: "openssl-conf", Version: "3.0.8-r0", Arch: "core2-64", SourceName: "openssl", SourceVersion: "3.0.8-r0",
			Licenses: []string{"Apache-2.0"}, Location: "usr/lib/opkg/status",
		},
	}
	if diff := cmp.Diff(want, packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`a package was left out because its name "" is missing or not valid`}, gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func FuzzOpkg(f *testing.F) {
	f.Add(testdata(f, "opkg/status"), uint8(0))
	f.Add(testdata(f, "opkg/libopenssl3.control"), uint8(1))
	f.Add(testdata(f, "opkg/libopenssl3.list"), uint8(2))
	paths := []image.Path{"var/lib/opkg/status", "var/lib/opkg/info/x.control", "var/lib/opkg/info/x.list"}
	f.Fuzz(func(t *testing.T, content []byte, which uint8) {
		checkFound(t, Opkg(), paths[int(which)%len(paths)], content)
	})
}
