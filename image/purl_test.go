package image_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestPURL(t *testing.T) {
	t.Parallel()
	debian := image.Distro{ID: "debian", VersionID: "12"}
	for _, c := range []struct {
		want   string
		distro image.Distro
		p      image.Package
	}{
		{"pkg:deb/debian/libssl3@1:3.0-1?arch=amd64&distro=debian-12&upstream=openssl", debian,
			image.Package{Type: image.Deb, Name: "libssl3", Version: "1:3.0-1", Arch: "amd64", SourceName: "openssl", SourceVersion: "1:3.0-1"}},
		{"pkg:deb/debian/a@1?distro=debian-12&upstream=b%402", debian,
			image.Package{Type: image.Deb, Name: "a", Version: "1", SourceName: "b", SourceVersion: "2"}},
		{"pkg:rpm/redhat/bash@5.1-6?arch=x86_64&distro=rhel-9.2&epoch=1&rpmmod=a:b:c:d&upstream=bash-5.1-6.src.rpm", image.Distro{ID: "rhel", VersionID: "9.2"},
			image.Package{Type: image.RPM, Name: "bash", Version: "1:5.1-6", Arch: "x86_64", Modularity: "a:b:c:d",
				SourceName: "bash", SourceVersion: "1:5.1-6", SourceRPM: "bash-5.1-6.src.rpm"}},
		{"pkg:rpm/opensuse/zypper@1-1?distro=opensuse-leap-15.6", image.Distro{ID: "opensuse-leap", VersionID: "15.6"},
			image.Package{Type: image.RPM, Name: "zypper", Version: "1-1", SourceName: "zypper", SourceVersion: "1-1"}},
		{"pkg:apk/wolfi/musl@1.2-r0", image.Distro{ID: "wolfi"},
			image.Package{Type: image.APK, Name: "musl", Version: "1.2-r0", SourceName: "musl", SourceVersion: "1.2-r0"}},
		{"pkg:alpm/arch/pacman@6.0.1-1?arch=x86_64", image.Distro{ID: "arch"},
			image.Package{Type: image.ALPM, Name: "pacman", Version: "6.0.1-1", Arch: "x86_64", SourceName: "pacman", SourceVersion: "6.0.1-1"}},
		{"pkg:opkg/openwrt/busybox@1.36-1?distro=openwrt-23.05", image.Distro{ID: "openwrt", VersionID: "23.05"},
			image.Package{Type: image.Opkg, Name: "busybox", Version: "1.36-1", SourceName: "busybox", SourceVersion: "1.36-1"}},
		{"pkg:ebuild/app-shells/bash@5.2-r1", image.Distro{}, image.Package{Type: image.Ebuild, Name: "app-shells/bash", Version: "5.2-r1"}},
		{"pkg:npm/%40scope/name@1.0.0", image.Distro{}, image.Package{Type: image.NPM, Name: "@scope/name", Version: "1.0.0"}},
		{"pkg:npm/left-pad", image.Distro{}, image.Package{Type: image.NPM, Name: "left-pad"}},
		{"pkg:golang/golang.org/x/net@v0.7.0", image.Distro{}, image.Package{Type: image.Golang, Name: "golang.org/x/net", Version: "v0.7.0"}},
		{"pkg:golang/stdlib@1.22.1", image.Distro{}, image.Package{Type: image.Golang, Name: "stdlib", Version: "1.22.1"}},
		{"pkg:maven/org.example/lib@2", image.Distro{}, image.Package{Type: image.Maven, Namespace: "org.example", Name: "lib", Version: "2"}},
		{"pkg:maven/lib@2", image.Distro{}, image.Package{Type: image.Maven, Name: "lib", Version: "2"}},
		{"pkg:pypi/some-name@1", image.Distro{}, image.Package{Type: image.Python, Name: "some-name", Version: "1"}},
		{"pkg:composer/vendor/name@v1", image.Distro{}, image.Package{Type: image.Composer, Name: "vendor/name", Version: "v1"}},
		{"pkg:cargo/serde@1.0.0", image.Distro{}, image.Package{Type: image.Cargo, Name: "serde", Version: "1.0.0"}},
		{"pkg:gem/nokogiri@1.16.0?platform=java", image.Distro{},
			image.Package{Type: image.Gem, Name: "nokogiri", Version: "1.16.0", Extra: map[string]string{"platform": "java"}}},
		{"pkg:nuget/Newtonsoft.Json@13.0.1", image.Distro{}, image.Package{Type: image.NuGet, Name: "Newtonsoft.Json", Version: "13.0.1"}},
		{"pkg:pub/http_parser@4.0.2", image.Distro{}, image.Package{Type: image.Pub, Name: "http_parser", Version: "4.0.2"}},
		{"pkg:hex/acme/foo@2.3.0", image.Distro{}, image.Package{Type: image.Hex, Name: "acme/foo", Version: "2.3.0"}},
		{"pkg:hackage/AC-HalfInteger@1.2.1", image.Distro{}, image.Package{Type: image.Hackage, Name: "AC-HalfInteger", Version: "1.2.1"}},
		{"pkg:swift/github.com/Alamofire/Alamofire@5.4.3", image.Distro{},
			image.Package{Type: image.Swift, Name: "github.com/Alamofire/Alamofire", Version: "5.4.3"}},
		{"pkg:cocoapods/GoogleUtilities@7.5.2#NSData%2Bzlib", image.Distro{},
			image.Package{Type: image.Pods, Name: "GoogleUtilities/NSData+zlib", Version: "7.5.2"}},
		{"pkg:cran/rJava@1.0-4", image.Distro{}, image.Package{Type: image.CRAN, Name: "rJava", Version: "1.0-4"}},
		{"pkg:conda/absl-py@0.4.1?build=py36h06a4308_0&channel=main&subdir=linux-64", image.Distro{},
			image.Package{Type: image.Conda, Name: "absl-py", Version: "0.4.1",
				Extra: map[string]string{"build": "py36h06a4308_0", "channel": "main", "subdir": "linux-64"}}},
		{"pkg:luarocks/hisham/luafilesystem@1.8.0-1", image.Distro{}, image.Package{Type: image.LuaRocks, Name: "hisham/luafilesystem", Version: "1.8.0-1"}},
		{"pkg:nix/hello@2.12?outputhash=abc", image.Distro{},
			image.Package{Type: image.Nix, Name: "hello", Version: "2.12", Extra: map[string]string{"outputhash": "abc"}}},
		{"pkg:cpan/URI-PackageURL@2.0", image.Distro{}, image.Package{Type: image.CPAN, Name: "URI-PackageURL", Version: "2.0"}},
		{"pkg:julia/Dates@1.9.0?uuid=ade2ca70-3891-5945-98fb-dc099432e06a", image.Distro{},
			image.Package{Type: image.Julia, Name: "Dates", Version: "1.9.0", Extra: map[string]string{"uuid": "ade2ca70-3891-5945-98fb-dc099432e06a"}}},
		{"pkg:otp/stdlib@6.0", image.Distro{}, image.Package{Type: image.OTP, Name: "stdlib", Version: "6.0"}},
		{"pkg:brew/user/tap/jq@1.7", image.Distro{}, image.Package{Type: image.Brew, Name: "user/tap/jq", Version: "1.7"}},
		{"pkg:pear/pear.php.net/PEAR@1.10", image.Distro{}, image.Package{Type: image.PEAR, Name: "pear.php.net/PEAR", Version: "1.10"}},
		{"pkg:snap/core20@2024", image.Distro{}, image.Package{Type: image.Snap, Name: "core20", Version: "2024"}},
		{"pkg:flatpak/org.gnome.Platform@46", image.Distro{}, image.Package{Type: image.Flatpak, Name: "org.gnome.Platform", Version: "46"}},
		{"pkg:wordpress-plugin/akismet@5.0", image.Distro{}, image.Package{Type: image.WordPress, Name: "akismet", Version: "5.0"}},
		{"pkg:opam/git@3.16", image.Distro{}, image.Package{Type: image.Opam, Name: "git", Version: "3.16"}},
		{"pkg:conan/openssl@3.0.3?channel=stable&user=bincrafters", image.Distro{},
			image.Package{Type: image.Conan, Name: "openssl", Version: "3.0.3", Extra: map[string]string{"channel": "stable", "user": "bincrafters"}}},
		{"pkg:generic/busybox@1.36.1", image.Distro{}, image.Package{Type: image.Binary, Name: "busybox", Version: "1.36.1"}},
	} {
		if got := image.PURL(&c.p, c.distro); got != c.want {
			t.Errorf("PURL of %s %s = %s, want %s", c.p.Type, c.p.Name, got, c.want)
		}
		p, d, err := image.ParsePURL(c.want)
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
			continue
		}
		c.p.PURL = c.want
		if diff := cmp.Diff(c.p, p); diff != "" {
			t.Errorf("%s read back (-want +got):\n%s", c.want, diff)
		}
		if c.p.Type.OS() && !strings.HasPrefix(c.want, "pkg:ebuild") {
			if diff := cmp.Diff(c.distro, d); diff != "" {
				t.Errorf("%s read back (-want +got):\n%s", c.want, diff)
			}
		}
	}
}

func TestPURLFoldsNames(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]image.Package{
		"pkg:pypi/some-name@1":                 {Type: image.Python, Name: "Some_Name", Version: "1"},
		"pkg:golang/github.com/azure/azure":    {Type: image.Golang, Name: "github.com/Azure/azure"},
		"pkg:pub/a_b@1":                        {Type: image.Pub, Name: "A-b", Version: "1"},
		"pkg:cpan/URI-Escape@1":                {Type: image.CPAN, Name: "URI::Escape", Version: "1"},
		"pkg:swift/github.com/apple/nio@2.0.0": {Type: image.Swift, Name: "https://github.com/apple/nio.git", Version: "2.0.0"},
		"pkg:given/by@import":                  {Type: image.Deb, Name: "x", PURL: "pkg:given/by@import"},
		"":                                     {Type: image.Julia, Name: "NoUUID", Version: "1"},
	} {
		if got := image.PURL(&p, image.Distro{}); got != want {
			t.Errorf("PURL of %s = %q, want %q", p.Name, got, want)
		}
	}
}

func TestParsePURLOfOthers(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]struct {
		p image.Package
		d image.Distro
	}{
		"pkg:golang/github.com/BurntSushi/toml@v1.2.0": {p: image.Package{Type: image.Golang, Name: "github.com/BurntSushi/toml", Version: "v1.2.0"}},
		"pkg:deb/ubuntu/a@1?distro=jammy": {
			image.Package{Type: image.Deb, Name: "a", Version: "1", SourceName: "a", SourceVersion: "1"}, image.Distro{ID: "ubuntu", Codename: "jammy"},
		},
		"pkg:apk/alpine/a@1?distro=3.19.1": {
			image.Package{Type: image.APK, Name: "a", Version: "1", SourceName: "a", SourceVersion: "1"}, image.Distro{ID: "alpine", VersionID: "3.19.1"},
		},
		"pkg:rpm/suse/a@1-2?distro=sles-15.5&epoch=3&upstream=b-1-2.src.rpm": {
			image.Package{Type: image.RPM, Name: "a", Version: "3:1-2", SourceName: "b", SourceVersion: "3:1-2", SourceRPM: "b-1-2.src.rpm"},
			image.Distro{ID: "sles", VersionID: "15.5"},
		},
		"pkg:rpm/redhat/a@1-2": {
			image.Package{Type: image.RPM, Name: "a", Version: "1-2", SourceName: "a", SourceVersion: "1-2"}, image.Distro{ID: "rhel"},
		},
		"pkg:npm/a b\nc@1": {p: image.Package{Type: image.NPM, Name: "a b\nc", Version: "1"}},
		"PKG:NPM/@a/b@1":   {p: image.Package{Type: image.NPM, Name: "@a/b", Version: "1"}},
	} {
		p, d, err := image.ParsePURL(s)
		want.p.PURL = strings.ReplaceAll(strings.ReplaceAll(s, "\n", "%0A"), " ", "%20")
		if diff := cmp.Diff(want.p, p); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", s, err, diff)
		}
		if diff := cmp.Diff(want.d, d); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s, diff)
		}
	}
	for _, s := range []string{
		"", "pkg:", "pkg:deb", "pkg:deb/", "http://x", "pkg:deb/a%ff@1", "pkg:npm/a%00", "pkg:npm/a?b;c=1", "pkg:npm/a?%zz",
		"pkg:npm/" + strings.Repeat("a", image.MaxPURL),
	} {
		if p, _, err := image.ParsePURL(s); err == nil {
			t.Errorf("%.50q was taken: %+v", s, p)
		}
	}
}

func FuzzParsePURL(f *testing.F) {
	for _, s := range []string{
		"pkg:deb/debian/libssl3@1:3.0-1?arch=amd64&distro=debian-12&upstream=openssl%401", "pkg:npm/%40a/b@1", "pkg:golang/github.com/A/b@v1#c/d",
		"pkg:rpm/redhat/a@1?epoch=1&upstream=a-1-2.src.rpm", "pkg:cocoapods/a#b", "pkg:///", "pkg:julia/a?uuid=b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, _, err := image.ParsePURL(s)
		if err != nil {
			return
		}
		if p.Name == "" || p.Type == "" || image.PURL(&p, image.Distro{}) != p.PURL {
			t.Fatalf("%q is %+v", s, p)
		}
		if again, _, err := image.ParsePURL(p.PURL); err != nil && len(p.PURL) <= image.MaxPURL || err == nil && again.Name != p.Name {
			t.Fatalf("%q is %+v, and %q is %+v: %v", s, p, p.PURL, again, err)
		}
	})
}
