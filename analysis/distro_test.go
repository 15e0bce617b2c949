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
		{"oracle before red hat", []entry{file("etc/redhat-release", "Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n"), file("etc/oracle-release", "Oracle Linux Server release 5.11\n")},
			image.Distro{ID: "ol", VersionID: "5.11", Name: "Oracle Linux Server release 5.11", Source: "etc/oracle-release"}},
		{"rocky before its cpe", []entry{file("etc/system-release-cpe", "cpe:/o:redhat:enterprise_linux:9"), file("etc/rocky-release", "Rocky Linux release 9.3 (Blue Onyx)\n")},
			image.Distro{ID: "rocky", VersionID: "9.3", Name: "Rocky Linux release 9.3 (Blue Onyx)", Source: "etc/rocky-release"}},
		{"amazon 1", []entry{file("etc/system-release", "Amazon Linux AMI release 2018.03\n")},
			image.Distro{ID: "amzn", VersionID: "2018.03", Name: "Amazon Linux AMI release 2018.03", Source: "etc/system-release"}},
		{"stream", []entry{file("etc/centos-release", "CentOS Stream release 9\n")},
			image.Distro{ID: "centos", VersionID: "9", Name: "CentOS Stream release 9", Source: "etc/centos-release"}},
		{"red hat", []entry{file("etc/redhat-release", "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n")},
			image.Distro{ID: "rhel", VersionID: "6.10", Name: "Red Hat Enterprise Linux Server release 6.10 (Santiago)", Source: "etc/redhat-release"}},
		{"mariner", []entry{file("etc/mariner-release", "CBL-Mariner 2.0.20240123\n")},
			image.Distro{ID: "mariner", VersionID: "2.0.20240123", Name: "CBL-Mariner 2.0.20240123", Source: "etc/mariner-release"}},
		{"old SUSE", []entry{file("etc/SuSE-release", "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n")},
			image.Distro{ID: "sles", VersionID: "11.4", Name: "SUSE Linux Enterprise Server 11 (x86_64)", Source: "etc/SuSE-release"}},
		{"old openSUSE", []entry{file("etc/SuSE-release", "openSUSE 13.1 (x86_64)\nVERSION = 13.1\n")},
			image.Distro{ID: "opensuse", VersionID: "13.1", Name: "openSUSE 13.1 (x86_64)", Source: "etc/SuSE-release"}},
		{"openwrt", []entry{file("etc/openwrt_release", "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='23.05.3'\nDISTRIB_DESCRIPTION='OpenWrt 23.05.3'\n")},
			image.Distro{ID: "openwrt", VersionID: "23.05.3", Name: "OpenWrt 23.05.3", Source: "etc/openwrt_release"}},
		{"gentoo", []entry{file("etc/gentoo-release", "Gentoo Base System release 2.15\n")},
			image.Distro{ID: "gentoo", VersionID: "2.15", Name: "Gentoo Base System release 2.15", Source: "etc/gentoo-release"}},
		{"ubuntu without os-release", []entry{file("etc/debian_version", "bookworm/sid\n"), file("etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\nDISTRIB_DESCRIPTION=\"Ubuntu 22.04.4 LTS\"\n")},
			image.Distro{ID: "ubuntu", VersionID: "22.04", Codename: "jammy", Name: "Ubuntu 22.04.4 LTS", Source: "etc/lsb-release"}},
		{"a word is not enough", []entry{file("etc/system-release", "something of my own\n")}, image.Distro{}},
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
