package catalog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/binaries"
)

// program makes an executable with the text among other strings.
func program(text string) []byte {
	return binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".rodata", Data: []byte("one\x00two\x00" + text + "\x00three\x00")})
}

// What known programs say, as it stands in files of distributions and of the projects themselves.
var sayings = []struct{ file, text, want string }{
	{"bin/busybox", "BusyBox v1.35.0 (Debian 1:1.35.0-4)", "busybox 1.35.0"},
	{"bin/bash", "@(#)Bash version 5.2.15(1) release GNU", "bash 5.2.15"},
	{"bin/gzip", "while zipping\n\x001.12", "gzip 1.12"},
	{"bin/gzip", "BusyBox v1.36.1 (2023)\x001.12", "busybox 1.36.1"},
	{"usr/bin/xz", "xz (XZ Utils) 5.4.1", "xz 5.4.1"},
	{"lib/liblzma.so.5.4.1", "x\x005.4.1", "xz 5.4.1"},
	{"lib/liblzma.so.5.4.1", "x\x005.2.0", ""},
	{"usr/bin/openssl", "OpenSSL 3.0.11 19 Sep 2023\x00%s (Library", "openssl 3.0.11"},
	{"usr/lib/libcrypto.so.1.1", "OpenSSL 1.1.1w  11 Sep 2023", "openssl 1.1.1w"},
	{"usr/lib/libcrypto.so.10", "OpenSSL 1.0.2k-fips  26 Jan 2017", "openssl 1.0.2k"},
	{"usr/lib/libcrypto.so.1.1", "OpenSSL 1.1.1 (compatible; AWS-LC 1.34.0)", "aws-lc 1.34.0"},
	{"usr/lib/libcrypto.so.46", "LibreSSL 3.8.2", "libressl 3.8.2"},
	{"usr/sbin/sshd", "OpenSSL 3.0.11 19 Sep 2023", ""},
	{"usr/bin/curl", "curl 8.4.0 (x86_64-pc-linux-gnu) %s\n\x00OpenSSL 3.0.11 19 Sep 2023", "curl 8.4.0"},
	{"usr/sbin/nginx", "nginx version: nginx/1.22.1\n\x00OpenSSL 3.0.22 25 Aug 2026", "nginx 1.22.1"},
	{"usr/sbin/nginx", "nginx version: openresty/1.21.4.1", "openresty 1.21.4.1"},
	{"usr/local/apache2/bin/httpd", "Apache/2.4.57 (Unix)", "httpd 2.4.57"},
	{"usr/sbin/haproxy", "HA-Proxy version 1.8.22 2019/10/25", "haproxy 1.8.22"},
	{"usr/sbin/haproxy", "x\x002.7.3-1065b10\x00\x00HAProxy", "haproxy 2.7.3"},
	{"usr/local/bin/envoy", "x\x001.30.2\x00envoy", "envoy 1.30.2"},
	{"usr/local/bin/envoy", "x\x001.30.2\x00envoy\x001.57.0", ""},
	{"usr/bin/redis-server", "A00000000\x00%llx\x00\x00\x007.0.0e11381fbd8bd-1653733480000000000", "redis 7.0.0"},
	{"usr/bin/redis-server", "6.0.16964eac4733d9-1673428630000000000", "redis 6.0.16"},
	{"usr/bin/redis-server", "5.0.05ca5019de136-1539906480000000000", "redis 5.0.0"},
	{"usr/bin/redis-server", "7.2.3buildkitsandbox-1702957734000000000", "redis 7.2.3"},
	{"usr/bin/redis-check-rdb", "A7.0.151790282056000000000", "redis 7.0.15"},
	{"usr/bin/valkey-server", "valkey9.0.0buildkitsandbox-1764887574000000000", "valkey 9.0.0"},
	{"usr/bin/postgres", "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n", "postgresql 15.20"},
	{"usr/bin/postgres", "PostgreSQL 15beta4 (Debian 15~beta4-1)", "postgresql 15beta4"},
	{"usr/sbin/mysqld", "LOOKUP\x0010.11.19-MariaDB", "mariadb 10.11.19"},
	{"usr/sbin/mysqld", "../../mysql-8.0.36/sql/log.cc", "mysql 8.0.36"},
	{"usr/sbin/mysqld", "/BUILD/percona-server-8.0.35-27/percona-server-8.0.35-27/sql/x.cc\x00/mysql-8.0.35/", "percona-server 8.0.35-27"},
	{"usr/bin/mongod", "outputConfig\x006.0.27\x00tcmalloc\x00mozjs", "mongodb 6.0.27"},
	{"usr/lib/libsqlite3.so.0.8.6", "x\x003.40.1", "sqlite 3.40.1"},
	{"usr/bin/python3.11", "pymalloc\x003.9.1\x003.11.2", "python 3.11.2"},
	{"usr/lib/libpython3.11.so.1.0", "pymalloc\x003.11.2+", "python 3.11.2"},
	{"usr/bin/perl", "SEED\x00v5.36.0", "perl 5.36.0"},
	{"usr/local/bin/perl", "/usr/local/lib/perl5/5.38.2/x86_64-linux-gnu", "perl 5.38.2"},
	{"usr/lib/libruby-3.1.so.3.1.2", "ruby 3.1.2p20 (2022-04-12 revision", "ruby 3.1.2"},
	{"usr/sbin/php-fpm8.2", "X-Powered-By: PHP/8.2.36", "php 8.2.36"},
	{"usr/local/bin/node", "node.js/v20.20.2", "node 20.20.2"},
	{"usr/local/bin/deno", "Deno/0.80.0grpc-Deno/2.9.6Deno/2.9.6+e518", "deno 2.9.6"},
	{"usr/local/bin/bun", "Bun v1.4.5 (Linux x64)", "bun 1.4.5"},
	{"usr/local/go/bin/go", "\x00go1.22.7", "go 1.22.7"},
	{"usr/lib/libstd-c6192dd4c4d410ac.so", "clang LLVM (rustc version 1.67.1 (d5a82bbd2 2023-02-07))", "rust 1.67.1"},
	{"usr/lib/erlang/erts/bin/beam.smp", "26.1.2\x00\x00\x00Erlang/OTP 26%s [erts-", "erlang 26.1.2"},
	{"usr/lib/jvm/jdk/lib/server/libjvm.so", "Debian) for linux-amd64 JRE (17.0.21.1+2-1-deb12u1-Debian), built", "openjdk 17.0.21.1"},
	{"opt/jre/lib/amd64/server/libjvm.so", "for linux-amd64 JRE (1.8.0_392-b08)", "openjdk 1.8.0_392"},
	{"usr/lib/libQt5Core.so.5.15.8", "xdg\x00Qt 5.15.8 (x86_64-little_endian-lp64", "qt 5.15.8"},
	{"usr/bin/ffmpeg", "x\x00%s version 5.1.9-0+deb12u1", "ffmpeg 5.1.9"},
	{"opt/google/chrome/chrome", "x\x00156.0.8078.79\x00153.0.8010.0", "chrome 156.0.8078.79"},
	{"usr/bin/fluent-bit", "type: \x003.0.2\x00%sFluent Bit v%s%s\n", "fluent-bit 3.0.2"},
	{"usr/lib/libkrb5.so.3.3", "KRB5_BRAND: krb5-1.20.1-final 1.20.1 20221111", "krb5 1.20.1"},
	{"usr/lib/libkrb5.so.26", "@(#)$Version: Heimdal 7.8.0 $", "heimdal 7.8.0"},
	{"usr/sbin/slapd", "@(#) $OpenLDAP: slapd 2.5.13+dfsg-5 (Feb", "openldap 2.5.13"},
	{"usr/sbin/proftpd", "ProFTPD Version 1.3.8b", "proftpd 1.3.8b"},
}

func TestKnownBinaries(t *testing.T) {
	t.Parallel()
	c := KnownBinaries()
	for _, s := range sayings {
		for how, f := range map[string]*File{"memory": inMemory(image.Path(s.file), program(s.text)), "disk": onDisk(image.Path(s.file), program(s.text))} {
			if !wanted(c, f.Path) && s.want != "" {
				t.Errorf("%s is not asked for", s.file)
			}
			var got []string
			found := readFile(c, f)
			for _, p := range found.Packages {
				got = append(got, p.Name+" "+p.Version)
				if p.Extra["evidence"] == "" || len(p.Extra["evidence"]) > maxEvidence || p.Extra["classifier"] != p.Name || p.Type != image.Binary || p.Location != f.Path {
					t.Errorf("%s: %+v", s.file, p)
				}
			}
			if strings.Join(got, ", ") != s.want || len(found.Gaps) > 0 {
				t.Errorf("%s from %s with %q: got %q %v, want %q", s.file, how, s.text, got, details(found.Gaps), s.want)
			}
		}
		if found := readFile(c, inMemory(image.Path(s.file), []byte("#!/bin/sh\x00"+s.text+"\x00"))); len(found.Packages) > 0 {
			t.Errorf("%s: a script was taken for a program", s.file)
		}
	}
}

// wanted is what the router does with names.
func wanted(c Cataloger, p image.Path) bool {
	return slices.Contains(c.Want.Names, p.Base()) || slices.ContainsFunc(c.Want.Prefixes, func(s string) bool { return strings.HasPrefix(p.Base(), s) })
}

func TestKnownTexts(t *testing.T) {
	t.Parallel()
	c := KnownBinaries()
	for _, s := range []struct{ file, text, want string }{
		{"usr/local/go/VERSION", "go1.22.7\ntime 2024-08-29T20:56:24Z\n", "go 1.22.7"},
		{"usr/lib/go-1.19/VERSION", "go1.19.8", "go 1.19.8"},
		{"app/VERSION", "1.22.7\n", ""},
		{"app/VERSION", "gopher", ""},
		{"app/VERSION", "go1.22.7 is what we need", ""},
		{"usr/include/python3.11/patchlevel.h", "/* Version as a string */\n#define PY_VERSION      \t\"3.11.2+\"\n", "python 3.11.2"},
		{"usr/lib/perl/CORE/patchlevel.h", "#define PERL_VERSION 36", ""},
		{"usr/lib/erlang/releases/25/OTP_VERSION", "25.2.3\n", "erlang 25.2.3"},
		{"usr/lib/elixir/lib/elixir/ebin/elixir.app", "{application,elixir,\n    [{description,\"elixir\"},\n     {vsn,\"1.14.0\"},", "elixir 1.14.0"},
		{"usr/lib/firefox/application.ini", "[App]\nVendor=Mozilla\nName=Firefox\nRemotingName=firefox\nVersion=153.7.0\n", "firefox 153.7.0"},
		{"usr/lib/thunderbird/application.ini", "[App]\nVendor=Mozilla\nName=Thunderbird\nVersion=115.7.0\n", ""},
		{"usr/bin/composer", "#!/usr/bin/env php\n<?php const VERSION = '2.6.5';\npublic const BRANCH_ALIAS_VERSION = '';", "composer 2.6.5"},
		{"usr/local/bin/wp", "#!/usr/bin/env php\nwp-cli/wp-cli 2.9.0 2023-10-25T09:10:40+00:00\n", "wp-cli 2.9.0"},
	} {
		found := readFile(c, inMemory(image.Path(s.file), []byte(s.text)))
		got := ""
		for _, p := range found.Packages {
			got = p.Name + " " + p.Version
		}
		if got != s.want || len(found.Gaps) > 0 || !wanted(c, image.Path(s.file)) {
			t.Errorf("%s with %q: got %q %v, want %q", s.file, s.text, got, details(found.Gaps), s.want)
		}
	}
}

// Every row can be searched for in bounded time, and what it names can be used.
func TestTableOfKnownBinaries(t *testing.T) {
	t.Parallel()
	for _, row := range knownBinaries {
		r, err := row.compile()
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if row.how&head == 0 && r.anchor.before+r.anchor.length > 1024 {
			t.Errorf("%s: a match of %d bytes", row.name, r.anchor.before+r.anchor.length)
		}
		for _, name := range strings.Fields(row.names) {
			prefix := strings.TrimSuffix(name, "*")
			if strings.Contains(prefix, "*") || prefix != name && len(prefix) < 3 {
				t.Errorf("%s: the name %q", row.name, name)
			}
		}
		if _, ok := declaredName(row.name); !ok {
			t.Errorf("the name %q", row.name)
		}
		for _, cpe := range strings.Fields(row.cpes) {
			if strings.Count(cpe, ":") != 1 {
				t.Errorf("%s: %q is not vendor:product", row.name, cpe)
			}
		}
	}
}

func TestPatternsThatCannotBeSearchedFor(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{`abc(?P<version>[0-9]+)`, `(?P<version>[0-9]{2})`, `abc[0-9]{2}`, `(?i)abcd(?P<version>[0-9])`, `^abc(?P<version>[0-9])`, `abc(?P<version>[0-9]`, `ab(?P<version>[0-9])`} {
		if r, err := (classifier{pattern: pattern}).compile(); err == nil {
			t.Errorf("%s: got the anchor %+v, want an error", pattern, r.anchor)
		}
	}
	r, err := classifier{pattern: `[a-z]{0,5}x\x00(?P<version>1\.[0-9]{1,2})é?`}.compile()
	if want := (anchor{"x\x001.", 5, 8}); err != nil || r.anchor != want {
		t.Errorf("got %+v, %v; want %+v", r.anchor, err, want)
	}
}

// A version is found wherever it lies, over the borders of windows too.
func TestVersionAtAnyPlace(t *testing.T) {
	t.Parallel()
	c := KnownBinaries()
	text := "\x00BusyBox v1.35.0\x00"
	for _, at := range []int{0, 1, scanWindow - 300, 3 * scanWindow} {
		for shift := range 48 {
			file := program("")
			file = append(append(file, bytes.Repeat([]byte("x"), max(0, at-len(file))+shift*7)...), text...)
			if found := readFile(c, onDisk("bin/busybox", file)); len(found.Packages) != 1 || found.Packages[0].Version != "1.35.0" {
				t.Fatalf("at %d: %+v", len(file)-len(text), found)
			}
		}
	}
}

// A file that has a rule's text millions of times ends the search, with a gap.
func TestSearchForVersionEnds(t *testing.T) {
	t.Parallel()
	file := append(program(""), bytes.Repeat([]byte("OpenSSL "), maxTries+1)...)
	found := readFile(KnownBinaries(), onDisk("usr/bin/openssl", file))
	if d := cmp.Diff([]image.GapKind{image.GapLimit}, gapKinds(found)); d != "" || len(found.Packages) > 0 {
		t.Error(d, found.Packages)
	}
}

func TestJoinKnown(t *testing.T) {
	t.Parallel()
	c := KnownBinaries()
	var all []Found
	add := func(path, text string) { all = append(all, readFile(c, inMemory(image.Path(path), program(text)))) }
	add("opt/own/lib/libcrypto.so.3", "OpenSSL 3.0.11 19 Sep 2023")
	add("usr/bin/openssl", "OpenSSL 3.0.11 19 Sep 2023")
	all = append(all, readFile(c, inMemory("usr/include/python3.11/patchlevel.h", []byte(`#define PY_VERSION "3.11.2"`))))
	add("usr/lib/libcrypto.so.3", "OpenSSL 3.0.11 19 Sep 2023")
	add("usr/lib/libcrypto.so.1.1", "OpenSSL 1.1.1w  11 Sep 2023")
	add("usr/lib/jvm/a/lib/server/libjvm.so", "for linux-amd64 JRE (17.0.9+9)")
	all = append(all, readFile(c, inMemory("usr/lib/jvm/a/release", []byte("JAVA_VERSION=\"17.0.9\"\n"))), readFile(c, inMemory("usr/lib/jvm/b/release", []byte("JAVA_VERSION=\"17.0.9\"\n"))))
	add("usr/lib/jvm/c/lib/server/libjvm.so", "for linux-amd64 JRE (17.0.9+9)")
	add("usr/lib/libpython3.11.so.1.0", "x\x003.11.2")
	before := fmt.Sprint(all)
	packages, gaps := c.Join(all)
	if fmt.Sprint(all) != before || gaps != nil {
		t.Error("the input was changed")
	}
	var got []string
	for _, p := range packages {
		got = append(got, fmt.Sprintf("%s %s %s (%s)", p.Name, p.Version, p.Location, p.Extra["also"]))
	}
	want := []string{
		"openssl 3.0.11 opt/own/lib/libcrypto.so.3 ()",
		"openssl 3.0.11 usr/bin/openssl (usr/lib/libcrypto.so.3)",
		"python 3.11.2 usr/lib/libpython3.11.so.1.0 (usr/include/python3.11/patchlevel.h)",
		"openssl 1.1.1w usr/lib/libcrypto.so.1.1 ()",
		"openjdk 17.0.9 usr/lib/jvm/a/release ()",
		"openjdk 17.0.9 usr/lib/jvm/b/release ()",
		"openjdk 17.0.9 usr/lib/jvm/c/lib/server/libjvm.so ()",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCPE(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		cpe23("openssl:openssl", "1.1.1w"):    "cpe:2.3:a:openssl:openssl:1.1.1w:*:*:*:*:*:*:*",
		cpe23("a:b", "1.0+x:*"):               `cpe:2.3:a:a:b:1.0\+x\:\*:*:*:*:*:*:*:*`,
		jvmCPE("oracle:openjdk", "1.8.0_392"): "cpe:2.3:a:oracle:openjdk:8:update392:*:*:*:*:*:*",
		jvmCPE("oracle:jdk", "1.8.0_392"):     "cpe:2.3:a:oracle:jdk:1.8.0:update392:*:*:*:*:*:*",
		jvmCPE("oracle:openjdk", "17.0.9"):    "cpe:2.3:a:oracle:openjdk:17.0.9:*:*:*:*:*:*:*",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func FuzzKnownBinaries(f *testing.F) {
	for _, s := range sayings {
		f.Add(s.file, []byte(s.text))
	}
	c := KnownBinaries()
	f.Fuzz(func(t *testing.T, path string, data []byte) {
		p, err := image.CleanPath(path)
		if err != nil || p == "" || len(data) > 1<<16 {
			return
		}
		file := append(program(""), data...)
		found := readFile(c, inMemory(p, file))
		if d := cmp.Diff(found, readFile(c, onDisk(p, file))); d != "" {
			t.Error("from memory and from disk differ:", d)
		}
		checkPackages(t, found.Packages)
		c.Join([]Found{found, found})
	})
}

func BenchmarkKnownBinary(b *testing.B) {
	c := KnownBinaries()
	f := onDisk("usr/bin/mysqld", append(program(""), bytes.Repeat([]byte("0.1.2 \x00mysql\x005.7"), 1<<20)...))
	b.SetBytes(f.Size)
	b.ReportAllocs()
	for b.Loop() {
		readFile(c, f)
	}
}
