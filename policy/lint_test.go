package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/policy"
)

// told writes problems in lines: what is wrong is left to other tests.
func told(list []policy.Problem) []string {
	var lines []string
	for _, p := range list {
		lines = append(lines, fmt.Sprintf("%s %s %s", p.Type, p.Path, p.Hint))
	}
	return lines
}

func TestFaultsHaveAPlaceAndAHint(t *testing.T) {
	t.Parallel()
	one := func(r string) string { return "{\n" + bundle("\n" + r)[1:] }
	for name, tc := range map[string]struct {
		source string
		at     string // what stands at the place
		want   []string
	}{
		"gate":               {one(rule("STOP", "vulnerabilites", "package")), `"vulnerabilites"`, []string{"GateNotFoundError policies[0].rules[0].gate did you mean vulnerabilities?"}},
		"gate by trigger":    {one(rule("STOP", "docker", "effective_user")), `"docker"`, []string{"GateNotFoundError policies[0].rules[0].gate gate dockerfile has a trigger of that name"}},
		"retired":            {one(rule("STOP", "anchoresec", "vulnhigh")), `"anchoresec"`, []string{"EndOfLifedError policies[0].rules[0].gate use gate vulnerabilities"}},
		"trigger":            {one(rule("STOP", "dockerfile", "efective-user")), `"efective-user"`, []string{"TriggerNotFoundError policies[0].rules[0].trigger did you mean effective_user?"}},
		"trigger elsewhere":  {one(rule("STOP", "dockerfile", "stale_feed_data")), `"stale_feed_data"`, []string{"TriggerNotFoundError policies[0].rules[0].trigger it is a trigger of gate vulnerabilities"}},
		"action":             {one(rule("stop", "always", "always")), `"stop"`, []string{"SchemaError policies[0].rules[0].action did you mean STOP?"}},
		"parameter":          {one(rule("STOP", "packages", "blacklist", "name=x", "verison=1")), `"verison"`, []string{"InvalidParameterError policies[0].rules[0].params[1].name did you mean version?"}},
		"no parameters":      {one(rule("STOP", "always", "always", "a=b")), `"a"`, []string{"InvalidParameterError policies[0].rules[0].params[0].name trigger always takes no parameters: remove it"}},
		"missing parameter":  {one(rule("STOP", "packages", "blacklist")), `{"id":"r"`, []string{`ParameterValueInvalidError policies[0].rules[0] add {"name": "name", "value": "telnetd"}`}},
		"word":               {one(rule("STOP", "dockerfile", "effective_user", "users=a", "type=backlist")), `"backlist"`, []string{"ParameterValueInvalidError policies[0].rules[0].params[1].value did you mean blacklist?"}},
		"word with blanks":   {one(rule("STOP", "dockerfile", "effective_user", "users=a", "type= blacklist")), `" blacklist"`, []string{"ParameterValueInvalidError policies[0].rules[0].params[1].value write it without blanks"}},
		"case of a word":     {one(rule("STOP", "vulnerabilities", "package", "package_type=all", "severity=High")), `"High"`, []string{"ParameterValueInvalidError policies[0].rules[0].params[1].value did you mean high?"}},
		"list":               {one(rule("STOP", "vulnerabilities", "blacklist", "vulnerability_ids=CVE-1,,CVE-2,")), `"CVE-1,,`, []string{`ParameterValueInvalidError policies[0].rules[0].params[0].value write "CVE-1,CVE-2"`}},
		"number":             {one(rule("STOP", "vulnerabilities", "stale_feed_data", "max_days_since_sync=two")), `"two"`, []string{`ParameterValueInvalidError policies[0].rules[0].params[0].value write it like "10"`}},
		"empty":              {one(rule("STOP", "vulnerabilities", "package", "package_type=all", "max_days_since_fix=")), `""`, []string{`ParameterValueInvalidError policies[0].rules[0].params[1].value leave the parameter out to have its default`}},
		"the last counts":    {one(rule("STOP", "vulnerabilities", "package", "package_type=x", "package_type=al")), `"al"`, []string{"ParameterValueInvalidError policies[0].rules[0].params[1].value did you mean all?"}},
		"number for a text":  {one(`{"gate":"always","trigger":"always","action":"GO","params":[{"name":"a","value":22}]}`), `22`, []string{`SchemaError policies[0].rules[0].params[0].value write "22", in quotes`}},
		"misspelt key":       {one(`{"gate":"always","triger":"always","action":"GO"}`), `{"gate"`, []string{`SchemaError policies[0].rules[0] there is 'triger': did you mean trigger?`}},
		"version":            {strings.Replace(bundle(always), `"version":"1_0","rules"`, `"version":"1.0","rules"`, 1), `"1.0"`, []string{`UnsupportedVersionError policies[0].version write "1_0"`}},
		"reference":          {strings.Replace(bundle(always), `"policy_ids":["p"]`, `"policy_ids":["P"]`, 1), `"P"`, []string{"ReferencedObjectNotFoundError mappings[0].policy_ids[0] did you mean p?"}},
		"twice":              {strings.Replace(bundle(always), `"policies":[`, `"policies":[{"id":"p","version":"1_0"},`, 1), `"p"`, []string{"DuplicateIdentifierFoundError policies[1].id the other one is policies[0]: give one of them an id of its own"}},
		"expiry":             {bundleWith(always, `{"gate":"always","trigger_id":"x","expires_on":"2027-01-01"}`, ""), `"2027-01-01"`, []string{"Exception whitelists[0].items[0].expires_on write it like 2027-06-30T00:00:00Z"}},
		"pattern":            {bundleWith(always, `{"gate":"always","trigger_id":"regexp:("}`, ""), `"regexp:("`, []string{"ValidationError whitelists[0].items[0].trigger_id "}},
		"pattern of mapping": {strings.Replace(bundle(always), `"repository":"*"`, `"repository":"regexp:("`, 1), `"regexp:("`, []string{"ValidationError mappings[0].repository "}},
		"YAML":               {"id: b\nversion: 1_0\nmappings:\n  - {name: m, registry: '*', repository: '*', image: {type: tag, value: '*'}, policy_ids: [p]}\npolicies:\n  - id: p\n    version: 1_0\n    rules:\n      - gate: always\n        trigger: always\n        action: HALT\n      - {gate: allways, trigger: always, action: STOP}\n", `HALT`, []string{"SchemaError policies[0].rules[0].action "}},
	} {
		_, err := policy.Parse([]byte(tc.source))
		e, ok := policy.IsInvalid(err)
		if !ok {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if diff := cmp.Diff(tc.want, told(e.Problems)); diff != "" {
			t.Errorf("%s: %s\n%s", name, diff, tc.source)
		}
		for _, p := range e.Problems {
			// What stands at the place is the value that is meant: texts of rules are the words of the test.
			lines := strings.Split(tc.source, "\n")
			if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1]) {
				t.Errorf("%s: no place %d:%d", name, p.Line, p.Column)
			} else if got := lines[p.Line-1][p.Column-1:]; !strings.HasPrefix(got, tc.at) {
				t.Errorf("%s: at its place stands %s, want %s", name, got, tc.at)
			}
		}
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	mapping := func(registry, repository, typ, value string) string {
		return fmt.Sprintf(`{"name":"m","registry":%q,"repository":%q,"image":{"type":%q,"value":%q},"policy_ids":["p"]}`, registry, repository, typ, value)
	}
	with := func(mappings ...string) string {
		return `{"id":"b","version":"1_0","policies":[{"id":"p","version":"1_0","rules":[` + always + `]}],"mappings":[` + strings.Join(mappings, ",") + `]}`
	}
	all := mapping("*", "*", "tag", "*")
	digest := "sha256:" + strings.Repeat("0a", 32)
	for name, tc := range map[string]struct {
		source string
		want   []string // path and the beginning of what is said
	}{
		"nothing":           {bundle(always), nil},
		"the default":       {string(policy.Default()), nil},
		"misspelt key":      {bundle(strings.TrimSuffix(always, "}") + `,"param":[]}`), []string{"policies[0].rules[0].param: the key \"param\" means nothing"}},
		"a key of theirs":   {bundle(strings.TrimSuffix(always, "}") + `,"x-owner":"me"}`), nil},
		"key twice":         {strings.Replace(bundle(always), `"id":"b"`, `"id":"a","id":"b"`, 1), []string{`id: the key "id" is given twice`}},
		"unused policy":     {strings.Replace(bundle(always), `"policies":[`, `"policies":[{"id":"q","version":"1_0","rules":[`+rule("GO", "no", "no")+`]},`, 1), []string{`policies[0]: no mapping rule names the policy "q"`, "policies[0].rules[0].gate: The specified gate is not found"}},
		"unused allowlist":  {with(all)[:len(with(all))-1] + `,"whitelists":[{"id":"w","version":"1_0"}]}`, []string{`whitelists[0]: no mapping rule names the allowlist "w"`}},
		"same rule":         {bundle(always + `,{"action":"STOP","gate":"ALWAYS","trigger":"always","id":"x"}`), []string{"policies[0].rules[1]: the rule is the same as policies[0].rules[0]"}},
		"same rule id":      {bundle(rule("GO", "always", "always") + "," + rule("STOP", "always", "always")), []string{`policies[0].rules[1].id: the rule id "r" is used twice`}},
		"parameter twice":   {bundle(rule("GO", "packages", "blacklist", "name=a", "NAME=b")), []string{`policies[0].rules[0].params[1]: the parameter "NAME" is given twice`}},
		"no rules":          {bundle(""), []string{`policies[0]: the policy "p" has no rules`}},
		"expired":           {bundleWith(always, `{"gate":"always","trigger_id":"always","expires_on":"2026-06-01T00:00:00Z"}`, ""), []string{"whitelists[0].items[0].expires_on: the item has expired"}},
		"not yet":           {bundleWith(always, `{"gate":"always","trigger_id":"always","expires_on":"2026-06-01T00:00:01Z"}`, ""), nil},
		"item's gate":       {bundleWith(always, `{"gate":"allways","trigger_id":"always"}`, ""), []string{`whitelists[0].items[0].gate: there is no gate "allways"`}},
		"item's package":    {bundleWith(always, `{"gate":"vulnerabilities","trigger_id":"CVE-2020-1"}`, ""), []string{"whitelists[0].items[0].trigger_id: ids of this gate are vulnerability+package"}},
		"same item":         {bundleWith(always, `{"gate":"always","trigger_id":"x"},{"gate":"Always","trigger_id":"x"}`, ""), []string{"whitelists[0].items[1]: the item allows what whitelists[0].items[0] allows already"}},
		"other wildcards":   {bundleWith(always, `{"gate":"always","trigger_id":"CVE-202?"}`, ""), []string{"whitelists[0].items[0].trigger_id: \"CVE-202?\": ? and [ stand for themselves"}},
		"no mapping":        {with(), []string{"mappings: there is no mapping rule", `policies[0]: no mapping rule names the policy "p"`}},
		"not all images":    {with(mapping("docker.io", "*", "tag", "*")), []string{"mappings: an image that no mapping rule selects passes"}},
		"never reached":     {with(all, mapping("docker.io", "*", "tag", "v*"), mapping("*", "*", "digest", digest)), []string{"mappings[1]: the mapping rule is never reached: mappings[0]", "mappings[2]: the mapping rule is never reached: mappings[0]"}},
		"same mapping":      {with(mapping("a", "b", "tag", "c"), mapping("a", "b", "tag", "c"), all), []string{"mappings[1]: the mapping rule is never reached: mappings[0]"}},
		"digest":            {with(mapping("*", "*", "digest", strings.Repeat("0a", 32)), all), []string{"mappings[0].image.value: \"0a0a"}},
		"id":                {with(mapping("*", "*", "id", digest), all), []string{"mappings[0].image.value: \"sha256:0a"}},
		"digest for a tag":  {with(mapping("*", "*", "tag", digest), all), []string{"mappings[0].image.value: a tag is never a digest"}},
		"registry twice":    {with(mapping("r.io", "r.io/a", "tag", "*"), all), []string{"mappings[0].repository: the repository begins with the registry"}},
		"errors and more":   {bundle(rule("STOP", "allways", "always") + "," + rule("GO", "always", "always")), []string{"policies[0].rules[0].gate: The specified gate", `policies[0].rules[1].id: the rule id "r" is used twice`}},
		"form and meaning":  {bundle(rule("STOP", "allways", "always") + `,{"gate":"always","trigger":"never","action":"no"},{"gate":"x"}`), []string{"policies[0].rules[0].gate: The specified gate", "policies[0].rules[1].action: 'no' is not one of", "policies[0].rules[1].trigger: Trigger not found", "policies[0].rules[2]: 'trigger' is a required property", "policies[0].rules[2]: 'action' is a required property"}},
		"an empty list":     {strings.Replace(with(all), `["p"]`, `[]`, 1), []string{"mappings[0].policy_ids: the mapping rule names no policy", `policies[0]: no mapping rule names the policy "p"`}},
		"a denied image":    {bundleWith(always, "", `,"blacklisted_images":[{"name":"n","registry":"*","repository":"*","image":{"type":"id","value":"x"}}]`), []string{"blacklisted_images[0].image.value: \"x\" is no image id"}},
		"form ends it soon": {"[1]", []string{": [1] is not of type 'object'"}},
	} {
		var got []string
		for _, p := range policy.Lint([]byte(tc.source), at, nil) {
			s := p.Path + ": " + p.Details
			for _, w := range tc.want {
				if strings.HasPrefix(s, w) {
					s = w
				}
			}
			got = append(got, s)
			if p.Path != "" && p.Line == 0 && p.Path != "mappings" {
				t.Errorf("%s: no place of %s", name, p.Path)
			}
		}
		slices.Sort(got)
		slices.Sort(tc.want)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s\n%s", name, diff, tc.source)
		}
	}
}

// A bundle in YAML is the same bundle.
func TestYAMLBundle(t *testing.T) {
	t.Parallel()
	source := `# ours
id: b
version: 1_0
name: B
policies:
  - id: p
    version: 1_0
    rules:
      - &ports {gate: dockerfile, trigger: exposed_ports, action: STOP, params: [{name: ports, value: 22}, {name: type, value: blacklist}]}
      - <<: *ports
        action: WARN
        params: [{name: ports, value: 2222}, {name: type, value: blacklist}, {name: actual_dockerfile_only, value: true}]
whitelists:
  - {id: w, name: W, version: 1_0, items: [{gate: always, trigger_id: always, expires_on: 2027-01-01T00:00:00Z}]}
mappings:
  - {name: all, registry: "*", repository: "*", image: {type: tag, value: 1.10}, policy_ids: [p], whitelist_ids: [w]}
owner: {team: 7, on: true}
`
	b := mustParse(t, source)
	want := `{
  "id": "b",
  "version": "1_0",
  "name": "B",
  "policies": [
    {
      "id": "p",
      "version": "1_0",
      "rules": [
        {
          "gate": "dockerfile",
          "trigger": "exposed_ports",
          "action": "STOP",
          "params": [
            {
              "name": "ports",
              "value": "22"
            },
            {
              "name": "type",
              "value": "blacklist"
            }
          ]
        },
        {
          "action": "WARN",
          "params": [
            {
              "name": "ports",
              "value": "2222"
            },
            {
              "name": "type",
              "value": "blacklist"
            },
            {
              "name": "actual_dockerfile_only",
              "value": "true"
            }
          ],
          "gate": "dockerfile",
          "trigger": "exposed_ports"
        }
      ]
    }
  ],
  "whitelists": [
    {
      "id": "w",
      "name": "W",
      "version": "1_0",
      "items": [
        {
          "gate": "always",
          "trigger_id": "always",
          "expires_on": "2027-01-01T00:00:00Z"
        }
      ]
    }
  ],
  "mappings": [
    {
      "name": "all",
      "registry": "*",
      "repository": "*",
      "image": {
        "type": "tag",
        "value": "1.10"
      },
      "policy_ids": [
        "p"
      ],
      "whitelist_ids": [
        "w"
      ]
    }
  ],
  "owner": {
    "team": 7,
    "on": true
  }
}
`
	if diff := cmp.Diff(want, string(b.Document())); diff != "" {
		t.Error(diff)
	}
}
