package analysis

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestDistro(t *testing.T) {
	t.Parallel()
	elf := "\x7fELF" + strings.Repeat("\x00", 60) + "BusyBox v1.36.1 (2023-11-07 18:53:09 UTC)"
	for _, c := range []struct {
		name string
		in   []entry
		want image.Distro
	}{
		{"os-release", []entry{file("etc/os-release", "# c\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian \\\"12\\\"\"\n")},
			image.Distro{ID: "debian", VersionID: "12", Codename: "bookworm", Name: `Debian "12"`, Source: "etc/os-release"}},
		{"single quotes and kin", []entry{file("etc/os-release", "ID='almalinux'\nVERSION_ID='9.0'\nID_LIKE=\"rhel centos fedora\"\nNAME='A = B'\n")},
			image.Distro{ID: "almalinux", VersionID: "9.0", Like: []string{"rhel", "centos", "fedora"}, Name: "A = B", Source: "etc/os-release"}},
		{"relative link", []entry{symlink("etc/os-release", "../usr/lib/os-release"), file("usr/lib/os-release", "ID=a\n")},
			image.Distro{ID: "a", Source: "etc/os-release"}},
		{"absolute link", []entry{symlink("etc/os-release", "/usr/lib/os-release"), file("usr/lib/os-release", "ID=a\n")},
			image.Distro{ID: "a", Source: "etc/os-release"}},
		{"usr/lib alone", []entry{file("usr/lib/os-release", "ID=a\n")}, image.Distro{ID: "a", Source: "usr/lib/os-release"}},
		{"an empty one is passed over", []entry{file("etc/os-release", ""), file("etc/alpine-release", "3.18.4\n")},
			image.Distro{ID: "alpine", VersionID: "3.18.4", Source: "etc/alpine-release"}},
		{"cpe", []entry{file("etc/system-release-cpe", "cpe:/o:redhat:enterprise_linux:7.9:ga:server\n")}, image.Distro{ID: "rhel", VersionID: "7.9", Source: "etc/system-release-cpe"}},
		{"cpe 2.3", []entry{file("etc/system-release-cpe", "cpe:2.3:o:fedoraproject:fedora:38:*:*\n")}, image.Distro{ID: "fedora", VersionID: "38", Source: "etc/system-release-cpe"}},
		{"redhat-release", []entry{file("etc/redhat-release", "CentOS release 6.10 (Final)\n")},
			image.Distro{ID: "centos", VersionID: "6.10", Name: "CentOS release 6.10 (Final)", Source: "etc/redhat-release"}},
		{"debian_version", []entry{file("etc/debian_version", "12.5\n")}, image.Distro{ID: "debian", VersionID: "12", Source: "etc/debian_version"}},
		{"debian testing", []entry{file("etc/os-release", "ID=debian\n"), file("etc/debian_version", "trixie/sid\n")},
			image.Distro{ID: "debian", VersionID: "unstable", Source: "etc/os-release"}},
		{"busybox", []entry{file("bin/busybox", elf)}, image.Distro{ID: "busybox", VersionID: "v1.36.1", Source: "bin/busybox"}},
		{"busybox as a hard link", []entry{file("bin/[", elf), hard("bin/busybox", "bin/[")}, image.Distro{ID: "busybox", VersionID: "v1.36.1", Source: "bin/busybox"}},
		{"the host's is never read", []entry{symlink("etc/os-release", "/etc/os-release"), symlink("usr/lib/os-release", "../../../../../usr/lib/os-release")}, image.Distro{}},
		{"nothing", nil, image.Distro{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, _ := analysed(t, layers{c.in})
			if d := cmp.Diff(c.want, a.Distro); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDistroFollowsLayers(t *testing.T) {
	t.Parallel()
	a, _ := analysed(t, layers{{file("etc/os-release", "ID=debian\n")}, {file("etc/os-release", "ID=ubuntu\n")}, {file("usr/lib/os-release", "ID=x\n")}})
	if a.Distro.ID != "ubuntu" {
		t.Errorf("%+v", a.Distro)
	}
}

func FuzzDistro(f *testing.F) {
	f.Add([]byte("ID='a'\nVERSION_ID=\"1\\\"2\"\nID_LIKE=a b\n"))
	f.Add([]byte("cpe:2.3:o:a:b:c"))
	f.Add([]byte("CentOS release 6.10 (Final)"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, d := range []image.Distro{parseOSRelease(b), parseLSBRelease(b), parseReleaseCPE(b), parseReleaseLine(b), parseSuSERelease(b), debianVersion(firstLine(b))} {
			if strings.ToValidUTF8(d.ID+d.VersionID+d.Name, "?") != d.ID+d.VersionID+d.Name {
				t.Errorf("%q: not UTF-8: %+v", b, d)
			}
			if len(d.ID)+len(d.VersionID)+len(d.Name) > 6*8*kib {
				t.Errorf("too long: %d", len(d.ID))
			}
		}
	})
}
