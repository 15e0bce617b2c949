package license

import (
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/spdx"
)

const (
	// maxDeclared bounds one declaration in bytes; what is longer is a text, not a name.
	maxDeclared = 1 << 10
	// maxEntries bounds the declarations of one package.
	maxEntries = 64
)

// Expression makes one SPDX licence expression of what a package declares, in the spelling of any ecosystem: SPDX
// itself, Fedora's and Debian's short names, PyPI's classifiers, names and addresses. Several entries are a choice for
// gems and composer packages, and all apply elsewhere. False when nothing is declared, or only that the licence is told
// somewhere else.
func Expression(declared []string, t image.PackageType) (string, bool) {
	op := spdx.And
	if t == image.Gem || t == image.Composer {
		op = spdx.Or
	}
	if len(declared) > maxEntries {
		return "", false
	}
	var list []*spdx.Node
	for i, s := range declared {
		if version(s) { // a comma in the name made two entries of it
			continue
		}
		if i+1 < len(declared) && version(declared[i+1]) {
			s += " " + declared[i+1]
		}
		list = append(list, declaration(strings.ToValidUTF8(s, "\uFFFD"), t, op))
	}
	return spdx.Join(op, list).Text(false)
}

// version says whether an entry is only the second half of "Apache License, Version 2.0".
func version(s string) bool {
	s = strings.TrimSpace(s)
	_, ok := cutPrefixFold(s, "version ")
	return ok && len(s) < 20
}

// Join makes one of expressions that all apply; what is no expression is left out.
func Join(expressions []string) string {
	var list []*spdx.Node
	for _, e := range expressions {
		if n, ok := parse(e, spdx.And); ok {
			list = append(list, n)
		}
	}
	s, _ := spdx.Join(spdx.And, list).Text(true)
	return s
}

// declaration reads one entry; nil when it says nothing.
func declaration(s string, t image.PackageType, list spdx.Op) *spdx.Node {
	s = strings.TrimSpace(s)
	if len(s) > maxDeclared || strings.Count(s, "\n") > 3 {
		return longDeclaration(s)
	}
	s = strings.Join(strings.Fields(s), " ")
	if c, ok := cutPrefixFold(s, "License :: "); ok { // a trove classifier
		c = strings.TrimPrefix(c, "OSI Approved")
		s = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(c), "::"))
	}
	if c, ok := cutPrefixFold(s, "custom:"); ok && t == image.ALPM {
		s = strings.TrimSpace(c)
	}
	if says := silent[fold(s)]; says || s == "" {
		return nil
	}
	if prefix, _, ok := strings.Cut(strings.ToLower(s), " "); ok && prefix == "see" { // SEE LICENSE IN …
		return nil
	}
	if t == image.Ebuild {
		if n, ok := parseEbuild(s); ok {
			return n
		}
	}
	if n, ok := parse(s, list); ok {
		return n
	}
	if r := reference(s); r != "" {
		return spdx.One(r)
	}
	return nil
}

// longDeclaration takes a licence text in the place of a name.
func longDeclaration(s string) *spdx.Node {
	if len(s) <= MaxText {
		if f := scan([]byte(s), true); f.percent >= Threshold {
			if n := f.expression(); n != nil {
				return n
			}
		}
	}
	if r := reference(s); r != "" {
		return spdx.One(r)
	}
	return nil
}

// silent are declarations, folded, that say nothing.
var silent = map[string]bool{
	"": true, "unknown": true, "none": true, "na": true, "n/a": true, "noassertion": true, "custom": true, "other": true, "various": true,
	"dual": true, "seefile": true, "filelicense": true, "file": true, "seelicense": true, "osiapproved": true, "copyright": true,
	"licenseref": true, "tbd": true, "todo": true, "null": true, "undefined": true, "notspecified": true, "unspecified": true, "false": true,
}
