package cases

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ruled is the bundle with these rules alone.
func ruled(rules ...string) string {
	return "id: b\nversion: 1_0\npolicies:\n  - id: p\n    version: 1_0\n    rules:\n      - " + strings.Join(rules, "\n      - ") +
		"\nmappings:\n  - {name: all, registry: '*', repository: '*', image: {type: tag, value: '*'}, policy_ids: [p], whitelist_ids: []}\n"
}

const (
	dueRule      = "{gate: exploitability, trigger: kev, action: STOP, params: [{name: due_passed, value: 'true'}]}"
	campaignRule = "{gate: exploitability, trigger: kev, action: STOP, params: [{name: ransomware, value: 'true'}]}"
	epssRule     = "{gate: exploitability, trigger: epss, action: STOP, params: [{name: min_percentile, value: '0.9'}]}"
	dueText      = `{gate: expression, trigger: matches, action: STOP, params: [{name: expression, value: 'findings.exists(f, f.kev_due != "" && f.ransomware)'}]}`
	movedRule    = "{gate: inheritance, trigger: base_outdated, action: STOP}"
	knownRule    = "{gate: inheritance, trigger: base_unknown, action: STOP}"
	staleRule    = "{gate: analysis, trigger: stale_source, action: STOP, params: [{name: max_days, value: '1'}]}"
	signRule     = "{gate: signatures, trigger: unsigned, action: STOP}"
)

// A scan keeps what its verdict took from outside of the image, so that a case of it gives the same; what nobody kept is told.
func TestFactsOfAResult(t *testing.T) {
	t.Parallel()
	exploited := strings.Replace(fixture, `"severity":"High"`, `"severity":"High","known_exploited":"2025-12-01"`, 1)
	kept := strings.Replace(exploited, `"gaps":[]`, `"gaps":[],"facts":{"threats":{"CVE-1":{"score":0.5,"percentile":0.97,"day":"2026-01-01","due":"2025-12-22","ransomware":true}},
"lineage":{"newer":[{"tag":"r.io/base:1","digest":"sha256:cc","was":"sha256:dd","since":"2026-01-01T00:00:00Z"}]},
"sources":[{"name":"Debian:12","last_sync":"2025-12-01T00:00:00Z"}],"signatures":{}}`, 1)
	analysis := strings.Split(fixture, `"findings"`)[0] + `"gaps":[]}`
	for name, tc := range map[string]struct {
		image, source, rule string
		action, want        string
	}{
		"due":                            {kept, "", dueRule, "stop", ""},
		"ransomware":                     {kept, "", campaignRule, "stop", ""},
		"likely":                         {kept, "", epssRule, "stop", ""},
		"an expression":                  {kept, "", dueText, "stop", ""},
		"a base that moved":              {kept, "", movedRule, "stop", ""},
		"an old source":                  {kept, "", staleRule, "stop", ""},
		"no signatures":                  {kept, "", signRule, "stop", ""},
		"threats of the case":            {kept, "facts: {threats: {}}", dueRule, "go", ""},
		"nobody kept a due day":          {exploited, "", dueRule, "", "a rule looks at how vulnerabilities are used"},
		"nobody kept it for expressions": {exploited, "", dueText, "", "a rule looks at how vulnerabilities are used"},
		"the case says it":               {exploited, "facts: {threats: {CVE-1: {due: 2025-12-22}}}", dueRule, "stop", ""},
		"no findings, no threats":        {exploited, "findings: []", dueRule, "go", ""},
		"a finding that the scan lacked": {kept, "findings: [{id: CVE-7, severity: High, package: openssl}]", dueRule, "", "a rule looks at how vulnerabilities are used"},
		"a finding that the scan had":    {kept, "findings: [{id: CVE-1, known_exploited: 2025-12-01, severity: High, package: openssl}]", dueRule, "stop", ""},
		"a base of an analysis":          {analysis, "", movedRule, "", "a rule looks at newer images of the base"},
		"no newer base":                  {analysis, "facts: {newer_bases: []}", movedRule, "go", ""},
		"none is the base":               {analysis, "", knownRule, "stop", ""},
		"sources of an analysis":         {analysis, "", staleRule, "", "a rule looks at the age of each source"},
		"no sources":                     {analysis, "facts: {sources: []}", staleRule, "go", ""},
		"signatures of an analysis":      {analysis, "", signRule, "", "a rule looks at signatures"},
		"signatures of the case":         {analysis, "facts: {signatures: []}", signRule, "stop", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Parse([]byte("image: x\nexpect: {}\n" + tc.source))
			if err != nil {
				t.Fatal(err)
			}
			in := inputs(t, ruled(tc.rule))
			if in.Fixture, err = ParseFixture([]byte(tc.image)); err != nil {
				t.Fatal(err)
			}
			o, err := c.Run(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want != "" {
				if o.Passed() || !strings.HasPrefix(o.Differences[0].Text, tc.want) {
					t.Errorf("got %+v, want %q", o, tc.want)
				}
				return
			}
			if diff := cmp.Diff(tc.action, o.Action); diff != "" || !o.Passed() {
				t.Errorf("%s%+v", diff, o)
			}
		})
	}
}
