package sbom_test

import (
	"bytes"
	"testing"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/sbom"
)

func layer(n string) image.Layer {
	return image.Layer{
		LayerID:   image.LayerID{Blob: image.DigestOf([]byte("blob " + n)), DiffID: image.DigestOf([]byte("diff " + n))},
		MediaType: "application/vnd.oci.image.layer.v1.tar+gzip", Size: 1000, TarSize: 3000, CreatedBy: "RUN " + n,
	}
}

// sample has one of everything that the forms must carry, and names that try to break them.
func sample() *sbom.Document {
	gaps := []image.Gap{
		{Kind: image.GapParserFailed, Path: "app/broken.jar", Layer: 1, Detail: "not a zip archive\nat all </text>", Count: 2},
		{Kind: image.GapNoAdvisories, Layer: -1, Detail: "no advisories for <opkg> & others: none"},
	}
	a := &image.Analysis{
		Schema: image.AnalysisSchema, Digest: image.DigestOf([]byte("manifest")), ID: image.DigestOf([]byte("config")),
		MediaType: "application/vnd.oci.image.manifest.v1+json", Platform: image.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"},
		Layers: []image.Layer{layer("0"), layer("1")}, Size: 6000, CompressedSize: 2000, Created: time.Date(2025, 1, 2, 3, 4, 5, 6, time.UTC),
		Distro: image.Distro{ID: "debian", VersionID: "12", Codename: "bookworm", Like: []string{"a", "b"}, Name: "Debian GNU/Linux 12 (bookworm)", Source: "etc/os-release"},
		Base:   &image.BaseImage{Name: "docker.io/library/debian:12", Digest: image.DigestOf([]byte("base"))},
		Packages: []image.Package{
			{
				Type: image.Deb, Name: "libssl3", Version: "1:3.0.1-1", Arch: "arm64", SourceName: "openssl", SourceVersion: "3.0.1-1",
				Location: "var/lib/dpkg/status", Licenses: []string{"Apache-2.0", "GPL-2.0+ with exceptions"}, License: "Apache-2.0",
				LicenseSource: "usr/share/doc/libssl3/copyright", Origin: "Debian <debian@example.com>", Homepage: "https://openssl.example/", InstalledSize: 5000,
				CPEs: []string{"cpe:2.3:a:openssl:openssl:3.0.1:*:*:*:*:*:*:*", "cpe:2.3:a:openssl_project:openssl:3.0.1:*:*:*:*:*:*:*"},
			},
			{
				Type: image.RPM, Name: "bash", Version: "1:5.1-6.el9", Arch: "x86_64", SourceName: "bash", SourceVersion: "1:5.1-6.el9",
				SourceRPM: "bash-5.1-6.el9.src.rpm", Modularity: "m:stable:1:c", Location: "var/lib/rpm/rpmdb.sqlite", Licenses: []string{"GPLv3+"}, Origin: "Red Hat, Inc.",
				InstalledSize: 7654321,
			},
			{
				Type: image.APK, Name: "musl-utils", Version: "1.2.5-r0", Arch: "aarch64", SourceName: "musl", SourceVersion: "1.2.5-r0",
				Location: "lib/apk/db/installed", Licenses: []string{"MIT AND BSD-2-Clause AND GPL-2.0-or-later"}, Homepage: "https://musl.libc.org/", InstalledSize: 4096,
			},
			{Type: image.NPM, Name: "@scope/evil\x1b[31m", Version: "1.0.0", Location: "app/node_modules/@scope/evil/package.json", Layer: 1, License: "MIT", LicenseSource: "app/LICENSE"},
			{
				Type: image.Maven, Namespace: "org.example", Name: "lib", Version: "2", Location: "app/a.war", Inner: "WEB-INF/lib/lib.jar!META-INF/lib/b.jar",
				Layer: 1, Embedded: true, OwnedBy: &image.PackageRef{Type: image.Deb, Name: "libssl3", Version: "1:3.0.1-1", Arch: "arm64"},
				Licenses: []string{"The <Apache> Software License, Version 2.0", "(MIT OR Apache-2.0)"}, Extra: map[string]string{"maven-version": "2", "specification-version": "1.9"},
			},
			{Type: image.Maven, Name: "nameless", Version: "0", Location: "app/b.jar", Layer: 1, License: "LicenseRef-public-domain"},
			{Type: image.Golang, Name: "github.com/BurntSushi/toml", Version: "v1.2.0", Location: "usr/bin/tool", Layer: 1, Extra: map[string]string{"h1": "h1:abc="}},
			{Type: image.Python, Name: "Some_Name", Version: "1", Location: "usr/lib/python3/dist-packages/Some_Name-1.dist-info/METADATA", Licenses: []string{"MIT"}, License: "MIT", LicenseSource: "declared"},
			{Type: image.Julia, Name: "NoUUID", Version: "1.0", Location: "app/Manifest.toml", Layer: 1},
			{Type: image.Binary, Name: "busybox", Version: "1.36.1", Location: "bin/busybox", CPEs: []string{"cpe:2.3:a:busybox:busybox:1.36.1:*:*:*:*:*:*:*"}},
			{Type: image.Opkg, Name: "base-files", Version: "1", Arch: "all", SourceName: "base-files", SourceVersion: "1", Location: "usr/lib/opkg/status"},
			{Type: image.Cargo, Name: "serde", Version: "1.0.0", Location: "usr/bin/rusty", Layer: 1, PURL: "pkg:cargo/serde@1.0.0?vcs_url=x"},
		},
		Declared: []image.Package{{Type: image.NPM, Name: "left-pad", Version: "1.3.0", Location: "app/package-lock.json", Layer: 1, Licenses: []string{"WTFPL"}}},
		Gaps:     gaps,
	}
	return &sbom.Document{
		Name: "example:1", Reference: "docker.io/library/example:1", Analysis: a, Gaps: gaps, BaseLayers: 1,
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Version: "1.2.3", Indent: true, Declared: true,
	}
}

func encode(t testing.TB, form string, d *sbom.Document) []byte {
	t.Helper()
	var b bytes.Buffer
	indented := *d
	indented.Indent, indented.Declared = true, true
	if err := sbom.Encode(&b, form, &indented); err != nil {
		t.Fatalf("%s: %v", form, err)
	}
	return b.Bytes()
}

func decode(t testing.TB, raw []byte, hint string) *sbom.Document {
	t.Helper()
	d, err := sbom.Decode(bytes.NewReader(raw), hint)
	if err != nil {
		t.Fatalf("%v\n%.500s", err, raw)
	}
	return d
}
