package sbom_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landwaiter.dev/image"
	"landwaiter.dev/sbom"
)

const (
	diff0 = image.Digest("sha256:1111111111111111111111111111111111111111111111111111111111111111")
	diff1 = image.Digest("sha256:2222222222222222222222222222222222222222222222222222222222222222")
)

// TestDocumentsOfOtherTools reads documents in the manner of other producers, which say the same things in other places.
func TestDocumentsOfOtherTools(t *testing.T) {
	t.Parallel()
	digest := image.Digest("sha256:3333333333333333333333333333333333333333333333333333333333333333")
	id := image.Digest("sha256:4444444444444444444444444444444444444444444444444444444444444444")
	for file, want := range map[string]struct {
		format, tool string
		a            image.Analysis
		gaps         []string
	}{
		"trivy.cdx.json": {"cyclonedx-json", "trivy", image.Analysis{
			Digest: digest, ID: id, Distro: image.Distro{ID: "rhel", VersionID: "9.2"},
			Layers: []image.Layer{{LayerID: image.LayerID{DiffID: diff0}}, {LayerID: image.LayerID{DiffID: diff1}}},
			Packages: []image.Package{
				{Type: image.RPM, Name: "bash", Version: "5.1.8-6.el9", Arch: "x86_64", SourceName: "bash", SourceVersion: "5.1.8-6.el9", Licenses: []string{"GPLv3+"}},
				{Type: image.RPM, Name: "nginx-core", Version: "1:1.20-1.el9", Arch: "x86_64", SourceName: "nginx", SourceVersion: "1:1.20-1.el9", Modularity: "nginx:1.20:x:y"},
				{Type: image.Maven, Namespace: "org.example", Name: "lib", Version: "2", Location: "app/a.jar", Layer: 1},
				{Type: image.NPM, Name: "@scope/a", Version: "1.0.0", Location: "app/node_modules/@scope/a/package.json", Layer: 1, Licenses: []string{"MIT"}, License: "MIT", LicenseSource: "declared"},
			},
		}, []string{"unidentified_package"}},
		"cdxgen.cdx.xml": {"cyclonedx-xml", "cdxgen", image.Analysis{
			Packages: []image.Package{
				{Type: image.NPM, Name: "@babel/core", Version: "7.0.0", Location: "package-lock.json", Licenses: []string{"MIT OR Apache-2.0"}, License: "MIT OR Apache-2.0", LicenseSource: "declared", Origin: "Babel"},
				{Type: image.Golang, Name: "github.com/BurntSushi/toml", Version: "v1.2.0"},
			},
			Declared: []image.Package{{Type: image.NPM, Name: "nested", Version: "1"}},
		}, nil},
		"syft-1.1.0.json": {"syft-json", "syft", image.Analysis{
			Digest: digest, ID: id, MediaType: "application/vnd.docker.distribution.manifest.v2+json", Size: 12, Distro: image.Distro{ID: "rhel", VersionID: "8", Like: []string{"fedora"}},
			Layers: []image.Layer{{LayerID: image.LayerID{DiffID: diff0}, TarSize: 5, MediaType: "x"}, {LayerID: image.LayerID{DiffID: diff1}, TarSize: 7, MediaType: "x"}},
			Packages: []image.Package{
				{Type: image.Deb, Name: "libssl1.1", Version: "1.1.1n-0", Arch: "amd64", SourceName: "openssl", SourceVersion: "1.1.1n-0", Location: "var/lib/dpkg/status", Licenses: []string{"OpenSSL"}, License: "OpenSSL", LicenseSource: "declared", Origin: "Debian", InstalledSize: 4096},
				{Type: image.RPM, Name: "bash", Version: "0:4.4-1.el8", Arch: "x86_64", SourceName: "bash", SourceVersion: "4.4-1.el8", SourceRPM: "bash-4.4-1.el8.src.rpm", Location: "var/lib/rpm/Packages", Origin: "Red Hat", InstalledSize: 7},
				{Type: image.Maven, Namespace: "org.example", Name: "lib", Version: "2", Location: "app/a.war", Inner: "WEB-INF/lib/lib.jar", Layer: 1, CPEs: []string{"cpe:2.3:a:lib:lib:2:*:*:*:*:*:*:*"}},
				{Type: image.Binary, Name: "node", Version: "16.0.0", Location: "usr/bin/node", Layer: 1},
			},
		}, []string{"unidentified_package"}},
		"apko.spdx.json": {"spdx-json", "apko (v0.10.0)", image.Analysis{
			Distro: image.Distro{ID: "wolfi"},
			Packages: []image.Package{
				{Type: image.APK, Name: "busybox", Version: "1.36.1-r0", Arch: "x86_64", SourceName: "busybox", SourceVersion: "1.36.1-r0", Licenses: []string{"GPL-2.0-only", "Custom text"}, Origin: "Wolfi"},
			},
		}, nil},
		"other.spdx": {"spdx-tag-value", "tool", image.Analysis{
			Packages: []image.Package{{
				Type: image.Python, Name: "Some_Name", Version: "1.0", Location: "usr/lib/python3/METADATA", Licenses: []string{"MIT"}, License: "MIT", LicenseSource: "declared",
				CPEs: []string{"cpe:2.3:a:some:name:1.0:*:*:*:*:*:*:*"}, Homepage: "https://a.example/", Origin: "Jane Doe",
			}},
		}, []string{"unidentified_package"}},
		"other.spdx3.json": {"spdx3-json", "builder", image.Analysis{
			Packages: []image.Package{{
				Type: image.Cargo, Name: "serde", Version: "1.0.0", Licenses: []string{"MIT", "Our terms"}, Origin: "Serde", Homepage: "https://serde.example/",
			}},
		}, nil},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(filepath.Join("testdata", "foreign", file))
			if err != nil {
				t.Fatal(err)
			}
			got := decode(t, raw, "")
			if got.Format != want.format || got.Tool != want.tool {
				t.Errorf("it is %s of %q, want %s of %q", got.Format, got.Tool, want.format, want.tool)
			}
			ignore := cmp.Options{
				cmpopts.EquateEmpty(), cmpopts.IgnoreFields(image.Analysis{}, "Gaps", "Revisions", "Schema", "Platform"), cmpopts.IgnoreFields(image.Package{}, "PURL"),
			}
			if diff := cmp.Diff(&want.a, got.Analysis, ignore); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var kinds []string
			for _, g := range withoutSource(t, got).Gaps {
				kinds = append(kinds, string(g.Kind))
			}
			if diff := cmp.Diff(want.gaps, kinds); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
			for _, form := range sbom.Formats() {
				encode(t, form, got) // whatever came in can go out
			}
		})
	}
}
