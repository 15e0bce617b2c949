package license

// names are what people call licences, as [fold] writes it, beside what SPDX calls them. Names of the GNU licences with
// their versions are read by rule; identifiers of the SPDX list need no row. A name that may be several licences ("BSD")
// has none: it stays a LicenseRef.
var names = map[string]string{
	// MIT and its like
	"expat": "MIT", "mitx11": "MIT", "mitexpat": "MIT", "mitstyle": "LicenseRef-MIT-style",
	"mitlicence": "MIT", "mit1": "MIT", "x11mit": "MIT", "massachusettsinstitutetechnology": "MIT", "massachusettsinstituteoftechnologymit": "MIT",
	"mitxc": "X11", "xconsortium": "X11", "mitold": "HPND", "hpndselvariant": "HPND-sell-variant", "historicalpermissionnoticedisclaimer": "HPND",
	"mitnoattribution": "MIT-0", "mitcmu": "MIT-CMU", "isclicenseiscl": "ISC", "iscl": "ISC", "internetsystemsconsortium": "ISC", "internetsoftwareconsortium": "ISC",
	"0clausebsd": "0BSD", "bsd0": "0BSD", "bsdzeroclause": "0BSD", "zeroclausebsd": "0BSD", "bsd0clause": "0BSD",

	// BSD
	"bsd1clause": "BSD-1-Clause", "1clausebsd": "BSD-1-Clause",
	"bsd2": "BSD-2-Clause", "2bsd": "BSD-2-Clause", "bsd2clause": "BSD-2-Clause", "2clausebsd": "BSD-2-Clause", "simplifiedbsd": "BSD-2-Clause",
	"bsdsimplified": "BSD-2-Clause", "bsdl": "BSD-2-Clause", "freebsd": "BSD-2-Clause", "bsdstyle2clause": "BSD-2-Clause", "twoclausebsd": "BSD-2-Clause",
	"bsd2clausenetbsd": "BSD-2-Clause", "bsd2clausefreebsd": "BSD-2-Clause-Views", "bsdtwoclause": "BSD-2-Clause", "2clausebsdl": "BSD-2-Clause",
	"bsd2clausesimplified": "BSD-2-Clause", "freebsdbsd2clause": "BSD-2-Clause",
	"bsd3": "BSD-3-Clause", "3bsd": "BSD-3-Clause", "3cbsd": "BSD-3-Clause", "bsd3clause": "BSD-3-Clause", "3clausebsd": "BSD-3-Clause",
	"newbsd": "BSD-3-Clause", "bsdnew": "BSD-3-Clause", "modifiedbsd": "BSD-3-Clause", "bsdmodified": "BSD-3-Clause", "revisedbsd": "BSD-3-Clause",
	"bsdrevised": "BSD-3-Clause", "bsd3clausenew": "BSD-3-Clause", "bsd3clausebsd": "BSD-3-Clause", "threeclausebsd": "BSD-3-Clause", "bsdc3": "BSD-3-Clause",
	"bsd3clauseneworrevised": "BSD-3-Clause", "bsdthreeclause": "BSD-3-Clause", "3clausebsdbsd3clause": "BSD-3-Clause", "bsd3c": "BSD-3-Clause",
	"bsd3clausegeneric": "BSD-3-Clause", "bsd3clauseregents": "BSD-3-Clause", "bsd3clausecalifornia": "BSD-3-Clause", "edl1": "BSD-3-Clause",
	"eclipsedistribution1": "BSD-3-Clause", "eclipsedistribution": "BSD-3-Clause", "bsd3clausegoogle": "BSD-3-Clause", "bsd3modified": "BSD-3-Clause",
	"bsd4": "BSD-4-Clause", "bsd4clause": "BSD-4-Clause", "4clausebsd": "BSD-4-Clause", "originalbsd": "BSD-4-Clause", "bsdoriginal": "BSD-4-Clause",
	"bsdwithadvertising": "BSD-4-Clause", "oldbsd": "BSD-4-Clause", "bsd4clausecalifornia": "BSD-4-Clause-UC", "bsdwithattribution": "BSD-3-Clause-Attribution",
	"bsdprotection": "BSD-Protection",

	// Apache
	"apache": "Apache-2.0", "asl": "Apache-2.0", "al2": "Apache-2.0", "apachesoftware": "Apache-2.0", "asl2": "Apache-2.0", "asl1.1": "Apache-1.1",
	"asl1": "Apache-1.0", "apache2": "Apache-2.0", "apachesoftware2": "Apache-2.0", "apachesoftware1.1": "Apache-1.1", "apachepublic2": "Apache-2.0",
	"apache2only": "Apache-2.0", "apache2asl2": "Apache-2.0", "asf2": "Apache-2.0", "apachesoftware1": "Apache-1.0", "apacheasl2": "Apache-2.0",
	"apachesoftwarefoundation2": "Apache-2.0", "apl2": "Apache-2.0", "asl2apache2": "Apache-2.0",

	// Perl and Artistic; Debian and Fedora say "Artistic" for Perl's own version
	"artistic": "Artistic-1.0-Perl", "artistic1": "Artistic-1.0", "artisticclarified": "ClArtistic", "clarifiedartistic": "ClArtistic",
	"perl": "Artistic-1.0-Perl OR GPL-1.0-or-later", "perl5": "Artistic-1.0-Perl OR GPL-1.0-or-later", "sameasperl": "Artistic-1.0-Perl OR GPL-1.0-or-later",
	"gpl+orartistic": "GPL-1.0-or-later OR Artistic-1.0-Perl", "perllikelicence": "Artistic-1.0-Perl OR GPL-1.0-or-later", "artisticperl": "Artistic-1.0-Perl",
	"artisticperl1": "Artistic-1.0-Perl", "perlartistic": "Artistic-1.0-Perl", "perl5artistic": "Artistic-1.0-Perl",

	// Mozilla, Eclipse, Sun, IBM
	"mozillapublic2": "MPL-2.0", "mozillapublic2mpl2": "MPL-2.0", "mozillapublic1.1": "MPL-1.1", "mozillapublic1.1mpl1.1": "MPL-1.1", "mozillapublic1": "MPL-1.0",
	"mozilla2": "MPL-2.0", "mozilla1.1": "MPL-1.1", "mpl2mozilla": "MPL-2.0", "mozillapublic1mpl": "MPL-1.0", "mpl20": "MPL-2.0", "mpl11": "MPL-1.1",
	"eclipsepublic1": "EPL-1.0", "eclipsepublic2": "EPL-2.0", "eclipsepublic1epl1": "EPL-1.0", "eclipsepublic2epl2": "EPL-2.0",
	"commondevelopmentdistribution": "CDDL-1.0", "commondevelopmentdistributioncddl": "CDDL-1.0", "commondevelopmentdistribution1": "CDDL-1.0",
	"commondevelopmentdistribution1.1": "CDDL-1.1", "commondevelopmentdistributioncddl1": "CDDL-1.0", "commondevelopmentdistributioncddl1.1": "CDDL-1.1",
	"commonpublic1": "CPL-1.0", "commonpublic": "CPL-1.0", "cpl": "CPL-1.0", "ibmpublic": "IPL-1.0", "ibmpublic1": "IPL-1.0", "ibm": "IPL-1.0",
	"sunindustrystandardssource": "SISSL", "sunpublic": "SPL-1.0", "oracleuniversalpermissive": "UPL-1.0", "universalpermissive": "UPL-1.0",
	"universalpermissiveupl": "UPL-1.0", "microsoftpublic": "MS-PL", "microsoftreciprocal": "MS-RL",

	// GNU, beside what the rule reads
	"gnu": "GPL-1.0-or-later", "gnulgpl": "LGPL-2.0-or-later", "lgpllr": "LGPLLR", "gplcompatible": "LicenseRef-GPL-compatible",
	"gnulesser": "LGPL-2.0-or-later", "lesser": "LGPL-2.0-or-later",
	"gnugeneralpublicgpl": "GPL-1.0-or-later", "gnulessergeneralpubliclgpl": "LGPL-2.0-or-later", "gnulibrarygeneralpubliclgpl": "LGPL-2.0-or-later",
	"gnufreedocumentationfdl": "GFDL-1.1-or-later", "gnuallpermissive": "FSFAP", "permissivefsf": "FSFAP", "fsfallpermissive": "FSFAP",
	"fsfunlimited": "FSFULLR", "fsful": "FSFUL", "gplcc1": "LicenseRef-GPL-CC-1.0",

	// Python, Ruby, Tcl, PHP and other languages
	"python": "Python-2.0", "python2": "Python-2.0", "pythonsoftwarefoundation": "PSF-2.0", "psf": "PSF-2.0", "psfl": "PSF-2.0", "psf2": "PSF-2.0", "psfl2": "PSF-2.0",
	"cnripython": "CNRI-Python", "ruby": "Ruby", "rubys": "Ruby", "ruby1.8": "Ruby", "tcltk": "TCL", "php": "PHP-3.01", "php3.01": "PHP-3.01",
	"zope": "ZPL-2.1", "zopepublic": "ZPL-2.1", "zpl": "ZPL-2.1", "zopepublic2.1": "ZPL-2.1", "zopepublic2": "ZPL-2.0", "erlangpublic": "ErlPL-1.1",
	"erlangpublic1.1": "ErlPL-1.1", "erpl": "ErlPL-1.1", "qtpublic": "QPL-1.0", "qpl": "QPL-1.0", "vimcharityware": "Vim", "egenixcompublic": "eGenix",

	// Libraries and programs with a licence of their own
	"zlib": "Zlib", "zliblibpng": "Zlib", "libpng": "Libpng", "libpng2": "libpng-2.0", "zlibacknowledgement": "zlib-acknowledgement",
	"boost": "BSL-1.0", "boostsoftware1": "BSL-1.0", "boostsoftware": "BSL-1.0", "boost1": "BSL-1.0", "boostsoftware1bsl1": "BSL-1.0",
	"openssl": "OpenSSL", "ssleay": "SSLeay-standalone", "openldap": "OLDAP-2.8", "openldappublic": "OLDAP-2.8", "openldap2.8": "OLDAP-2.8",
	"bzip2": "bzip2-1.0.6", "bzip21.0.5": "bzip2-1.0.6", "curl": "curl", "postgresql": "PostgreSQL", "sleepycat": "Sleepycat", "ijg": "IJG", "freetype": "FTL",
	"freetypeproject": "FTL", "ftl": "FTL", "libtiff": "libtiff", "ncsa": "NCSA",
	"universityillinoisncsaopensource": "NCSA", "uncsa": "NCSA", "infozip": "Info-ZIP", "sendmail": "Sendmail",
	"netsnmp": "Net-SNMP", "icu": "ICU", "unicode": "Unicode-TOU", "unicodedfs": "Unicode-DFS-2016", "imagemagick": "ImageMagick", "latex2e": "Latex2e",
	"lppl": "LPPL-1.3c", "latexprojectpublic": "LPPL-1.3c", "w3c": "W3C", "w3csoftware": "W3C", "ntp": "NTP", "netcdf": "NetCDF", "rsa": "RSA-MD",
	"innernet": "Inner-Net-2.0", "ecos2": "GPL-2.0-or-later WITH eCos-exception-2.0", "standardmlnj": "SMLNJ", "wxwindows": "LGPL-2.0-or-later WITH WxWindows-exception-3.1",
	"wxwidgets": "LGPL-2.0-or-later WITH WxWindows-exception-3.1", "tcpwrappers": "TCP-wrappers", "bsdtcpwrappers": "TCP-wrappers", "jasper": "JasPer-2.0",
	"xinetd": "xinetd", "json": "JSON", "beerware": "Beerware", "blessing": "blessing", "sqliteblessing": "blessing", "blueoak": "BlueOak-1.0.0",
	"blueoakmodel1": "BlueOak-1.0.0", "academicfree": "AFL-3.0", "academicfreeafl": "AFL-3.0", "academicfree3": "AFL-3.0", "academicfree2.1": "AFL-2.1",
	"academicfree2": "AFL-2.0", "educationalcommunity2": "ECL-2.0", "opensoftware3": "OSL-3.0", "opensoftware3osl3": "OSL-3.0",
	"europeanunionpublic1.1": "EUPL-1.1", "europeanunionpublic1.1eupl1.1": "EUPL-1.1", "europeanunionpublic1.2": "EUPL-1.2",
	"europeanunionpublic1.2eupl1.2": "EUPL-1.2", "europeanunionpublicence1.2": "EUPL-1.2", "europeanunionpublicence1.1": "EUPL-1.1", "cecillb": "CECILL-B",
	"cecillc": "CECILL-C", "cecill2.1": "CECILL-2.1", "cecill2": "CECILL-2.0", "cecillbfreesoftwareagreement": "CECILL-B", "cecillbfreesoftwareagreementcecillb": "CECILL-B",
	"cecillcfreesoftwareagreement": "CECILL-C", "cecillcfreesoftwareagreementcecillc": "CECILL-C", "cecill2.1freesoftwareagreementcecill2.1": "CECILL-2.1",
	"serversidepublic": "SSPL-1.0", "serversidepublic1": "SSPL-1.0", "elastic2": "Elastic-2.0", "businesssource1.1": "BUSL-1.1", "bsl1.1": "BUSL-1.1",
	"elasticlicense2": "Elastic-2.0", "openrail": "LicenseRef-OpenRAIL",

	// Works that are no programs
	"cc0": "CC0-1.0", "cc01": "CC0-1.0", "cc01universal": "CC0-1.0", "cc01universalpublicdomaindedication": "CC0-1.0", "creativecommonszero": "CC0-1.0",
	"cc01universalcc01publicdomaindedication": "CC0-1.0", "creativecommonszero1universal": "CC0-1.0", "creativecommonscc01universal": "CC0-1.0",
	"creativecommonsattribution4international": "CC-BY-4.0", "creativecommonsattribution4": "CC-BY-4.0", "creativecommonsattribution3": "CC-BY-3.0",
	"ccby4": "CC-BY-4.0", "ccby": "LicenseRef-CC-BY", "ccbysa": "LicenseRef-CC-BY-SA", "creativecommonsattributionsharealike4international": "CC-BY-SA-4.0",
	"creativecommonsattributionsharealike4": "CC-BY-SA-4.0", "creativecommonsattributionsharealike3": "CC-BY-SA-3.0", "attribution4international": "CC-BY-4.0",
	"silopenfont1.1": "OFL-1.1", "silopenfont": "OFL-1.1", "silopenfont1.1ofl1.1": "OFL-1.1", "ofl": "OFL-1.1", "sil1.1": "OFL-1.1", "silofl1.1": "OFL-1.1",
	"openfont1.1": "OFL-1.1", "bitstreamvera": "Bitstream-Vera", "opendatabase": "ODbL-1.0", "opendatacommonsattribution": "ODC-By-1.0", "ufl1": "Ubuntu-font-1.0",

	// No conditions
	"publicdomain": "LicenseRef-public-domain", "pd": "LicenseRef-public-domain", "inpublicdomain": "LicenseRef-public-domain", "dedicatedtopublicdomain": "LicenseRef-public-domain",
	"publicdomaincc0": "CC0-1.0", "theunlicense": "Unlicense", "unlicense": "Unlicense", "unlicenseunlicense": "Unlicense", "unlicenseunlicensed": "Unlicense",
	"unlicensed": "LicenseRef-UNLICENSED", "wtfpl": "WTFPL", "wtfpl2": "WTFPL", "dowhatfuckyouwanttopublic": "WTFPL", "dwtfywtpl": "WTFPL",
	"commercial": "LicenseRef-Commercial", "proprietary": "LicenseRef-Proprietary",
	"otherproprietary": "LicenseRef-Proprietary", "allrightsreserved": "LicenseRef-Proprietary", "private": "LicenseRef-Proprietary",
	"bsd": "LicenseRef-BSD", "bsdlike": "LicenseRef-BSD-like", "bsdstyle": "LicenseRef-BSD-style", "mpl": "LicenseRef-MPL", "cddl": "LicenseRef-CDDL",
	"epl": "LicenseRef-EPL", "afl": "LicenseRef-AFL",
}

// addresses are web addresses without scheme, "www.", query, final slash and the extension of a page.
var addresses = map[string]string{
	"apache.org/licenses/license-2.0": "Apache-2.0", "apache.org/licenses/license-1.1": "Apache-1.1", "apache.org/licenses": "Apache-2.0",
	"apache.org/licenses/license-2": "Apache-2.0", "aws.amazon.com/apache2.0": "Apache-2.0", "apache.org/licenses/license": "Apache-2.0",
	"apache.org/license/license-2.0": "Apache-2.0", "opensource.org/licenses/apache2.0": "Apache-2.0", "repository.jboss.org/licenses/apache-2.0": "Apache-2.0",
	"opensource.org/licenses/mit-license": "MIT", "mit-license.org": "MIT", "jquery.org/license": "MIT", "en.wikipedia.org/wiki/mit_license": "MIT",
	"opensource.org/licenses/bsd-license": "BSD-2-Clause", "opensource.org/licenses/bsd-3-clause": "BSD-3-Clause", "opensource.org/licenses/bsd": "BSD-2-Clause",
	"asm.ow2.org/license": "BSD-3-Clause", "asm.objectweb.org/license": "BSD-3-Clause", "antlr.org/license": "BSD-3-Clause", "eclipse.org/org/documents/edl-v10": "BSD-3-Clause",
	"gnu.org/licenses/gpl": "GPL-3.0-only", "gnu.org/licenses/gpl-3.0": "GPL-3.0-only", "gnu.org/licenses/gpl-2.0": "GPL-2.0-only", "gnu.org/licenses/old-licenses/gpl-2.0": "GPL-2.0-only",
	"gnu.org/licenses/lgpl": "LGPL-3.0-only", "gnu.org/licenses/lgpl-3.0": "LGPL-3.0-only", "gnu.org/licenses/lgpl-2.1": "LGPL-2.1-only",
	"gnu.org/licenses/old-licenses/lgpl-2.1": "LGPL-2.1-only", "gnu.org/licenses/old-licenses/lgpl-2.0": "LGPL-2.0-only", "gnu.org/copyleft/gpl": "GPL-3.0-only",
	"gnu.org/copyleft/lesser": "LGPL-3.0-only", "gnu.org/licenses/agpl": "AGPL-3.0-only", "gnu.org/licenses/agpl-3.0": "AGPL-3.0-only", "gnu.org/licenses/fdl-1.3": "GFDL-1.3-only",
	"gnu.org/software/classpath/license": "GPL-2.0-only WITH Classpath-exception-2.0", "openjdk.java.net/legal/gplv2+ce": "GPL-2.0-only WITH Classpath-exception-2.0",
	"openjdk.org/legal/gplv2+ce": "GPL-2.0-only WITH Classpath-exception-2.0",
	"eclipse.org/legal/epl-v10":  "EPL-1.0", "eclipse.org/legal/epl-v20": "EPL-2.0", "eclipse.org/legal/epl-2.0": "EPL-2.0", "eclipse.org/org/documents/epl-v10": "EPL-1.0",
	"eclipse.org/org/documents/epl-2.0": "EPL-2.0", "mozilla.org/mpl/2.0": "MPL-2.0", "mozilla.org/en-us/mpl/2.0": "MPL-2.0", "mozilla.org/mpl/mpl-1.1": "MPL-1.1",
	"mozilla.org/mpl/1.1": "MPL-1.1", "glassfish.dev.java.net/public/cddl+gpl": "CDDL-1.0 OR GPL-2.0-only WITH Classpath-exception-2.0",
	"glassfish.java.net/public/cddl+gpl_1_1": "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0", "opensource.org/licenses/cddl1": "CDDL-1.0",
	"creativecommons.org/publicdomain/zero/1.0": "CC0-1.0", "unlicense.org": "Unlicense", "wtfpl.net": "WTFPL", "sam.zoy.org/wtfpl": "WTFPL", "bouncycastle.org/licence": "MIT",
	"json.org/license": "JSON", "boost.org/license_1_0": "BSL-1.0", "scripts.sil.org/ofl": "OFL-1.1", "openfontlicense.org": "OFL-1.1", "ruby-lang.org/en/about/license": "Ruby",
	"ruby-lang.org/en/license": "Ruby", "php.net/license/3_01": "PHP-3.01", "postgresql.org/about/licence": "PostgreSQL", "h2database.com/html/license": "MPL-2.0 OR EPL-1.0",
	"oracle.com/licenses/upl": "UPL-1.0", "oss.oracle.com/licenses/upl": "UPL-1.0", "golang.org/license": "BSD-3-Clause", "go.dev/license": "BSD-3-Clause",
}

// common are the texts that Debian keeps in usr/share/common-licenses. A name without a version is any version.
var common = map[string]string{
	"Apache-2.0": "Apache-2.0", "Artistic": "Artistic-1.0-Perl", "BSD": "BSD-3-Clause", "CC0-1.0": "CC0-1.0", "GFDL": "GFDL-1.1-or-later", "GFDL-1.2": "GFDL-1.2-only",
	"GFDL-1.3": "GFDL-1.3-only", "GPL": "GPL-1.0-or-later", "GPL-1": "GPL-1.0-only", "GPL-2": "GPL-2.0-only", "GPL-3": "GPL-3.0-only", "LGPL": "LGPL-2.0-or-later",
	"LGPL-2": "LGPL-2.0-only", "LGPL-2.1": "LGPL-2.1-only", "LGPL-3": "LGPL-3.0-only", "MPL-1.1": "MPL-1.1", "MPL-2.0": "MPL-2.0",
}

// Common is what the text of that name in usr/share/common-licenses is; false for one that Debian does not have.
func Common(name string) (string, bool) {
	e, ok := common[name]
	return e, ok
}
