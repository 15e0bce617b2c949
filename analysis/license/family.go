package license

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/google/licensecheck"
)

// family is a set of licences that one scanner looks for.
type family struct {
	// phrases are what a text of the family has one of, as [foldText] writes it; none means that every text is scanned.
	phrases []string
	// ids are licensecheck's; "X*" is all that begin with X, "-X" leaves one out.
	ids  []string
	once sync.Once
	s    *licensecheck.Scanner
}

// families are tried in this order, each when the text has one of its phrases. The first is for what most texts are, and
// for the short notices that old sources carry.
var families = [...]family{
	{ids: []string{"MIT*", "ISC", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause", "BSD-4-Clause-UC", "BSD-Source-Code", "0BSD", "Zlib", "Apache-2.0", "Unlicense",
		"BSL-1.0", "HPND*", "X11", "NTP*", "Spencer-*", "RSA-MD", "TCP-wrappers", "NCSA", "Beerware", "FSF*", "Latex2e", "curl", "ICU", "PostgreSQL", "Ruby", "Vim",
		"bzip2-*", "TCL", "WTFPL", "Sendmail*", "libtiff", "SMLNJ"}},
	{phrases: []string{"general public licen", " gpl", " lgpl"}, ids: []string{"GPL-1.0-*", "GPL-2.0-*", "GPL-3.0-*", "LGPL-2.0-*", "LGPL-2.1-*", "LGPL-3.0-*"}},
	{phrases: []string{"terms and conditions for copying", "terms and conditions 0 definitions", "incorporates the terms and conditions", "additional definitions"},
		ids: []string{"GPL-1.0", "GPL-2.0", "GPL-3.0", "LGPL-2.0", "LGPL-2.1", "LGPL-3.0"}},
	{phrases: []string{"affero general", "affero inc"}, ids: []string{"AGPL-1.0-*", "AGPL-3.0-*"}},
	{phrases: []string{"affero general public license version 3 19", "terms and conditions 0 definitions", "affero inc"}, ids: []string{"AGPL-1.0", "AGPL-3.0"}},
	{phrases: []string{"free documentation license"}, ids: []string{"GFDL-1.1-*", "GFDL-1.2-*", "GFDL-1.3-*"}},
	{phrases: []string{"applicability and definitions"}, ids: []string{"GFDL-1.1", "GFDL-1.2", "GFDL-1.3"}},
	{phrases: []string{"artistic license", "definition of package", "artistic control"}, ids: []string{"Artistic-*", "ClArtistic", "OGTSL"}},
	{phrases: []string{"mozilla public", "netscape public"}, ids: []string{"MPL-*", "NPL-*"}},
	{phrases: []string{"python software foundation", "corporation for national research initiatives", "egenix"}, ids: []string{"PSF-2.0", "Python-2.0", "CNRI-*", "eGenix"}},
	{phrases: []string{"apache software foundation", "apache group", "solderpad"}, ids: []string{"Apache-1.*", "SHL-*"}},
	{phrases: []string{"openssl project", "ssleay"}, ids: []string{"OpenSSL"}},
	{phrases: []string{"cc0", "affirmer"}, ids: []string{"CC0-1.0"}},
	{phrases: []string{"creative commons", "rechtsanwaltskanzlei"}, ids: []string{"CC-BY-3*", "CC-BY-4*", "CC-BY-SA-3*", "CC-BY-SA-4*"}},
	{phrases: []string{"attribution 1 0", "attribution 2", "sharealike 1 0", "sharealike 2"}, ids: []string{"CC-BY-1*", "CC-BY-2*", "CC-BY-SA-1*", "CC-BY-SA-2*"}},
	{phrases: []string{"attribution noncommercial", "attribution noderiv", "attribution non commercial"}, ids: []string{"CC-BY-N*"}},
	{phrases: []string{"academic free license", "open software license", "upstream compatibility"}, ids: []string{"AFL-*", "OSL-*", "NPOSL-3.0", "UCL-1.0"}},
	{phrases: []string{"eclipse public license", "ibm public license", "common public license", "lucent public license", "ibm corporation", "is provided under terms of this public"}, ids: []string{"EPL-*", "IPL-1.0", "CPL-1.0", "LPL-*"}},
	{phrases: []string{"common development and distribution"}, ids: []string{"CDDL-*"}},
	{phrases: []string{"european union public"}, ids: []string{"EUPL-*"}},
	{phrases: []string{"cecill"}, ids: []string{"CECILL-*"}},
	{phrases: []string{"open font license", "ipa font"}, ids: []string{"OFL-*", "IPA"}},
	{phrases: []string{"openldap"}, ids: []string{"OLDAP-*"}},
	{phrases: []string{"latex project"}, ids: []string{"LPPL-*"}},
	{phrases: []string{"freetype"}, ids: []string{"FTL"}},
	{phrases: []string{"independent jpeg"}, ids: []string{"IJG"}},
	{phrases: []string{"libpng"}, ids: []string{"Libpng", "libpng-2.0"}},
	{phrases: []string{"imagemagick"}, ids: []string{"ImageMagick"}},
	{phrases: []string{"sleepycat"}, ids: []string{"Sleepycat"}},
	{phrases: []string{"unicode inc", "unicode terms"}, ids: []string{"Unicode-*"}},
	{phrases: []string{"openssh", "as far as i am concerned"}, ids: []string{"SSH-*"}},
	{phrases: []string{"net snmp", "cmu ucd"}, ids: []string{"Net-SNMP"}},
	{phrases: []string{"server side public"}, ids: []string{"SSPL-1.0"}},
	{phrases: []string{"q public license"}, ids: []string{"QPL-1.0"}},
	{phrases: []string{"educational community"}, ids: []string{"ECL-*"}},
	{phrases: []string{"open government licence", "government licence", "open government data"}, ids: []string{"OGL-*", "NCGL-UK-2.0", "NLOD-1.0"}},
	{phrases: []string{"open data commons", "open database license", "odc", "community data license", "open use of data"}, ids: []string{"ODbL-1.0", "ODC-By-1.0", "PDDL-1.0", "CDLA-*", "O-UDA-1.0"}},
	{phrases: []string{"cern open hardware", "tapr open hardware"}, ids: []string{"CERN-*", "TAPR-*"}},
	{phrases: []string{"aladdin"}, ids: []string{"Aladdin*"}},
	{phrases: []string{"apple public source", "apple computer"}, ids: []string{"APSL-*", "AML"}},
	{phrases: []string{"erlang public"}, ids: []string{"ErlPL-1.1"}},
	{phrases: []string{"sun industry", "sun public"}, ids: []string{"SISSL*", "SPL-1.0"}},
	{phrases: []string{"mulan"}, ids: []string{"MulanPSL-*"}},
	{phrases: []string{"views and conclusions"}, ids: []string{"BSD-2-Clause-Views"}},
	{phrases: []string{"nuclear"}, ids: []string{"BSD-3-Clause-No-Nuclear-*"}},
	{phrases: []string{"party s patent rights", "contributor hereby grants", "google hereby grants", "additional ip rights grant", "hereby grants to you a perpetual"}, ids: []string{"BSD-2-Clause-Patent", "BSD-1-Clause-Clear", "GooglePatent*"}},
	{phrases: []string{"no express or implied licenses to any party s patent"}, ids: []string{"BSD-3-Clause-Clear"}},
	{phrases: []string{"trademarks of"}, ids: []string{"BSD-3-Clause-NoTrademark"}},
	{phrases: []string{"bug fixes patches or upgrades"}, ids: []string{"BSD-3-Clause-LBNL"}},
	{phrases: []string{"no reassurances"}, ids: []string{"BSD-3-Clause-Open-MPI"}},
	{phrases: []string{"redistributions of any form whatsoever"}, ids: []string{"BSD-3-Clause-Attribution"}},
	{phrases: []string{"bsd protection"}, ids: []string{"BSD-Protection"}},
	{phrases: []string{"cryptographic autonomy", "hippocratic", "polyform", "parity", "prosperity", "copyleft next", "996 license", "anti 996"}, ids: []string{"CAL-1.0", "Hippocratic-2.1", "PolyForm-*", "Parity-*", "Prosperity-*", "copyleft-next-*", "Anti996"}},
	{phrases: []string{"adaptive public"}, ids: []string{"APL-1.0"}},
	{phrases: []string{"bittorrent"}, ids: []string{"BitTorrent-*"}},
	{phrases: []string{"computer associates"}, ids: []string{"CATOSL-1.1"}},
	{phrases: []string{"common public attribution", "cua office", "sugarcrm", "netizen open source", "motosoto", "storage networking", "gsoap public", "interbase public"},
		ids: []string{"CPAL-1.0", "CUA-OPL-1.0", "SugarCRM-*", "NOSL", "Motosoto", "SNIA", "gSOAP-*", "Interbase-1.0"}},
	{phrases: []string{"code project open", "deutsche freie software", "frameworx", "glide source code", "linguistic resources", "licence art libre"},
		ids: []string{"CPOL-*", "D-FSL-1.0", "Frameworx-1.0", "Glide", "LGPLLR", "LAL-*"}},
	{phrases: []string{"freeimage", "nokia", "open public license", "oset public", "red hat ecos", "ricoh", "watcom"},
		ids: []string{"FreeImage", "Nokia", "OPL-1.0", "OSET-PL-2.1", "RHeCos-1.1", "RSCPL", "Watcom-1.0"}},
	{phrases: []string{"licence libre du qu", "nasa open source", "open cascade", "oclc research", "reciprocal public", "realnetworks", "licence ouverte"},
		ids: []string{"LiLiQ-*", "NASA-1.3", "OCCT-PL", "OCLC-2.0", "RPL-*", "RPSL-1.0", "etalab-2.0"}},
	{phrases: []string{"sgi free software", "yahoo public", "zimbra public"}, ids: []string{"SGI-B-*", "YPL-*", "Zimbra-*"}},
}

// rest are the licences of no family, short ones, tried on what is not known otherwise.
var rest = family{ids: []string{"*"}}

func (f *family) triggered(folded []byte) bool {
	for _, p := range f.phrases {
		if bytes.Contains(folded, []byte(p)) {
			return true
		}
	}
	return false
}

// has says whether licensecheck's licence id is of this family.
func (f *family) has(id string) bool {
	return slices.ContainsFunc(f.ids, func(want string) bool {
		prefix, many := strings.CutSuffix(want, "*")
		return want == id || many && strings.HasPrefix(id, prefix)
	})
}

// inFamily says whether a licence is of any family but the rest.
func inFamily(id string) bool {
	for i := range families {
		if families[i].has(id) {
			return true
		}
	}
	return false
}

// scanner makes the scanner when it is first needed; nil when that fails, which a test excludes.
func (f *family) scanner() *licensecheck.Scanner {
	f.once.Do(func() {
		var list []licensecheck.License
		for _, l := range builtin() {
			switch {
			case l.LRE == "":
			case f == &rest: // what no family has
				if !inFamily(l.ID) {
					list = append(list, l)
				}
			case f.has(l.ID):
				list = append(list, l)
			}
		}
		for _, l := range clauses {
			if f.has(l.ID) {
				list = append(list, l)
			}
		}
		f.s, _ = licensecheck.NewScanner(list)
	})
	return f.s
}

// clauses are beginnings of licences whose later versions licensecheck does not know as a whole.
var clauses = []licensecheck.License{
	{ID: "PSF-2.0", LRE: `This LICENSE AGREEMENT is between the Python Software Foundation ("PSF"), and the Individual or Organization
		("Licensee") accessing and otherwise using __20__ in source or binary form and its associated documentation.`},
}
