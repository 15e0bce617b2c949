package license

import "strings"

// parseEbuild reads Gentoo's form: names that all apply, "|| ( A B )" for a choice, "flag? ( A )" for what applies with a
// flag, which counts here. False when parentheses do not fit.
func parseEbuild(s string) (*node, bool) {
	words := strings.Fields(s)
	at := 0
	n, ok := ebuildGroup(words, &at, and, 0)
	return n, ok && at == len(words) && n != nil
}

func ebuildGroup(words []string, at *int, op operator, depth int) (*node, bool) {
	if depth > maxDepth {
		return nil, false
	}
	var list []*node
	next := and
	for *at < len(words) {
		w := words[*at]
		switch {
		case w == ")":
			if depth == 0 {
				return nil, false
			}
			return join(op, list), true
		case w == "||":
			next = or
		case w == "(":
			*at++
			n, ok := ebuildGroup(words, at, next, depth+1)
			if !ok || *at == len(words) {
				return nil, false
			}
			list, next = append(list, n), and
		case strings.HasSuffix(w, "?"):
		default:
			list = append(list, byName(w))
		}
		*at++
	}
	return join(op, list), depth == 0
}
