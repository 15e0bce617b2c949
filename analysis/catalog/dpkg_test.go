package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestDPKGStatus(t *testing.T) {
	t.Parallel()
	found := readFile(DPKG(), inMemory(dpkgStatus, testdata(t, "dpkg/status")))
	md5 := func(path image.Path, sum string, optional bool) image.OwnedFile {
		return image.OwnedFile{Path: path, Algorithm: "md5", Digest: sum, Size: -1, Config: true, Optional: optional}
	}
	want := []image.Package{
		{
			Type: image.Deb, Name: "adduser", Version: "3.134", Arch: "all", SourceName: "adduser", SourceVersion: "3.134",
			Origin: "Debian Adduser Developers <adduser@packages.debian.org>", InstalledSize: 686_000, Location: dpkgStatus,
			Files: []image.OwnedFile{
				md5("etc/adduser.conf", "cc3493ecd2d09837ffdcc3e25fdfff18", false),
				md5("etc/a name with blanks.conf", "11a06baf8245fd8d690b99024d228c1f", false),
				md5("etc/old.conf", "4eb63731c9f5e30903ac4fc07a7fe3d6", true),
				{Path: "etc/new.conf", Size: -1, Config: true},
			},
		},
		{
			Type: image.Deb, Name: "libc6", Version: "2.36-9+deb12u14", Arch: "amd64", SourceName: "glibc", SourceVersion: "2.36-9+deb12u14",
			Homepage: "https://www.gnu.org/software/libc/libc.html", InstalledSize: 13_001_000, Location: dpkgStatus,
		},
		{
			Type: image.Deb, Name: "libc6", Version: "2.36-9+deb12u14", Arch: "i386", SourceName: "glibc", SourceVersion: "2.36-9+deb12u14",
			Location: dpkgStatus,
		},
		{
			Type: image.Deb, Name: "bash", Version: "5.2.15-2+b13", Arch: "amd64", SourceName: "bash", SourceVersion: "5.2.15-2",
			Location: dpkgStatus, Extra: map[string]string{"status": "half-configured"},
		},
	}
	if diff := cmp.Diff(want, found.Packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if found.Gaps != nil {
		t.Errorf("gaps: %q", details(found.Gaps))
	}
}

// TestDPKGBrokenParagraphs shows that a broken paragraph loses its package, with a gap, and no other.
func TestDPKGBrokenParagraphs(t *testing.T) {
	t.Parallel()
	const ok = "\n\nPackage: good\nStatus: install ok installed\nVersion: 1\n"
	for _, tt := range []struct {
		name, status string
		want         []string
		gap          string
	}{
		{"no version", "Package: a\nStatus: install ok installed", []string{"good 1"}, `"a" was left out because its version`},
		{"no name", "Version: 1\nStatus: install ok installed", []string{"good 1"}, `its name "" is missing`},
		{"no status", "Package: a\nVersion: 1", []string{"good 1"}, `"a" was left out because its status`},
		{"only an epoch", "Package: a\nStatus: install ok installed\nVersion: 1:", []string{"good 1"}, `its version "1:"`},
		{"control characters", "Package: a\x1b[31m\nStatus: install ok installed\nVersion: 1", []string{"good 1"}, `its name "a\x1b[31m"`},
		{"endless version", "Package: a\nStatus: install ok installed\nVersion: " + strings.Repeat("9", 1<<20), []string{"good 1"}, "version is too long"},
		{"endless description", "Package: a\nStatus: install ok installed\nVersion: 1\nDescription: " + strings.Repeat("x", 1<<20), []string{"a 1", "good 1"}, ""},
		{"a line that is no field", "Package: a\nStatus: install ok installed\nrubbish\nVersion: 1", []string{"a 1", "good 1"}, "no field, which was ignored"},
		{"continuation first", " x\n\n: y", []string{"good 1"}, "was left out"},
		{"said twice: the first counts", "Package: a\nPackage: b\nStatus: install ok installed\nVersion: 1\nVersion: 2", []string{"a 1", "good 1"}, ""},
		{"Windows line ends", "Package: a\r\nStatus: install ok installed\r\nVersion: 1\r\n\r", []string{"a 1", "good 1"}, ""},
		{"binary", "\x00\x01\x02\xff\xfe", []string{"good 1"}, "was left out"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := readFile(DPKG(), inMemory(dpkgStatus, []byte(tt.status+ok)))
			if diff := cmp.Diff(tt.want, names(found.Packages)); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
			got := strings.Join(details(found.Gaps), "\n")
			if (tt.gap == "") != (got == "") || !strings.Contains(got, tt.gap) {
				t.Errorf("gaps: got %q, want %q", got, tt.gap)
			}
		})
	}
}

// TestDPKGJoin lays file lists and sums on packages: by architecture where dpkg does, united by path, and for
// status.d by file name.
func TestDPKGJoin(t *testing.T) {
	t.Parallel()
	const sum = "fb890792a951c8267c816d7a1383a3ce"
	paragraph := func(name, arch, version string) string {
		return fmt.Sprintf("Package: %s\nStatus: install ok installed\nArchitecture: %s\nVersion: %s\n", name, arch, version)
	}
	files := map[image.Path]string{
		"var/lib/dpkg/status": paragraph("base", "all", "1") + "Conffiles:\n /etc/base.conf " + sum + "\n\n" +
			paragraph("libx", "amd64", "1") + "\n" + paragraph("libx", "i386", "1"),
		"var/lib/dpkg/info/base.list":              "/.\n/etc\n/etc/base.conf\n/usr\n/usr/bin\n/usr/bin/base\n/usr/bin/link\n/var/empty\n",
		"var/lib/dpkg/info/base.md5sums":           sum + "  usr/bin/base\nnot a sum\n",
		"var/lib/dpkg/info/base.postinst":          "#!/bin/sh\n",
		"var/lib/dpkg/info/libx:amd64.list":        "/usr/lib/amd64/libx.so\n",
		"var/lib/dpkg/info/libx:i386.list":         "/usr/lib/i386/libx.so\n",
		"var/lib/dpkg/info/removed.list":           "/etc/removed.conf\n",
		"var/lib/dpkg/status.d/tz":                 "Package: tzdata\nVersion: 2026b-0\nArchitecture: all",
		"var/lib/dpkg/status.d/tz.md5sums":         sum + "  ./usr/share/zoneinfo/UTC\n",
		"var/lib/dpkg/status.d/base":               paragraph("base", "all", "1"),
		"var/lib/dpkg/status.d/base.md5sums":       sum + "  usr/bin/other\n",
		"var/lib/dpkg/status.d/.hidden":            "rubbish",
		"var/lib/dpkg/info/md5sums-like.md5sums.x": "rubbish",
	}
	var paths []image.Path
	for p := range files {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	var found []Found
	var gaps []string
	for _, p := range paths {
		f := readFile(DPKG(), inMemory(p, []byte(files[p])))
		gaps = append(gaps, details(f.Gaps)...)
		found = append(found, f)
	}
	packages, _ := DPKG().Join(found)
	got := map[string][]string{}
	for _, p := range packages {
		var owned []string
		for _, f := range p.Files {
			owned = append(owned, strings.TrimSpace(fmt.Sprintf("%s %.4s %v", f.Path, f.Digest, f.Config)))
		}
		got[p.Name+" "+p.Arch+" "+string(p.Location)] = owned
	}
	want := map[string][]string{
		"base all var/lib/dpkg/status":        {"etc/base.conf fb89 true", "usr/bin/base fb89 false", "usr/bin/link  false", "var/empty  false"},
		"libx amd64 var/lib/dpkg/status":      {"usr/lib/amd64/libx.so  false"},
		"libx i386 var/lib/dpkg/status":       {"usr/lib/i386/libx.so  false"},
		"tzdata all var/lib/dpkg/status.d/tz": {"usr/share/zoneinfo/UTC fb89 false"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files of packages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`line 2 of the MD5 sums of "base" is not valid`}, gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

// TestDPKGDiversions shows whose file lies where when one package's file makes room for another's.
func TestDPKGDiversions(t *testing.T) {
	t.Parallel()
	paragraph := func(name string) string {
		return fmt.Sprintf("Package: %s\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n", name)
	}
	const sum = "fb890792a951c8267c816d7a1383a3ce"
	packages, gaps := joinedFiles(DPKG(), map[image.Path][]byte{
		dpkgStatus:                            []byte(paragraph("bash") + paragraph("dash") + paragraph("mine")),
		dpkgDiversions:                        []byte("/bin/sh\n/bin/sh.distrib\ndash\n/usr/bin/x\n/usr/bin/x.orig\n:\n/usr/../..\n/y\n:\n/half\n"),
		"var/lib/dpkg/info/bash.list":         []byte("/bin/sh\n/usr/bin/x\n"),
		"var/lib/dpkg/info/bash.md5sums":      []byte(sum + "  bin/sh\n"),
		"var/lib/dpkg/info/dash.list":         []byte("/bin/sh\n"),
		"var/lib/dpkg/info/mine.list":         []byte("/etc/mine.conf\n/etc/gone.conf\n/usr/share/mine\n"),
		"var/lib/dpkg/info/mine.conffiles":    []byte("/etc/mine.conf\nremove-on-upgrade /etc/gone.conf\n\nrubbish\n"),
		"var/lib/dpkg/info/nobody.conffiles":  []byte("/etc/nobody.conf\n"),
		"var/lib/dpkg/info/format":            []byte("1\n"),
		"var/lib/dpkg/status.d/md5.conffiles": []byte("\x00"),
	})
	got := map[string][]image.OwnedFile{}
	for _, p := range packages {
		got[p.Name] = p.Files
	}
	want := map[string][]image.OwnedFile{
		"bash": {{Path: "bin/sh.distrib", Algorithm: "md5", Digest: sum, Size: -1}, {Path: "usr/bin/x.orig", Size: -1}},
		"dash": {{Path: "bin/sh", Size: -1}},
		"mine": {{Path: "etc/mine.conf", Size: -1, Config: true}, {Path: "etc/gone.conf", Size: -1, Config: true, Optional: true}, {Path: "usr/share/mine", Size: -1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files of packages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"the last of dpkg's diversions is not whole and was left out"}, gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

// TestDPKGStates shows which states count as installed, and that the others are noted where they do.
func TestDPKGStates(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{
		"install ok installed": "installed", "hold ok installed": "installed", "deinstall ok installed": "installed",
		"install ok unpacked": "unpacked", "install ok half-configured": "half-configured", "install ok triggers-awaited": "triggers-awaited",
		"install ok triggers-pending": "triggers-pending", "install reinstreq installed": "installed",
		"deinstall ok config-files": "", "install ok half-installed": "", "unknown ok not-installed": "", "purge ok not-installed": "",
	} {
		found := readFile(DPKG(), inMemory(dpkgStatus, []byte("Package: a\nVersion: 1\nStatus: "+status+"\n")))
		got := ""
		if len(found.Packages) == 1 {
			if got = found.Packages[0].Extra["status"]; got == "" {
				got = "installed"
			}
		}
		if got != want || found.Gaps != nil {
			t.Errorf("%q: %q, want %q; gaps %q", status, got, want, details(found.Gaps))
		}
	}
}

// TestJoinLeavesItsInputAlone joins twice: reports of layers are shared by images.
func TestJoinLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	found := []Found{
		readFile(DPKG(), inMemory("var/lib/dpkg/info/adduser.md5sums", []byte("fb890792a951c8267c816d7a1383a3ce  etc/new.conf\n"))),
		readFile(DPKG(), inMemory(dpkgStatus, testdata(t, "dpkg/status"))),
	}
	before := fmt.Sprintf("%+v", found)
	first, _ := DPKG().Join(found)
	second, _ := DPKG().Join(found)
	if after := fmt.Sprintf("%+v", found); after != before {
		t.Errorf("input changed:\n%s\n%s", before, after)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("second join differs:\n%s", diff)
	}
}

// TestDPKGManyLosses shows that a file of nothing but broken paragraphs makes a handful of gaps, with a count.
func TestDPKGManyLosses(t *testing.T) {
	t.Parallel()
	found := readFile(DPKG(), inMemory(dpkgStatus, []byte(strings.Repeat("Package: a\n\n", 1000))))
	if n := len(found.Gaps); n != maxLosses || found.Gaps[n-1].Count != 1000-maxLosses {
		t.Errorf("%d gaps: %+v", n, found.Gaps)
	}
}

// TestTooManyPackages shows that the bound on packages is a gap.
func TestTooManyPackages(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("P:a\nV:1\n\n", testLimits.Packages+1)
	found := readFile(APK(), onDisk("lib/apk/db/installed", []byte(content)))
	if len(found.Packages) != testLimits.Packages || len(found.Gaps) != 1 || found.Gaps[0].Kind != image.GapLimit {
		t.Errorf("%d packages, gaps %+v", len(found.Packages), found.Gaps)
	}
}

func FuzzDPKG(f *testing.F) {
	f.Add(testdata(f, "dpkg/status"), uint8(0))
	f.Add([]byte("Package: tzdata\nVersion: 2026b-0\nArchitecture: all"), uint8(1))
	f.Add([]byte("fb890792a951c8267c816d7a1383a3ce  usr/bin/x\n"), uint8(2))
	f.Add([]byte("/.\n/usr\n/usr/bin\n/usr/bin/x\n"), uint8(3))
	f.Add([]byte("/bin/sh\n/bin/sh.distrib\ndash\n"), uint8(4))
	f.Add([]byte("/etc/a\nremove-on-upgrade /etc/b\n"), uint8(5))
	paths := []image.Path{
		dpkgStatus, "var/lib/dpkg/status.d/x", "var/lib/dpkg/info/x.md5sums", "var/lib/dpkg/info/x.list", dpkgDiversions, "var/lib/dpkg/info/x.conffiles",
	}
	f.Fuzz(func(t *testing.T, content []byte, which uint8) {
		checkFound(t, DPKG(), paths[int(which)%len(paths)], content)
	})
}
