package policy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/internal/jsonscan"
	"landwaiter.dev/policy/gate"
)

// Lint says all that is wrong with a bundle's source: the errors for which it would be refused, and as warnings what is
// allowed and yet does not do what its author seems to want, in the order of the source. Expiry is judged at a moment, names by
// those of an installation; nil stands for none. Nil means that nothing is wrong.
func Lint(source []byte, now time.Time, names *gate.Names) []Problem {
	document, err := fromSource(source)
	if e, ok := IsInvalid(err); ok {
		return e.Problems
	}
	doc, faults := readForm(document, true)
	l := &linter{now: now, names: names, problems: faults}
	if doc != nil {
		l.meaning(doc, faults)
	}
	l.keys(bytes.TrimSpace(document), "", "", 0)
	switch {
	case doc == nil:
	case len(faults) == 0:
		l.document(doc)
	default: // what the faults do not touch
		for i := range doc.policies {
			for j := range doc.policies[i].rules {
				l.values(&doc.policies[i].rules[j])
			}
		}
	}
	placed(l.problems, source)
	slices.SortStableFunc(l.problems, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	return l.problems
}

// meaning adds what is wrong with the meaning of a document, but for what only follows from a fault in its form.
func (l *linter) meaning(doc *document, faults []Problem) {
	for _, p := range compiled(&Bundle{}, doc, true) {
		if !slices.ContainsFunc(faults, func(f Problem) bool { return strings.HasPrefix(p.Path, f.Path) || strings.HasPrefix(f.Path, p.Path) }) {
			l.problems = append(l.problems, p)
		}
	}
}

// linter collects warnings behind the errors.
type linter struct {
	now      time.Time
	names    *gate.Names
	problems []Problem
	warnings int
}

func (l *linter) warn(path, hint, format string, args ...any) {
	if l.warnings++; l.warnings > maxProblems {
		return
	}
	l.problems = append(l.problems, Problem{Severity: "warn", Type: "Lint", Details: fmt.Sprintf(format, args...), Path: bracketed(path), Hint: hint})
}

// keys looks for keys that are nearly ones that count. kind is the key that the object is the value or an element of.
func (l *linter) keys(raw json.RawMessage, path, kind string, depth int) {
	if depth > 8 || len(raw) == 0 {
		return
	}
	switch raw[0] {
	case '[':
		i := 0
		_ = jsonscan.Elements(raw, func(value []byte) bool {
			l.keys(value, fmt.Sprintf("%s.%d", path, i), kind, depth+1)
			i++
			return true
		})
	case '{':
		words, counts := known[kind]
		_ = jsonscan.Fields(raw, func(name, value []byte) bool {
			key := string(name)
			at := join(path, key)
			if counts && !slices.Contains(words, key) {
				if near := nearest(key, words); near != "" {
					l.warn(at, didYouMean(key, words), "the key %.100q means nothing", key)
				}
			}
			if _, has := known[key]; has {
				l.keys(value, at, key, depth+1)
			}
			return true
		})
	}
}

func (l *linter) document(d *document) {
	l.references(d)
	for i := range d.policies {
		l.policy(&d.policies[i])
	}
	for i := range d.allowlists {
		l.allowlist(&d.allowlists[i])
	}
	l.mappings(d.mappings)
	for _, list := range [][]mappingForm{d.allowed, d.denied} {
		for i := range list {
			l.image(&list[i])
		}
	}
}

// references finds what no mapping rule names, and what is wrong with it: validation does not look there.
func (l *linter) references(d *document) {
	var policies, allowlists []string
	for i := range d.mappings {
		m := &d.mappings[i]
		if m.policyID != nil {
			policies = append(policies, *m.policyID)
		}
		if m.policyIDs != nil {
			policies = append(policies, *m.policyIDs...)
		}
		allowlists = append(allowlists, m.allowlistIDs...)
	}
	c := newCompiler(&Bundle{}, true)
	for i := range d.policies {
		if p := &d.policies[i]; !slices.Contains(policies, p.id) {
			l.warn(p.at, "name it in policy_ids of a mapping rule, or remove it", "no mapping rule names the policy %.100q: it is never evaluated", p.id)
			c.policy(p)
		}
	}
	for i := range d.allowlists {
		if a := &d.allowlists[i]; !slices.Contains(allowlists, a.id) {
			l.warn(a.at, "name it in whitelist_ids of a mapping rule, or remove it", "no mapping rule names the allowlist %.100q: it allows nothing", a.id)
			c.allowlist(a)
		}
	}
	for _, p := range c.problems {
		if l.warnings++; l.warnings <= maxProblems {
			p.Severity = "warn"
			l.problems = append(l.problems, p)
		}
	}
}

func (l *linter) policy(p *policyForm) {
	ids, same := map[string]string{}, map[string]string{}
	for i := range p.rules {
		r := &p.rules[i]
		if r.id != nil && *r.id != "" {
			if first, has := ids[*r.id]; has {
				l.warn(r.at+".id", "", "the rule id %.100q is used twice; the other one is %s", *r.id, bracketed(first))
			} else {
				ids[*r.id] = r.at
			}
		}
		l.values(r)
		text := canonical(r)
		if first, has := same[text]; has {
			l.warn(r.at, "remove one of them", "the rule is the same as %s: each row appears twice", bracketed(first))
		} else {
			same[text] = r.at
		}
		names := map[string]bool{}
		for j, given := range r.params {
			if name := strings.ToLower(given.Name); names[name] {
				l.warn(fmt.Sprintf("%s.params.%d", r.at, j), "", "the parameter %.100q is given twice; the last one counts", given.Name)
			} else {
				names[name] = true
			}
		}
	}
	if len(p.rules) == 0 {
		l.warn(p.at, "", "the policy %.100q has no rules", p.id)
	}
}

// canonical is a rule without its id, as it is compared with others.
func canonical(r *ruleForm) string {
	values := map[string]string{}
	for _, p := range r.params {
		values[strings.ToLower(p.Name)] = p.Value
	}
	names := make([]string, 0, len(values))
	for n := range values {
		names = append(names, n)
	}
	slices.Sort(names)
	b := strings.ToLower(fmt.Sprintf("%q %q %q", r.gate, r.trigger, r.action))
	for _, n := range names {
		b += fmt.Sprintf(" %q=%q", n, values[n])
	}
	return b
}

func (l *linter) allowlist(a *allowlistForm) {
	type key struct{ gate, triggerID string }
	seen := map[key]string{}
	ids := map[string]string{}
	for i := range a.items {
		it := &a.items[i]
		if until, err := parseExpiry(it.expiresOn); err == nil && !until.IsZero() && !l.now.Before(until) {
			l.warn(it.at+".expires_on", "remove the item, or give it a later day", "the item has expired (%s): it allows nothing", it.expiresOn)
			continue
		}
		g := gate.Find(it.gate)
		switch {
		case g == nil:
			l.warn(it.at+".gate", didYouMean(it.gate, gate.ActiveNames()), "there is no gate %.100q: the item allows nothing", it.gate)
		case strings.EqualFold(it.gate, "vulnerabilities") && isVulnerability(it.triggerID):
			l.warn(it.at+".trigger_id", "write "+clipped(it.triggerID)+"+* for every package", "ids of this gate are vulnerability+package: the item allows nothing")
		}
		l.wildcards(it.triggerID, it.at+".trigger_id")
		k := key{strings.ToLower(it.gate), it.triggerID}
		if first, has := seen[k]; has {
			l.warn(it.at, "", "the item allows what %s allows already", bracketed(first))
		} else {
			seen[k] = it.at
		}
		if it.id != nil && *it.id != "" {
			if first, has := ids[*it.id]; has {
				l.warn(it.at+".id", "", "the item id %.100q is used twice; the other one is %s", *it.id, bracketed(first))
			} else {
				ids[*it.id] = it.at
			}
		}
	}
}

// isVulnerability says whether a trigger id is that of a vulnerability without a package.
func isVulnerability(id string) bool {
	return isLiteral(id) && !strings.Contains(id, "+") && (strings.HasPrefix(id, "CVE-") || strings.HasPrefix(id, "GHSA-"))
}

// wildcards warns of signs that mean something elsewhere.
func (l *linter) wildcards(pattern, path string) {
	if !strings.HasPrefix(pattern, regexpPrefix) && strings.ContainsAny(pattern, "?[") {
		l.warn(path, "only * is a wildcard; a regular expression begins with regexp:", "%.100q: ? and [ stand for themselves", pattern)
	}
}

func (l *linter) mappings(list []mappingForm) {
	if len(list) == 0 {
		l.warn("mappings", "", "there is no mapping rule: every image passes, and nothing is evaluated")
		return
	}
	for i := range list {
		m := &list[i]
		l.image(m)
		if m.policyIDs != nil && len(*m.policyIDs) == 0 {
			l.warn(join(m.at, "policy_ids"), "", "the mapping rule names no policy: the images that it selects pass")
		}
		for j := range i {
			if i > 2000 { // compared with each other no further
				break
			}
			if list[j].covers(m) {
				l.warn(m.at, "the first rule that fits counts: put the narrower one first", "the mapping rule is never reached: %s selects all of its images", bracketed(list[j].at))
				break
			}
		}
	}
	if all := (&mappingForm{registry: "*", repository: "*", imageType: "tag", image: "*"}); !slices.ContainsFunc(list, func(m mappingForm) bool { return m.covers(all) }) {
		l.warn("mappings", `end the list with a rule for registry "*", repository "*" and tag "*"`, "an image that no mapping rule selects passes without being evaluated")
	}
}

// covers says whether every image that b selects is surely selected by m.
func (m *mappingForm) covers(b *mappingForm) bool {
	wider := func(a, b string) bool { return a == "*" || a == b }
	if !wider(m.registry, b.registry) || !wider(m.repository, b.repository) {
		return false
	}
	if m.imageType == "tag" && m.image == "*" {
		return true
	}
	return m.imageType == b.imageType && m.image == b.image
}

func (l *linter) image(m *mappingForm) {
	l.wildcards(m.registry, m.at+".registry")
	l.wildcards(m.repository, m.at+".repository")
	value := m.at + ".image.value"
	switch {
	case m.imageType == "tag":
		l.wildcards(m.image, value)
		if strings.HasPrefix(m.image, "sha256:") {
			l.warn(value, `use the type "digest"`, "a tag is never a digest")
		}
	case m.imageType == "digest" && !isHex(strings.TrimPrefix(m.image, "sha256:")) || m.imageType == "digest" && !strings.HasPrefix(m.image, "sha256:"):
		l.warn(value, "write sha256: and 64 hexadecimal digits; wildcards mean nothing here", "%.100q is no digest: nothing is selected", m.image)
	case m.imageType == "id" && !isHex(m.image):
		l.warn(value, "write the 64 hexadecimal digits of the config's digest, without sha256:", "%.100q is no image id: nothing is selected", m.image)
	}
	if strings.HasPrefix(m.repository, m.registry+"/") && m.registry != "*" {
		l.warn(m.at+".repository", "leave the registry out of the repository", "the repository begins with the registry: nothing is selected")
	}
}

func isHex(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }
