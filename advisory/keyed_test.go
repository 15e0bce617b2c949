package advisory

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

// The names under which packages are stored are those of revision 2 of the rules. When this test has to be changed,
// KeyRevision has to go up, and a row of retold says which packages become others: without that, what is stored is not
// found any more.
func TestKeysAreThoseOfTheRevision(t *testing.T) {
	t.Parallel()
	if KeyRevision != 2 {
		t.Fatalf("the keys below are those of revision 2, not %d", KeyRevision)
	}
	rhel, debian := image.Distro{ID: "rhel", VersionID: "9.4"}, image.Distro{ID: "debian", VersionID: "12"}
	owner := &image.PackageRef{Type: image.Deb, Name: "redis", Version: "7"}
	for _, c := range []struct {
		name string
		p    image.Package
		d    image.Distro
		want string
	}{
		{"Red Hat looks at binary and source", image.Package{Type: image.RPM, Name: "openssl-libs", Version: "1:3.0.7-27.el9", SourceName: "openssl", Arch: "x86_64"}, rhel,
			"Red Hat:enterprise_linux:9 openssl-libs | Red Hat:enterprise_linux:9 openssl"},
		{"Debian looks at the source", image.Package{Type: image.Deb, Name: "libssl3", Version: "3.0.1-1", SourceName: "openssl"}, debian, "Debian:12 openssl"},
		{"Alpine looks at the origin", image.Package{Type: image.APK, Name: "libcrypto3", Version: "3.1-r0", SourceName: "openssl"}, image.Distro{ID: "alpine", VersionID: "3.18.2"}, "Alpine:v3.18 openssl"},
		{"Rocky looks at both", image.Package{Type: image.RPM, Name: "openssl-libs", Version: "3-1", SourceName: "openssl"}, image.Distro{ID: "rocky", VersionID: "9.2"}, "Rocky Linux:9 openssl-libs | Rocky Linux:9 openssl"},
		{"AlmaLinux looks at the binary", image.Package{Type: image.RPM, Name: "openssl-libs", Version: "3-1", SourceName: "openssl"}, image.Distro{ID: "almalinux", VersionID: "9.2"}, "AlmaLinux:9 openssl-libs"},
		{"a known program is looked up by CPE", image.Package{Type: image.Binary, Name: "redis", Version: "7.0", CPEs: []string{"cpe:2.3:a:redis:redis:7.0:*:*:*:*:*:*:*"}}, debian, "CPE redis:redis"},
		{"not when a package owns it", image.Package{Type: image.Binary, Name: "redis", Version: "7.0", OwnedBy: owner, CPEs: []string{"cpe:2.3:a:redis:redis:7.0:*:*:*:*:*:*:*"}}, debian, ""},
		{"Python names are normalised", image.Package{Type: image.Python, Name: "Zope.Interface", Version: "5"}, debian, "PyPI zope-interface"},
		{"jars are looked up with their group", image.Package{Type: image.Maven, Namespace: "org.apache", Name: "log4j", Version: "2"}, debian, "Maven org.apache:log4j"},
		{"without a group by their artifact", image.Package{Type: image.Maven, Name: "spring-core", Version: "5", Extra: map[string]string{"classes": "org/springframework"}}, debian, "Maven :spring-core"},
	} {
		var got []string
		for _, k := range DistinctOf(&c.p, c.d).Keys() {
			got = append(got, k.Ecosystem+" "+k.Name)
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " | ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestRetold(t *testing.T) {
	t.Parallel()
	for since, want := range map[int][]image.PackageType{-1: {image.Binary}, 0: {image.Binary}, 1: {}, KeyRevision: {}, KeyRevision + 7: {}} {
		if diff := cmp.Diff(want, Retold(since)); diff != "" {
			t.Errorf("since %d (-want +got):\n%s", since, diff)
		}
	}
}
