package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"landwaiter.dev/internal/jsonscan"
	"landwaiter.dev/policy/gate"
)

// The document of a bundle by its form alone. Keys that are not known are left out here and kept in the document.
type (
	document struct {
		id, version, name, description string
		policies                       []policyForm
		mappings, allowed, denied      []mappingForm
		allowlists                     []allowlistForm
	}
	policyForm struct {
		at          string // its path, as that of all below
		id, version string
		rules       []ruleForm
	}
	ruleForm struct {
		at                    string
		gate, trigger, action string
		comment               string
		id                    *string
		params                []gate.Pair
	}
	mappingForm struct {
		at                   string
		raw                  json.RawMessage
		registry, repository string
		imageType, image     string
		policyID             *string
		policyIDs            *[]string
		allowlistIDs         []string
	}
	allowlistForm struct {
		at          string
		id, version string
		name        *string
		items       []itemForm
	}
	itemForm struct {
		at                         string
		id                         *string
		gate, triggerID, expiresOn string
		comment                    string
	}
)

// form reads a document of unknown origin and collects what is wrong with it, in the words of a JSON schema validator.
// Keys are case-sensitive.
type form struct {
	faults []Problem
	upload bool
}

func readForm(doc []byte, upload bool) (*document, []Problem) {
	f := &form{upload: upload}
	if len(doc) > MaxDocument {
		f.fault("", "", "", "the bundle has %d bytes; %d are allowed", len(doc), MaxDocument)
		return nil, f.faults
	}
	if !utf8.Valid(doc) {
		f.fault("", "", "", "the bundle is not UTF-8")
		return nil, f.faults
	}
	if err := json.Unmarshal(doc, new(json.RawMessage)); err != nil {
		f.fault("", "", "", "the bundle is not valid JSON: %v", err)
		if e, ok := errors.AsType[*json.SyntaxError](err); ok && len(f.faults) > 0 {
			f.faults[0].Line, f.faults[0].Column = lineOf(doc, int(e.Offset))
		}
		return nil, f.faults
	}
	top := f.object(doc, "")
	if top == nil {
		return nil, f.faults
	}
	if upload {
		f.twice(doc)
	}
	d := &document{id: f.text(top, "", "id", true), version: f.text(top, "", "version", true), name: f.text(top, "", "name", false), description: f.text(top, "", "description", false)}
	f.text(top, "", "comment", false)
	if _, has := top.keys["id"]; has && d.id == "" {
		f.fault("id", "", "", "the id must not be empty")
	}
	f.required(top, "", "policies")
	f.required(top, "", "mappings")
	f.each(top, "", "policies", 0, func(o *object, path string) { d.policies = append(d.policies, f.policy(o, path)) })
	f.each(top, "", "mappings", maxMappings, func(o *object, path string) { d.mappings = append(d.mappings, f.mapping(o, path, true)) })
	f.each(top, "", "whitelists", 0, func(o *object, path string) { d.allowlists = append(d.allowlists, f.allowlist(o, path)) })
	f.each(top, "", "whitelisted_images", maxMappings, func(o *object, path string) { d.allowed = append(d.allowed, f.mapping(o, path, false)) })
	f.each(top, "", "blacklisted_images", maxMappings, func(o *object, path string) { d.denied = append(d.denied, f.mapping(o, path, false)) })
	return d, f.faults
}

// twice refuses keys that are given twice: programs differ in which one counts.
func (f *form) twice(doc []byte) {
	err := jsonscan.Twice(doc)
	if e, is := errors.AsType[*jsonscan.TwiceError](err); is {
		f.fault(e.Path, "remove one of them", "", "the key %.100q is given twice", e.Key)
	} else if err != nil {
		f.fault("", "", "", "the bundle cannot be read: %v", err)
	}
}

func (f *form) policy(o *object, path string) policyForm {
	p := policyForm{at: path, id: f.text(o, path, "id", true), version: f.text(o, path, "version", true)}
	f.text(o, path, "name", false)
	f.text(o, path, "comment", false)
	f.each(o, path, "rules", maxRules, func(o *object, path string) {
		r := ruleForm{at: path, comment: f.text(o, path, "comment", false), gate: f.text(o, path, "gate", true), trigger: f.text(o, path, "trigger", true), action: f.text(o, path, "action", true), id: f.optional(o, path, "id")}
		if f.upload && r.action != "" {
			f.word(r.action, join(path, "action"), "GO", "STOP", "WARN")
		}
		f.each(o, path, "params", 100, func(o *object, path string) {
			r.params = append(r.params, gate.Pair{Name: f.text(o, path, "name", true), Value: f.text(o, path, "value", true)})
		})
		p.rules = append(p.rules, r)
	})
	return p
}

func (f *form) mapping(o *object, path string, mapping bool) mappingForm {
	m := mappingForm{at: path, raw: o.raw, registry: f.text(o, path, "registry", true), repository: f.text(o, path, "repository", true)}
	f.text(o, path, "name", f.upload)
	f.text(o, path, "id", false)
	f.required(o, path, "image")
	if raw, has := o.keys["image"]; has {
		if image := f.object(raw, join(path, "image")); image != nil {
			m.imageType = f.text(image, join(path, "image"), "type", true)
			m.image = f.text(image, join(path, "image"), "value", true)
			if m.imageType != "" {
				f.word(m.imageType, join(path, "image.type"), "tag", "digest", "id")
			}
		}
	}
	if mapping {
		m.policyID = f.optional(o, path, "policy_id")
		if ids, has := f.texts(o, path, "policy_ids"); has {
			m.policyIDs = &ids
		}
		m.allowlistIDs, _ = f.texts(o, path, "whitelist_ids")
	}
	return m
}

func (f *form) allowlist(o *object, path string) allowlistForm {
	a := allowlistForm{at: path, id: f.text(o, path, "id", true), version: f.text(o, path, "version", true), name: f.optional(o, path, "name")}
	f.text(o, path, "comment", false)
	f.each(o, path, "items", maxItems, func(o *object, path string) {
		a.items = append(a.items, itemForm{
			at: path, comment: f.text(o, path, "comment", false),
			id: f.optional(o, path, "id"), gate: f.text(o, path, "gate", true), triggerID: f.text(o, path, "trigger_id", true),
			expiresOn: f.text(o, path, "expires_on", false),
		})
	})
	return a
}

// object is a JSON object with its keys and its text.
type object struct {
	keys map[string]json.RawMessage
	raw  json.RawMessage
}

// fault notes one; plain says it to people, where the details do not.
func (f *form) fault(path, hint, plain, format string, args ...any) {
	if len(f.faults) >= maxProblems { // enough to work on
		return
	}
	p := problem("SchemaError", format, args...)
	if path != "" {
		p.Details += " - '" + path + "'"
	}
	if plain == "" {
		plain = fmt.Sprintf(format, args...)
	}
	p.Path, p.Hint, p.Message = bracketed(path), hint, plain
	f.faults = append(f.faults, p)
}

// bracketed writes "policies.0.rules.3" as "policies[0].rules[3]".
func bracketed(path string) string {
	var b strings.Builder
	for i, part := range strings.Split(path, ".") {
		switch {
		case part != "" && strings.Trim(part, "0123456789") == "":
			b.WriteString("[" + part + "]")
		case i > 0:
			b.WriteString("." + part)
		default:
			b.WriteString(part)
		}
	}
	return b.String()
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (f *form) object(raw json.RawMessage, path string) *object {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil || keys == nil {
		f.fault(path, "", plainly(raw)+" is not an object: keys and values in braces are wanted", "%s is not of type 'object'", shown(raw))
		return nil
	}
	return &object{keys: keys, raw: bytes.TrimSpace(raw)}
}

func (f *form) required(o *object, path, key string) {
	if _, has := o.keys[key]; !has {
		f.fault(path, f.misspelt(o, key), "the key "+strconv.Quote(key)+" is missing", "%s is a required property", gate.PythonText(key))
	}
}

// text reads a text; null stands for absent where it is not required.
func (f *form) text(o *object, path, key string, required bool) string {
	if required {
		f.required(o, path, key)
	}
	raw, has := o.keys[key]
	if !has || !required && isNull(raw) {
		return ""
	}
	var s string
	switch {
	case raw[0] != '"' || json.Unmarshal(raw, &s) != nil:
		f.fault(join(path, key), quoteHint(raw), plainly(raw)+" is not a text", "%s is not of type 'string'", shown(raw))
	case len(s) > maxText && key != "comment" && key != "description" && key != "value":
		f.fault(join(path, key), "", "", "the text has %d bytes; %d are allowed", len(s), maxText)
		return ""
	}
	return s
}

func (f *form) optional(o *object, path, key string) *string {
	if raw, has := o.keys[key]; !has || isNull(raw) {
		return nil
	}
	s := f.text(o, path, key, false)
	return &s
}

// list reads a list of at most most elements; 0 stands for any number.
func (f *form) list(o *object, path, key string, most int) (list []json.RawMessage, has bool) {
	raw, has := o.keys[key]
	if !has || isNull(raw) {
		return nil, false
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		f.fault(join(path, key), "put it in brackets", plainly(raw)+" is not a list", "%s is not of type 'array'", shown(raw))
		return nil, true
	}
	if most > 0 && len(list) > most {
		f.fault(join(path, key), "", "", "the list has %d elements; %d are allowed", len(list), most)
		return nil, true
	}
	return list, true
}

func (f *form) each(o *object, path, key string, most int, element func(o *object, path string)) {
	list, _ := f.list(o, path, key, most)
	for i, raw := range list {
		at := join(path, key) + "." + strconv.Itoa(i)
		if e := f.object(raw, at); e != nil {
			element(e, at)
		}
	}
}

func (f *form) texts(o *object, path, key string) ([]string, bool) {
	list, has := f.list(o, path, key, maxMappings)
	out := make([]string, len(list))
	for i, raw := range list {
		if raw[0] != '"' || json.Unmarshal(raw, &out[i]) != nil {
			f.fault(join(path, key)+"."+strconv.Itoa(i), quoteHint(raw), plainly(raw)+" is not a text", "%s is not of type 'string'", shown(raw))
		}
	}
	return out, has
}

func (f *form) word(s, path string, words ...string) {
	for _, w := range words {
		if s == w {
			return
		}
	}
	f.fault(path, didYouMean(s, words), strconv.Quote(clipped(s))+" is none of "+strings.Join(words, ", "), "%s is not one of %s", gate.PythonText(s), gate.PythonList(words))
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// plainly is a value as people write it, cut where it is long.
func plainly(raw json.RawMessage) string {
	return clipped(strings.Join(strings.Fields(string(raw)), " "))
}

// lineOf is where the byte before an offset stands.
func lineOf(doc []byte, offset int) (line, column int) {
	before := doc[:min(max(offset-1, 0), len(doc))]
	return 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}

// shown is a value as an error text shows it, cut where it is long.
func shown(raw json.RawMessage) string {
	s := strings.TrimSpace(string(raw))
	var text string
	switch {
	case s == "null":
		return "None"
	case s == "true":
		return "True"
	case s == "false":
		return "False"
	case strings.HasPrefix(s, `"`) && json.Unmarshal(raw, &text) == nil:
		s = gate.PythonText(text)
	}
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}
