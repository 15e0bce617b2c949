package license

import (
	"strings"

	"landwaiter.dev/image"
)

// Wanted says by place, name and size whether a file is a licence text to read. It allocates nothing, since it is asked
// about every file of an image.
func Wanted(path image.Path, size int64) bool {
	return size > 0 && size <= MaxText && Named(path)
}

// Named is [Wanted] for any size: for those who tell about texts that are too large to be read.
func Named(path image.Path) bool {
	p := string(path)
	slash := strings.LastIndexByte(p, '/')
	base := p[slash+1:]
	if slash > 0 {
		switch dir := p[:slash]; {
		case strings.HasPrefix(p, "usr/share/"):
			switch rest := p[len("usr/share/"):]; {
			case strings.HasPrefix(rest, "licenses/"):
				return true
			case dir == "usr/share/common-licenses":
				_, known := common[base] // those of Debian need no reading
				return !known
			}
			if IsCopyright(path) {
				return true
			}
		case strings.HasSuffix(dir, ".dist-info/licenses"), strings.Contains(p, ".dist-info/licenses/"):
			return true
		}
	}
	return named(base)
}

// IsCopyright says whether path is where Debian packages keep their copyright file: usr/share/doc/NAME/copyright.
func IsCopyright(path image.Path) bool {
	rest, ok := strings.CutPrefix(string(path), "usr/share/doc/")
	if !ok {
		return false
	}
	i := strings.IndexByte(rest, '/')
	return i > 0 && rest[i+1:] == "copyright"
}

// stems are how the names of licence texts begin.
var stems = [...]string{"license", "licence", "copying", "copyright", "unlicense"}

// endings are extensions of prose; others belong to programs (license.go, copyright.h) unless they name a licence.
var endings = [...]string{
	"txt", "md", "markdown", "rst", "rdoc", "text", "adoc", "html", "htm",
	"mit", "bsd", "apache", "apache2", "apachev2", "gpl", "gplv2", "gplv3", "lgpl", "agpl", "mpl", "mpl2", "isc", "lib", "lesser", "psf", "orig",
}

// named says whether a file's name is one that licence texts have: LICENSE, COPYING.LIB, MIT-LICENSE.txt.
func named(base string) bool {
	if len(base) < 7 || len(base) > 80 {
		return false
	}
	stem, ending := base, ""
	if dot := strings.LastIndexByte(base, '.'); dot > 0 {
		stem, ending = base[:dot], base[dot+1:]
		if !proseEnding(ending) {
			if !number(ending) { // LICENSE-2.0 has no extension
				return false
			}
			stem = base
		}
	}
	for _, s := range &stems {
		if len(stem) < len(s) {
			continue
		}
		if strings.EqualFold(stem[:len(s)], s) {
			switch rest := stem[len(s):]; {
			case rest == "", rest[0] == '-', rest[0] == '_', rest[0] == '.', rest[0] == ' ':
				return true
			case rest == "s", rest == "S", number(rest): // LICENSES, COPYING3
				return true
			}
		}
		if at := len(stem) - len(s); at > 1 && (stem[at-1] == '-' || stem[at-1] == '_') && strings.EqualFold(stem[at:], s) {
			return true
		}
	}
	return false
}

func proseEnding(s string) bool {
	for _, e := range &endings {
		if strings.EqualFold(s, e) {
			return true
		}
	}
	if s == "" {
		return false
	}
	for i := 0; i < len(s); i++ { // LICENSE.APACHE2
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' || i == 0 && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func number(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
