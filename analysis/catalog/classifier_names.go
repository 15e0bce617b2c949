package catalog

import "strings"

// ruleBook finds the rules for a file by its name.
type ruleBook struct {
	rules []rule
	exact map[string][]int
	// prefixes is in the order of the table.
	prefixes []prefixRules
}

type prefixRules struct {
	prefix string
	rules  []int
}

// newRuleBook makes the rules of the table ready. It panics over a row that a test should have refused.
func newRuleBook(table []classifier) *ruleBook {
	b := &ruleBook{exact: map[string][]int{}}
	at := map[string]int{}
	for i, row := range table {
		r, err := row.compile()
		if err != nil {
			panic(err)
		}
		b.rules = append(b.rules, r)
		for _, name := range strings.Fields(row.names) {
			prefix, ok := strings.CutSuffix(name, "*")
			if !ok {
				b.exact[name] = append(b.exact[name], i)
				continue
			}
			k, seen := at[prefix]
			if !seen {
				k = len(b.prefixes)
				at[prefix] = k
				b.prefixes = append(b.prefixes, prefixRules{prefix: prefix})
			}
			b.prefixes[k].rules = append(b.prefixes[k].rules, i)
		}
	}
	return b
}

// want is the condition under which one of the rules may apply.
func (b *ruleBook) want() (names, prefixes []string) {
	for name := range b.exact {
		names = append(names, name)
	}
	for _, p := range b.prefixes {
		prefixes = append(prefixes, p.prefix)
	}
	return names, prefixes
}

// hunts are the searches that a file of this name asks for, in the order of the table.
func (b *ruleBook) hunts(base string) []*hunt {
	apply := map[int]bool{}
	for _, i := range b.exact[base] {
		apply[i] = true
	}
	for _, p := range b.prefixes {
		if strings.HasPrefix(base, p.prefix) {
			for _, i := range p.rules {
				apply[i] = true
			}
		}
	}
	var all []*hunt
	for i := range b.rules {
		if !apply[i] {
			continue
		}
		h := &hunt{rule: &b.rules[i]}
		if h.how&named != 0 {
			h.number = numberIn(base)
		}
		all = append(all, h)
	}
	return all
}

// numberIn is the first number of a file name, with its parts: "3.11" of "libpython3.11.so.1.0".
func numberIn(base string) string {
	at := strings.IndexAny(base, "0123456789")
	if at < 0 {
		return ""
	}
	end := at
	for end < len(base) && (base[end] >= '0' && base[end] <= '9' || base[end] == '.') {
		end++
	}
	return strings.Trim(base[at:end], ".")
}
