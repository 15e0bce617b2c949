package policy_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/internal/yamldoc"
	"landwaiter.dev/policy"
)

// bundle writes a bundle around rules, with one mapping for all images.
func bundle(rules string) string {
	return bundleWith(rules, "", "")
}

// bundleWith adds allowlist items and further top-level keys.
func bundleWith(rules, items, more string) string {
	return `{"id":"b","version":"1_0","name":"B","policies":[{"id":"p","version":"1_0","rules":[` + rules + `]}],
"whitelists":[{"id":"w","name":"W","version":"1_0","items":[` + items + `]}],
"mappings":[{"name":"all","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["p"],"whitelist_ids":["w"]}]` + more + `}`
}

// rule writes one rule; params as "name=value".
func rule(action, gate, trigger string, params ...string) string {
	s := fmt.Sprintf(`{"id":"r","action":%q,"gate":%q,"trigger":%q,"params":[`, action, gate, trigger)
	for i, p := range params {
		name, value, _ := strings.Cut(p, "=")
		if i > 0 {
			s += ","
		}
		s += fmt.Sprintf(`{"name":%q,"value":%q}`, name, value)
	}
	return s + `]}`
}

const always = `{"action":"STOP","gate":"always","trigger":"always"}`

func mustParse(t testing.TB, doc string) *policy.Bundle {
	t.Helper()
	b, err := policy.Parse([]byte(doc))
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	return b
}

func TestDocumentIsKept(t *testing.T) {
	t.Parallel()
	doc := " {\n\t\"version\" : \"1_0\", \"id\":\"b\", \"x\": 1.50, \"mappings\":[], \"policies\" : [ ], \"é\\u00e9\":null }\n"
	given := []byte(doc)
	b, err := policy.Parse(given)
	if err != nil {
		t.Fatal(err)
	}
	clear(given)
	if !bytes.Equal(b.Document(), []byte(doc)) {
		t.Errorf("got %s", b.Document())
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	swap := func(old, with string) string {
		doc := bundle(always)
		if !strings.Contains(doc, old) {
			panic("no " + old)
		}
		return strings.Replace(doc, old, with, 1)
	}
	for name, tc := range map[string]struct{ doc, want string }{
		"empty":              {``, "the bundle is not valid JSON: unexpected end of JSON input"},
		"not JSON":           {`{"id"`, "the bundle is not valid JSON: unexpected end of JSON input"},
		"two documents":      {`{} {}`, "the bundle is not valid JSON: invalid character '{' after top-level value"},
		"not an object":      {`[1]`, "[1] is not of type 'object'"},
		"a text":             {`hello, world`, "the bundle is neither JSON nor a mapping of YAML"},
		"null":               {`null`, "None is not of type 'object'"},
		"not UTF-8":          {"{\"id\":\"\xff\"}", "the bundle is not UTF-8"},
		"no version":         {swap(`"version":"1_0","name":"B",`, ""), "'version' is a required property"},
		"keys have case":     {swap(`"id":"b"`, `"ID":"b"`), "'id' is a required property"},
		"empty id":           {swap(`"id":"b"`, `"id":""`), "the id must not be empty - 'id'"},
		"no policies":        {`{"id":"b","version":"1_0","mappings":[]}`, "'policies' is a required property"},
		"no mappings":        {`{"id":"b","version":"1_0","policies":[]}`, "'mappings' is a required property"},
		"id is a number":     {swap(`"id":"b"`, `"id":5`), "5 is not of type 'string' - 'id'"},
		"action":             {swap(`"STOP"`, `"stop"`), "'stop' is not one of ['GO', 'STOP', 'WARN'] - 'policies.0.rules.0.action'"},
		"no action":          {swap(`"action":"STOP",`, ``), "'action' is a required property - 'policies.0.rules.0'"},
		"no gate":            {swap(`"gate":"always",`, ``), "'gate' is a required property - 'policies.0.rules.0'"},
		"rules are a text":   {swap(`"rules":[`+always+`]`, `"rules":"x"`), "'x' is not of type 'array' - 'policies.0.rules'"},
		"rule is true":       {swap(always, `true`), "True is not of type 'object' - 'policies.0.rules.0'"},
		"value is a number":  {swap(always, `{"action":"GO","gate":"g","trigger":"t","params":[{"name":"n","value":3}]}`), "3 is not of type 'string' - 'policies.0.rules.0.params.0.value'"},
		"no value":           {swap(always, `{"action":"GO","gate":"g","trigger":"t","params":[{"name":"n"}]}`), "'value' is a required property - 'policies.0.rules.0.params.0'"},
		"mapping's name":     {swap(`"name":"all",`, ``), "'name' is a required property - 'mappings.0'"},
		"mapping's image":    {swap(`"image":{"type":"tag","value":"*"},`, ``), "'image' is a required property - 'mappings.0'"},
		"image type":         {swap(`"type":"tag"`, `"type":"name"`), "'name' is not one of ['tag', 'digest', 'id'] - 'mappings.0.image.type'"},
		"policy id":          {swap(`["p"]`, `["p",7]`), "7 is not of type 'string' - 'mappings.0.policy_ids.1'"},
		"item's trigger":     {swap(`"items":[]`, `"items":[{"gate":"g"}]`), "'trigger_id' is a required property - 'whitelists.0.items.0'"},
		"allowed image":      {swap(`"mappings"`, `"whitelisted_images":[{"name":"n"}],"mappings"`), "'registry' is a required property - 'whitelisted_images.0'"},
		"too long an id":     {swap(`"id":"b"`, `"id":"`+strings.Repeat("x", 5000)+`"`), "the text has 5000 bytes; 4096 are allowed - 'id'"},
		"too many params":    {swap(always, `{"action":"GO","gate":"g","trigger":"t","params":[`+strings.Repeat(`{"name":"a","value":"b"},`, 100)+`{"name":"a","value":"b"}]}`), "the list has 101 elements; 100 are allowed - 'policies.0.rules.0.params'"},
		"a long wrong value": {swap(`"id":"b"`, `"id":[`+strings.Repeat("1,", 500)+`1]`), "[" + strings.Repeat("1,", 49) + "1… is not of type 'string' - 'id'"},
	} {
		_, err := policy.Parse([]byte(tc.doc))
		e, ok := policy.IsInvalid(err)
		if !ok || e.Form != tc.want {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

func TestValidation(t *testing.T) {
	t.Parallel()
	doc := func(mapping, policies, allowlists string) string {
		return `{"id":"b","version":"1_0","policies":[` + policies + `],"whitelists":[` + allowlists + `],"mappings":[{"name":"m","registry":"*","repository":"*","image":{"type":"tag","value":"*"}` + mapping + `}]}`
	}
	const p, w = `{"id":"p","version":"1_0"}`, `{"id":"w","version":"1_0"}`
	for name, tc := range map[string]struct {
		doc  string
		want []string // "problem_type: beginning of details", all of them
	}{
		"optional lists":           {doc(`,"policy_id":"p"`, p, ""), nil},
		"null lists":               {doc(`,"policy_ids":["p"],"whitelist_ids":null`, `{"id":"p","version":"1_0","rules":null,"name":null}`, ""), nil},
		"unused is not looked at":  {doc(`,"policy_id":"p"`, p+`,{"id":"x","version":"9","rules":[{"gate":"no","trigger":"no","action":"GO"}]},{"id":"x","version":"9"}`, `{"id":"y","version":"0"}`), nil},
		"bundle version":           {strings.Replace(doc("", p, ""), "1_0", "2_0", 1), []string{`UnsupportedVersionError: Found version 2_0, expected one of supported versions ['1_0']. Detail:"Version not supported" (bundle=b)`}},
		"policy version":           {doc(`,"policy_id":"p"`, `{"id":"p","version":"1"}`, ""), []string{`UnsupportedVersionError: Found version 1, expected one of supported versions ['1_0']. Detail:"Version not supported" (policy=p)`}},
		"allowlist version":        {doc(`,"policy_id":"p","whitelist_ids":["w"]`, p, `{"id":"w","version":""}`), []string{`UnsupportedVersionError: Found version , expected`}},
		"both kinds of ids":        {doc(`,"policy_id":"p","policy_ids":["p"]`, p, ""), []string{"ValidationError: Cannot specify both policy_id and policy_ids properties in mapping rule, must use one or the other"}},
		"no ids":                   {doc(``, p, ""), []string{`ValidationError: No policy_id or policy_ids property found for mapping rule: {"name":"m"`}},
		"unknown references":       {doc(`,"policy_ids":["x","p"],"whitelist_ids":["y"]`, p, w), []string{"ReferencedObjectNotFoundError: Referenced object not found (reference_type=policy,reference_id=x)", "ReferencedObjectNotFoundError: Referenced object not found (reference_type=whitelist,reference_id=y)"}},
		"twice":                    {doc(`,"policy_id":"p","whitelist_ids":["w"]`, p+","+p, w+","+w), []string{"DuplicateIdentifierFoundError: Object identifier found multiple times, not unique (identifier=p,identifier_type=policy)", "DuplicateIdentifierFoundError: Object identifier found multiple times, not unique (identifier=w,identifier_type=whitelist)"}},
		"unknown gate":             {bundle(rule("STOP", "nogate", "x")), []string{"GateNotFoundError: The specified gate is not found in the policy engine as a valid gate name (gate=nogate,trigger=None,rule_id=r,valid_gates=['always', 'dockerfile', 'files', 'ruby_gems', 'metadata', 'licenses', 'malware', 'npms', 'packages', 'passwd_file', 'retrieved_files', 'secret_scans', 'vulnerabilities', 'analysis', 'exploitability', 'remediation', 'inheritance', 'license_terms', 'secrets', 'image', 'signatures', 'expression'])"}},
		"unknown trigger":          {bundle(rule("STOP", "Packages", "x")), []string{"TriggerNotFoundError: Trigger not found for specified gate. Valid triggers are: ['required_package', 'verify', 'blacklist'] (gate=packages,trigger=x,rule_id=r)"}},
		"retired":                  {bundle(rule("STOP", "gemcheck", "gemnofeed")), []string{"EndOfLifedError: Gate gemcheck has been End-of-Lifed. It will not be evaluated, and should be removed from policies and replaced with 'ruby_gems' (gate=gemcheck,trigger=gemnofeed,rule_id=r)"}},
		"retired for good":         {bundle(rule("STOP", "pkgdiff", "pkgadd")), []string{"EndOfLifedError: Gate pkgdiff has been End-of-Lifed. It will not be evaluated, and should be removed from policies (gate=pkgdiff"}},
		"unknown parameter":        {bundle(rule("STOP", "packages", "blacklist", "name=a", "colour=b")), []string{"InvalidParameterError: Rule validation error (gate=packages,trigger=blacklist,rule_id=r,parameter=colour,valid_parameters=['name', 'version'])"}},
		"missing parameter":        {bundle(`{"gate":"packages","trigger":"blacklist","action":"GO"}`), []string{"ParameterValueInvalidError: Required parameter (gate=packages,trigger=blacklist,rule_id=None,parameter=name)"}},
		"refused value":            {bundle(rule("STOP", "dockerfile", "effective_user", "users=a", "type=both")), []string{`ParameterValueInvalidError: Parameter validation failed: JSON Schema validation failed. Schema={"enum":["whitelist","blacklist"],"type":"string"}, Detail='both' is not one of ['whitelist', 'blacklist'] (gate=dockerfile,trigger=effective_user,rule_id=r,parameter=type)`}},
		"refused expression":       {bundle(rule("STOP", "dockerfile", "instruction", "instruction=RUN", "check=like", "value=(")), []string{`ParameterValueInvalidError: Parameter validation failed: the regular expression "(" is not valid: missing ), unterminated subpattern at position 1 (gate=dockerfile,trigger=instruction,rule_id=r,parameter=value)`}},
		"expiry":                   {bundleWith(always, `{"id":"i","gate":"g","trigger_id":"t","expires_on":"tomorrow"}`, ""), []string{"Exception: could not convert input value (tomorrow) into datetime using formats in ['%Y-%m-%dT%H:%M:%SZ'"}},
		"expression of an item":    {bundleWith(always, `{"gate":"g","trigger_id":"regexp:["}`, ""), []string{`ValidationError: Pattern cannot be used: the regular expression "[" is not valid: unterminated character set at position 1 (whitelist=w,item=0,item_id=None)`}},
		"expression of a mapping":  {strings.Replace(bundle(always), `"registry":"*"`, `"registry":"regexp:*"`, 1), []string{`ValidationError: Pattern cannot be used: the regular expression "*" is not valid: nothing to repeat at position 1 (mappings.0.registry)`}},
		"expression of an image":   {bundleWith(always, "", `,"blacklisted_images":[{"name":"n","registry":"*","repository":"regexp:(","image":{"type":"tag","value":"*"}}]`), []string{`ValidationError: Pattern cannot be used: the regular expression "(" is not valid`}},
		"everything is told":       {bundle(rule("STOP", "nogate", "x") + "," + rule("STOP", "packages", "blacklist", "a=b") + "," + rule("STOP", "always", "never")), []string{"GateNotFoundError: ", "InvalidParameterError: ", "ParameterValueInvalidError: ", "TriggerNotFoundError: "}},
		"names in any case":        {bundle(rule("STOP", "PACKAGES", "BlackList", "NAME=a")), nil},
		"old default of the world": {bundle(rule("WARN", "vulnerabilities", "package", "package_type=all", "severity_comparison==", "severity=medium") + "," + rule("STOP", "dockerfile", "exposed_ports", "ports=22", "type=blacklist")), nil},
	} {
		var got []string
		if _, err := policy.Parse([]byte(tc.doc)); err != nil {
			e, ok := policy.IsInvalid(err)
			if !ok || e.Form != "" {
				t.Errorf("%s: got %v", name, err)
				continue
			}
			for i, p := range e.Problems {
				text := p.Type + ": " + p.Details
				if i < len(tc.want) && strings.HasPrefix(text, tc.want[i]) && p.Severity == "error" {
					text = tc.want[i]
				}
				got = append(got, text)
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestHostileBundles(t *testing.T) {
	t.Parallel()
	list := func(one string, n int) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	var deep strings.Builder
	for range 9000 {
		deep.WriteString(`{"a":[`)
	}
	for name, doc := range map[string]string{
		"large":            `{"id":"` + strings.Repeat("x", policy.MaxDocument) + `"}`,
		"deep":             deep.String() + "1" + strings.Repeat("]}", 9000),
		"many faults":      bundle(list(`{}`, 19_000)),
		"many rules":       bundle(list(always, 20_001)),
		"many unknown":     bundle(list(rule("GO", "x", "y"), 19_000)),
		"many runs":        strings.Replace(bundle(list(always, 1000)), `["p"]`, `[`+list(`"p"`, 100)+`]`, 1),
		"many mappings":    `{"id":"b","version":"1_0","policies":[],"mappings":[` + list("{}", 10_001) + `]}`,
		"many items":       bundleWith(always, list(`{"gate":"g","trigger_id":"t"}`, 100_001), ""),
		"many patterns":    bundleWith(always, list(`{"gate":"g","trigger_id":"*t"}`, 10_001), ""),
		"many expressions": bundleWith(always, list(`{"gate":"g","trigger_id":"regexp:(a|b)*\\w"}`, 2_001), ""),
		"YAML bomb":        yamlBomb(),
		"large YAML":       "id: " + strings.Repeat("x", policy.MaxYAML),
		"deep YAML":        strings.Repeat("- ", 1<<20),
		"not UTF-8":        "id: \xff\n",
		"long expression":  bundleWith(always, `{"gate":"g","trigger_id":"regexp:`+strings.Repeat("(", 4000)+`"}`, ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := policy.Parse([]byte(doc))
			if spent := time.Since(start); spent > 30*time.Second {
				t.Errorf("took %v", spent)
			}
			e, ok := policy.IsInvalid(err)
			if !ok || len(e.Problems) == 0 || len(e.Problems) > 201 || len(err.Error()) > 10_000 {
				t.Errorf("got %d bytes of %T", len(fmt.Sprint(err)), err)
			}
		})
	}
}

func yamlBomb() string {
	s := "id: b\nversion: 1_0\npolicies: []\nmappings: []\nx0: &x0 [x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 20; i++ {
		s += fmt.Sprintf("x%d: &x%d [*x%d, *x%d, *x%d, *x%d]\n", i, i, i-1, i-1, i-1, i-1)
	}
	return s
}

// A large bundle is read soon, in either form, and looked through by lint.
func TestManyRules(t *testing.T) {
	t.Parallel()
	var json, yaml strings.Builder
	yaml.WriteString("id: b\nversion: 1_0\nmappings: [{name: m, registry: '*', repository: '*', image: {type: tag, value: '*'}, policy_ids: [p]}]\npolicies:\n- id: p\n  version: 1_0\n  rules:\n")
	for i := range 10_000 {
		name := fmt.Sprint("name=p", i)
		json.WriteString("," + strings.Replace(rule("STOP", "packages", "blacklist", name), `"r"`, fmt.Sprintf(`"r%d"`, i), 1))
		fmt.Fprintf(&yaml, "  - {gate: packages, trigger: blacklist, action: STOP, params: [{name: name, value: p%d}]}\n", i)
	}
	for name, source := range map[string]string{"JSON": bundle(json.String()[1:]), "YAML": yaml.String()} {
		start := time.Now()
		mustParse(t, source)
		if list := policy.Lint([]byte(source), now, nil); len(list) > 0 {
			t.Errorf("%s: %v", name, list[0])
		}
		if spent := time.Since(start); spent > time.Minute {
			t.Errorf("%s: took %v", name, spent)
		}
		t.Logf("%s: %d bytes in %v", name, len(source), time.Since(start))
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(bundle(always)))
	f.Add(policy.Default())
	f.Add([]byte(bundleWith(rule("STOP", "vulnerabilities", "package", "package_type=all"), `{"gate":"always","trigger_id":"al*","expires_on":"2026-01-01T00:00:00Z"}`, `,"whitelisted_images":[]`)))
	f.Add([]byte(`{"id":"b","version":"1_0","policies":[{"id":null}],"mappings":[[]]}`))
	f.Add([]byte("id: b\nversion: 1_0\npolicies: [&p {id: p, version: 1_0}]\nmappings: []\nx: *p\n"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		for _, p := range policy.Lint(doc, now, nil) {
			if p.Details == "" || p.Line < 0 || p.Column < 0 {
				t.Fatalf("lint says %+v", p)
			}
		}
		b, err := policy.Parse(doc)
		if err != nil {
			if e, ok := policy.IsInvalid(err); !ok || len(e.Problems) == 0 || b != nil {
				t.Fatalf("got %v, %v", b, err)
			}
			if b, err = policy.Load(doc); err != nil {
				return
			}
		}
		if yamldoc.IsJSON(doc) && !bytes.Equal(b.Document(), doc) {
			t.Fatal("the document was changed")
		}
		checkDocument(t, evaluated(b, policy.Input{Tag: "a/b:c", At: now}))
	})
}

// A key that is given twice is refused at the door; what was accepted before goes on working.
func TestAKeyGivenTwice(t *testing.T) {
	t.Parallel()
	for in, where := range map[string]string{
		`"id":"b"`:        "id",
		`"rules":[`:       "policies[0].rules",
		`"gate":"always"`: "policies[0].rules[0].gate",
	} {
		source := strings.Replace(bundle(always), in, in[:strings.Index(in, ":")]+`:"x",`+in, 1)
		_, err := policy.Parse([]byte(source))
		invalid, is := policy.IsInvalid(err)
		if !is || !slices.ContainsFunc(invalid.Problems, func(p policy.Problem) bool { return p.Path == where && strings.Contains(p.Details, "is given twice") }) {
			t.Errorf("%s: %v", source, err)
		}
		if _, err := policy.Load([]byte(source)); err != nil {
			t.Errorf("stored, %s: %v", source, err)
		}
	}
}
