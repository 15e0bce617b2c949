package license_test

import (
	"strings"
	"testing"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/internal/spdx"
	"landwaiter.dev/policy/license"
)

func TestCategories(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]license.Category{
		"MIT": license.Permissive, "mit": license.Permissive, "CC0-1.0": license.Permissive, "LicenseRef-public-domain": license.Permissive, "BSD-2-Clause-FreeBSD": license.Permissive,
		"LGPL-2.1-or-later": license.WeakCopyleft, "LGPL-2.1+": license.WeakCopyleft, "MPL-2.0": license.WeakCopyleft,
		"GPL-2.0-only": license.StrongCopyleft, "GPL-2.0": license.StrongCopyleft, "GPL-3.0+": license.StrongCopyleft,
		"GPL-2.0-only WITH Classpath-exception-2.0": license.WeakCopyleft, "GPL-2.0 with classpath-exception-2.0": license.WeakCopyleft,
		"GPL-2.0-only WITH GPL-CC-1.0": license.StrongCopyleft,
		"AGPL-3.0-only":                license.NetworkCopyleft, "AGPL-3.0-only WITH Classpath-exception-2.0": license.NetworkCopyleft, "SSPL-1.0": license.NetworkCopyleft,
		"BUSL-1.1": license.Proprietary, "CC-BY-NC-4.0": license.Proprietary,
		"LicenseRef-house": license.Unknown, "": license.Unknown, "Commercial": license.Unknown,
	} {
		if got := license.CategoryOf(id); got != want {
			t.Errorf("%q: got %s, want %s", id, got, want)
		}
	}
}

// TestTableIsOfTheList finds identifiers that SPDX does not have, and says how many of its list have no category.
func TestTableIsOfTheList(t *testing.T) {
	t.Parallel()
	list := map[string]bool{}
	unknown := 0
	for _, id := range append(spdxlicenses.GetLicenses(), spdxlicenses.GetDeprecated()...) {
		list[id] = true
		if license.CategoryOf(id) == license.Unknown {
			unknown++
		}
	}
	if len(list) < 700 || unknown > 60 {
		t.Errorf("%d of %d licences have no category", unknown, len(list))
	}
	seen := map[string]bool{}
	for _, id := range license.Table() {
		if !list[id] {
			t.Errorf("%s is not on SPDX's list", id)
		}
		if seen[id] {
			t.Errorf("%s has two categories", id)
		}
		seen[id] = true
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	denied := func(id string) bool {
		return license.CategoryOf(id) == license.StrongCopyleft || license.CategoryOf(id) == license.Unknown
	}
	for expression, want := range map[string][2]string{
		"MIT":                                  {"", ""},
		"GPL-2.0-only":                         {"GPL-2.0-only", "GPL-2.0-only"},
		"MIT OR GPL-2.0-only":                  {"", "GPL-2.0-only"},
		"MIT AND GPL-2.0-only":                 {"GPL-2.0-only", "GPL-2.0-only"},
		"GPL-2.0-only or MIT and X":            {"GPL-2.0-only X", "GPL-2.0-only X"},
		"(GPL-2.0-only OR MIT)AND X":           {"X", "GPL-2.0-only X"},
		"(GPL-2.0-only OR X) AND (MIT OR ISC)": {"GPL-2.0-only X", "GPL-2.0-only X"},
		"GPL-2.0-or-later WITH Classpath-exception-2.0 AND Apache-2.0":     {"", ""},
		strings.Repeat("(", 32) + "GPL-3.0-only" + strings.Repeat(")", 32): {"GPL-3.0-only", "GPL-3.0-only"},
	} {
		e, err := spdx.Parse(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		got := [2]string{strings.Join(license.Refused(e, denied, false), " "), strings.Join(license.Refused(e, denied, true), " ")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", expression, diff)
		}
	}
}

func FuzzRefused(f *testing.F) {
	f.Add("MIT OR (GPL-2.0-only WITH Classpath-exception-2.0 AND X)")
	f.Add("((((")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := spdx.Parse(s)
		if err != nil {
			return
		}
		all := func(string) bool { return true }
		if len(license.Refused(e, all, false)) == 0 {
			t.Errorf("%q has no licence", s)
		}
		if len(license.Refused(e, func(string) bool { return false }, true)) != 0 {
			t.Errorf("%q is refused though nothing is denied", s)
		}
	})
}
