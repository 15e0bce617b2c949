package license

import (
	"strings"

	"landwaiter.dev/internal/spdx"
)

// parseEbuild reads Gentoo's form: names that all apply, "|| ( A B )" for a choice, "flag? ( A )" for what applies with a
// flag, which counts here. False when parentheses do not fit.
func parseEbuild(s string) (*spdx.Node, bool) {
	words := strings.Fields(s)
	at := 0
	n, ok := ebuildGroup(words, &at, spdx.And, 0)
	return n, ok && at == len(words) && n != nil
}

func ebuildGroup(words []string, at *int, op spdx.Op, depth int) (*spdx.Node, bool) {
	if depth > spdx.MaxDepth {
		return nil, false
	}
	var list []*spdx.Node
	next := spdx.And
	for *at < len(words) {
		w := words[*at]
		switch {
		case w == ")":
			if depth == 0 {
				return nil, false
			}
			return spdx.Join(op, list), true
		case w == "||":
			next = spdx.Or
		case w == "(":
			*at++
			n, ok := ebuildGroup(words, at, next, depth+1)
			if !ok || *at == len(words) {
				return nil, false
			}
			list, next = append(list, n), spdx.And
		case strings.HasSuffix(w, "?"):
		default:
			list = append(list, byName(w))
		}
		*at++
	}
	return spdx.Join(op, list), depth == 0
}
