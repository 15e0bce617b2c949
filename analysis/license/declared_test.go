package license

import (
	"strings"
	"testing"

	"github.com/github/go-spdx/v2/spdxexp"
	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/spdx"
)

// valid fails the test when e is no SPDX expression.
func valid(t testing.TB, e string) {
	t.Helper()
	if ok, bad := spdxexp.ValidateLicenses([]string{e}); !ok {
		t.Errorf("%q is no SPDX expression: %q", e, bad)
	}
}

func TestExpression(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind image.PackageType
		in   []string
		want string
	}{
		// SPDX itself
		{image.NPM, []string{"MIT"}, "MIT"},
		{image.NPM, []string{"mit"}, "MIT"},
		{image.NPM, []string{"(MIT OR Apache-2.0)"}, "MIT OR Apache-2.0"},
		{image.NPM, []string{"(BSD-3-Clause OR GPL-2.0)"}, "BSD-3-Clause OR GPL-2.0-only"},
		{image.NPM, []string{"MIT AND (CC0-1.0 OR Apache-2.0) AND MIT"}, "MIT AND (CC0-1.0 OR Apache-2.0)"},
		{image.Cargo, []string{"Apache-2.0 WITH LLVM-exception OR MIT"}, "Apache-2.0 WITH LLVM-exception OR MIT"},
		{image.Cargo, []string{"(MIT OR Apache-2.0) AND Unicode-3.0"}, "(MIT OR Apache-2.0) AND Unicode-3.0"},
		{image.RPM, []string{"GPL-3.0-or-later WITH GCC-exception-3.1"}, "GPL-3.0-or-later WITH GCC-exception-3.1"},
		{image.RPM, []string{"LicenseRef-Fedora-Public-Domain AND MIT"}, "LicenseRef-Fedora-Public-Domain AND MIT"},
		{image.RPM, []string{"GPL-2.0+"}, "GPL-2.0-or-later"},
		{image.RPM, []string{"GPL-2.0-with-classpath-exception"}, "GPL-2.0-only WITH Classpath-exception-2.0"},
		{image.RPM, []string{"LGPL-2.1-or-later AND LGPL-2.1-or-later WITH GCC-exception-2.0"}, "LGPL-2.1-or-later AND LGPL-2.1-or-later WITH GCC-exception-2.0"},
		{image.RPM, []string{"LGPL-2.1"}, "LGPL-2.1-only"},
		{image.RPM, []string{"eCos-2.0"}, "GPL-2.0-or-later WITH eCos-exception-2.0"},
		{image.RPM, []string{"BSD-2-Clause-FreeBSD"}, "BSD-2-Clause-Views"},

		// Fedora's and SUSE's short names
		{image.RPM, []string{"GPLv2+ and LGPLv2+"}, "GPL-2.0-or-later AND LGPL-2.0-or-later"},
		{image.RPM, []string{"GPLv3+"}, "GPL-3.0-or-later"},
		{image.RPM, []string{"(LGPLv3+ or GPLv2+) and GPLv3+"}, "(LGPL-3.0-or-later OR GPL-2.0-or-later) AND GPL-3.0-or-later"},
		{image.RPM, []string{"GPL+ or Artistic"}, "GPL-1.0-or-later OR Artistic-1.0-Perl"},
		{image.RPM, []string{"ASL 2.0"}, "Apache-2.0"},
		{image.RPM, []string{"MPLv2.0"}, "MPL-2.0"},
		{image.RPM, []string{"BSD"}, "LicenseRef-BSD"},
		{image.RPM, []string{"BSD and GPLv2+"}, "LicenseRef-BSD AND GPL-2.0-or-later"},
		{image.RPM, []string{"BSD 2-Clause and GPLv2"}, "BSD-2-Clause AND GPL-2.0-only"},
		{image.RPM, []string{"BSD with advertising"}, "BSD-4-Clause"},
		{image.RPM, []string{"Public Domain"}, "LicenseRef-public-domain"},
		{image.RPM, []string{"zlib and Boost"}, "Zlib AND BSL-1.0"},
		{image.RPM, []string{"GPLv2+ WITH exceptions"}, "LicenseRef-GPL-2.0-or-later-with-exceptions"},
		{image.RPM, []string{"BSD AND Public Domain AND (ASL 2.0 OR CC0 1.0 OR OpenSSL)"}, "LicenseRef-BSD AND LicenseRef-public-domain AND (Apache-2.0 OR CC0-1.0 OR OpenSSL)"},
		{image.RPM, []string{"SUSE-GPL-2.0-with-OSI-exception"}, "LicenseRef-SUSE-GPL-2.0-with-OSI-exception"},
		{image.RPM, []string{"GNU General Public License"}, "GPL-1.0-or-later"},
		{image.RPM, []string{"OpenLDAP"}, "OLDAP-2.8"},
		{image.RPM, []string{"(none)"}, ""},

		// Alpine, Arch, Gentoo
		{image.APK, []string{"GPL2"}, "GPL-2.0-only"},
		{image.APK, []string{"MIT BSD GPL2+"}, "MIT AND LicenseRef-BSD AND GPL-2.0-or-later"},
		{image.APK, []string{"BSD IJG"}, "LicenseRef-BSD AND IJG"},
		{image.APK, []string{"custom"}, ""},
		{image.APK, []string{"Public-Domain"}, "LicenseRef-public-domain"},
		{image.ALPM, []string{"custom:MIT", "GPL3"}, "MIT AND GPL-3.0-only"},
		{image.ALPM, []string{"custom:neovim"}, "LicenseRef-neovim"},
		{image.Ebuild, []string{"|| ( GPL-2 MIT ) BSD-2"}, "(GPL-2.0-only OR MIT) AND BSD-2-Clause"},
		{image.Ebuild, []string{"LGPL-2.1+ tools? ( GPL-2+ )"}, "LGPL-2.1-or-later AND GPL-2.0-or-later"},
		{image.Ebuild, []string{"|| ( GPL-2 MIT"}, "LicenseRef-GPL-2-MIT"},

		// Python
		{image.Python, []string{"License :: OSI Approved :: MIT License"}, "MIT"},
		{image.Python, []string{"License :: OSI Approved :: Apache Software License"}, "Apache-2.0"},
		{image.Python, []string{"License :: OSI Approved"}, ""},
		{image.Python, []string{"GNU General Public License v2 or later (GPLv2+)"}, "GPL-2.0-or-later"},
		{image.Python, []string{"GNU Lesser General Public License v3 (LGPLv3)"}, "LGPL-3.0-only"},
		{image.Python, []string{"GNU Library or Lesser General Public License (LGPL)"}, "LGPL-2.0-or-later"},
		{image.Python, []string{"GNU Affero General Public License v3 or later (AGPLv3+)"}, "AGPL-3.0-or-later"},
		{image.Python, []string{"Mozilla Public License 2.0 (MPL 2.0)"}, "MPL-2.0"},
		{image.Python, []string{"Python Software Foundation License"}, "PSF-2.0"},
		{image.Python, []string{"ISC License (ISCL)"}, "ISC"},
		{image.Python, []string{"The Unlicense (Unlicense)"}, "Unlicense"},
		{image.Python, []string{"Historical Permission Notice and Disclaimer (HPND)"}, "HPND"},
		{image.Python, []string{"BSD License"}, "LicenseRef-BSD"},
		{image.Python, []string{"BSD License (3 clause)"}, "BSD-3-Clause"},
		{image.Python, []string{"BSD or Apache License, Version 2.0"}, "LicenseRef-BSD OR Apache-2.0"},
		{image.Python, []string{"MIT License", "BSD License"}, "MIT AND LicenseRef-BSD"},
		{image.Python, []string{"Dual License"}, ""},
		{image.Python, []string{"UNKNOWN"}, ""},
		{image.Python, []string{"3-Clause BSD <https://opensource.org/licenses/BSD-3-Clause>"}, "BSD-3-Clause"},
		{image.Python, []string{"Other/Proprietary License"}, "LicenseRef-Proprietary"},
		{image.Python, []string{"Apache 2"}, "Apache-2.0"},

		// npm
		{image.NPM, []string{"SEE LICENSE IN LICENSE.md"}, ""},
		{image.NPM, []string{"UNLICENSED"}, "LicenseRef-UNLICENSED"},
		{image.NPM, []string{"Unlicense"}, "Unlicense"},
		{image.NPM, []string{"MIT/X11"}, "MIT"},
		{image.NPM, []string{"AFLv2.1", "BSD"}, "AFL-2.1 AND LicenseRef-BSD"},
		{image.NPM, []string{"MIT*"}, "MIT"},
		{image.NPM, []string{"http://opensource.org/licenses/MIT"}, "MIT"},
		{image.NPM, []string{"WTFPL"}, "WTFPL"},

		// lists that are a choice
		{image.Gem, []string{"Ruby", "BSD-2-Clause"}, "Ruby OR BSD-2-Clause"},
		{image.Gem, []string{"Ruby", "BSDL", "PSFL"}, "Ruby OR BSD-2-Clause OR PSF-2.0"},
		{image.Gem, []string{"ruby"}, "Ruby"},
		{image.Gem, []string{"MIT", "MIT"}, "MIT"},
		{image.Composer, []string{"LGPL-2.1-only", "GPL-3.0-or-later"}, "LGPL-2.1-only OR GPL-3.0-or-later"},
		{image.Composer, []string{"proprietary"}, "LicenseRef-Proprietary"},

		// cargo, Maven, R, Perl and others
		{image.Cargo, []string{"MIT/Apache-2.0"}, "MIT OR Apache-2.0"},
		{image.Cargo, []string{"Unlicense / MIT"}, "Unlicense OR MIT"},
		{image.Maven, []string{"http://www.apache.org/licenses/LICENSE-2.0.txt"}, "Apache-2.0"},
		{image.Maven, []string{"https://www.apache.org/licenses/LICENSE-2.0"}, "Apache-2.0"},
		{image.Maven, []string{"Apache License", "Version 2.0"}, "Apache-2.0"},
		{image.Maven, []string{"The Apache Software License, Version 2.0"}, "Apache-2.0"},
		{image.Maven, []string{"Eclipse Public License - v 2.0"}, "EPL-2.0"},
		{image.Maven, []string{"Eclipse Distribution License - v 1.0"}, "BSD-3-Clause"},
		{image.Maven, []string{"http://www.eclipse.org/org/documents/epl-v10.php"}, "EPL-1.0"},
		{image.Maven, []string{"GNU Lesser General Public License, version 2.1 or later"}, "LGPL-2.1-or-later"},
		{image.Maven, []string{"COMMON DEVELOPMENT AND DISTRIBUTION LICENSE (CDDL) Version 1.0"}, "CDDL-1.0"},
		{image.Maven, []string{"CDDL+GPL"}, "LicenseRef-CDDLplusGPL"},
		{image.CRAN, []string{"GPL (>= 2)"}, "GPL-2.0-or-later"},
		{image.CRAN, []string{"GPL-2 | GPL-3"}, "GPL-2.0-only OR GPL-3.0-only"},
		{image.CRAN, []string{"MIT + file LICENSE"}, "MIT"},
		{image.CRAN, []string{"LGPL (>= 2.1)"}, "LGPL-2.1-or-later"},
		{image.CRAN, []string{"BSD_3_clause + file LICENSE"}, "BSD-3-Clause"},
		{image.CRAN, []string{"file LICENSE"}, ""},
		{image.CPAN, []string{"perl_5"}, "Artistic-1.0-Perl OR GPL-1.0-or-later"},
		{image.CPAN, []string{"apache_2_0"}, "Apache-2.0"},
		{image.Hackage, []string{"BSD3"}, "BSD-3-Clause"},
		{image.NuGet, []string{"https://licenses.nuget.org/MIT"}, "MIT"},
		{image.LuaRocks, []string{"MIT/X11"}, "MIT"},

		// Debian's names
		{image.Deb, []string{"GPL-2+ with OpenSSL exception"}, "LicenseRef-GPL-2.0-or-later-with-OpenSSL-exception"},
		{image.Deb, []string{"GPL-3+ with Autoconf exception"}, "GPL-3.0-or-later WITH Autoconf-exception-3.0"},
		{image.Deb, []string{"GPL-2+-with-bison-exception"}, "GPL-2.0-or-later WITH Bison-exception-2.2"},
		{image.Deb, []string{"GPL-2+-libtool-exception"}, "GPL-2.0-or-later WITH Libtool-exception"},
		{image.Deb, []string{"GPL-1+ or Artistic, and BSD-4-clause"}, "(GPL-1.0-or-later OR Artistic-1.0-Perl) AND BSD-4-Clause"},
		{image.Deb, []string{"GFDL-NIV-1.3+"}, "GFDL-1.3-no-invariants-or-later"},
		{image.Deb, []string{"GFDL-1.3+-no-invariant"}, "GFDL-1.3-no-invariants-or-later"},
		{image.Deb, []string{"Expat and/or ISC"}, "MIT OR ISC"},

		// nothing, and oddities
		{image.NPM, nil, ""},
		{image.NPM, []string{""}, ""},
		{image.NPM, []string{"()"}, ""},
		{image.NPM, []string{"MIT AND"}, "LicenseRef-MIT-AND"},
		{image.NPM, []string{"MIT OR (Apache-2.0"}, "LicenseRef-MIT-OR-Apache-2.0"},
		{image.NPM, []string{"木兰"}, "LicenseRef-1ea26456"},
		{image.NPM, []string{"My Company License 3"}, "LicenseRef-My-Company-License-3"},
		{image.NPM, []string{"MIT\nISC"}, "MIT AND ISC"},
	} {
		got, known := Expression(c.in, c.kind)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s %q: %s", c.kind, c.in, d)
		}
		if known != (c.want != "") {
			t.Errorf("%q: known is %v", c.in, known)
		}
		if got != "" {
			valid(t, got)
		}
	}
}

func TestExpressionOfALicenceText(t *testing.T) {
	t.Parallel()
	got, _ := Expression([]string{strings.Repeat("\n", 5) + mit}, image.Python)
	if got != "MIT" {
		t.Errorf("a licence text in the licence field: %q", got)
	}
}

func TestHostileDeclarations(t *testing.T) {
	t.Parallel()
	many := make([]string, 10_000)
	for i := range many {
		many[i] = "A" + strings.Repeat("b", i%50)
	}
	for name, in := range map[string][]string{
		"deep":      {strings.Repeat("(", 1000) + "MIT" + strings.Repeat(")", 1000)},
		"deep, fit": {strings.Repeat("(", 400) + "MIT" + strings.Repeat(")", 400)},
		"long":      {strings.Repeat("MIT AND ", 200_000) + "MIT"},
		"wide":      {strings.Repeat("a/", 500)},
		"bytes":     {"\xff\xfe\x00MIT\x00"},
		"one line":  {strings.Repeat("x", 1<<20)},
		"many":      many,
		"with":      {strings.Repeat("MIT WITH ", 100)},
		"pluses":    {strings.Repeat("+", 1000)},
	} {
		if got, known := Expression(in, image.RPM); known {
			valid(t, got)
			if len(got) > spdx.MaxLength {
				t.Errorf("%s: %d bytes", name, len(got))
			}
		}
	}
}
