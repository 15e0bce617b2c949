package sbom_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"landwaiter.dev/image"
	"landwaiter.dev/sbom"
)

var inForms = []string{"cyclonedx-json", "cyclonedx-xml", "spdx-json", "spdx-tag-value", "spdx3-json", "syft-json"}

// withoutSource drops the gap that says that the source is an SBOM, which the first document cannot have.
func withoutSource(t testing.TB, d *sbom.Document) *sbom.Document {
	t.Helper()
	last := len(d.Gaps) - 1
	if last < 0 || d.Gaps[last].Kind != image.GapUnsupportedContent || !strings.Contains(d.Gaps[last].Detail, "the source is an SBOM") {
		t.Fatalf("no gap says that the source is an SBOM: %+v", d.Gaps)
	}
	d.Gaps = d.Gaps[:last]
	return d
}

func TestOutInOutIsTheSame(t *testing.T) {
	t.Parallel()
	for _, form := range inForms {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			first := encode(t, form, sample())
			again := withoutSource(t, decode(t, first, ""))
			if again.Format != form {
				t.Errorf("recognised as %s", again.Format)
			}
			if diff := cmp.Diff(string(first), string(encode(t, form, again))); diff != "" {
				t.Errorf("(-first +second):\n%s", diff)
			}
		})
	}
}

// expected is what of an analysis survives a form: what has no place in any SBOM is gone, what one thing implies is there.
func expected(d *sbom.Document, form string) *image.Analysis {
	a := *d.Analysis
	a.Packages = slices.Clone(a.Packages)
	if form == "syft-json" {
		a.Declared = nil
	}
	return &a
}

func TestInIsWhatWentOut(t *testing.T) {
	t.Parallel()
	ignore := cmp.Options{
		cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(image.Analysis{}, "Gaps", "Revisions"),
		cmpopts.IgnoreFields(image.Package{}, "PURL", "License", "LicenseSource"),
		cmp.Transformer("source", func(p image.Package) image.Package {
			if p.Type.OS() && p.SourceName == "" {
				p.SourceName, p.SourceVersion = p.Name, p.Version
			}
			return p
		}),
	}
	for _, form := range inForms {
		want := sample()
		got := decode(t, encode(t, form, want), form)
		if diff := cmp.Diff(expected(want, form), got.Analysis, ignore); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
		for i, p := range got.Analysis.Packages {
			w := want.Analysis.Packages[i]
			if w.License != "" && (p.License != w.License || p.LicenseSource != w.LicenseSource) {
				t.Errorf("%s: licence of %s is %q of %q, want %q of %q", form, p.Name, p.License, p.LicenseSource, w.License, w.LicenseSource)
			}
			if u := image.PURL(&w, want.Analysis.Distro); p.PURL != u {
				t.Errorf("%s: package URL of %s is %q, want %q", form, p.Name, p.PURL, u)
			}
		}
		if got.Name != want.Name || got.Reference != want.Reference || got.BaseLayers != want.BaseLayers || !got.At.Equal(want.At) || got.Tool != "landwaiter" || got.Version != "1.2.3" {
			t.Errorf("%s: %s %s %d %v %s %s", form, got.Name, got.Reference, got.BaseLayers, got.At, got.Tool, got.Version)
		}
	}
}

// word makes texts that names and versions are made of, with what forms might stumble over.
func word() *rapid.Generator[string] {
	return rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9 ._+:~"'<>&%=@#!(){}\[\]*^$;,ä€-]{0,12}`)
}

func analyses() *rapid.Generator[*sbom.Document] {
	types := []image.PackageType{
		image.Deb, image.APK, image.RPM, image.Python, image.NPM, image.Gem, image.Maven, image.Golang, image.Cargo, image.Composer, image.ALPM, image.Ebuild,
		image.Opkg, image.NuGet, image.Pub, image.Hex, image.Hackage, image.Swift, image.Pods, image.CRAN, image.Conda, image.LuaRocks, image.Nix, image.CPAN,
		image.Julia, image.Opam, image.Conan, image.Binary,
	}
	licenses := []string{"MIT", "Apache-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0", "MIT OR BSD-3-Clause", "(MIT AND ISC) OR Zlib", "GPLv2+", "see file", "mit", "LicenseRef-x"}
	expressions := []string{"", "", "MIT", "MIT AND ISC", "LicenseRef-x OR MIT"}
	pkg := rapid.Custom(func(t *rapid.T) image.Package {
		p := image.Package{
			Type: rapid.SampledFrom(types).Draw(t, "type"), Name: word().Draw(t, "name"), Version: word().Draw(t, "version"),
			Location: image.Path("p/f" + rapid.StringMatching(`[a-z0-9._+-]{1,8}`).Draw(t, "location")),
			License:  rapid.SampledFrom(expressions).Draw(t, "license"),
			Licenses: rapid.SliceOfN(rapid.SampledFrom(licenses), 0, 3).Draw(t, "licenses"),
			Layer:    rapid.IntRange(0, 1).Draw(t, "layer"),
			Embedded: rapid.Bool().Draw(t, "embedded"),
			Origin:   rapid.SampledFrom([]string{"", "Somebody <a@b>", "NOASSERTION", "Person: x"}).Draw(t, "origin"),
			Homepage: rapid.SampledFrom([]string{"", "https://a.example/b?c=d&e", "not an address"}).Draw(t, "homepage"),
			CPEs:     rapid.SliceOfN(rapid.SampledFrom([]string{"cpe:2.3:a:b:c:1:*:*:*:*:*:*:*", "cpe:/a:b:c", "no cpe"}), 0, 2).Draw(t, "cpes"),
		}
		if p.License != "" {
			p.LicenseSource = "some/file"
		}
		if p.Type.OS() {
			p.SourceName, p.SourceVersion = word().Draw(t, "source"), word().Draw(t, "source version")
			p.Arch, p.InstalledSize = "amd64", rapid.Int64Range(0, 1<<30).Draw(t, "size")
		} else if rapid.Bool().Draw(t, "owned") {
			p.OwnedBy = &image.PackageRef{Type: image.Deb, Name: "owner", Version: "1", Arch: "all"}
		}
		switch p.Type {
		case image.Maven:
			p.Namespace = rapid.SampledFrom([]string{"", "org.example"}).Draw(t, "group")
			p.Inner = rapid.SampledFrom([]string{"", "a/b.jar", "a.jar!b.jar"}).Draw(t, "inner")
		case image.NPM, image.Composer, image.Golang, image.Swift, image.Ebuild:
			p.Name = "Some-scope/" + p.Name
		}
		return p
	})
	return rapid.Custom(func(t *rapid.T) *sbom.Document {
		d := sample()
		d.Analysis.Packages = rapid.SliceOfNDistinct(pkg, 0, 6, func(p image.Package) string {
			return string(p.Type) + " " + p.Namespace + " " + p.Name + " " + p.Version + " " + string(p.Location) + " " + p.Inner
		}).Draw(t, "packages")
		d.Analysis.Distro.ID = rapid.SampledFrom([]string{"", "debian", "rhel", "opensuse-leap"}).Draw(t, "distro")
		if d.Analysis.Distro.ID == "" {
			d.Analysis.Distro = image.Distro{}
		}
		return d
	})
}

func TestAnythingComesBack(t *testing.T) {
	t.Parallel()
	for _, form := range inForms {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				d := analyses().Draw(t, "document")
				var first, second bytes.Buffer
				if err := sbom.Encode(&first, form, d); err != nil {
					t.Fatal(err)
				}
				back, err := sbom.Decode(bytes.NewReader(first.Bytes()), "")
				if err != nil {
					t.Fatal(err)
				}
				if n := len(back.Gaps) - 1; len(back.Analysis.Packages) != len(d.Analysis.Packages) {
					t.Fatalf("%d packages of %d came back; gaps: %+v", len(back.Analysis.Packages), len(d.Analysis.Packages), back.Gaps)
				} else {
					back.Gaps = back.Gaps[:n]
				}
				for i := range d.Analysis.Packages {
					want, got := &d.Analysis.Packages[i], &back.Analysis.Packages[i]
					if got.PURL != image.PURL(want, d.Analysis.Distro) || got.Location != want.Location || got.Inner != want.Inner || got.Name != want.Name ||
						got.Version != want.Version || !slices.Equal(got.Licenses, want.Licenses) || want.License != "" && got.License != want.License {
						t.Fatalf("\n%+v came back as\n%+v", want, got)
					}
				}
				back.Indent, back.Declared = d.Indent, d.Declared
				if err := sbom.Encode(&second, form, back); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(first.String(), second.String()); diff != "" {
					t.Fatalf("(-first +second):\n%s", diff)
				}
			})
		})
	}
}

func TestTimeOfADocument(t *testing.T) {
	t.Parallel()
	d := sample()
	d.At = time.Time{}
	for _, form := range sbom.Formats() {
		if out := encode(t, form, d); !bytes.Contains(out, []byte("1970-01-01T00:00:00Z")) {
			t.Errorf("%s has no time", form)
		}
	}
}
