package policy

import (
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/policy/gate"
)

// Kinds of a [Change].
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
	Moved   = "moved"
)

// Change is one difference between two bundles.
type Change struct {
	Kind string `json:"kind"` // added, removed, changed, moved
	// Part is what of the bundle it is about: "bundle", "policy", "rule", "allowlist", "item", "mapping", "allowed image",
	// "denied image".
	Part string `json:"part"`
	// In is the id of the policy or allowlist that holds a rule or an item.
	In string `json:"in,omitempty"`
	// What names it for people.
	What string `json:"what"`
	// Details of a change, each "name: before → after".
	Details []string `json:"details,omitempty"`
}

// Diff says how the second of two bundles differs from the first in what it does: rules, allowlists, mappings and lists of
// images, in the order of the documents. Names and comments make no difference. The sources are JSON or YAML; the error is
// an [*InvalidError] about the form of one.
func Diff(before, after []byte) ([]Change, error) {
	var docs [2]*document
	for i, source := range [][]byte{before, after} {
		raw, err := fromSource(source)
		if err != nil {
			return nil, err
		}
		doc, faults := readForm(raw, false)
		if len(faults) > 0 {
			placed(faults, source)
			return nil, &InvalidError{Form: faults[0].Details, Problems: faults}
		}
		docs[i] = doc
	}
	d := &differ{changes: []Change{}}
	a, b := docs[0], docs[1]
	if a.id != b.id {
		d.add(Change{Kind: Changed, Part: "bundle", What: "id", Details: []string{arrow("id", a.id, b.id)}})
	}
	d.policies(a.policies, b.policies)
	d.allowlists(a.allowlists, b.allowlists)
	d.mappings("mapping", a.mappings, b.mappings)
	d.mappings("allowed image", a.allowed, b.allowed)
	d.mappings("denied image", a.denied, b.denied)
	return d.changes, nil
}

type differ struct{ changes []Change }

func (d *differ) add(c Change) { d.changes = append(d.changes, c) }

func arrow(name, before, after string) string {
	return fmt.Sprintf("%s: %s → %s", name, orNothing(before), orNothing(after))
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// pairUp finds for each element of a list its partner in another, by the first of the names that both have. A name that
// stands for several elements pairs them in their order.
func pairUp(a, b int, names ...func(list, i int) string) (partner []int) {
	partner = make([]int, a)
	taken := make([]bool, b)
	for i := range partner {
		partner[i] = -1
	}
	for _, name := range names {
		waiting := map[string][]int{}
		for j := range b {
			if n := name(1, j); !taken[j] && n != "" {
				waiting[n] = append(waiting[n], j)
			}
		}
		for i := range a {
			n := name(0, i)
			if w := waiting[n]; partner[i] < 0 && n != "" && len(w) > 0 {
				partner[i], taken[w[0]], waiting[n] = w[0], true, w[1:]
			}
		}
	}
	return partner
}

// each calls what fits for the elements of two lists: those of the first in their order, then what the second has besides.
func each(partner []int, b int, gone, came func(i int), both func(i, j int)) {
	known := make([]bool, b)
	for i, j := range partner {
		if j < 0 {
			gone(i)
			continue
		}
		known[j] = true
		both(i, j)
	}
	for j := range b {
		if !known[j] {
			came(j)
		}
	}
}

func (d *differ) policies(a, b []policyForm) {
	lists := [2][]policyForm{a, b}
	// A policy with rules and without a namesake is compared with the next one of the same kind.
	partner := pairUp(len(a), len(b), func(l, i int) string { return lists[l][i].id }, func(l, i int) string {
		if len(lists[l][i].rules) == 0 {
			return ""
		}
		return "any"
	})
	whole := func(kind string, p *policyForm) {
		d.add(Change{Kind: kind, Part: "policy", What: p.id, Details: []string{counted(len(p.rules), "rule")}})
	}
	each(partner, len(b), func(i int) { whole(Removed, &a[i]) }, func(j int) { whole(Added, &b[j]) }, func(i, j int) {
		if a[i].id != b[j].id {
			d.add(Change{Kind: Changed, Part: "policy", What: b[j].id, Details: []string{arrow("id", a[i].id, b[j].id)}})
		}
		d.rules(b[j].id, a[i].rules, b[j].rules)
	})
}

func (d *differ) rules(in string, a, b []ruleForm) {
	lists := [2][]ruleForm{a, b}
	partner := pairUp(len(a), len(b),
		func(l, i int) string { return orEmpty(lists[l][i].id) + "\x00" + canonical(&lists[l][i]) },
		func(l, i int) string { return orEmpty(lists[l][i].id) },
		func(l, i int) string { return canonical(&lists[l][i]) },
		func(l, i int) string { return strings.ToLower(lists[l][i].gate + "/" + lists[l][i].trigger) },
	)
	each(partner, len(b),
		func(i int) { d.add(Change{Kind: Removed, Part: "rule", In: in, What: ruleText(&a[i])}) },
		func(j int) { d.add(Change{Kind: Added, Part: "rule", In: in, What: ruleText(&b[j])}) },
		func(i, j int) {
			if details := ruleDetails(&a[i], &b[j]); len(details) > 0 {
				d.add(Change{Kind: Changed, Part: "rule", In: in, What: ruleText(&b[j]), Details: details})
			}
		})
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// ruleText is a rule in one line: its id, action, gate, trigger and parameters.
func ruleText(r *ruleForm) string {
	s := strings.ToUpper(r.action) + " " + strings.ToLower(r.gate+" "+r.trigger)
	for _, p := range r.params {
		s += " " + strings.ToLower(p.Name) + "=" + gate.PythonText(p.Value)
	}
	if r.id != nil && *r.id != "" {
		s = *r.id + ": " + s
	}
	return s
}

func ruleDetails(a, b *ruleForm) []string {
	var list []string
	note := func(name, x, y string) {
		if x != y {
			list = append(list, arrow(name, x, y))
		}
	}
	note("action", strings.ToUpper(a.action), strings.ToUpper(b.action))
	note("gate", strings.ToLower(a.gate), strings.ToLower(b.gate))
	note("trigger", strings.ToLower(a.trigger), strings.ToLower(b.trigger))
	x, y := values(a), values(b)
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(keysOf(x), keysOf(y))))) {
		note(name, x[name], y[name])
	}
	note("id", orEmpty(a.id), orEmpty(b.id))
	return list
}

// values are the parameters of a rule as they are shown, in quotes.
func values(r *ruleForm) map[string]string {
	m := map[string]string{}
	for _, p := range r.params {
		m[strings.ToLower(p.Name)] = gate.PythonText(p.Value)
	}
	return m
}

func keysOf(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

func (d *differ) allowlists(a, b []allowlistForm) {
	lists := [2][]allowlistForm{a, b}
	partner := pairUp(len(a), len(b), func(l, i int) string { return lists[l][i].id })
	whole := func(kind string, l *allowlistForm) {
		d.add(Change{Kind: kind, Part: "allowlist", What: l.id, Details: []string{counted(len(l.items), "item")}})
	}
	each(partner, len(b), func(i int) { whole(Removed, &a[i]) }, func(j int) { whole(Added, &b[j]) }, func(i, j int) { d.items(a[i].id, a[i].items, b[j].items) })
}

func (d *differ) items(in string, a, b []itemForm) {
	lists := [2][]itemForm{a, b}
	partner := pairUp(len(a), len(b),
		func(l, i int) string { return itemText(&lists[l][i]) },
		func(l, i int) string { return orEmpty(lists[l][i].id) })
	each(partner, len(b),
		func(i int) { d.add(Change{Kind: Removed, Part: "item", In: in, What: itemText(&a[i])}) },
		func(j int) { d.add(Change{Kind: Added, Part: "item", In: in, What: itemText(&b[j])}) },
		func(i, j int) {
			var details []string
			if x, y := itemText(&a[i]), itemText(&b[j]); x != y {
				details = append(details, arrow("allows", x, y))
			}
			if a[i].expiresOn != b[j].expiresOn {
				details = append(details, arrow("expires_on", a[i].expiresOn, b[j].expiresOn))
			}
			if len(details) > 0 {
				d.add(Change{Kind: Changed, Part: "item", In: in, What: itemText(&b[j]), Details: details})
			}
		})
}

func itemText(it *itemForm) string { return strings.ToLower(it.gate) + " " + it.triggerID }

// mappings compares lists of which the order counts.
func (d *differ) mappings(part string, a, b []mappingForm) {
	lists := [2][]mappingForm{a, b}
	partner := pairUp(len(a), len(b), func(l, i int) string { return mappingText(&lists[l][i]) })
	var order []int
	each(partner, len(b),
		func(i int) { d.add(Change{Kind: Removed, Part: part, What: mappingText(&a[i])}) },
		func(j int) {
			d.add(Change{Kind: Added, Part: part, What: mappingText(&b[j]), Details: mappingDetails(&mappingForm{}, &b[j])})
		},
		func(i, j int) {
			if details := mappingDetails(&a[i], &b[j]); len(details) > 0 {
				d.add(Change{Kind: Changed, Part: part, What: mappingText(&b[j]), Details: details})
			}
			if order = append(order, j); len(order) > 1 && j < slices.Max(order[:len(order)-1]) {
				d.add(Change{Kind: Moved, Part: part, What: mappingText(&b[j]), Details: []string{arrow("place", fmt.Sprint(i+1), fmt.Sprint(j+1))}})
			}
		})
}

// mappingText is what a mapping rule selects.
func mappingText(m *mappingForm) string {
	sign := map[string]string{"digest": "@", "id": " id "}[m.imageType]
	if sign == "" {
		sign = ":"
	}
	return m.registry + "/" + m.repository + sign + m.image
}

func mappingDetails(a, b *mappingForm) []string {
	var list []string
	for _, one := range []struct {
		name string
		a, b []string
	}{{"policies", a.policyList(), b.policyList()}, {"allowlists", a.allowlistIDs, b.allowlistIDs}} {
		if !slices.Equal(one.a, one.b) {
			list = append(list, arrow(one.name, strings.Join(one.a, ", "), strings.Join(one.b, ", ")))
		}
	}
	return list
}

// policyList are the ids of the policies, in either form.
func (m *mappingForm) policyList() []string {
	var list []string
	if m.policyID != nil {
		list = append(list, *m.policyID)
	}
	if m.policyIDs != nil {
		list = append(list, *m.policyIDs...)
	}
	return list
}
