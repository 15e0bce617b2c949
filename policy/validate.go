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

// at is where a fault is, by its path in dots, what may have been meant, and what is wrong in plain words, where the details do
// not say it.
type at struct{ path, hint, plain string }

func (c *compiler) fault(where at, class, format string, args ...any) {
	if len(c.problems) >= maxProblems {
		c.more++
		return
	}
	p := problem(class, format, args...)
	p.Path, p.Hint, p.Message = bracketed(where.path), where.hint, where.plain
	c.problems = append(c.problems, p)
}

// versioned checks a version; false ends the work on what has it.
func (c *compiler) versioned(found, path, what string) bool {
	if found != version {
		c.fault(at{join(path, "version"), `write "` + version + `"`, fmt.Sprintf("the version is %q, which is not known here", clipped(found))}, "UnsupportedVersionError", "Found version %s, expected one of supported versions ['%s']. Detail:\"Version not supported\" (%s)", found, version, what)
	}
	return found == version
}

func (c *compiler) compile(d *document) {
	if !c.versioned(d.version, "", "bundle="+d.id) {
		return
	}
	var policies, allowlists []reference
	for i := range d.mappings {
		f := &d.mappings[i]
		m := c.mapping(f)
		for j, id := range m.policies {
			place := join(f.at, "policy_id")
			if f.policyIDs != nil {
				place = fmt.Sprintf("%s.policy_ids.%d", f.at, j)
			}
			policies = append(policies, reference{id, place})
		}
		for j, id := range m.allowlists {
			allowlists = append(allowlists, reference{id, fmt.Sprintf("%s.whitelist_ids.%d", f.at, j)})
		}
		c.bundle.mappings = append(c.bundle.mappings, m)
	}
	for _, r := range distinct(policies) {
		if p := one(c, d.policies, r, "policy", func(p *policyForm) (id, at string) { return p.id, p.at }); p != nil {
			c.policy(p)
		}
	}
	for _, r := range distinct(allowlists) {
		if a := one(c, d.allowlists, r, "whitelist", func(a *allowlistForm) (id, at string) { return a.id, a.at }); a != nil {
			c.allowlist(a)
		}
	}
	for i := range d.allowed {
		c.bundle.allowed = append(c.bundle.allowed, c.image(&d.allowed[i]))
	}
	for i := range d.denied {
		c.bundle.denied = append(c.bundle.denied, c.image(&d.denied[i]))
	}
	for i := range c.bundle.mappings {
		runs := 0
		for _, id := range c.bundle.mappings[i].policies {
			if p := c.bundle.policies[id]; p != nil {
				runs += len(p.rules) + 1
			}
		}
		if runs > maxRuns {
			c.fault(at{path: d.mappings[i].at}, "ValidationError", "Mapping rule %d has %d rules to evaluate for an image; %d are allowed", i, runs, maxRuns)
		}
	}
}

// reference is the id of a policy or an allowlist in a mapping rule.
type reference struct{ id, at string }

// distinct keeps the first of each.
func distinct(list []reference) []reference {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(r reference) bool {
		again := seen[r.id]
		seen[r.id] = true
		return again
	})
}

// one finds the object of that id, which must be there once.
func one[T any](c *compiler, list []T, r reference, kind string, name func(*T) (id, at string)) *T {
	var found *T
	for i := range list {
		id, place := name(&list[i])
		if id != r.id {
			continue
		}
		if found != nil {
			_, first := name(found)
			c.fault(at{join(place, "id"), "the other one is " + bracketed(first) + ": give one of them an id of its own", fmt.Sprintf("the id %q is used by more than one %s", clipped(r.id), plainKind(kind))},
				"DuplicateIdentifierFoundError", "Object identifier found multiple times, not unique (identifier=%s,identifier_type=%s)", r.id, kind)
			return nil
		}
		found = &list[i]
	}
	if found == nil {
		var ids []string
		for i := range list {
			id, _ := name(&list[i])
			ids = append(ids, id)
		}
		c.fault(at{r.at, didYouMean(r.id, ids), fmt.Sprintf("no %s of the bundle has the id %q", plainKind(kind), clipped(r.id))}, "ReferencedObjectNotFoundError", "Referenced object not found (reference_type=%s,reference_id=%s)", kind, r.id)
	}
	return found
}

func (c *compiler) mapping(f *mappingForm) mappingRule {
	m := mappingRule{imageRule: c.image(f), allowlists: f.allowlistIDs}
	switch {
	case f.policyID != nil && f.policyIDs != nil:
		c.fault(at{f.at, "leave policy_id out", "the mapping rule has policy_ids and policy_id; one of them is wanted"}, "ValidationError", "Cannot specify both policy_id and policy_ids properties in mapping rule, must use one or the other: %s", compact(f.raw))
	case f.policyID != nil:
		m.policies = []string{*f.policyID}
	case f.policyIDs != nil:
		m.policies = *f.policyIDs
	default:
		c.fault(at{f.at, "name the policies to evaluate in policy_ids", "the mapping rule names no policies"}, "ValidationError", "No policy_id or policy_ids property found for mapping rule: %s", compact(f.raw))
	}
	return m
}

func compact(raw json.RawMessage) string {
	if len(raw) > 500 {
		return strings.ToValidUTF8(string(raw[:500]), "") + "…"
	}
	return string(raw)
}

func (c *compiler) image(f *mappingForm) imageRule {
	r := imageRule{raw: f.raw, imageType: f.imageType, value: f.image}
	r.registry = c.pattern(f.registry, f.at+".registry", f.at+".registry")
	r.repository = c.pattern(f.repository, f.at+".repository", f.at+".repository")
	if f.imageType == "tag" {
		r.tag = c.pattern(f.image, f.at+".image.value", f.at+".image.value")
	}
	return r
}

func (c *compiler) pattern(s, path, where string) pattern {
	if strings.HasPrefix(s, regexpPrefix) {
		if c.regexps++; c.regexps > maxRegexps {
			c.limit(c.regexps, maxRegexps, "patterns that begin with regexp:")
			return pattern{parts: []string{""}}
		}
	}
	p, err := compilePattern(s)
	if err != nil {
		c.fault(at{path: path, plain: fmt.Sprintf("the pattern cannot be used: %v", err)}, "ValidationError", "Pattern cannot be used: %v (%s)", err, where)
	}
	return p
}

// limit tells once that there is too much of something.
func (c *compiler) limit(n, most int, what string) {
	if n == most+1 {
		c.fault(at{}, "ValidationError", "The bundle has more than %d %s, which is the most that is allowed", most, what)
	}
}

func (c *compiler) allowlist(f *allowlistForm) {
	if !c.versioned(f.version, f.at, "whitelist="+f.id) {
		return
	}
	a := &allowlist{id: &f.id, name: f.name, exact: map[itemKey][]int{}, patterns: map[string][]int{}}
	for i := range f.items {
		fi := &f.items[i]
		if c.items++; c.items > maxItems {
			c.limit(c.items, maxItems, "items in its allowlists")
			break
		}
		it := item{id: fi.id, comment: fi.comment}
		where := fmt.Sprintf("whitelist=%s,item=%d,item_id=%s", f.id, i, orNone(fi.id))
		var err error
		if it.expires, err = parseExpiry(fi.expiresOn); err != nil {
			c.fault(at{fi.at + ".expires_on", "write it like 2027-06-30T00:00:00Z", fmt.Sprintf("%q is no moment in UTC", clipped(fi.expiresOn))}, "Exception", "%v (%s)", err, where)
		}
		if !isLiteral(fi.triggerID) {
			if c.patterns++; c.patterns > maxPatterns {
				c.limit(c.patterns, maxPatterns, "items with a pattern in its allowlists")
				break
			}
			it.pattern = c.pattern(fi.triggerID, fi.at+".trigger_id", where)
		}
		a.add(fi.gate, fi.triggerID, it)
	}
	c.bundle.allowlists[f.id] = a
}

func (c *compiler) policy(f *policyForm) {
	if !c.versioned(f.version, f.at, "policy="+f.id) {
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
		c.fault(at{f.at + ".action", didYouMean(f.action, []string{"GO", "WARN", "STOP"}), fmt.Sprintf("%q is no action: there are GO, WARN and STOP", clipped(f.action))}, "ValidationError", "%s is not an action: use GO, WARN or STOP (gate=%s,trigger=%s,rule_id=%s)", gate.PythonText(f.action), f.gate, f.trigger, r.id)
	}
	g := gate.Find(f.gate)
	switch {
	case g == nil:
		c.fault(at{f.at + ".gate", gateHint(f), fmt.Sprintf("there is no gate %q", clipped(f.gate))}, "GateNotFoundError", "The specified gate is not found in the policy engine as a valid gate name (gate=%s,trigger=None,rule_id=%s,valid_gates=%s)",
			f.gate, r.id, validGates)
		return r, false
	case g.Retired:
		retired := retiredProblem(g, f, r.id)
		if c.upload {
			hint := "remove the rule"
			if g.SupersededBy != "" {
				hint = "use gate " + g.SupersededBy
			}
			c.fault(at{f.at + ".gate", hint, fmt.Sprintf("the gate %s was retired: it is not evaluated", g.Name)}, retired.Type, "%s", retired.Details)
		}
		r.gate, r.trigger, r.retired = g.Name, strings.ToLower(f.trigger), &retired
		return r, !c.upload
	}
	t := g.Trigger(f.trigger)
	if t == nil {
		c.fault(at{f.at + ".trigger", triggerHint(g, f.trigger), fmt.Sprintf("the gate %s has no trigger %q; it has %s", g.Name, clipped(f.trigger), strings.Join(g.TriggerNames(), ", "))}, "TriggerNotFoundError", "Trigger not found for specified gate. Valid triggers are: %s (gate=%s,trigger=%s,rule_id=%s)", gate.PythonList(g.TriggerNames()), g.Name, f.trigger, r.id)
		return r, false
	}
	r.gate, r.trigger = g.Name, t.Name
	check, errs := t.NewCheck(f.params)
	for _, err := range errs {
		c.parameter(err, f, &r, t)
	}
	r.check = check
	c.bundle.needs |= t.NeedsOf(f.params)
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
func (c *compiler) parameter(err error, f *ruleForm, r *rule, t *gate.Trigger) {
	where := fmt.Sprintf("gate=%s,trigger=%s,rule_id=%s", r.gate, r.trigger, r.id)
	e, ok := err.(*gate.ParamError)
	if !ok {
		c.fault(at{path: f.at}, "PolicyError", "%v (%s)", err, where)
		return
	}
	place := paramAt(f, t, e)
	switch {
	case e.Fault == gate.UnknownParam:
		place.hint, place.plain = paramHint(t, e.Param), fmt.Sprintf("the trigger %s of the gate %s has no parameter %q", r.trigger, r.gate, clipped(e.Param))
		if len(t.Params) > 0 {
			place.plain += "; it has " + strings.Join(t.ParamNames(), ", ")
		}
		c.fault(place, "InvalidParameterError", "Rule validation error (%s,parameter=%s,valid_parameters=%s)", where, e.Param, gate.PythonList(t.ParamNames()))
	case e.Fault == gate.MissingParam:
		place.hint, place.plain = exampleHint(t, e.Param), fmt.Sprintf("the parameter %s is missing, which the trigger %s needs", e.Param, r.trigger)
		c.fault(place, "ParameterValueInvalidError", "Required parameter (%s,parameter=%s)", where, e.Param)
	case e.Schema != "":
		place.hint, place.plain = valueHint(f, t, e.Param), plainValue(given(f, t, e.Param), e)
		c.fault(place, "ParameterValueInvalidError", "Parameter validation failed: JSON Schema validation failed. Schema=%s, Detail=%s (%s,parameter=%s)", e.Schema, e.Detail, where, e.Param)
	default:
		place.hint, place.plain = knownHint(given(f, t, e.Param), t, e.Param), e.Param+": "+e.Detail
		c.fault(place, "ParameterValueInvalidError", "Parameter validation failed: %s (%s,parameter=%s)", e.Detail, where, e.Param)
	}
}

// plainValue says what is wrong with a value that its type refuses.
func plainValue(value string, e *gate.ParamError) string {
	if words, isChoice := strings.CutPrefix(e.Want, "one of: "); isChoice {
		return fmt.Sprintf("%s: %q is none of %s", e.Param, clipped(value), words)
	}
	return fmt.Sprintf("%s: %q is not %s", e.Param, clipped(value), e.Want)
}

// plainKind is the kind of an object as people call it.
func plainKind(kind string) string {
	if kind == "whitelist" {
		return "allowlist"
	}
	return kind
}
