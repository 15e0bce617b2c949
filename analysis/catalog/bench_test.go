package catalog

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/rpmdb"
	"landwaiter.dev/internal/testkit/rpmdbtest"
)

// benchLimits are the defaults of the table in analysis.
var benchLimits = Limits{ArchiveDepth: 8, ArchiveEntries: 100_000, ArchiveBytes: 1 << 30, MetadataBytes: 16 << 20, Packages: 100_000, OwnedFiles: 1_000_000, NestedBytes: 128 << 20}

// BenchmarkCatalogers reads one file for each cataloguer: databases of a thousand packages, and small metadata as it is
// found. Cataloguers that are listed and have no file here fail it.
func BenchmarkCatalogers(b *testing.B) {
	samples := slices.Concat(installedSamples, lockSamples, databases(b))
	tried := map[string]bool{}
	for _, s := range samples {
		if s.want == nil || tried[s.c.Name] {
			continue
		}
		tried[s.c.Name] = true
		b.Run(s.c.Name, func(b *testing.B) {
			data := []byte(s.in)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			found := Found{}
			for b.Loop() {
				found = Found{}
				file := &File{Path: image.Path(s.at), Size: int64(len(data)), Mode: 0o755, Content: bytes.NewReader(data), Bytes: data, Limits: benchLimits}
				if err := s.c.Read(file, &found); err != nil {
					b.Fatal(err)
				}
			}
			if n := len(found.Packages) + len(found.Declared); n > 0 {
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "packages/s")
			}
		})
	}
	for _, c := range All() {
		if c.Read != nil && !tried[c.Name] && !elsewhere[c.Name] {
			b.Errorf("the cataloguer %s has no sample to measure", c.Name)
		}
	}
}

// elsewhere are cataloguers with a benchmark of their own, beside what they need.
var elsewhere = map[string]bool{"unsupported": true /* it reads nothing */, "pacman": true, "jar": true, "known-binary": true, "npm": true, "executable": true}

// databases are files of a thousand packages each, and one of each kind that is not among the samples of languages.
func databases(b *testing.B) []sample {
	b.Helper()
	many := func(format string) string {
		var s strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&s, format, i)
		}
		return s.String()
	}
	var headers [][]byte
	for i := range 1000 {
		headers = append(headers, rpmdbtest.Header(rpmdbtest.Values{rpmdb.Name: fmt.Sprintf("p%d", i), rpmdb.Version: "1.2", rpmdb.Release: "3"}))
	}
	want := []string{"measured"}
	return []sample{
		{"dpkg", DPKG(), "var/lib/dpkg/status", many("Package: p%d\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2-3\nMaintainer: M <m@x>\nDescription: d\n long\n\n"), want, 0},
		{"apk", APK(), "lib/apk/db/installed", many("P:p%d\nV:1.2-r3\nA:x86_64\nL:MIT\no:src\nF:usr/bin\nR:a\na:0:0:755\nZ:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"), want, 0},
		{"rpm", RPM(), "usr/lib/sysimage/rpm/Packages.db", string(rpmdbtest.NDB(headers...)), want, 0},
		{"opkg", Opkg(), "usr/lib/opkg/status", many("Package: p%d\nVersion: 1.2-r3\nStatus: install ok installed\nArchitecture: x86_64\n\n"), want, 0},
		{"portage", Portage(), "var/db/pkg/app-arch/gzip-1.12/CONTENTS", many("obj /usr/share/f%d d41d8cd98f00b204e9800998ecf8427e 1700000000\n"), want, 0},
		{"chisel", Chisel(), string(chiselManifest), string(zstded(b, chiselWall)), want, 0},
		{"cos", COS(), string(cosPackages), `{"installedPackages":[` + strings.TrimSuffix(many(`{"category":"app","name":"p%d","version":"1","ebuild_version":"1-r3"},`), ",") + `]}`, want, 0},
		{"bottlerocket", Bottlerocket(), string(bottlerocketInventory), `{"Content":[` + strings.TrimSuffix(many(`{"Name":"p%d","Version":"2.8","Release":"1"},`), ",") + `]}`, want, 0},
		{"snap", Snap(), snapPath, snapYAML, want, 0},
		{"flatpak", Flatpak(), flatpakPath, flatpakX, want, 0},
		{"homebrew", Homebrew(), brewPath, brewJSON, want, 0},
		{"python", Python(), "usr/lib/python3/dist-packages/a-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: a\nVersion: 1.0\nLicense: MIT\nAuthor: A\n\nlong text\n", want, 0},
		{"gem", Gem(), "usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.6.gemspec", "Gem::Specification.new do |s|\n  s.name = \"rake\".freeze\n  s.version = \"13.0.6\"\n  s.licenses = [\"MIT\".freeze]\nend\n", want, 0},
		{"composer", Composer(), "app/vendor/composer/installed.json", `{"packages":[` + strings.TrimSuffix(many(`{"name":"v/p%d","version":"1.2.3","license":["MIT"]},`), ",") + `]}`, want, 0},
		{"license-text", LicenseText(), "usr/share/doc/a/copyright", "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n" + many("Files: f%d/*\nCopyright: 2020 A\nLicense: GPL-2+\n\n"), want, 0},
		{"kernel", Kernel(), "usr/lib/modules/6.1.0-13-amd64/modules.dep", "kernel/a.ko:\n", want, 0},
	}
}
