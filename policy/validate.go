package policy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/policy/gate"
)

// version that bundles, policies and allowlists must have.
const version = "1_0"

var validGates = gate.PythonList(gate.ActiveNames())

// compiler builds a bundle from a document of the right form and collects all that is wrong with its meaning. What no
// mapping rule names is not looked at: such policies and allowlists may be drafts.
type compiler struct {
	upload   bool
	bundle   *Bundle
	problems []Problem
	more     int

	rules, items, patterns, regexps int
}

func (c *compiler) fault(class, format string, args ...any) {
	if len(c.problems) >= maxProblems {
		c.more++
		return
	}
	c.problems = append(c.problems, problem(class, format, args...))
}

// versioned checks a version; false ends the work on what has it.
func (c *compiler) versioned(found, what string) bool {
	if found != version {
		c.fault("UnsupportedVersionError", "Found version %s, expected one of supported versions ['%s']. Detail:\"Version not supported\" (%s)", found, version, what)
	}
	return found == version
}

func (c *compiler) compile(d *document) {
	if !c.versioned(d.version, "bundle="+d.id) {
		return
	}
	var policies, allowlists []string
	for i := range d.mappings {
		m := c.mapping(&d.mappings[i], i)
		policies, allowlists = append(policies, m.policies...), append(allowlists, m.allowlists...)
		c.bundle.mappings = append(c.bundle.mappings, m)
	}
	for _, id := range distinct(policies) {
		if p := one(c, d.policies, id, "policy", func(p *policyForm) string { return p.id }); p != nil {
			c.policy(p)
		}
	}
	for _, id := range distinct(allowlists) {
		if a := one(c, d.allowlists, id, "whitelist", func(a *allowlistForm) string { return a.id }); a != nil {
			c.allowlist(a)
		}
	}
	for i := range d.allowed {
		c.bundle.allowed = append(c.bundle.allowed, c.image(&d.allowed[i], fmt.Sprintf("whitelisted_images.%d", i)))
	}
	for i := range d.denied {
		c.bundle.denied = append(c.bundle.denied, c.image(&d.denied[i], fmt.Sprintf("blacklisted_images.%d", i)))
	}
	for i := range c.bundle.mappings {
		runs := 0
		for _, id := range c.bundle.mappings[i].policies {
			if p := c.bundle.policies[id]; p != nil {
				runs += len(p.rules) + 1
			}
		}
		if runs > maxRuns {
			c.fault("ValidationError", "Mapping rule %d has %d rules to evaluate for an image; %d are allowed", i, runs, maxRuns)
		}
	}
}

// distinct keeps the first of each.
func distinct(ids []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(ids, func(id string) bool {
		again := seen[id]
		seen[id] = true
		return again
	})
}

// one finds the object of that id, which must be there once.
func one[T any](c *compiler, list []T, id, kind string, idOf func(*T) string) *T {
	var found *T
	for i := range list {
		if idOf(&list[i]) != id {
			continue
		}
		if found != nil {
			c.fault("DuplicateIdentifierFoundError", "Object identifier found multiple times, not unique (identifier=%s,identifier_type=%s)", id, kind)
			return nil
		}
		found = &list[i]
	}
	if found == nil {
		c.fault("ReferencedObjectNotFoundError", "Referenced object not found (reference_type=%s,reference_id=%s)", kind, id)
	}
	return found
}

func (c *compiler) mapping(f *mappingForm, i int) mappingRule {
	m := mappingRule{imageRule: c.image(f, fmt.Sprintf("mappings.%d", i)), allowlists: f.allowlistIDs}
	switch {
	case f.policyID != nil && f.policyIDs != nil:
		c.fault("ValidationError", "Cannot specify both policy_id and policy_ids properties in mapping rule, must use one or the other: %s", compact(f.raw))
	case f.policyID != nil:
		m.policies = []string{*f.policyID}
	case f.policyIDs != nil:
		m.policies = *f.policyIDs
	default:
		c.fault("ValidationError", "No policy_id or policy_ids property found for mapping rule: %s", compact(f.raw))
	}
	return m
}

func compact(raw json.RawMessage) string {
	if len(raw) > 500 {
		return strings.ToValidUTF8(string(raw[:500]), "") + "…"
	}
	return string(raw)
}

func (c *compiler) image(f *mappingForm, where string) imageRule {
	r := imageRule{raw: f.raw, imageType: f.imageType, value: f.image}
	r.registry = c.pattern(f.registry, where+".registry")
	r.repository = c.pattern(f.repository, where+".repository")
	if f.imageType == "tag" {
		r.tag = c.pattern(f.image, where+".image.value")
	}
	return r
}

func (c *compiler) pattern(s, where string) pattern {
	if strings.HasPrefix(s, regexpPrefix) {
		if c.regexps++; c.regexps > maxRegexps {
			c.limit(c.regexps, maxRegexps, "patterns that begin with regexp:")
			return pattern{parts: []string{""}}
		}
	}
	p, err := compilePattern(s)
	if err != nil {
		c.fault("ValidationError", "Pattern cannot be used: %v (%s)", err, where)
	}
	return p
}

// limit tells once that there is too much of something.
func (c *compiler) limit(n, most int, what string) {
	if n == most+1 {
		c.fault("ValidationError", "The bundle has more than %d %s, which is the most that is allowed", most, what)
	}
}

func (c *compiler) allowlist(f *allowlistForm) {
	if !c.versioned(f.version, "whitelist="+f.id) {
		return
	}
	a := &allowlist{id: &f.id, name: f.name, exact: map[itemKey][]int{}, patterns: map[string][]int{}}
	for i := range f.items {
		fi := &f.items[i]
		if c.items++; c.items > maxItems {
			c.limit(c.items, maxItems, "items in its allowlists")
			break
		}
		it := item{id: fi.id}
		where := fmt.Sprintf("whitelist=%s,item=%d,item_id=%s", f.id, i, orNone(fi.id))
		var err error
		if it.expires, err = parseExpiry(fi.expiresOn); err != nil {
			c.fault("Exception", "%v (%s)", err, where)
		}
		if !isLiteral(fi.triggerID) {
			if c.patterns++; c.patterns > maxPatterns {
				c.limit(c.patterns, maxPatterns, "items with a pattern in its allowlists")
				break
			}
			it.pattern = c.pattern(fi.triggerID, where)
		}
		a.add(fi.gate, fi.triggerID, it)
	}
	c.bundle.allowlists[f.id] = a
}

func (c *compiler) policy(f *policyForm) {
	if !c.versioned(f.version, "policy="+f.id) {
		return
	}
	p := &compiledPolicy{id: f.id}
	place := map[string]int{} // of a gate: the rule that first named it
	for i := range f.rules {
		if c.rules++; c.rules > maxRules {
			c.limit(c.rules, maxRules, "rules in its policies")
			break
		}
		r, ok := c.rule(&f.rules[i])
		if !ok {
			continue
		}
		if _, seen := place[r.gate]; !seen {
			place[r.gate] = i
		}
		p.rules = append(p.rules, r)
	}
	slices.SortStableFunc(p.rules, func(a, b rule) int { return cmp.Compare(place[a.gate], place[b.gate]) })
	c.bundle.policies[f.id] = p
}

func (c *compiler) rule(f *ruleForm) (rule, bool) {
	r := rule{id: orNone(f.id)}
	var known bool
	if r.action, known = actionOf(f.action); !known {
		c.fault("ValidationError", "%s is not an action: use GO, WARN or STOP (gate=%s,trigger=%s,rule_id=%s)", gate.PythonText(f.action), f.gate, f.trigger, r.id)
	}
	g := gate.Find(f.gate)
	switch {
	case g == nil:
		c.fault("GateNotFoundError", "The specified gate is not found in the policy engine as a valid gate name (gate=%s,trigger=None,rule_id=%s,valid_gates=%s)",
			f.gate, r.id, validGates)
		return r, false
	case g.Retired:
		retired := retiredProblem(g, f, r.id)
		if c.upload {
			c.fault(retired.Type, "%s", retired.Details)
		}
		r.gate, r.trigger, r.retired = g.Name, strings.ToLower(f.trigger), &retired
		return r, !c.upload
	}
	t := g.Trigger(f.trigger)
	if t == nil {
		c.fault("TriggerNotFoundError", "Trigger not found for specified gate. Valid triggers are: %s (gate=%s,trigger=%s,rule_id=%s)", gate.PythonList(g.TriggerNames()), g.Name, f.trigger, r.id)
		return r, false
	}
	r.gate, r.trigger = g.Name, t.Name
	check, errs := t.NewCheck(f.params)
	for _, err := range errs {
		c.parameter(err, &r, t)
	}
	r.check = check
	return r, len(errs) == 0 && known
}

func retiredProblem(g *gate.Gate, f *ruleForm, id string) Problem {
	s := "Gate " + g.Name + " has been End-of-Lifed. It will not be evaluated, and should be removed from policies"
	if g.SupersededBy != "" {
		s += " and replaced with '" + g.SupersededBy + "'"
	}
	return problem("EndOfLifedError", "%s (gate=%s,trigger=%s,rule_id=%s)", s, g.Name, f.trigger, id)
}

// parameter tells what is wrong with one parameter of a rule.
func (c *compiler) parameter(err error, r *rule, t *gate.Trigger) {
	where := fmt.Sprintf("gate=%s,trigger=%s,rule_id=%s", r.gate, r.trigger, r.id)
	e, ok := err.(*gate.ParamError)
	switch {
	case !ok:
		c.fault("PolicyError", "%v (%s)", err, where)
	case e.Fault == gate.UnknownParam:
		c.fault("InvalidParameterError", "Rule validation error (%s,parameter=%s,valid_parameters=%s)", where, e.Param, gate.PythonList(t.ParamNames()))
	case e.Fault == gate.MissingParam:
		c.fault("ParameterValueInvalidError", "Required parameter (%s,parameter=%s)", where, e.Param)
	case e.Schema != "":
		c.fault("ParameterValueInvalidError", "Parameter validation failed: JSON Schema validation failed. Schema=%s, Detail=%s (%s,parameter=%s)", e.Schema, e.Detail, where, e.Param)
	default:
		c.fault("ParameterValueInvalidError", "Parameter validation failed: %s (%s,parameter=%s)", e.Detail, where, e.Param)
	}
}
