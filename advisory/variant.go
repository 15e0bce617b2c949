package advisory

import "strings"

// oracleLinux is the ecosystem whose packages come in variants.
const oracleLinux = "Oracle Linux"

// variants are builds that Oracle Linux ships beside the ordinary ones under the same names: for updates of running
// programs (Ksplice), and as they were validated for FIPS 140. Their epochs are raised so that they stay installed, and
// their fixes come later or never; a version of one says nothing about another. What stands here is in their versions;
// the number after ".ksplice" is a build number.
var variants = []string{".ksplice", "_fips"}

// Variant names the variant that a version of Oracle Linux is of; "" for the ordinary build.
func Variant(version string) string {
	for _, v := range variants {
		if strings.Contains(version, v) {
			return v
		}
	}
	return ""
}

// sameVariant says whether an entry is about the variant that is installed. One without a fix is about all.
func sameVariant(l *lookup, a *Affected) bool {
	if !strings.HasPrefix(l.Ecosystem, oracleLinux+":") {
		return true
	}
	installed := Variant(l.version)
	for i := range a.Ranges {
		for _, e := range a.Ranges[i].Events {
			if e.Fixed != "" && Variant(e.Fixed) != installed {
				return false
			}
		}
	}
	return true
}
