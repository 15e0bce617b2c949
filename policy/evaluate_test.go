package policy_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// checkDocument verifies what holds for every evaluation.
func checkDocument(t testing.TB, e *policy.Evaluation) map[string]any {
	t.Helper()
	doc := e.Document()
	var m map[string]any
	if err := json.Unmarshal(doc, &m); err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	if _, err := json.Marshal(e); err != nil {
		t.Fatal(err)
	}
	if e.FinalReason == policy.ByPolicy && e.FinalAction != e.PolicyAction {
		t.Errorf("the verdict %s is not that of the policies, %s", e.FinalAction, e.PolicyAction)
	}
	for i, r := range e.Rows {
		if r.TriggerID == "" || r.Gate == "" || r.Trigger == "" || r.PolicyID == "" || r.Allowed != nil && r.Action != policy.Go {
			t.Errorf("row %d is not complete: %+v", i, r)
		}
	}
	if !e.NextAt.IsZero() && !e.NextAt.After(e.At) {
		t.Errorf("the next moment %v is not after %v", e.NextAt, e.At)
	}
	return m
}

func ids(e *policy.Evaluation) []string {
	var out []string
	for _, r := range e.Rows {
		out = append(out, r.Gate+"/"+r.TriggerID+"="+r.Action)
	}
	return out
}

func TestMapping(t *testing.T) {
	t.Parallel()
	const digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	for _, tc := range []struct {
		registry, repository, kind, value string
		tag                               string
		want                              bool
	}{
		{"*", "*", "tag", "*", "docker.io/library/nginx:latest", true},
		{"docker.io", "nginx", "tag", "latest", "nginx", true},
		{"docker.io", "library/nginx", "tag", "latest", "nginx", false},
		{"docker.io", "team/*", "tag", "1.*", "dockerhub/team/web:1.4", true},
		{"docker.io", "team/web", "tag", "*", "team/web:1.4", true},
		{"localhost", "web", "tag", "latest", "localhost/web", true},
		{"localbuild", "web", "tag", "latest", "localbuild/web", true},
		{"host:5000", "a/b/c", "tag", "x", "host:5000/a/b/c:x", true},
		{"h.example", "*", "tag", "x", "h.example/a:b:x", true},
		{"*.example", "*", "tag", "*", "h.example/a:x", true},
		{"*.example", "*", "tag", "*", "h.example.org/a:x", false},
		{"*", "a*c*", "tag", "*", "h.io/abcd:x", true},
		{"*", "aa*aa", "tag", "*", "h.io/aaa:x", false},
		{"*", "a**c", "tag", "*", "h.io/ac:x", true},
		{"*", "?", "tag", "*", "h.io/a:x", false},
		{"*", "A", "tag", "*", "h.io/a:x", false},
		{"*", "regexp:te(a|o)m", "tag", "*", "h.io/team-x:1", true},
		{"*", "regexp:eam", "tag", "*", "h.io/team:1", false},
		{"*", "*", "tag", "regexp:(?!latest$).*", "h.io/a:latest", false},
		{"*", "*", "tag", "regexp:(?!latest$).*", "h.io/a:1", true},
		{"*", "*", "tag", "*", "h.io/a@" + digest, true},
		{"*", "*", "tag", "latest", "h.io/a@" + digest, false},
		{"*", "*", "tag", "*", "", true},
		{"docker.io", "*/*", "tag", "*", "", true},
		{"quay.io", "*", "tag", "*", "", false},
		{"*", "*", "digest", digest, "h.io/a:1", true},
		{"*", "*", "digest", "sha256:*", "h.io/a:1", false},
		{"q.io", "*", "digest", digest, "h.io/a:1", false},
		{"*", "*", "id", "feed", "h.io/a:1", true},
		{"*", "*", "id", "sha256:feed", "h.io/a:1", false},
		{"*", "*", "id", "*", "h.io/a:1", false},
	} {
		doc := bundle(always)
		for old, with := range map[string]string{
			`"registry":"*"`: `"registry":"` + tc.registry + `"`, `"repository":"*"`: `"repository":"` + tc.repository + `"`,
			`{"type":"tag","value":"*"}`: `{"type":"` + tc.kind + `","value":"` + tc.value + `"}`,
		} {
			doc = strings.Replace(doc, old, with, 1)
		}
		e := mustParse(t, doc).Evaluate(policy.Input{Tag: tc.tag, ImageDigest: digest, ImageID: "feed", At: now})
		checkDocument(t, e)
		if got := e.Mapping != nil; got != tc.want || (len(e.Rows) == 1) != tc.want || e.Passed() != !tc.want {
			t.Errorf("%s/%s %s %s on %q: got %v, want %v, %d rows", tc.registry, tc.repository, tc.kind, tc.value, tc.tag, got, tc.want, len(e.Rows))
		}
	}
}

func TestFirstMappingWins(t *testing.T) {
	t.Parallel()
	doc := `{"id":"b","version":"1_0","policies":[
{"id":"stop","version":"1_0","rules":[{"gate":"always","trigger":"always","action":"STOP"}]},
{"id":"warn","version":"1_0","rules":[{"gate":"always","trigger":"always","action":"WARN"}]}],
"mappings":[
{"name":"no","registry":"quay.io","repository":"*","image":{"type":"tag","value":"*"},"policy_id":"stop"},
{"name":"yes", "id" : "m","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_id":"warn"},
{"name":"late","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["stop"]}]}`
	e := mustParse(t, doc).Evaluate(policy.Input{Tag: "a:b", At: now})
	if want := `{"name":"yes", "id" : "m","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_id":"warn"}`; string(e.Mapping) != want {
		t.Errorf("got %s", e.Mapping)
	}
	if e.FinalAction != policy.Warn || e.Status() != "pass" {
		t.Errorf("got %s", e.FinalAction)
	}
}

func TestAllowedAndDeniedImages(t *testing.T) {
	t.Parallel()
	image := func(kind, value string) string {
		return `[{"name":"n","registry":"*","repository":"*","image":{"type":"` + kind + `","value":"` + value + `"}}]`
	}
	for _, tc := range []struct {
		action, allowed, denied  string
		mapped                   bool
		wantAction, want, reason string
	}{
		{"WARN", `[]`, `[]`, true, "warn", "warn", "policy_evaluation"},
		{"STOP", image("tag", "1"), `[]`, true, "stop", "go", "whitelisted"},
		{"STOP", image("digest", "d"), `[]`, true, "stop", "go", "whitelisted"},
		{"STOP", image("tag", "2"), `[]`, true, "stop", "stop", "policy_evaluation"},
		{"GO", `[]`, image("id", "i"), true, "go", "stop", "blacklisted"},
		{"GO", image("tag", "*"), image("tag", "*"), true, "go", "stop", "blacklisted"},
		{"STOP", `[]`, image("tag", "*"), false, "go", "stop", "blacklisted"},
		{"STOP", `[]`, `[]`, false, "go", "go", "policy_evaluation"},
	} {
		doc := bundleWith(`{"gate":"always","trigger":"always","action":"`+tc.action+`"}`, "", `,"whitelisted_images":`+tc.allowed+`,"blacklisted_images":`+tc.denied)
		if !tc.mapped {
			doc = strings.Replace(doc, `"registry":"*"`, `"registry":"other"`, 1)
		}
		e := mustParse(t, doc).Evaluate(policy.Input{Tag: "r.io/a:1", ImageDigest: "d", ImageID: "i", At: now})
		checkDocument(t, e)
		if got := []string{e.PolicyAction, e.FinalAction, e.FinalReason}; cmp.Diff([]string{tc.wantAction, tc.want, tc.reason}, got) != "" {
			t.Errorf("%+v: got %q", tc, got)
		}
		if (len(e.Rows) == 1) != tc.mapped {
			t.Errorf("%+v: %d rows", tc, len(e.Rows))
		}
	}
}

// some findings to allow or not.
func someFindings() []advisory.ImageFinding {
	finding := func(id, name string, s advisory.Severity) advisory.ImageFinding {
		return advisory.ImageFinding{
			Package: image.Package{Type: image.Deb, Name: name, Version: "1"},
			Finding: advisory.Finding{ID: id, Severity: s, URL: "https://x/" + id},
		}
	}
	return []advisory.ImageFinding{finding("CVE-2020-2", "zlib", advisory.High), finding("CVE-2020-1", "openssl", advisory.High), finding("CVE-2021-1", "openssl", advisory.Low)}
}

func TestAllowlists(t *testing.T) {
	t.Parallel()
	vulns := rule("STOP", "vulnerabilities", "package", "package_type=all")
	for name, tc := range map[string]struct {
		items string
		want  string // which of the three rows are allowed and by which item
		next  string
	}{
		"none":              {``, "- - -", ""},
		"literal":           {`{"id":"i","gate":"vulnerabilities","trigger_id":"CVE-2020-1+openssl"}`, "i - -", ""},
		"gate in any case":  {`{"id":"i","gate":"Vulnerabilities","trigger_id":"CVE-2020-1+openssl"}`, "i - -", ""},
		"other gate":        {`{"id":"i","gate":"packages","trigger_id":"*"}`, "- - -", ""},
		"id without name":   {`{"id":"i","gate":"vulnerabilities","trigger_id":"CVE-2020-1"}`, "- - -", ""},
		"id has case":       {`{"id":"i","gate":"vulnerabilities","trigger_id":"cve-2020-1+openssl"}`, "- - -", ""},
		"all packages":      {`{"id":"i","gate":"vulnerabilities","trigger_id":"CVE-2020-*"}`, "i - i", ""},
		"all of a package":  {`{"id":"i","gate":"vulnerabilities","trigger_id":"*+openssl"}`, "i i -", ""},
		"expression":        {`{"id":"i","gate":"vulnerabilities","trigger_id":"regexp:CVE-20(20-2|21)"}`, "- i i", ""},
		"first of the list": {`{"id":"a","gate":"vulnerabilities","trigger_id":"*+openssl"},{"id":"b","gate":"vulnerabilities","trigger_id":"CVE-2020-1+openssl"}`, "a a -", ""},
		"literal first":     {`{"id":"b","gate":"vulnerabilities","trigger_id":"CVE-2020-1+openssl"},{"id":"a","gate":"vulnerabilities","trigger_id":"*"}`, "b a a", ""},
		"expired":           {`{"id":"a","gate":"vulnerabilities","trigger_id":"CVE-2020-1+openssl","expires_on":"2026-11-24T12:00:00Z"},{"id":"b","gate":"vulnerabilities","trigger_id":"CVE-2020-1+openssl"}`, "b - -", ""},
		"expires later":     {`{"id":"a","gate":"vulnerabilities","trigger_id":"CVE-2020-1+*","expires_on":"2026-11-24T12:00:01Z"}`, "a - -", "2026-11-24T12:00:01Z"},
		"with a fraction":   {`{"id":"a","gate":"vulnerabilities","trigger_id":"*","expires_on":"2026-11-25T12:00:01.5Z"}`, "a a a", "2026-11-25T12:00:01.5Z"},
		"with a colon":      {`{"id":"a","gate":"vulnerabilities","trigger_id":"*","expires_on":"2026-11-25T12:00:01:500000Z"}`, "a a a", "2026-11-25T12:00:01.5Z"},
		"the earliest":      {`{"id":"a","gate":"vulnerabilities","trigger_id":"*+zlib","expires_on":"2027-01-01T00:00:00Z"},{"id":"b","gate":"vulnerabilities","trigger_id":"*","expires_on":"2026-12-01T00:00:00Z"}`, "b b a", "2026-12-01T00:00:00Z"},
		"empty expiry":      {`{"id":"a","gate":"vulnerabilities","trigger_id":"*","expires_on":""}`, "a a a", ""},
		"no row, no moment": {`{"id":"a","gate":"vulnerabilities","trigger_id":"CVE-1999-*","expires_on":"2026-12-01T00:00:00Z"}`, "- - -", ""},
	} {
		b := mustParse(t, bundleWith(vulns, tc.items, ""))
		e := b.Evaluate(policy.Input{Tag: "a:b", Findings: someFindings(), At: now})
		checkDocument(t, e)
		var got []string
		allowed := 0
		for _, r := range e.Rows {
			if r.Allowed == nil {
				got = append(got, "-")
				continue
			}
			allowed++
			got = append(got, *r.Allowed.ItemID)
			if *r.Allowed.ID != "w" || *r.Allowed.Name != "W" {
				t.Errorf("%s: %+v", name, r.Allowed)
			}
		}
		if strings.Join(got, " ") != tc.want || e.Passed() != (allowed == 3) {
			t.Errorf("%s: got %q, want %q, %s", name, got, tc.want, e.FinalAction)
		}
		next := ""
		if !e.NextAt.IsZero() {
			next = e.NextAt.Format(time.RFC3339Nano)
			if later := b.Evaluate(policy.Input{Tag: "a:b", Findings: someFindings(), At: e.NextAt}); cmp.Diff(ids(later), ids(e)) == "" {
				t.Errorf("%s: nothing changes at the moment that was announced", name)
			}
		}
		if next != tc.next {
			t.Errorf("%s: next at %q, want %q", name, next, tc.next)
		}
	}
}

func TestExpiryFormats(t *testing.T) {
	t.Parallel()
	for text, valid := range map[string]bool{
		"2026-11-24T12:00:00Z": true, "2026-11-24T12:00:00.123456Z": true, "2026-11-24T12:00:00:123456Z": true, "": true,
		"2026-11-24T12:00:00": false, "2026-11-24": false, "2026-11-24T12:00:00+01:00": false, "2026-11-24T12:00:00.Z": false,
		"2026-11-24T12:00:00,5Z": false, "2026-13-24T12:00:00Z": false, "2026-11-24T12:00:00.1234567Z": false, "never": false, "2026-11-24T12:00:00:Z": false,
	} {
		_, err := policy.Parse([]byte(bundleWith(always, `{"gate":"g","trigger_id":"t","expires_on":"`+text+`"}`, "")))
		if (err == nil) != valid {
			t.Errorf("%q: got %v, want valid %v", text, err, valid)
		}
	}
}

func TestOrderOfRows(t *testing.T) {
	t.Parallel()
	doc := `{"id":"b","version":"1_0","policies":[
{"id":"p1","version":"1_0","rules":[` +
		rule("STOP", "Dockerfile", "no_dockerfile_provided") + "," + rule("WARN", "vulnerabilities", "package", "package_type=all", "severity=medium") + "," +
		rule("GO", "dockerfile", "EFFECTIVE_USER", "users=root", "type=blacklist") + "," + rule("WARN", "always", "always") + "," + rule("GO", "vulnerabilities", "package", "package_type=os") + `]},
{"id":"p2","version":"1_0","rules":[` + always + "," + always + `]}],
"mappings":[{"name":"m","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["p2","p1","p2"]}]}`
	e := mustParse(t, doc).Evaluate(policy.Input{Tag: "a:b", Findings: someFindings(), At: now})
	checkDocument(t, e)
	sum := func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
	want := []string{
		"always/always=stop", "always/always=stop",
		"dockerfile/" + sum("dockerfileno_dockerfile_providedImage was not analyzed with an actual Dockerfile") + "=stop",
		"dockerfile/" + sum("dockerfileeffective_userUser root found as effective user, which is explicity not allowed") + "=go",
		"vulnerabilities/CVE-2020-1+openssl=warn", "vulnerabilities/CVE-2020-2+zlib=warn",
		"vulnerabilities/CVE-2020-1+openssl=go", "vulnerabilities/CVE-2021-1+openssl=go", "vulnerabilities/CVE-2020-2+zlib=go",
		"always/always=warn",
		"always/always=stop", "always/always=stop",
	}
	if diff := cmp.Diff(want, ids(e)); diff != "" {
		t.Error(diff)
	}
}

func TestHashedID(t *testing.T) {
	t.Parallel()
	b := mustParse(t, bundle(rule("STOP", "DOCKERFILE", "Exposed_Ports", "ports=8080", "type=blacklist")))
	e := b.Evaluate(policy.Input{Tag: "a:b", Dockerfile: "FROM x\nEXPOSE 8080/tcp", At: now})
	if len(e.Rows) != 1 || e.Rows[0].TriggerID != "c65803d0e5bd69ca91e6b9432d951e16" {
		t.Errorf("got %+v", e.Rows)
	}
}

func TestFailingRule(t *testing.T) {
	t.Parallel()
	in := policy.Input{Tag: "a:b", At: now, Analysis: &image.Analysis{Packages: []image.Package{{Type: image.Python, Name: "pip", Version: "?"}}}}
	rules := rule("WARN", "always", "always") + "," + rule("WARN", "packages", "required_package", "name=pip", "version=1", "version_match_type=minimum") + "," + rule("GO", "packages", "required_package", "name=x")
	e := mustParse(t, bundle(rules)).Evaluate(in)
	checkDocument(t, e)
	if len(e.Rows) != 2 || e.FinalAction != policy.Stop || e.PolicyAction != policy.Stop || !e.Reproducible || len(e.Problems) != 1 {
		t.Fatalf("got %s, %+v", e.FinalAction, e.Problems)
	}
	p := e.Problems[0]
	if p.Severity != "error" || p.Type != "TriggerEvaluationError" || !strings.Contains(p.Details, `package "pip"`) || !strings.HasSuffix(p.Details, "(gate=packages,trigger=required_package,rule_id=r)") {
		t.Errorf("got %+v", p)
	}
	in.Compare = func(string, string, string) (int, error) { panic("out of order") }
	if e = mustParse(t, bundle(rules)).Evaluate(in); len(e.Problems) != 1 || !strings.Contains(e.Problems[0].Details, "out of order") || e.Passed() {
		t.Errorf("a panic: got %+v", e.Problems)
	}
}

func TestTimeOutsAreNotReproducible(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 3000)
	const slow = `(a*)*\\1b`
	for name, tc := range map[string]struct {
		doc string
		in  policy.Input
	}{
		"rule":      {bundle(strings.ReplaceAll(rule("GO", "dockerfile", "instruction", "instruction=RUN", "check=like", "value=X"), "X", slow)), policy.Input{Dockerfile: "RUN " + long, Tag: "a:b"}},
		"mapping":   {strings.Replace(bundle(``), `"repository":"*"`, `"repository":"regexp:`+slow+`"`, 1), policy.Input{Tag: "a.io/" + long + ":b"}},
		"allowlist": {bundleWith(rule("GO", "analysis", "gaps"), `{"gate":"analysis","trigger_id":"regexp:`+slow+`"}`, ""), policy.Input{Tag: "a:b", Gaps: []image.Gap{{Kind: image.GapKind(long)}}}},
		"denied":    {bundleWith(``, "", `,"blacklisted_images":[{"name":"n","registry":"*","repository":"*","image":{"type":"tag","value":"regexp:`+slow+`"}}]`), policy.Input{Tag: "a:" + long}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.in.At = now
			e := mustParse(t, tc.doc).Evaluate(tc.in)
			checkDocument(t, e)
			if e.Passed() || e.Reproducible || len(e.Problems) != 1 || !strings.Contains(e.Problems[0].Details, "took too long") {
				t.Errorf("got %s, reproducible %v, %+v", e.FinalAction, e.Reproducible, e.Problems)
			}
		})
	}
}

func TestStoredBundles(t *testing.T) {
	t.Parallel()
	load := func(rules string) *policy.Evaluation {
		b, err := policy.Load([]byte(bundle(rules)))
		if err != nil {
			t.Fatal(err)
		}
		e := b.Evaluate(policy.Input{Tag: "a:b", At: now})
		checkDocument(t, e)
		return e
	}
	e := load(rule("warn", "Anchoresec", "vulnlow") + "," + rule("Warn", "always", "always"))
	if len(e.Rows) != 1 || e.FinalAction != policy.Warn || len(e.Problems) != 1 || e.Problems[0].Type != "EndOfLifedError" {
		t.Errorf("retired gate: got %s, %v, %+v", e.FinalAction, ids(e), e.Problems)
	}
	e = load(rule("WARN", "files", "suid_or_guid_set") + "," + rule("WARN", "always", "always"))
	if len(e.Rows) != 0 || e.FinalAction != policy.Stop || e.FinalReason != policy.ByPolicy || len(e.Problems) != 1 || e.Mapping == nil {
		t.Errorf("unbuildable: got %s, %v, %+v", e.FinalAction, ids(e), e.Problems)
	}
	if _, err := policy.Load([]byte(`{"id":1}`)); err == nil {
		t.Error("a document of the wrong form was loaded")
	}
}

func TestRowsAreBounded(t *testing.T) {
	t.Parallel()
	gaps := make([]image.Gap, 50_000)
	for i := range gaps {
		gaps[i] = image.Gap{Kind: image.GapFileSkipped, Path: image.Path(fmt.Sprint(i))}
	}
	var rules []string
	for range 40 {
		rules = append(rules, rule("GO", "analysis", "gaps"))
	}
	e := mustParse(t, bundleWith(strings.Join(rules, ","), `{"gate":"analysis","trigger_id":"*+/7"}`, "")).Evaluate(policy.Input{Tag: "a:b", Gaps: gaps, At: now})
	if len(e.Rows) > 250_000 || e.Passed() || len(e.Problems) != 1 || !e.Reproducible {
		t.Errorf("%d rows, %s, %+v", len(e.Rows), e.FinalAction, e.Problems)
	}
}
