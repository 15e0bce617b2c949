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
		{image.Python, image.Distro{ID: "debian", VersionID: "12"}, "PyPI", "github:python", "PyPI"},
		{image.NPM, image.Distro{}, "npm", "github:npm", "npm"},
		{image.Maven, image.Distro{}, "Maven", "github:java", "Maven"},
		{image.Gem, image.Distro{}, "RubyGems", "github:gem", "RubyGems"},
		{image.Golang, image.Distro{}, "Go", "github:go", "Go"},
		{image.Cargo, image.Distro{}, "crates.io", "github:rust", "crates.io"},
		{image.Composer, image.Distro{}, "Packagist", "github:composer", "Packagist"},
		// No ecosystem: a gap, never another distribution's data.
		{image.Deb, image.Distro{}, "", "", ""},
		{image.Deb, image.Distro{ID: "debian"}, "", "", ""},
		{image.Deb, image.Distro{ID: "debian", VersionID: "sid/experimental"}, "", "", ""},
		{image.RPM, image.Distro{ID: "debian", VersionID: "12"}, "", "", ""},
		{image.RPM, image.Distro{ID: "fedora", VersionID: "40", Like: []string{"rhel"}}, "", "", ""},
		{image.RPM, image.Distro{ID: "amzn", VersionID: "2023"}, "", "", ""},
		{image.RPM, image.Distro{ID: "centos", VersionID: "9"}, "", "", ""},
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

func TestRecordsOfOneReleaseMeet(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"Ubuntu:22.04:LTS":                                            "Ubuntu:22.04",
		"Ubuntu:Pro:16.04:LTS":                                        "Ubuntu:Pro:16.04",
		"Red Hat:enterprise_linux:9::appstream":                       "Red Hat:enterprise_linux:9",
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
		{"Packagist", "Symfony/HTTP-Kernel", "symfony/http-kernel"}, {"npm", "@Scope/Name", "@Scope/Name"}, {"Go", "github.com/Azure/x", "github.com/Azure/x"},
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
		{image.Package{Type: image.Maven, Name: "log4j", Version: "1.2.17"}, debian, []Key{}},
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
