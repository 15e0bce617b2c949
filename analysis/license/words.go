package license

import (
	"strings"

	"landwaiter.dev/internal/spdx"
)

// byName is what a name means: one licence, or, where each word is a licence, all of them.
func byName(s string) *spdx.Node {
	if n := lookup(s); n != nil {
		return n
	}
	key := fold(s)
	if silent[key] {
		return nil
	}
	if n := hyphenated(s); n != nil {
		return n
	}
	if words := strings.Fields(s); len(words) > 1 {
		list := make([]*spdx.Node, 0, len(words))
		for _, w := range words {
			if n := lookup(w); n != nil {
				list = append(list, n)
			}
		}
		if len(list) == len(words) {
			return spdx.Join(spdx.And, list)
		}
	}
	if r := reference(s); r != "" {
		return spdx.One(r)
	}
	return nil
}

// hyphenated reads an exception that no "with" sets off: GPL-2+-autoconf-exception.
func hyphenated(s string) *spdx.Node {
	if rest, ok := strings.CutSuffix(strings.ToLower(s), "-exception"); !ok || !strings.Contains(rest, "-") {
		return nil
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '-' {
			continue
		}
		base := lookup(s[:i])
		if base == nil || base.Op != spdx.Leaf || strings.HasPrefix(base.ID, "LicenseRef-") {
			continue
		}
		if id := exceptionID(s[i+1:], base.ID); id != "" {
			return with(base, id)
		}
	}
	return nil
}
