package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

const apkInstalled = "lib/apk/db/installed"

func TestAPKInstalled(t *testing.T) {
	t.Parallel()
	found := readFile(APK(), inMemory(apkInstalled, testdata(t, "apk/installed")))
	dir := func(p image.Path, mode uint32, user, group string) image.OwnedFile {
		return image.OwnedFile{Path: p, Mode: mode, Size: -1, User: user, Group: group}
	}
	file := func(p image.Path, mode uint32, sum string) image.OwnedFile {
		return image.OwnedFile{Path: p, Mode: mode, Size: -1, User: "0", Group: "0", Algorithm: "sha1", Digest: sum}
	}
	want := []image.Package{
		{
			Type: image.APK, Name: "alpine-baselayout", Version: "3.4.3-r1", Arch: "x86_64",
			SourceName: "alpine-baselayout", SourceVersion: "3.4.3-r1", Licenses: []string{"GPL-2.0-only"},
			Origin:   "Natanael Copa <ncopa@alpinelinux.org>",
			Homepage: "https://git.alpinelinux.org/cgit/aports/tree/main/alpine-baselayout", InstalledSize: 331776, Location: apkInstalled,
			Files: []image.OwnedFile{
				dir("etc", 0o040755, "0", "0"),
				file("etc/motd", 0o100644, "48b912f610627546cfc30af0f974745a1bf7c30f"),
				dir("etc/crontabs", 0o040755, "0", "0"),
				file("etc/crontabs/root", 0o100600, "bdf9356a9516238c8b2468613517749098b17ef6"),
				dir("tmp", 0o041777, "0", "0"),
				dir("var", 0o040755, "0", "0"),
				file("var/run", 0o777, "d7f48d673ffc70ad9d48a2be709a55ad922e1784"),
				dir("rootfile", 0o100644, "0", "0"),
				dir("var/spool/mail", 0o040755, "8", "12"),
			},
		},
		{
			Type: image.APK, Name: "libcrypto3", Version: "3.1.0-r4", Arch: "x86_64", SourceName: "openssl", SourceVersion: "3.1.0-r4",
			Licenses: []string{"Apache-2.0"}, Location: apkInstalled,
		},
		{
			Type: image.APK, Name: ".build-deps", Version: "20190901.120000", Arch: "x86_64", SourceName: ".build-deps",
			SourceVersion: "20190901.120000", Location: apkInstalled,
		},
	}
	if diff := cmp.Diff(want, found.Packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if found.Gaps != nil {
		t.Errorf("gaps: %q", details(found.Gaps))
	}
}

func TestAPKDamage(t *testing.T) {
	t.Parallel()
	const ok = "\n\nP:good\nV:1-r0\n"
	for _, tt := range []struct {
		name, content string
		want          []string
		files         int
		gap           string
	}{
		{"no version", "P:a", []string{"good 1-r0"}, 0, `its version "" is missing`},
		{"no name", "V:1", []string{"good 1-r0"}, 0, `its name "" is missing`},
		{"no fields", "nocolon\n:\nP", []string{"good 1-r0"}, 0, `its name "" is missing`},
		{"odd line", "P:a\nnocolon\nV:1", []string{"a 1", "good 1-r0"}, 0, "no field, which was ignored"},
		{"endless name", "P:" + strings.Repeat("a", 1<<20) + "\nV:1", []string{"good 1-r0"}, 0, "its field P is too long"},
		{"deep directory", "P:a\nV:1\nF:" + strings.Repeat("d/", 100_000) + "\nR:x", []string{"a 1", "good 1-r0"}, 0, "longer than 4,096"},
		{"way out", "P:a\nV:1\nF:../../etc\nR:../../passwd", []string{"a 1", "good 1-r0"}, 2, ""},
		{"mode", "P:a\nV:1\nF:etc\nR:x\na:0:0:99999", []string{"a 1", "good 1-r0"}, 2, "a mode"},
		{"mode of nothing", "P:a\nV:1\na:0:0:644\nZ:Q1SLkS9hBidUbPwwrw+XR0Whv3ww8=", []string{"a 1", "good 1-r0"}, 0, ""},
		{"checksum", "P:a\nV:1\nF:etc\nR:x\nZ:Q9abc", []string{"a 1", "good 1-r0"}, 2, "a checksum"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := readFile(APK(), inMemory(apkInstalled, []byte(tt.content+ok)))
			if diff := cmp.Diff(tt.want, names(found.Packages)); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
			if n := len(found.Packages[0].Files); n != tt.files {
				t.Errorf("%d files in place of %d", n, tt.files)
			}
			got := strings.Join(details(found.Gaps), "\n")
			if (tt.gap == "") != (got == "") || !strings.Contains(got, tt.gap) {
				t.Errorf("gaps: got %q, want %q", got, tt.gap)
			}
		})
	}
}

func TestAPKChecksums(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"Q1" + strings.Repeat("/", 25) + "w==": {}, // too short
		"Q1" + strings.Repeat("/", 26) + "8=":  {"sha1", strings.Repeat("ff", 20)},
		"Q2" + strings.Repeat("A", 43) + "=":   {"sha256", strings.Repeat("00", 32)},
		"X1" + strings.Repeat("ab", 20):        {"sha1", strings.Repeat("ab", 20)},
		strings.Repeat("AB", 16):               {"md5", strings.Repeat("ab", 16)},
		"Q1" + strings.Repeat("A", 5000):       {},
		"":                                     {},
		"Q":                                    {},
		"Z1AAAAAAAAAAAAAAAAAAAAAAAAAAA=":       {},
	} {
		algorithm, digest := apkChecksum([]byte(text))
		if got := [2]string{algorithm, digest}; got != want {
			t.Errorf("%.50q: got %q, want %q", text, got, want)
		}
	}
}

// TestTwoPlacesOfOneDatabase shows that a database and its copy count once, and different ones both.
func TestTwoPlacesOfOneDatabase(t *testing.T) {
	t.Parallel()
	found := []Found{
		readFile(APK(), inMemory(apkInstalled, []byte("P:a\nV:1\n\nP:b\nV:1\n\nP:b\nV:1\n"))),
		readFile(APK(), inMemory("usr/"+apkInstalled, []byte("P:a\nV:1\n\nP:c\nV:1\n"))),
	}
	packages, _ := APK().Join(found)
	if diff := cmp.Diff([]string{"a 1", "b 1", "b 1", "c 1"}, names(packages)); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}

func FuzzAPK(f *testing.F) {
	f.Add(testdata(f, "apk/installed"))
	f.Add([]byte("P:a\nV:1\nF:../../etc\nR:../../passwd\na:1:2:4755\nZ:X1" + strings.Repeat("ab", 20)))
	f.Fuzz(func(t *testing.T, content []byte) { checkFound(t, APK(), apkInstalled, content) })
}
