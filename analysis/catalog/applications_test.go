package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

const (
	snapYAML = "name: hello\nversion: 1.10 # not a number\nsummary: a\nlicense: GPL-3.0\narchitectures: [amd64]\nbase: core22\napps:\n  hello:\n    command: bin/hello\n"
	flatpakX = `<?xml version="1.0" encoding="UTF-8"?>
<component type="desktop-application"><id>org.gimp.GIMP</id><name>GIMP</name><name xml:lang="de">GIMP</name>
<project_license>GPL-3.0+ AND LGPL-3.0+</project_license><developer_name>The GIMP team</developer_name>
<url type="bugtracker">https://b.example</url><url type="homepage">https://www.gimp.org/</url>
<releases><release version="2.10.34" date="2023-02-21"/><release version="2.10.32"/></releases></component>`
	brewJSON = `{"homebrew_version":"4.2.0","arch":"x86_64","source":{"tap":"homebrew/core","versions":{"stable":"1.7.1"}},"runtime_dependencies":[]}`

	snapPath    = "snap/hello/42/meta/snap.yaml"
	flatpakPath = "var/lib/flatpak/app/org.gimp.GIMP/x86_64/stable/0a1b2c/export/share/metainfo/org.gimp.GIMP.metainfo.xml"
	brewPath    = "home/linuxbrew/.linuxbrew/Cellar/jq/1.7.1_1/INSTALL_RECEIPT.json"
)

// TestApplications reads what the package managers of applications leave beside those of distributions.
func TestApplications(t *testing.T) {
	t.Parallel()
	snap := image.Package{
		Type: image.Snap, Name: "hello", Version: "1.10", Arch: "amd64", Licenses: []string{"GPL-3.0"}, Location: snapPath, Extra: map[string]string{"base": "core22"},
	}
	root := snap
	root.Location = "meta/snap.yaml"
	for _, tt := range []struct {
		name      string
		cataloger Cataloger
		path      string
		content   string
		want      []image.Package
		gap       string
	}{
		{"snap", Snap(), snapPath, snapYAML, []image.Package{snap}, ""},
		{"image of a snap", Snap(), "meta/snap.yaml", snapYAML, []image.Package{root}, ""},
		{"a snap's source", Snap(), "src/project/meta/snap.yaml", snapYAML, nil, ""},
		{"snap without version", Snap(), snapPath, "name: a\n", nil, "its version is missing"},
		{"snap with control characters", Snap(), snapPath, "name: \"a\\e[31m\"\nversion: '1'\n", nil, "is missing or not valid"},
		{"not YAML", Snap(), snapPath, "\tname: [", nil, "snap.yaml"},
		{"aliases of aliases", Snap(), snapPath, yamlBomb(), nil, "snap.yaml"},
		{"endless snap.yaml", Snap(), snapPath, "name: a\n#" + strings.Repeat("x", 2<<20), nil, "over the limit"},
		{"flatpak", Flatpak(), flatpakPath, flatpakX, []image.Package{{
			Type: image.Flatpak, Name: "org.gimp.GIMP", Version: "2.10.34", Arch: "x86_64", Licenses: []string{"GPL-3.0+ AND LGPL-3.0+"},
			Origin: "The GIMP team", Homepage: "https://www.gimp.org/", Location: flatpakPath, Extra: map[string]string{"branch": "stable"},
		}}, ""},
		{"metainfo of a distribution's package", Flatpak(), "usr/share/metainfo/org.gimp.GIMP.metainfo.xml", flatpakX, nil, ""},
		{"flatpak without release", Flatpak(), flatpakPath, "<component><id>a</id></component>", nil, "does not say its version"},
		{"not XML", Flatpak(), flatpakPath, "{}", nil, "metainfo"},
		{"another character set", Flatpak(), flatpakPath, `<?xml version="1.0" encoding="EBCDIC"?><component/>`, nil, "character set"},
		{"entities", Flatpak(), flatpakPath, `<!DOCTYPE a [<!ENTITY x "y">]><component><id>&x;</id></component>`, nil, "metainfo"},
		{"Homebrew", Homebrew(), brewPath, brewJSON, []image.Package{
			{Type: image.Brew, Name: "jq", Version: "1.7.1_1", Arch: "x86_64", Location: brewPath, Extra: map[string]string{"tap": "homebrew/core"}},
		}, ""},
		{"a receipt elsewhere", Homebrew(), "tmp/INSTALL_RECEIPT.json", brewJSON, nil, ""},
		{"a damaged receipt", Homebrew(), brewPath, "{", nil, "receipt of Homebrew"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found, err := readBytes(tt.cataloger, tt.path, []byte(tt.content))
			if err != nil {
				found.Gap(image.GapParserFailed, err.Error())
			}
			if diff := cmp.Diff(tt.want, found.Packages); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
			got := strings.Join(details(found.Gaps), "\n")
			if (tt.gap == "") != (got == "") || !strings.Contains(got, tt.gap) {
				t.Errorf("gaps: got %q, want %q", got, tt.gap)
			}
		})
	}
}

// yamlBomb is a document that grows without end when its aliases are followed.
func yamlBomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x]\n")
	for i := byte('1'); i <= '9'; i++ {
		b.WriteString("a" + string(i) + ": &a" + string(i) + " [" + strings.Repeat("*a"+string(i-1)+",", 9) + "x]\n")
	}
	b.WriteString("name: a\nversion: '1'\n")
	return b.String()
}

func TestSnapBase(t *testing.T) {
	t.Parallel()
	const list = "package-repositories:\n- type: apt\n  ppa: a/b\npackages:\n- adduser=3.118ubuntu5\n- libc6:amd64=2.35-0ubuntu3.8\n- broken\nmore:\n- no=1\n"
	found := readFile(Snap(), inMemory(snapBase, []byte(list)))
	want := []image.Package{
		{Type: image.Deb, Name: "adduser", Version: "3.118ubuntu5", SourceName: "adduser", SourceVersion: "3.118ubuntu5", Location: snapBase},
		{Type: image.Deb, Name: "libc6", Version: "2.35-0ubuntu3.8", Arch: "amd64", SourceName: "libc6", SourceVersion: "2.35-0ubuntu3.8", Location: snapBase},
	}
	if diff := cmp.Diff(want, found.Packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	gaps := []string{`package "broken" was left out because its version "" is missing or not valid`, unnamedSource}
	if diff := cmp.Diff(gaps, details(found.Gaps)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func FuzzApplications(f *testing.F) {
	f.Add([]byte(snapYAML), uint8(0))
	f.Add([]byte(flatpakX), uint8(1))
	f.Add([]byte(brewJSON), uint8(2))
	f.Add([]byte("packages:\n- a:b=1\n"), uint8(3))
	f.Fuzz(func(t *testing.T, content []byte, which uint8) {
		var found Found
		switch which % 4 {
		case 0:
			found, _ = readBytes(Snap(), snapPath, content)
		case 1:
			found, _ = readBytes(Flatpak(), flatpakPath, content)
		case 2:
			found, _ = readBytes(Homebrew(), brewPath, content)
		case 3:
			checkFound(t, Snap(), snapBase, content)
		}
		checkPackages(t, found.Packages)
	})
}
