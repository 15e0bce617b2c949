package sbom

import (
	"strings"

	"github.com/github/go-spdx/v2/spdxexp"
	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"

	"landwaiter.dev/image"
)

// maxExpression is the length in bytes of the longest text that is looked at as a licence expression.
const maxExpression = 2000

// refPrefix begins the name of a licence that is not on the SPDX list.
const refPrefix = "LicenseRef-"

// expressions remembers which texts are SPDX licence expressions.
type expressions map[string]bool

// valid says whether a text is an expression of licences on the SPDX list and of LicenseRefs, in their spelling.
func (x expressions) valid(s string) bool {
	if ok, known := x[s]; known {
		return ok
	}
	ok := s != "" && len(s) <= maxExpression && strings.Count(s, "(") <= 50 && strings.TrimSpace(s) == s && parses(s)
	x[s] = ok
	return ok
}

func parses(s string) (ok bool) {
	defer func() { // the library is not ours, and the text is anybody's
		if recover() != nil {
			ok = false
		}
	}()
	if valid, _ := spdxexp.ValidateLicenses([]string{s}); !valid {
		return false
	}
	// The library forgives another case, which forms do not.
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '(' || r == ')' }) {
		if !spelled(word) {
			return false
		}
	}
	return true
}

// spelled says whether a word of an expression is written as the SPDX list has it.
func spelled(word string) bool {
	switch word {
	case "AND", "OR", "WITH":
		return true
	}
	if strings.HasPrefix(word, refPrefix) || strings.HasPrefix(word, "DocumentRef-") {
		return true
	}
	for _, id := range []string{word, strings.TrimSuffix(word, "+")} {
		for _, list := range []func(string) (bool, string){
			spdxlicenses.IsActiveLicense, spdxlicenses.IsDeprecatedLicense, spdxlicenses.IsException,
		} {
			if ok, as := list(id); ok && as == id {
				return true
			}
		}
	}
	return false
}

// listed says whether a text is one licence of the SPDX list.
func (x expressions) listed(s string) bool {
	return !strings.ContainsAny(s, " ()+:") && !strings.HasPrefix(s, refPrefix) && x.valid(s)
}

// implied is the expression that a declaration means by itself: all of its licences, where each is an expression.
func (x expressions) implied(declared []string) string {
	for _, s := range declared {
		if !x.valid(s) {
			return ""
		}
	}
	return join(declared)
}

// join makes one expression of several that all hold.
func join(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	parts := make([]string, 0, len(list))
	for _, s := range list {
		if hasTop(s, " OR ") || hasTop(s, " or ") || hasTop(s, " AND ") || hasTop(s, " and ") {
			s = "(" + s + ")"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " AND ")
}

// split undoes join.
func split(expression string) []string {
	var list []string
	depth, from := 0, 0
	for i := 0; i < len(expression); i++ {
		switch c := expression[i]; {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && strings.HasPrefix(expression[i:], " AND "):
			list = append(list, expression[from:i])
			from = i + len(" AND ")
			i = from - 1
		}
	}
	list = append(list, expression[from:])
	if len(list) == 1 || hasTop(expression, " OR ") {
		return []string{expression}
	}
	for i, s := range list {
		if inner, ok := strings.CutPrefix(s, "("); ok && strings.HasSuffix(inner, ")") && closes(inner) {
			list[i] = strings.TrimSuffix(inner, ")")
		}
	}
	return list
}

// closes says whether the last bracket of a text that follows an opening one is that one's.
func closes(s string) bool {
	depth := 1
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i == len(s)-1
			}
		}
	}
	return false
}

// hasTop says whether an operator stands outside all brackets.
func hasTop(s, operator string) bool {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ' ':
			if depth == 0 && strings.HasPrefix(s[i:], operator) {
				return true
			}
		}
	}
	return false
}

// refOf names a text that is no expression, by its own digest.
func refOf(text string) string {
	return refPrefix + image.DigestOf([]byte(text)).Hex()[:16]
}

// declare sets the licences that a document declares, and the expression that they mean.
func (x expressions) declare(p *image.Package, declared []string) {
	if len(declared) == 0 {
		return
	}
	p.Licenses = declared
	if s := x.implied(declared); s != "" {
		p.License, p.LicenseSource = s, "declared"
	}
}

// conclude sets the expression that a document concludes.
func (x expressions) conclude(p *image.Package, expression string) {
	if expression == "" || expression == p.License || !x.valid(expression) {
		return
	}
	p.License, p.LicenseSource = expression, ""
}
