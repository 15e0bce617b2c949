package catalog

import (
	"strings"

	"landwaiter.dev/image"
)

const nixStore image.Path = "nix/store"

// Nix takes packages from the names of the store's directories, HASH-NAME-VERSION[-OUTPUT]: images that are built with
// Nix seldom hold its database.
func Nix() Cataloger {
	return Cataloger{
		Name: "nix", Revision: 1,
		Doc:      "Nix packages, from the names of the directories in the store",
		Children: nixStore,
		Child:    nixPackage,
	}
}

// nixOutputs are the usual parts into which a package is split, each a directory of its own.
var nixOutputs = map[string]bool{
	"bin": true, "lib": true, "libs": true, "dev": true, "man": true, "doc": true, "devdoc": true, "info": true, "static": true, "data": true,
	"debug": true, "dist": true, "terminfo": true, "getent": true, "libgcc": true, "locales": true, "py": true, "python": true,
}

// nixPackage reads a name as Nix does: the version begins behind the first dash that no letter follows. What has no
// version (sources, scripts, profiles) is no package.
func nixPackage(base string) (image.Package, bool) {
	hash, rest, ok := strings.Cut(base, "-")
	if !ok || !isNixHash(hash) {
		return image.Package{}, false
	}
	at := -1
	for i := 0; i+1 < len(rest); i++ {
		if c := rest[i+1] | 0x20; rest[i] == '-' && (c < 'a' || c > 'z') {
			at = i
			break
		}
	}
	if at <= 0 || strings.HasSuffix(rest, ".drv") {
		return image.Package{}, false
	}
	p := image.Package{Type: image.Nix, Name: rest[:at], Version: rest[at+1:], Extra: map[string]string{"outputhash": hash}}
	if i := strings.LastIndexByte(p.Version, '-'); i > 0 && nixOutputs[p.Version[i+1:]] {
		p.Version, p.Extra["output"] = p.Version[:i], p.Version[i+1:]
	}
	return p, isWord(p.Name) && isWord(p.Version)
}

// isNixHash says whether s is 32 characters of Nix's base 32, which has no e, o, t and u.
func isNixHash(s string) bool {
	if len(s) != 32 {
		return false
	}
	for i := range len(s) {
		if strings.IndexByte("0123456789abcdfghijklmnpqrsvwxyz", s[i]) < 0 {
			return false
		}
	}
	return true
}
