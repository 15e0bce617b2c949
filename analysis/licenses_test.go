package analysis

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/analysis/license"
	"landwaiter.dev/image"
)

func TestLicenses(t *testing.T) {
	t.Parallel()
	_, tree := analysed(t, layers{{
		file("usr/share/doc/bash/copyright", "x"),
		dir("usr/share/doc/bash"), symlink("usr/share/doc/bash-doc", "bash"),
		file("usr/share/doc/libc6:i386/copyright", "x"),
		file("usr/share/doc/odd/copyright", "x"), file("usr/share/common-licenses/House", "x"),
		symlink("usr/share/common-licenses/Home", "House"),
		file("usr/lib/python3/a-1.dist-info/METADATA", "x"), file("usr/lib/python3/a-1.dist-info/licenses/LICENSE", "x"),
		file("usr/lib/python3/a-1.dist-info/licenses/vendor/LICENSE", "x"),
		file("usr/lib/python3/b-1.dist-info/METADATA", "x"), file("usr/lib/python3/b-1.dist-info/LICENSE", "x"),
		file("usr/lib/python3/LICENSE", "x"), file("usr/lib/python3/c.egg-info", "x"),
		file("app/node_modules/d/package.json", "x"), file("app/node_modules/d/LICENSE", "x"), file("app/node_modules/d/deps/e/LICENSE", "x"),
		file("gems/specifications/f-1.gemspec", "x"), file("gems/gems/f-1/MIT-LICENSE", "x"),
		file("app/vendor/composer/installed.json", "x"), file("app/vendor/g/h/LICENSE", "x"),
		file("usr/share/licenses/pac/x/COPYING", "x"), file("app/x.jar", "x"), file("app/LICENSE", "x"),
	}})
	text := func(path image.Path, e string) license.Text {
		return license.Text{Path: path, Expression: e, Confidence: 100, Form: license.FormText}
	}
	bash := text("usr/share/doc/bash/copyright", "GPL-3.0-or-later")
	bash.Names = []string{"GPL-3+"}
	texts := []license.Text{
		bash, text("usr/share/doc/libc6:i386/copyright", "LGPL-2.1-or-later"), text("usr/share/common-licenses/House", "LicenseRef-House"),
		{Path: "usr/share/doc/odd/copyright", Expression: "MIT", Form: license.FormText, Refs: []string{"Home", "GPL-2", "Gone"}},
		text("usr/lib/python3/a-1.dist-info/licenses/vendor/LICENSE", "MIT"), text("usr/lib/python3/a-1.dist-info/licenses/LICENSE", "BSD-3-Clause OR ISC"),
		text("usr/lib/python3/b-1.dist-info/LICENSE", "BSD-3-Clause"), text("usr/lib/python3/LICENSE", "PSF-2.0"),
		text("app/node_modules/d/LICENSE", "MIT"), text("app/node_modules/d/deps/e/LICENSE", "ISC"),
		text("gems/gems/f-1/MIT-LICENSE", "MIT"), text("app/vendor/g/h/LICENSE", "MIT"), text("usr/share/licenses/pac/x/COPYING", "GPL-2.0-only"),
		text("app/LICENSE", "Apache-2.0"),
	}
	type row struct {
		p                image.Package
		license, source  string
		licensesIfFilled []string
	}
	rows := []row{
		{p: image.Package{Type: image.Deb, Name: "bash"}, license: "GPL-3.0-or-later", source: "usr/share/doc/bash/copyright", licensesIfFilled: []string{"GPL-3+"}},
		{p: image.Package{Type: image.Deb, Name: "bash-doc"}, license: "GPL-3.0-or-later", source: "usr/share/doc/bash/copyright", licensesIfFilled: []string{"GPL-3+"}},
		{p: image.Package{Type: image.Deb, Name: "libc6", Arch: "i386"}, license: "LGPL-2.1-or-later", source: "usr/share/doc/libc6:i386/copyright"},
		{p: image.Package{Type: image.Deb, Name: "libc6", Arch: "amd64"}},
		{p: image.Package{Type: image.Deb, Name: "../../../app"}},
		{p: image.Package{Type: image.Deb, Name: "odd"}, license: "LicenseRef-House AND MIT", source: "usr/share/doc/odd/copyright"},
		{p: image.Package{Type: image.RPM, Name: "bash", Licenses: []string{"GPLv3+ and MIT"}}, license: "GPL-3.0-or-later AND MIT", source: "declared", licensesIfFilled: []string{"GPLv3+ and MIT"}},
		{p: image.Package{Type: image.Python, Name: "a", Location: "usr/lib/python3/a-1.dist-info"}, license: "(BSD-3-Clause OR ISC) AND MIT", source: "usr/lib/python3/a-1.dist-info/licenses/LICENSE"},
		{p: image.Package{Type: image.Python, Name: "b", Location: "usr/lib/python3/b-1.dist-info/METADATA"}, license: "BSD-3-Clause", source: "usr/lib/python3/b-1.dist-info/LICENSE"},
		{p: image.Package{Type: image.Python, Name: "b", Location: "usr/lib/python3/b-1.dist-info/METADATA", Licenses: []string{"BSD"}}, license: "BSD-3-Clause", source: "usr/lib/python3/b-1.dist-info/LICENSE",
			licensesIfFilled: []string{"BSD"}},
		{p: image.Package{Type: image.Python, Name: "c", Location: "usr/lib/python3/c.egg-info"}},
		{p: image.Package{Type: image.NPM, Name: "d", Location: "app/node_modules/d/package.json"}, license: "MIT", source: "app/node_modules/d/LICENSE"},
		{p: image.Package{Type: image.NPM, Name: "d", Location: "app/node_modules/d/package.json", Licenses: []string{"SEE LICENSE IN LICENSE"}}, license: "MIT", source: "app/node_modules/d/LICENSE",
			licensesIfFilled: []string{"SEE LICENSE IN LICENSE"}},
		{p: image.Package{Type: image.Gem, Name: "f", Location: "gems/specifications/f-1.gemspec"}, license: "MIT", source: "gems/gems/f-1/MIT-LICENSE"},
		{p: image.Package{Type: image.Composer, Name: "g/h", Location: "app/vendor/composer/installed.json"}, license: "MIT", source: "app/vendor/g/h/LICENSE"},
		{p: image.Package{Type: image.Composer, Name: "../g/h", Location: "app/vendor/composer/installed.json"}},
		{p: image.Package{Type: image.ALPM, Name: "pac"}, license: "GPL-2.0-only", source: "usr/share/licenses/pac/x/COPYING"},
		{p: image.Package{Type: image.Maven, Name: "x", Location: "app/x.jar"}},
		{p: image.Package{Type: image.Golang, Name: "x", Location: "app/x.jar"}},
	}
	for _, order := range []string{"as given", "reversed"} {
		packages := make([]image.Package, len(rows))
		for i, r := range rows {
			packages[i] = r.p
		}
		licenses(tree, packages, texts)
		for i, r := range rows {
			got := row{r.p, packages[i].License, packages[i].LicenseSource, packages[i].Licenses}
			if d := cmp.Diff(r, got, cmp.AllowUnexported(row{})); d != "" {
				t.Errorf("%s, %s %s: %s", order, r.p.Type, r.p.Name, d)
			}
		}
		slices.Reverse(texts)
	}
}
