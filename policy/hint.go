package policy

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/policy/gate"
)

// didYouMean names the word that was probably meant; "" when none is near.
func didYouMean(s string, words []string) string {
	if near := nearest(s, words); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}

// nearest is the word that differs from s by the fewest letters, and by no more than a third of them; "" when there is none.
func nearest(s string, words []string) string {
	if s == "" || len(s) > 64 {
		return ""
	}
	best, found := max(1, len(s)/3)+1, ""
	for _, w := range words {
		if w == s || w == "" || len(w) > 64 {
			continue
		}
		if d := distance(strings.ToLower(s), strings.ToLower(w), best); d < best {
			best, found = d, w
		}
	}
	return found
}

// distance counts the letters to add, remove, change or swap to make b of a; at least limit when it is that or more.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	var before []int
	last, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(last[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, make([]int, len(b)+1)
	}
	return last[len(b)]
}

// known are the keys of the objects of a bundle, by the last key of their path.
var known = map[string][]string{
	"":                   {"id", "version", "name", "comment", "description", "policies", "mappings", "whitelists", "whitelisted_images", "blacklisted_images"},
	"policies":           {"id", "version", "name", "comment", "description", "rules"},
	"rules":              {"id", "gate", "trigger", "action", "params", "comment", "name", "description"},
	"params":             {"name", "value"},
	"mappings":           {"id", "name", "comment", "description", "registry", "repository", "image", "policy_id", "policy_ids", "whitelist_ids"},
	"whitelisted_images": {"id", "name", "comment", "description", "registry", "repository", "image"},
	"blacklisted_images": {"id", "name", "comment", "description", "registry", "repository", "image"},
	"image":              {"type", "value"},
	"whitelists":         {"id", "version", "name", "comment", "description", "items"},
	"items":              {"id", "gate", "trigger_id", "expires_on", "comment", "name", "description"},
}

// misspelt says which key of an object was probably meant to be the one that it lacks.
func (f *form) misspelt(o *object, key string) string {
	var others []string
	for k := range o.keys {
		if k != key && !slices.ContainsFunc(allKeys, func(known string) bool { return known == k }) {
			others = append(others, k)
		}
	}
	slices.Sort(others)
	if near := nearest(key, others); near != "" {
		return "there is " + gate.PythonText(near) + ": did you mean " + key + "?"
	}
	return ""
}

var allKeys = slices.Concat(known[""], known["rules"], known["params"], known["mappings"], known["image"], known["items"])

// quoteHint is what to do about a value that is no text.
func quoteHint(raw json.RawMessage) string {
	if len(raw) > 0 && (strings.ContainsRune("-0123456789", rune(raw[0])) || string(raw) == "true" || string(raw) == "false") {
		return `write "` + clipped(string(raw)) + `", in quotes`
	}
	return ""
}

func clipped(s string) string {
	if len(s) > 50 {
		return strings.ToValidUTF8(s[:50], "") + "…"
	}
	return s
}

// gateHint looks for a gate of nearly that name, or else for one that has the trigger.
func gateHint(f *ruleForm) string {
	names := gate.ActiveNames()
	if hint := didYouMean(f.gate, names); hint != "" {
		return hint
	}
	for _, g := range gate.Active() {
		if g.Trigger(f.trigger) != nil {
			return "gate " + g.Name + " has a trigger of that name"
		}
	}
	return ""
}

// triggerHint looks for a trigger of nearly that name in the gate, or else for a gate that has it.
func triggerHint(g *gate.Gate, trigger string) string {
	if hint := didYouMean(trigger, g.TriggerNames()); hint != "" {
		return hint
	}
	for _, other := range gate.Active() {
		if other.Trigger(trigger) != nil {
			return "it is a trigger of gate " + other.Name
		}
	}
	return ""
}

// paramAt is the place of a parameter in a rule: the last of its name counts. A missing one is missing in the rule.
func paramAt(f *ruleForm, t *gate.Trigger, e *gate.ParamError) at {
	if p := param(t, e.Param); e.Fault != gate.MissingParam {
		for i, given := range slices.Backward(f.params) {
			name := strings.ToLower(given.Name)
			if strings.EqualFold(name, e.Param) || p != nil && slices.Contains(p.Aliases, name) {
				place := f.at + ".params." + strconv.Itoa(i)
				if e.Fault == gate.UnknownParam {
					return at{path: place + ".name"}
				}
				return at{path: place + ".value"}
			}
		}
	}
	return at{path: f.at}
}

func param(t *gate.Trigger, name string) *gate.Param {
	i := slices.IndexFunc(t.Params, func(p gate.Param) bool { return strings.EqualFold(p.Name, name) })
	if i < 0 {
		return nil
	}
	return &t.Params[i]
}

func paramHint(t *gate.Trigger, name string) string {
	if len(t.Params) == 0 {
		return "trigger " + t.Name + " takes no parameters: remove it"
	}
	return didYouMean(name, t.ParamNames())
}

func exampleHint(t *gate.Trigger, name string) string {
	if p := param(t, name); p != nil && p.Example != "" {
		return `add {"name": "` + p.Name + `", "value": ` + strconv.Quote(p.Example) + `}`
	}
	return ""
}

// valueHint says what a refused value may have been meant to be.
func valueHint(f *ruleForm, t *gate.Trigger, name string) string {
	p := param(t, name)
	if p == nil {
		return ""
	}
	given := given(f, t, name)
	words, isEnum := p.Type.Criteria["enum"].([]string)
	switch {
	case isEnum && slices.Contains(words, strings.TrimSpace(given)):
		return "write it without blanks"
	case isEnum:
		return didYouMean(given, words)
	case given == "":
		return "leave the parameter out to have its default"
	case p.Type.Name == gate.List.Name && strings.Join(elements(given), ",") != given && len(elements(given)) > 0:
		return "write " + strconv.Quote(strings.Join(elements(given), ","))
	case p.Example != "":
		return "write it like " + strconv.Quote(p.Example)
	}
	return ""
}

// given is the value of a parameter in a rule: of several the last.
func given(f *ruleForm, t *gate.Trigger, name string) string {
	value := ""
	for _, one := range f.params {
		p := param(t, name)
		if low := strings.ToLower(one.Name); low == strings.ToLower(name) || p != nil && slices.Contains(p.Aliases, low) {
			value = one.Value
		}
	}
	return value
}

// knownHint is the nearest of the known words to one that is none of them.
func knownHint(value string, t *gate.Trigger, name string) string {
	p := param(t, name)
	if p == nil || p.Known == nil {
		return ""
	}
	for _, one := range elements(value) {
		if one = strings.TrimSpace(one); !slices.Contains(p.Known.Words, one) {
			if hint := didYouMean(one, p.Known.Words); hint != "" {
				return hint
			}
		}
	}
	return ""
}

// elements of a list, without the empty ones.
func elements(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ","), func(s string) bool { return strings.TrimSpace(s) == "" })
}
