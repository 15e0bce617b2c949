package image

import "strings"

// V1 is the word by which the /v1 API, its policies and its notices name the type ("dpkg", "APKG", "python" …).
func (t PackageType) V1() string {
	switch t {
	case Deb:
		return "dpkg"
	case APK:
		return "APKG"
	case Python:
		return "python"
	case Maven:
		return "java"
	case Golang:
		return "go"
	case Cargo:
		return "rust"
	case Binary:
		return "binary"
	case Ebuild:
		return "portage"
	default: // rpm, npm, gem, composer, alpm, opkg and what the original does not know are the same word
		return string(t)
	}
}

// PackageTypeOfV1 is the type that /v1 and tables show by a word of their own, as dpkg; false for any other word.
func PackageTypeOfV1(word string) (PackageType, bool) {
	for _, t := range PackageTypes() {
		if v1 := t.V1(); v1 != string(t) && v1 == word {
			return t, true
		}
	}
	return "", false
}

// V1Path is where the /v1 API says that a package lies: "pkgdb" for operating-system packages, else its place in the
// tree with a leading slash, "outer:inner" inside archives.
func (p *Package) V1Path() string {
	switch {
	case p.Type.OS():
		return "pkgdb"
	case p.Inner != "":
		return p.Location.Abs() + ":" + strings.ReplaceAll(p.Inner, "!", ":")
	default:
		return p.Location.Abs()
	}
}
