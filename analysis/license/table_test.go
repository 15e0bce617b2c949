package license

import (
	"slices"
	"strings"
	"testing"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"

	"github.com/google/licensecheck"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/spdx"
)

func TestTables(t *testing.T) {
	t.Parallel()
	for key, e := range names {
		if fold(key) != key {
			t.Errorf("names[%q] is never found: it folds to %q", key, fold(key))
		}
		valid(t, e)
		if got, _ := parseKnown(e).Text(false); got != e {
			t.Errorf("names[%q]: %q is read as %q", key, e, got)
		}
	}
	for key, e := range addresses {
		valid(t, e)
		if got, _ := byAddress("https://www." + key).Text(false); got != e {
			t.Errorf("addresses[%q] gives %q, want %q", key, got, e)
		}
	}
	for key, e := range common {
		valid(t, e)
		if _, ok := Common(key); !ok {
			t.Errorf("common %q is not found", key)
		}
	}
	for name := range exceptions {
		for _, base := range []string{"GPL-2.0-only", "GPL-3.0-or-later"} {
			n := with(spdx.One(base), name)
			if n == nil || strings.HasPrefix(n.ID, "LicenseRef-") {
				t.Errorf("exception %q of %s is not known", name, base)
				continue
			}
			valid(t, n.ID)
		}
	}
}

// An identifier of the list is itself, whatever our tables say.
func TestSPDXIdentifiersAreThemselves(t *testing.T) {
	t.Parallel()
	for _, id := range spdxlicenses.GetLicenses() {
		for _, spelling := range []string{id, strings.ToLower(id)} {
			if got, _ := Expression([]string{spelling}, image.NPM); got != id {
				t.Errorf("%q is read as %q", spelling, got)
			}
		}
	}
	for _, id := range spdxlicenses.GetDeprecated() {
		got, _ := Expression([]string{id}, image.NPM)
		valid(t, got)
		if strings.HasPrefix(got, "LicenseRef-") {
			t.Errorf("deprecated %q is not known: %q", id, got)
		}
	}
	seen := map[string]string{}
	for _, id := range spdxlicenses.GetLicenses() {
		if other := seen[fold(id)]; other != "" {
			t.Errorf("%s and %s fold to one", id, other)
		}
		seen[fold(id)] = id
	}
	if v := spdxlicenses.LicenseListVersion(); v != "3.29.0" {
		t.Errorf("the list is %s by now: raise Revision and say so in the package comment", v)
	}
}

// Every licence that the library knows is in one family, and its text has a phrase that leads there.
func TestFamilies(t *testing.T) {
	t.Parallel()
	count := 0
	for _, l := range builtin() {
		if l.LRE == "" {
			continue
		}
		if n := scanned(l.ID); n != nil {
			e, _ := n.Text(false)
			valid(t, e)
		}
		folded := foldText([]byte(l.LRE))
		in := 0
		for i := range families {
			fam := &families[i]
			if !fam.has(l.ID) {
				continue
			}
			in++
			if len(fam.phrases) > 0 && !fam.triggered(folded) {
				t.Errorf("no phrase of its family is in the text of %s", l.ID)
			}
		}
		if in > 1 {
			t.Errorf("%s is in %d families", l.ID, in)
		}
		if in > 0 {
			count++
		}
	}
	if count < 250 {
		t.Errorf("only %d licences are in families", count)
	}
	for i := range families {
		fam := &families[i]
		if i > 0 && len(fam.phrases) == 0 {
			t.Errorf("family %q is scanned for in every text", fam.ids)
		}
		if fam.scanner() == nil {
			t.Errorf("the scanner of %q cannot be made", fam.ids)
		}
		for _, id := range fam.ids {
			one := family{ids: []string{id}}
			if !slices.ContainsFunc(builtin(), func(l licensecheck.License) bool { return l.LRE != "" && one.has(l.ID) }) {
				t.Errorf("family member %q is no licence", id)
			}
		}
	}
	if rest.scanner() == nil {
		t.Error("the scanner of the rest cannot be made")
	}
}

func TestWanted(t *testing.T) {
	t.Parallel()
	yes := []image.Path{
		"usr/share/doc/bash/copyright", "usr/share/licenses/bash/whatever", "usr/share/licenses/python/x/y.txt", "usr/share/common-licenses/House",
		"LICENSE", "app/LICENSE", "a/License.txt", "a/LICENCE.md", "a/COPYING", "a/COPYING.LIB", "a/COPYING3", "a/license", "a/LICENSE-MIT", "a/LICENSE_APACHE",
		"a/LICENSE.APACHE2", "a/LICENSE-2.0", "a/MIT-LICENSE", "a/MIT-LICENSE.txt", "a/UNLICENSE", "a/COPYRIGHT", "a/LICENSE.BSD", "a/LICENSES", "a/license.mit",
		"usr/lib/python3/dist-packages/x-1.dist-info/licenses/AUTHORS", "x-1.dist-info/licenses/a/b",
	}
	no := []image.Path{
		"", "a", "usr/share/doc/bash/README", "usr/share/doc/bash/x/copyright.h", "a/license.go", "a/licenses.rb", "a/LICENSE.txt.tt", "a/license_test.go",
		"a/NOTICE", "a/copyright.h", "a/licensed.md", "a/licensing.txt", "usr/share/common-licenses/GPL-3", "a/COPYING.o", "a/license.js", "a/sublicense", "a/copyrights.py",
		image.Path("a/LICENSE" + strings.Repeat("-x", 100)),
	}
	for _, p := range yes {
		if !Wanted(p, 100) {
			t.Errorf("%s is not wanted", p)
		}
		if Wanted(p, MaxText+1) || Wanted(p, 0) || !Named(p) {
			t.Errorf("%s: size", p)
		}
	}
	for _, p := range no {
		if Wanted(p, 100) {
			t.Errorf("%s is wanted", p)
		}
	}
}

// Wanted is asked about every file of an image.
func TestWantedAllocatesNothing(t *testing.T) {
	paths := []image.Path{"usr/share/doc/bash/copyright", "a/LICENSE.txt", "usr/lib/libc.so.6", "a/MIT-LICENSE", "x-1.dist-info/licenses/a/b", "a/license_test.go"}
	if n := testing.AllocsPerRun(100, func() {
		for _, p := range paths {
			Wanted(p, 100)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
