package license

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"

	"landwaiter.dev/internal/spdx"
)

const (
	// maxName bounds the name of one licence, in bytes.
	maxName = 200
	// maxRef bounds the part of a LicenseRef after the hyphen.
	maxRef = 64
)

// lookup finds what one name, identifier or address means; nil when it is not known.
func lookup(s string) *spdx.Node {
	s = strings.Trim(s, " \t\r\n\"'`.,;:")
	if s == "" || len(s) > maxName {
		return nil
	}
	if ref, ok := cutPrefixFold(s, "LicenseRef-"); ok && !strings.ContainsAny(ref, " /|&,;:()") {
		if r := reference(ref); r != "" {
			return spdx.One(r)
		}
		return nil
	}
	if strings.Contains(s, "://") || strings.HasPrefix(s, "www.") {
		if strings.Contains(s, " ") {
			return nameAndAddress(s)
		}
		return byAddress(s)
	}
	if ok, id := spdxlicenses.IsActiveLicense(s); ok {
		return spdx.One(id)
	}
	key := fold(s)
	if e, ok := names[key]; ok {
		return parseKnown(e)
	}
	if id := gnu(key); id != "" {
		return spdx.One(id)
	}
	if id, ok := foldedIDs()[key]; ok {
		return spdx.One(id)
	}
	for _, word := range []string{"license", "licence"} { // RubyLicense
		if bare, ok := strings.CutSuffix(key, word); ok {
			if e, ok := names[bare]; ok {
				return parseKnown(e)
			}
			if id, ok := foldedIDs()[bare]; ok {
				return spdx.One(id)
			}
		}
	}
	return nil
}

// foldedIDs has the identifiers of the SPDX list as [fold] writes them.
var foldedIDs = sync.OnceValue(func() map[string]string {
	m := make(map[string]string, 800)
	for _, id := range spdxlicenses.GetDeprecated() {
		if !strings.Contains(id, "-with-") { // read as a licence with an exception
			m[fold(id)] = id
		}
	}
	for _, id := range spdxlicenses.GetLicenses() {
		m[fold(id)] = id
	}
	return m
})

// parseKnown reads an expression of our own tables: leaves joined by one operator.
func parseKnown(e string) *spdx.Node {
	for _, op := range []spdx.Op{spdx.Or, spdx.And} {
		if parts := strings.Split(e, op.Word()); len(parts) > 1 {
			list := make([]*spdx.Node, len(parts))
			for i, p := range parts {
				list[i] = spdx.One(p)
			}
			return spdx.Join(op, list)
		}
	}
	if e == "" {
		return nil
	}
	return spdx.One(e)
}

// noise are words that make no difference between names.
var noise = map[string]bool{
	"the": true, "license": true, "licence": true, "licenses": true, "licences": true, "licensed": true, "under": true,
	"version": true, "ver": true, "v": true, "a": true, "of": true, "terms": true,
}

// fold writes a name in the form that the tables use, so that "GPL v2.0", "GPLv2" and "GPL-2" are one: lower case, noise
// and punctuation left out, versions without "v" and without ".0" at the end.
func fold(s string) string {
	var out, word []byte
	flush := func() {
		if len(word) > 1 && word[0] == 'v' && digit(word[1]) {
			word = word[1:]
		}
		if !noise[string(word)] {
			out = append(out, word...)
		}
		word = word[:0]
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			word = append(word, c+'a'-'A')
		case c >= 'a' && c <= 'z', digit(c), c == '+', c >= 0x80:
			word = append(word, c)
		case (c == '.' || c == '_') && len(word) > 0 && digit(word[len(word)-1]) && i+1 < len(s) && digit(s[i+1]):
			if zeros(s[i:]) {
				for i+1 < len(s) && (dot(s[i+1]) || s[i+1] == '0') {
					i++
				}
				continue
			}
			word = append(word, '.')
		default:
			flush()
		}
		if n := len(word); n > 2 && digit(c) && word[n-2] == 'v' && letter(word[n-3]) {
			word = append(word[:n-2], c) // gplv2
		}
	}
	flush()
	return string(out)
}

// zeros says whether s begins with ".0" or more of it that ends the number.
func zeros(s string) bool {
	i := 0
	for i+1 < len(s) && dot(s[i]) && s[i+1] == '0' {
		i += 2
	}
	return i > 0 && (i == len(s) || !digit(s[i]) && (!dot(s[i]) || i+1 == len(s) || !digit(s[i+1])))
}

func dot(c byte) bool    { return c == '.' || c == '_' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c >= 'a' && c <= 'z' }

// gnuNames are the families that count versions and say "or later", longest first.
var gnuNames = []struct{ long, id, any string }{
	{"affero generalpublic", "AGPL", "AGPL-3.0-or-later"}, {"affero gpl", "AGPL", "AGPL-3.0-or-later"},
	{"affero", "AGPL", "AGPL-3.0-or-later"}, {"agpl", "AGPL", "AGPL-3.0-or-later"},
	{"lesser generalpublic", "LGPL", "LGPL-2.0-or-later"}, {"lesser gpl", "LGPL", "LGPL-2.0-or-later"},
	{"library generalpublic", "LGPL", "LGPL-2.0-or-later"}, {"library gpl", "LGPL", "LGPL-2.0-or-later"},
	{"lgpl", "LGPL", "LGPL-2.0-or-later"},
	{"freedocumentation", "GFDL", "GFDL-1.1-or-later"}, {"gfdl", "GFDL", "GFDL-1.1-or-later"}, {"fdl", "GFDL", "GFDL-1.1-or-later"},
	{"generalpublic", "GPL", "GPL-1.0-or-later"}, {"gpl", "GPL", "GPL-1.0-or-later"},
}

var gnuVersions = map[string]map[string]string{
	"GPL":  {"1": "1.0", "2": "2.0", "3": "3.0"},
	"LGPL": {"2": "2.0", "2.1": "2.1", "21": "2.1", "3": "3.0"},
	"AGPL": {"1": "1.0", "3": "3.0"},
	"GFDL": {"1.1": "1.1", "1.2": "1.2", "1.3": "1.3"},
}

// gnu reads a folded name of a GNU licence: "lgpl2.1+", "gnugeneralpublic3", "gfdlniv1.3+". Without a version it means
// any version, as these licences themselves say.
func gnu(key string) string {
	key = strings.TrimPrefix(key, "gnu")
	for _, n := range gnuNames {
		rest, ok := strings.CutPrefix(key, strings.ReplaceAll(n.long, " ", ""))
		if !ok {
			continue
		}
		invariants := ""
		for _, w := range []string{"noinvariants", "noinvariant", "niv"} {
			if strings.Contains(rest, w) && n.id == "GFDL" {
				rest, invariants = strings.Replace(rest, w, "", 1), "-no-invariants"
			}
		}
		end := 0
		for end < len(rest) && (digit(rest[end]) || rest[end] == '.') {
			end++
		}
		number, suffix := rest[:end], rest[end:]
		later := false
		switch suffix {
		case "", "only":
		case "+", "orlater", "ornewer", "plus", "++":
			later = true
		default:
			return ""
		}
		if number == "" {
			if suffix == "only" || invariants != "" {
				return ""
			}
			return n.any
		}
		v, ok := gnuVersions[n.id][number]
		switch {
		case !ok:
			return ""
		case later:
			return n.id + "-" + v + invariants + "-or-later"
		}
		return n.id + "-" + v + invariants + "-only"
	}
	return ""
}

// reference makes "LicenseRef-…" of a name without a place in the SPDX list. A name that is too long or has no letters
// that are allowed there is told apart by a digest.
func reference(s string) string {
	var b []byte
	lost := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', digit(c), c == '.', c == '+':
			if c == '+' {
				b = append(b, "plus"...)
				continue
			}
			b = append(b, c)
		default:
			lost = lost || c >= 0x80
			if len(b) > 0 && b[len(b)-1] != '-' {
				b = append(b, '-')
			}
		}
		if len(b) > 4*maxRef {
			break
		}
	}
	name := strings.Trim(string(b), "-.")
	if name == "" && !lost {
		return ""
	}
	if len(name) > maxRef || lost {
		sum := sha256.Sum256([]byte(s))
		name = strings.Trim(name[:min(len(name), maxRef-9)]+"-"+hex.EncodeToString(sum[:4]), "-.")
	}
	return "LicenseRef-" + name
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
