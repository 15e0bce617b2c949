package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/policy"
)

const bundle = `
id: b
version: 1_0
policies:
  - id: p
    version: 1_0
    rules:
      - {gate: vulnerabilities, trigger: package, action: STOP, params: [{name: package_type, value: all}, {name: severity, value: medium}]}
      - {gate: dockerfile, trigger: instruction, action: WARN, params: [{name: instruction, value: HEALTHCHECK}, {name: check, value: not_exists}]}
      - {gate: vulnerabilities, trigger: stale_feed_data, action: WARN, params: [{name: max_days_since_sync, value: 2}]}
whitelists:
  - {id: w, name: Ours, version: 1_0, items: [{gate: vulnerabilities, trigger_id: "CVE-2+*"}]}
mappings:
  - {name: all, registry: "*", repository: "*", image: {type: tag, value: "*"}, policy_ids: [p], whitelist_ids: [w]}
`

const fixture = `{"schema":"landwaiter-result/1","reference":"r.io/app:1","at":"2026-01-02T03:04:05Z",
"analysis":{"schema":1,"digest":"sha256:aa","id":"sha256:bb","distro":{"id":"debian","version_id":"12"},"dockerfile":"FROM scratch\n",
"packages":[{"type":"deb","name":"openssl","version":"3.0.1-1","location":"var/lib/dpkg/status","layer":0}]},
"findings":[{"id":"CVE-1","ids":["CVE-1"],"severity":"High","state":"fixed","fixes":["3.0.2"],"evidence":[],
"package":{"type":"deb","name":"openssl","version":"3.0.1-1","location":"var/lib/dpkg/status","layer":0},"distinct":{"ecosystem":"Debian:12","name":"openssl","version":"3.0.1-1"}}],"gaps":[]}`

func inputs(t *testing.T, source string) Inputs {
	t.Helper()
	b, err := policy.Parse([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseFixture([]byte(fixture))
	if err != nil {
		t.Fatal(err)
	}
	return Inputs{Bundle: b, Fixture: f}
}

func TestCases(t *testing.T) {
	t.Parallel()
	const head = "image: x\nbundle: b\n"
	for name, tc := range map[string]struct {
		source string
		want   []string
	}{
		"all is as expected":    {"expect: {action: STOP, reason: policy_evaluation, rows: [{gate: Vulnerabilities, trigger_id: CVE-1+openssl, action: Stop}]}", nil},
		"nothing is expected":   {"", []string{"! the case expects nothing: write expect, or let --update write it"}},
		"another action":        {"expect: {action: go, reason: whitelisted}", []string{"~ action: want go, got stop", "~ reason: want whitelisted, got policy_evaluation"}},
		"a row is missing":      {"expect: {rows: [{gate: packages, trigger: verify}]}", []string{"- packages verify"}},
		"a row too much":        {"expect: {only: true, rows: [{gate: dockerfile}]}", []string{"+ stop vulnerabilities package CVE-1+openssl (HIGH Vulnerability found in os package type (dpkg) - openssl (fixed in: 3.0.2)(CVE-1 - ))"}},
		"a row is not the same": {"expect: {only: true, rows: [{gate: dockerfile}, {gate: vulnerabilities, trigger_id: CVE-1+openssl, action: warn}]}", []string{"~ warn vulnerabilities CVE-1+openssl: action: want warn, got stop"}},
		"each has one":          {"expect: {rows: [{gate: vulnerabilities}, {gate: vulnerabilities}]}", []string{"- vulnerabilities"}},
		"the best assignment":   {"expect: {only: true, rows: [{action: stop}, {gate: vulnerabilities, trigger: package}, {action: warn}]}\nfindings: [{id: CVE-1, severity: High, package: openssl}, {id: CVE-9, severity: High, package: openssl}]", nil},
		"absent":                {"expect: {absent: [{gate: dockerfile}, {gate: files}]}", []string{"+ warn dockerfile instruction 41cb7c (Dockerfile directive 'HEALTHCHECK' not found, matching condition 'not_exists' check), which must be absent"}},
		"findings of its own":   {"expect: {only: true, action: warn, rows: [{gate: dockerfile}]}\nfindings: []", nil},
		"findings by name":      {"expect: {action: warn, rows: [{trigger_id: CVE-2+openssl, action: go, allowed: Ours}]}\nfindings: [{id: CVE-2, severity: Critical, package: openssl, fixes: [1]}]", nil},
		"a given Dockerfile":    {"dockerfile: Dockerfile\nfindings: []\nexpect: {action: go, only: true}", nil},
		"old data":              {"findings: []\nfeed: {present: true, last_sync: 2025-12-01}\nexpect: {rows: [{trigger: stale_feed_data}]}", nil},
		"a moment of its own":   {"at: 2025-01-31\nfindings: []\nexpect: {action: warn}", nil},
	} {
		c, err := Parse([]byte(head + tc.source))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		in := inputs(t, bundle)
		if c.Dockerfile != "" {
			in.Dockerfile = "FROM scratch\nHEALTHCHECK CMD true\n"
		}
		o, err := c.Run(t.Context(), in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, d := range o.Differences {
			s := d.Sign + " " + d.Text
			if i := strings.Index(s, "instruction "); i > 0 { // a hash, of which the beginning is enough
				s = s[:i+18] + s[i+44:]
			}
			got = append(got, s)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestFilesOfACase(t *testing.T) {
	t.Parallel()
	in := inputs(t, strings.ReplaceAll(bundle, "{gate: vulnerabilities, trigger: stale_feed_data, action: WARN, params: [{name: max_days_since_sync, value: 2}]}", "{gate: files, trigger: suid_or_guid_set, action: STOP}"))
	run := func(files string) *Outcome {
		t.Helper()
		c, err := Parse([]byte("image: x\nfindings: []\nexpect: {}\n" + files))
		if err != nil {
			t.Fatal(err)
		}
		o, err := c.Run(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	if o := run("files: [{path: /bin/su, mode: 4755}, {path: /bin/sh, mode: 0755, size: 3}, {path: /tmp, type: dir, mode: 1777}]"); !o.Passed() || o.Action != "stop" {
		t.Errorf("got %+v", o)
	}
	if o := run(""); o.Passed() || !strings.HasPrefix(o.Differences[0].Text, "a rule looks at the files of the image") {
		t.Errorf("files that are not known pass: %+v", o)
	}
}

func TestFindingsThatNobodyLookedFor(t *testing.T) {
	t.Parallel()
	const missed = "a rule looks at vulnerabilities, and nobody looked for them"
	scan := strings.Replace(fixture, `"findings":[{`, `"findings":[{"epss":{"score":0.5,"percentile":0.9},`, 1)
	for name, tc := range map[string]struct {
		image, findings, source string
		action, want            string
	}{
		"an analysis alone":          {image: strings.Split(fixture, `"findings"`)[0] + `"gaps":[]}`, want: missed},
		"none":                       {image: strings.Split(fixture, `"findings"`)[0] + `"gaps":[]}`, source: "findings: []", action: "warn"},
		"a scan that found none":     {image: strings.Split(fixture, `"findings"`)[0] + `"findings":[]}`, action: "warn"},
		"an analysis and a scan":     {image: strings.Split(fixture, `"findings"`)[0] + `"gaps":[]}`, findings: scan, action: "stop"},
		"no rule looks at them":      {image: strings.Split(fixture, `"findings"`)[0] + `"gaps":[]}`, source: "bundle: b", action: "go"},
		"a scan of another image":    {image: strings.Replace(fixture, "sha256:aa", "sha256:cc", 1), findings: scan, want: "findings: the result is of another image"},
		"an analysis as if it scans": {image: fixture, findings: strings.Split(fixture, `"findings"`)[0] + `"gaps":[]}`, want: "findings: it is neither a list of findings nor a result of landwaiter scan"},
	} {
		c, err := Parse([]byte("image: x\nexpect: {}\n" + tc.source))
		if err != nil {
			t.Fatal(err)
		}
		in := inputs(t, bundle)
		if c.Bundle != "" {
			in = inputs(t, `{"id":"b","version":"1_0","policies":[],"mappings":[]}`)
		}
		if in.Fixture, err = ParseFixture([]byte(tc.image)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if tc.findings != "" {
			in.Findings = []byte(tc.findings)
		}
		o, err := c.Run(t.Context(), in)
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case !o.Passed():
			got = o.Differences[0].Text
		case o.Action != tc.action:
			t.Errorf("%s: got %s, want %s", name, o.Action, tc.action)
		}
		if !strings.HasPrefix(got, tc.want) || (got == "") != (tc.want == "") {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

// An image that is read now has files and no moment; a scan of it has the findings, their scores and the moment.
func TestFilesAndFindings(t *testing.T) {
	t.Parallel()
	f, err := ParseFixture([]byte(strings.Replace(strings.Split(fixture, `"findings"`)[0]+`"gaps":[{"kind":"a"}]}`, `"at":"2026-01-02T03:04:05Z",`, "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	with, err := f.With([]byte(strings.NewReplacer(`"findings":[{`, `"findings":[{"epss":{"score":0.5},`, `"gaps":[]`, `"gaps":[{"kind":"a"},{"kind":"b"}]`).Replace(fixture)))
	if err != nil {
		t.Fatal(err)
	}
	if len(with.Findings) != 1 || with.Threats["CVE-1"].Score != 0.5 || with.At.IsZero() || len(with.Gaps) != 2 || f.Findings != nil {
		t.Errorf("got %+v", with)
	}
}

func TestFactsOfACase(t *testing.T) {
	t.Parallel()
	in := inputs(t, strings.ReplaceAll(bundle, "{gate: vulnerabilities, trigger: stale_feed_data, action: WARN, params: [{name: max_days_since_sync, value: 2}]}",
		"{gate: exploitability, trigger: epss, action: WARN, params: [{name: min_score, value: 0.5}]}\n      - {gate: signatures, trigger: unsigned, action: WARN}"))
	for facts, want := range map[string][]string{
		"{}": {"signatures"},
		"{threats: {CVE-1: {score: 0.6, percentile: 0.9, day: 2026-01-01}}}": {"exploitability", "signatures"},
		"{signatures: [{trust: release}]}":                                   nil,
	} {
		c, err := Parse([]byte("image: x\nfacts: " + facts + "\nexpect: {}\n"))
		if err != nil {
			t.Fatal(err)
		}
		o, err := c.Run(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range o.Rows {
			if r.Gate == "exploitability" || r.Gate == "signatures" {
				got = append(got, r.Gate)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", facts, diff)
		}
	}
}

func TestBadCases(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"":                                 "it is empty",
		"image: [":                         "line 1: did not find expected node content",
		"bundle: b":                        "it names no image",
		"image: x\nexpcet: {}":             `it is no case: unknown field "expcet"`,
		"image: x\nexpect: {rows: [{}]}":   "an expected row says nothing: give it a gate, a trigger or a trigger_id",
		"image: x\nexpect: {action: halt}": `"halt" is no action: use go, warn or stop`,
		"image: x\nexpect: {rows: [{action: 1}]}": `"1" is no action: use go, warn or stop`,
		"image: x\nat: tomorrow":                  `it is no case: "tomorrow" is no moment: write 2026-01-31T12:00:00Z or 2026-01-31`,
		`{"image": "x"`:                           "it is no case: unexpected EOF",
		"image: x\nfiles: yes":                    "it is no case: files must be a list, not a text",
		"image: x\nexpect: [stop]":                "it is no case: expect must be an object (key: value), not a list",
		"image: x\nexpect: {rows: [{gate: []}]}":  "it is no case: expect.rows.gate must be a text, not a list",
		"image: x\nfeed: {present: 1}":            "it is no case: feed.present must be true or false, not a number",
		strings.Repeat("x", MaxCase+1):            fmt.Sprintf("it has %d bytes; %d are allowed", MaxCase+1, MaxCase),
	} {
		if _, err := Parse([]byte(source)); err == nil || err.Error() != want {
			t.Errorf("%.60q: got %v, want %s", source, err, want)
		}
	}
	for source, want := range map[string]string{
		"findings: 7":   "findings: it is neither a list of findings nor a result of landwaiter scan -o json, which has one",
		"findings: [7]": "findings: finding 1: it must be an object (key: value), not a number",
		"findings: [{id: CVE-1, fixes: 3, package: openssl}]":       "findings: finding 1: fixes must be a list, not a text",
		"findings: [{severity: High, package: openssl}]":            "findings: finding 1: it has no id",
		"findings: [{id: CVE-1}]":                                   "findings: finding 1: it has no package",
		"findings: [{id: CVE-1, package: nginx}]":                   `findings: finding 1: the image has no package "nginx"`,
		"findings: [{id: CVE-1, package: openssl, severity: huge}]": `findings: finding 1: "huge" is not a severity: want Unknown, Negligible, Low, Medium, High or Critical`,
		"files: [{path: /}]":                                        "files: a file has no path",
		"files: [{path: /a, mode: 9}]":                              `files: /a: "9" is no mode: want octal digits up to 7777`,
		"files: [{path: /a, type: pipe}]":                           `files: /a: "pipe" is no type: use file, dir or link`,
	} {
		c, err := Parse([]byte("image: x\n" + source))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Run(t.Context(), inputs(t, bundle)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", source, err, want)
		}
	}
	for _, document := range []string{"", "[]", `{"schema":"landwaiter-result/1"}`, `{"analysis":{"schema":99}}`, `{"analysis":7}`, `{"analysis":{"schema":1},"findings":[{}]}`} {
		if _, err := ParseFixture([]byte(document)); err == nil {
			t.Errorf("%q is a result", document)
		}
	}
	c, err := Parse([]byte("image: x\n"))
	if err != nil {
		t.Fatal(err)
	}
	in := inputs(t, bundle)
	in.Fixture.At = time.Time{}
	if _, err := c.Run(t.Context(), in); err == nil || !strings.Contains(err.Error(), "it names no moment") {
		t.Errorf("a case without a moment: %v", err)
	}
}

func TestDocumentedCase(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\nname: ")
	document, _, _ := strings.Cut(rest, "```\n")
	if c, err := Parse([]byte("name: " + document)); err != nil || c.Expect == nil || len(c.Expect.Rows) != 2 {
		t.Errorf("the case in docs/policies.md: %+v, %v", c, err)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	o := &Outcome{Action: "stop", Reason: "policy_evaluation", Rows: []Row{
		{Gate: "vulnerabilities", Trigger: "package", TriggerID: "CVE-1+openssl", Action: "stop", Message: "long", Policy: "p"},
		{Gate: "vulnerabilities", Trigger: "package", TriggerID: "CVE-2+openssl", Action: "go", Allowed: "Ours"},
	}}
	for name, tc := range map[string]struct{ source, want string }{
		"YAML": {"# why\nimage: web.json # the web\nexpect:\n  action: go # not yet\n  rows: []\nbundle: b\n", `# why
image: web.json # the web
expect:
  action: stop # not yet
  rows:
    - gate: vulnerabilities
      trigger: package
      trigger_id: CVE-1+openssl
      action: stop
    - gate: vulnerabilities
      trigger: package
      trigger_id: CVE-2+openssl
      action: go
      allowed: Ours
bundle: b
`},
		"nothing yet": {"image: web.json\n", `image: web.json
expect:
  action: stop
  only: true
  rows:
    - gate: vulnerabilities
      trigger: package
      trigger_id: CVE-1+openssl
      action: stop
    - gate: vulnerabilities
      trigger: package
      trigger_id: CVE-2+openssl
      action: go
      allowed: Ours
`},
		"an action alone": {"image: x\nexpect: {action: go}\n", "image: x\nexpect: {action: stop}\n"},
		"rows that are named": {`image: x
expect:
  rows:
    # the one that counts
    - {trigger_id: CVE-1+openssl} # kept
    - {gate: vulnerabilities, trigger_id: CVE-2+openssl, action: stop}
    - {gate: files}
`, `image: x
expect:
  rows:
    # the one that counts
    - {trigger_id: CVE-1+openssl} # kept
    - gate: vulnerabilities
      trigger_id: CVE-2+openssl
      action: go
`},
		"only these": {"image: x\nexpect: {only: true, rows: [{trigger_id: CVE-2+openssl}]}\n", `image: x
expect: {only: true, rows: [{trigger_id: CVE-2+openssl}, {gate: vulnerabilities, trigger: package, trigger_id: CVE-1+openssl, action: stop}]}
`},
		"JSON rows": {`{"image": "x", "expect": {"rows": [{"trigger_id": "CVE-1+openssl", "action": "go"}]}}`, `{
  "image": "x",
  "expect": {
    "rows": [
      {
        "trigger_id": "CVE-1+openssl",
        "action": "stop"
      }
    ]
  }
}
`},
		"JSON": {`{"image": "x", "expect": {"reason": "whitelisted", "absent": [{"gate": "files"}]}, "bundle": "b"}`, `{
  "image": "x",
  "expect": {
    "reason": "policy_evaluation",
    "absent": [
      {
        "gate": "files"
      }
    ]
  },
  "bundle": "b"
}
`},
	} {
		got, err := Update([]byte(tc.source), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(tc.want, string(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		c, err := Parse(got)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again := *o
		if c.compare(&again); !again.Passed() && name != "JSON" {
			t.Errorf("%s: what was written fails: %v", name, again.Differences)
		}
	}
}

func TestNoUpdateOfAProblem(t *testing.T) {
	t.Parallel()
	const source = "image: x\nexpect: {action: stop}\n"
	c, err := Parse([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	in := inputs(t, bundle)
	in.Fixture.Findings = nil
	o, err := c.Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if written, err := Update([]byte(source), o); err == nil || !strings.Contains(err.Error(), "not updated, because its verdict has a problem: a rule looks at vulnerabilities") {
		t.Errorf("got %s, %v", written, err)
	}
}

func FuzzCase(f *testing.F) {
	f.Add([]byte("image: x\nexpect: {action: stop, rows: [{gate: a}]}\n"), []byte(fixture))
	f.Add([]byte(`{"image":"x","findings":[{"id":"CVE-1","package":"openssl"}],"files":[{"path":"/a"}]}`), []byte(fixture))
	b, err := policy.Parse([]byte(bundle))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, source, document []byte) {
		c, err := Parse(source)
		if err != nil {
			return
		}
		fix, err := ParseFixture(document)
		if err != nil {
			return
		}
		o, err := c.Run(t.Context(), Inputs{Fixture: fix, Bundle: b})
		if err != nil {
			return
		}
		written, err := Update(source, o)
		if err != nil {
			return
		}
		if _, err := Parse(written); err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
	})
}
