package image

import "testing"

// TestNamesOnV1 states the words that clients of /v1 and their policies know, and where packages lie for them.
func TestNamesOnV1(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pkg        Package
		kind, path string
	}{
		{Package{Type: Deb, Location: "var/lib/dpkg/status"}, "dpkg", "pkgdb"},
		{Package{Type: APK, Location: "lib/apk/db/installed"}, "APKG", "pkgdb"},
		{Package{Type: RPM, Location: "var/lib/rpm/Packages"}, "rpm", "pkgdb"},
		{Package{Type: ALPM, Location: "var/lib/pacman/local/a-1-1/desc"}, "alpm", "pkgdb"},
		{Package{Type: Ebuild, Location: "var/db/pkg/a/b-1/CONTENTS"}, "portage", "pkgdb"},
		{Package{Type: Opkg, Location: "usr/lib/opkg/status"}, "opkg", "pkgdb"},
		{Package{Type: Nix, Location: "nix/store/x-a-1"}, "nix", "/nix/store/x-a-1"},
		{Package{Type: Brew, Location: "Cellar/a/1/INSTALL_RECEIPT.json"}, "brew", "/Cellar/a/1/INSTALL_RECEIPT.json"},
		{Package{Type: Python, Location: "usr/a.dist-info/METADATA"}, "python", "/usr/a.dist-info/METADATA"},
		{Package{Type: Maven, Location: "a.war", Inner: "b.jar!c.jar"}, "java", "/a.war:b.jar:c.jar"},
	} {
		if kind, path := c.pkg.Type.V1(), c.pkg.V1Path(); kind != c.kind || path != c.path {
			t.Errorf("%s is %q at %q, want %q at %q", c.pkg.Type, kind, path, c.kind, c.path)
		}
	}
}
