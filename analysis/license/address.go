package license

import (
	"strings"

	"landwaiter.dev/internal/spdx"
)

// nameAndAddress reads "MIT License <https://…>": the name, and where it is not known, an address in angle brackets.
func nameAndAddress(s string) *spdx.Node {
	var name []string
	address := ""
	for _, w := range strings.Fields(s) {
		switch {
		case !strings.Contains(w, "://"):
			name = append(name, w)
		case address != "":
			return nil
		default:
			address = w
		}
	}
	if n := lookup(strings.Join(name, " ")); n != nil {
		return n
	}
	if strings.HasPrefix(address, "<") && strings.HasSuffix(address, ">") {
		return byAddress(strings.Trim(address, "<>"))
	}
	return nil
}

// byAddress finds the licence that lives at a web address.
func byAddress(s string) *spdx.Node {
	s = strings.ToLower(s)
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	s = strings.TrimPrefix(s, "www.")
	s, _, _ = strings.Cut(s, "?")
	s, _, _ = strings.Cut(s, "#")
	s = strings.TrimRight(s, "/")
	for _, ext := range []string{".html", ".htm", ".txt", ".php", ".md", ".en", "/legalcode", "/deed"} {
		s = strings.TrimSuffix(s, ext)
	}
	if e, ok := addresses[s]; ok {
		return parseKnown(e)
	}
	for _, site := range []string{"spdx.org/licenses/", "opensource.org/licenses/", "opensource.org/license/", "licenses.nuget.org/", "choosealicense.com/licenses/"} {
		if name, ok := strings.CutPrefix(s, site); ok && !strings.Contains(name, "://") {
			name = strings.TrimSuffix(name, "-license")
			return lookup(strings.TrimSuffix(name, "/"))
		}
	}
	if rest, ok := strings.CutPrefix(s, "creativecommons.org/licenses/"); ok {
		return lookup("CC-" + strings.ReplaceAll(rest, "/", "-"))
	}
	return nil
}
