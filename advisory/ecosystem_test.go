package advisory

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/image"
)

func TestEcosystems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		packages  image.PackageType
		distro    image.Distro
		ecosystem string
		group     string
		folder    string
	}{
		{image.Deb, image.Distro{ID: "debian", VersionID: "12"}, "Debian:12", "debian:12", "Debian"},
		{image.Deb, image.Distro{ID: "debian", VersionID: "11.6"}, "Debian:11", "debian:11", "Debian"},
		{image.Deb, image.Distro{ID: "debian", Codename: "trixie"}, "Debian:13", "debian:13", "Debian"},
		{image.Deb, image.Distro{ID: "ubuntu", VersionID: "22.04"}, "Ubuntu:22.04", "ubuntu:22.04", "Ubuntu"},
		{image.Deb, image.Distro{ID: "ubuntu-core", VersionID: "22"}, "Ubuntu:22.04", "ubuntu:22.04", "Ubuntu"},
		{image.APK, image.Distro{ID: "alpine", VersionID: "3.10.9"}, "Alpine:v3.10", "alpine:3.10", "Alpine"},
		{image.APK, image.Distro{ID: "alpine", VersionID: "3.21.0_alpha20240807"}, "Alpine:v3.21", "alpine:3.21", "Alpine"},
		{image.APK, image.Distro{ID: "wolfi", VersionID: "20230201"}, "Wolfi", "wolfi", "Wolfi"},
		{image.APK, image.Distro{ID: "chainguard"}, "Chainguard", "chainguard", "Chainguard"},
		{image.RPM, image.Distro{ID: "almalinux", VersionID: "9.1"}, "AlmaLinux:9", "almalinux:9", "AlmaLinux"},
		{image.RPM, image.Distro{ID: "rocky", VersionID: "9.3"}, "Rocky Linux:9", "rocky:9", "Rocky Linux"},
		{image.RPM, image.Distro{ID: "rhel", VersionID: "8.9"}, "Red Hat:enterprise_linux:8", "rhel:8", "Red Hat"},
		{image.RPM, image.Distro{ID: "centos", VersionID: "7"}, "Red Hat:enterprise_linux:7", "rhel:7", "Red Hat"},
		{image.RPM, image.Distro{ID: "sles", VersionID: "15.5"}, "SUSE:Linux Enterprise 15 SP5", "sles:15.5", "SUSE"},
		{image.RPM, image.Distro{ID: "opensuse-leap", VersionID: "15.5"}, "openSUSE:Leap 15.5", "opensuse-leap:15.5", "openSUSE"},
		{image.RPM, image.Distro{ID: "opensuse-tumbleweed", VersionID: "20240101"}, "openSUSE:Tumbleweed", "opensuse-tumbleweed", "openSUSE"},
		{image.RPM, image.Distro{ID: "azurelinux", VersionID: "3.0"}, "Azure Linux:3", "azurelinux:3", "Azure Linux"},
		{image.RPM, image.Distro{ID: "mariner", VersionID: "2.0"}, "Azure Linux:2", "mariner:2", "Azure Linux"},
		{image.RPM, image.Distro{ID: "photon", VersionID: "4.0"}, "Photon OS:4.0", "photon:4.0", "Photon OS"},
		{image.RPM, image.Distro{ID: "openEuler", VersionID: "24.03", Name: "openEuler 24.03 (LTS-SP1)"}, "openEuler:24.03-LTS-SP1", "openEuler:24.03-LTS-SP1", "openEuler"},
		{image.RPM, image.Distro{ID: "openeuler", VersionID: "22.03", Name: "openEuler 22.03 LTS"}, "openEuler:22.03-LTS", "openEuler:22.03-LTS", "openEuler"},
		{image.RPM, image.Distro{ID: "sles", VersionID: "16.0"}, "SUSE:Linux Enterprise 16.0", "sles:16.0", "SUSE"},
		{image.RPM, image.Distro{ID: "sles", VersionID: "12"}, "SUSE:Linux Enterprise 12", "sles:12", "SUSE"},
		{image.RPM, image.Distro{ID: "sle-micro", VersionID: "5.5"}, "SUSE:Linux Enterprise Micro 5.5", "sle-micro:5.5", "SUSE"},
		{image.RPM, image.Distro{ID: "sl-micro", VersionID: "6.0"}, "SUSE:Linux Micro 6.0", "sl-micro:6.0", "SUSE"},
		{image.RPM, image.Distro{ID: "opensuse-leap-micro", VersionID: "5.5"}, "openSUSE:Leap Micro 5.5", "opensuse-leap-micro:5.5", "openSUSE"},
		{image.RPM, image.Distro{ID: "mageia", VersionID: "9"}, "Mageia:9", "mageia:9", "Mageia"},
		{image.RPM, image.Distro{ID: "rhel", VersionID: "10.1"}, "Red Hat:enterprise_linux:10", "rhel:10", "Red Hat"},
		{image.RPM, image.Distro{ID: "amzn", VersionID: "2"}, "Amazon Linux:2", "amzn:2", "Amazon Linux"},
		{image.RPM, image.Distro{ID: "amzn", VersionID: "2023"}, "Amazon Linux:2023", "amzn:2023", "Amazon Linux"},
		{image.RPM, image.Distro{ID: "amzn", VersionID: "2018.03"}, "Amazon Linux:2018.03", "amzn:2018.03", "Amazon Linux"},
		{image.RPM, image.Distro{ID: "amzn", VersionID: "2017.09"}, "Amazon Linux:2018.03", "amzn:2018.03", "Amazon Linux"},
		{image.RPM, image.Distro{ID: "amzn", VersionID: "beta"}, "", "", ""},
		{image.RPM, image.Distro{ID: "ol", VersionID: "9.4", Like: []string{"fedora"}}, "Oracle Linux:9", "ol:9", "Oracle Linux"},
		{image.RPM, image.Distro{ID: "ol", VersionID: "8.5"}, "Oracle Linux:8", "ol:8", "Oracle Linux"},
		{image.Deb, image.Distro{ID: "debian", VersionID: "unstable", Codename: "forky"}, "Debian:14", "debian:14", "Debian"},
		{image.Deb, image.Distro{ID: "echo", VersionID: "1"}, "Echo", "echo", "Echo"},
		{image.APK, image.Distro{ID: "minimos", VersionID: "20241031"}, "MinimOS", "minimos", "MinimOS"},
		{image.APK, image.Distro{ID: "clnstrt"}, "CleanStart", "cleanstart", "CleanStart"},
		{image.APK, image.Distro{ID: "alpaquita", VersionID: "stream"}, "Alpaquita:stream", "alpaquita:stream", "Alpaquita"},
		{image.Python, image.Distro{ID: "debian", VersionID: "12"}, "PyPI", "github:python", "PyPI"},
		{image.NPM, image.Distro{}, "npm", "github:npm", "npm"},
		{image.Maven, image.Distro{}, "Maven", "github:java", "Maven"},
		{image.Gem, image.Distro{}, "RubyGems", "github:gem", "RubyGems"},
		{image.Golang, image.Distro{}, "Go", "github:go", "Go"},
		{image.Cargo, image.Distro{}, "crates.io", "github:rust", "crates.io"},
		{image.Composer, image.Distro{}, "Packagist", "github:composer", "Packagist"},
		{image.NuGet, image.Distro{}, "NuGet", "github:nuget", "NuGet"},
		{image.Pub, image.Distro{}, "Pub", "github:pub", "Pub"},
		{image.Hex, image.Distro{}, "Hex", "github:erlang", "Hex"},
		{image.Hackage, image.Distro{}, "Hackage", "hackage", "Hackage"},
		{image.CRAN, image.Distro{}, "CRAN", "cran", "CRAN"},
		{image.Julia, image.Distro{}, "Julia", "julia", "Julia"},
		// No ecosystem: a gap, never another distribution's data.
		{image.Deb, image.Distro{}, "", "", ""},
		{image.Deb, image.Distro{ID: "debian"}, "", "", ""},
		{image.Deb, image.Distro{ID: "debian", VersionID: "sid/experimental"}, "", "", ""},
		{image.RPM, image.Distro{ID: "debian", VersionID: "12"}, "", "", ""},
		{image.RPM, image.Distro{ID: "fedora", VersionID: "40", Like: []string{"rhel"}}, "", "", ""},
		{image.RPM, image.Distro{ID: "centos", VersionID: "9"}, "", "", ""},
		{image.RPM, image.Distro{ID: "centos", VersionID: "8", Name: "CentOS Stream 8"}, "", "", ""},
		{image.RPM, image.Distro{ID: "sled", VersionID: "15.5", Like: []string{"suse"}}, "", "", ""},
		{image.RPM, image.Distro{ID: "sles", VersionID: "15.beta"}, "", "", ""},
		{image.RPM, image.Distro{ID: "bottlerocket", VersionID: "1.20"}, "", "", ""},
		{image.Deb, image.Distro{ID: "raspbian", VersionID: "12", Like: []string{"debian"}}, "", "", ""},
		{image.Deb, image.Distro{ID: "linuxmint", VersionID: "22", Like: []string{"ubuntu", "debian"}}, "", "", ""},
		{image.APK, image.Distro{ID: "openwrt", VersionID: "25.12", Like: []string{"lede", "openwrt"}}, "", "", ""},
		{image.ALPM, image.Distro{ID: "arch"}, "", "", ""},
		{image.Ebuild, image.Distro{ID: "gentoo", VersionID: "2.15"}, "", "", ""},
		{image.Opkg, image.Distro{ID: "openwrt", VersionID: "23.05.3"}, "", "", ""},
		{image.Deb, image.Distro{ID: "alpine", VersionID: "3.20.1"}, "", "", ""},
		{image.APK, image.Distro{ID: "alpine", VersionID: "edge"}, "", "", ""},
	} {
		ecosystem := EcosystemOf(c.packages, c.distro)
		if diff := cmp.Diff([]string{c.ecosystem, c.group, c.folder}, []string{ecosystem, FeedGroup(ecosystem), FolderOf(ecosystem)}); diff != "" {
			t.Errorf("%s on %s %s:\n%s", c.packages, c.distro.ID, c.distro.VersionID, diff)
		}
		if ecosystem != CanonicalEcosystem(ecosystem) {
			t.Errorf("%q is not canonical", ecosystem)
		}
		if ecosystem != "" && orderOf(ecosystem) == nil {
			t.Errorf("%q has no version order", ecosystem)
		}
	}
}

// TestWhyThereIsNoEcosystem shows the words of the gap.
func TestWhyThereIsNoEcosystem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		packages image.PackageType
		distro   image.Distro
		want     string
	}{
		{image.RPM, image.Distro{ID: "fedora", VersionID: "40"}, "OSV publishes nothing for Fedora"},
		{image.RPM, image.Distro{ID: "centos", VersionID: "9"}, "OSV publishes nothing for CentOS Stream"},
		{image.ALPM, image.Distro{ID: "arch"}, "OSV publishes nothing for Arch Linux"},
		{image.Deb, image.Distro{ID: "mine"}, `the distribution "mine" is not known here`},
		{image.Deb, image.Distro{}, "the image does not say which distribution it is"},
		{image.Deb, image.Distro{ID: "debian", VersionID: "sid/x"}, `the release "sid/x" of debian is not one that advisories speak of`},
		{image.RPM, image.Distro{ID: "debian", VersionID: "12"}, "rpm is not the package format of debian"},
		{image.Brew, image.Distro{ID: "debian", VersionID: "12"}, "OSV has no ecosystem for brew packages"},
	} {
		if got := NoEcosystem(c.packages, c.distro); got != c.want {
			t.Errorf("%s on %s %s: %q, want %q", c.packages, c.distro.ID, c.distro.VersionID, got, c.want)
		}
	}
}

// TestNobodyIsInBothTables holds the two tables of distributions apart.
func TestNobodyIsInBothTables(t *testing.T) {
	t.Parallel()
	for _, row := range distributions {
		if name := unpublished[row.id]; name != "" && row.id != "centos" {
			t.Errorf("%s has ecosystem %q and is said to have none", row.id, row.ecosystem)
		}
	}
}

func TestRecordsOfOneReleaseMeet(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"Ubuntu:22.04:LTS":                                            "Ubuntu:22.04",
		"Ubuntu:Pro:16.04:LTS":                                        "Ubuntu:Pro:16.04",
		"Red Hat:enterprise_linux:9::appstream":                       "Red Hat:enterprise_linux:9",
		"Red Hat:enterprise_linux:10.0":                               "Red Hat:enterprise_linux:10",
		"SUSE:Linux Enterprise Server 16.0":                           "SUSE:Linux Enterprise 16.0",
		"Red Hat:rhel_eus:9.2::baseos":                                "Red Hat:rhel_eus:9.2",
		"SUSE:Linux Enterprise Module for Basesystem 15 SP5":          "SUSE:Linux Enterprise 15 SP5",
		"SUSE:Linux Enterprise Module for Server Applications 15 SP5": "SUSE:Linux Enterprise 15 SP5",
		"SUSE:Linux Enterprise Server 12 SP5-LTSS":                    "SUSE:Linux Enterprise Server 12 SP5-LTSS",
		"SUSE:Linux Enterprise Micro 5.3":                             "SUSE:Linux Enterprise Micro 5.3",
		"Debian:12":                                                   "Debian:12",
		"PyPI":                                                        "PyPI",
		"":                                                            "",
	} {
		if got := CanonicalEcosystem(from); got != want {
			t.Errorf("%q is %q, want %q", from, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ecosystem, name, want string }{
		{"PyPI", "Django", "django"}, {"PyPI", "zope.interface", "zope-interface"}, {"PyPI", "A__b.-C", "a-b-c"}, {"PyPI", "requests", "requests"},
		{"Packagist", "Symfony/HTTP-Kernel", "symfony/http-kernel"}, {"NuGet", "Newtonsoft.Json", "newtonsoft.json"}, {"npm", "@Scope/Name", "@Scope/Name"}, {"Go", "github.com/Azure/x", "github.com/Azure/x"},
		{"Debian:12", "libstdc++6", "libstdc++6"}, {"", "X", "X"},
	} {
		if got := NormalizeName(c.ecosystem, c.name); got != c.want {
			t.Errorf("%s %q is %q, want %q", c.ecosystem, c.name, got, c.want)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	debian, alma := image.Distro{ID: "debian", VersionID: "12"}, image.Distro{ID: "almalinux", VersionID: "9.4"}
	azure := image.Distro{ID: "azurelinux", VersionID: "3.0"}
	for _, c := range []struct {
		pkg    image.Package
		distro image.Distro
		want   []Key
	}{
		{image.Package{Type: image.Deb, Name: "libssl3", Version: "3.0.1-1", SourceName: "openssl", SourceVersion: "3.0.1-1"}, debian, []Key{{"Debian:12", "openssl"}}},
		{image.Package{Type: image.Deb, Name: "bash", Version: "5.2-1"}, debian, []Key{{"Debian:12", "bash"}}},
		{image.Package{Type: image.RPM, Name: "openssl-libs", Version: "1:3.0.7-1.el9", SourceName: "openssl", SourceVersion: "3.0.7-1.el9"}, alma, []Key{{"AlmaLinux:9", "openssl-libs"}}},
		{image.Package{Type: image.RPM, Name: "openssl-libs", Version: "3.3.0-1.azl3", SourceName: "openssl"}, azure, []Key{{"Azure Linux:3", "openssl-libs"}, {"Azure Linux:3", "openssl"}}},
		{image.Package{Type: image.Python, Name: "Flask_Login", Version: "1"}, debian, []Key{{"PyPI", "flask-login"}}},
		{image.Package{Type: image.Maven, Namespace: "log4j", Name: "log4j", Version: "1.2.17"}, debian, []Key{{"Maven", "log4j:log4j"}}},
		{image.Package{Type: image.Maven, Name: "log4j", Version: "1.2.17"}, debian, []Key{{"Maven", ":log4j"}}},
		{image.Package{Type: image.Deb, Name: "bash", Version: "5.2-1"}, image.Distro{ID: "mine"}, []Key{}},
	} {
		if diff := cmp.Diff(c.want, DistinctOf(&c.pkg, c.distro).Keys()); diff != "" {
			t.Errorf("%s on %s:\n%s", c.pkg.Name, c.distro.ID, diff)
		}
	}
	r := Record{Affected: []Affected{{Ecosystem: "npm", Package: "a"}, {Ecosystem: "npm", Package: "a"}, {Ecosystem: "NuGet", Package: "A"}}}
	if diff := cmp.Diff([]Key{{"npm", "a"}, {"NuGet", "A"}}, r.Keys()); diff != "" {
		t.Error(diff)
	}
}
