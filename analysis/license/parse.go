package license

import (
	"strings"

	"landwaiter.dev/internal/spdx"
)

// phrases are words that belong together although one of them looks like an operator; the first that fits counts.
var phrases = [...]struct{ from, to string }{
	{" or (at your option) any later version", "-or-later"}, {" or any later version", "-or-later"}, {" or later versions", "-or-later"},
	{" or later version", "-or-later"}, {", or later", "-or-later"}, {" (or later)", "-or-later"}, {" or later", "-or-later"},
	{" or newer", "-or-later"}, {" or greater", "-or-later"}, {" or above", "-or-later"}, {" or higher", "-or-later"}, {" and later", "-or-later"},
	{"library or lesser", "lesser"}, {"lesser or library", "lesser"}, {"development and distribution", "development distribution"},
	{"notice and disclaimer", "notice disclaimer"}, {" and/or ", " or "}, {"-with-", " with "}, {" w/ ", " with "}, {" plus ", " and "},
	{", version", " version"}, {", ver.", " version"},
}

// parse reads an expression as people write them. False when it cannot be one.
func parse(s string, list spdx.Op) (*spdx.Node, bool) {
	if n := lookup(s); n != nil && !strings.Contains(s, "(>") {
		return n, true
	}
	s = replaceFold(s)
	if n := lookup(s); n != nil && !strings.Contains(s, "(>") {
		return n, true
	}
	var cut scanner
	if !cut.scan(s) {
		return nil, false
	}
	r := spdx.Reader{
		List: list, Join: spdx.Join, Remark: remark,
		Name: func(words string) (*spdx.Node, bool) { return byName(words), true },
		With: func(base *spdx.Node, exception string, _ bool) (*spdx.Node, bool) {
			if n := with(base, exception); n != nil {
				return n, true
			}
			return base, true
		},
	}
	return r.Read(cut.tokens)
}

// knownBase says whether what stands before "-with-" ends in a licence of the list.
func knownBase(s string) bool {
	if at := strings.LastIndexAny(s, " ("); at >= 0 {
		s = s[at+1:]
	}
	n := lookup(s)
	return n != nil && !strings.HasPrefix(n.ID, "LicenseRef-")
}

// replaceFold applies phrases whatever their case, and keeps the case of the rest.
func replaceFold(s string) string {
	var b strings.Builder
next:
	for i := 0; i < len(s); {
		for k := range phrases {
			if _, ok := cutPrefixFold(s[i:], phrases[k].from); ok && (phrases[k].from != "-with-" || knownBase(s[:i])) {
				b.WriteString(phrases[k].to)
				i += len(phrases[k].from)
				continue next
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// remark takes what stands in parentheses after a name, "MIT License (Expat)", as a part of the name where that makes it
// a known one, else as a remark.
func remark(name, inner string) string {
	full := name + " " + inner
	switch {
	case lookup(full) != nil:
		return full
	case lookup(name) != nil:
		return name
	}
	return full
}
