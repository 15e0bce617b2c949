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

func TestOrderOfRows(t *testing.T) {
	t.Parallel()
	doc := `{"id":"b","version":"1_0","policies":[
{"id":"p1","version":"1_0","rules":[` +
		rule("STOP", "Dockerfile", "no_dockerfile_provided") + "," + rule("WARN", "vulnerabilities", "package", "package_type=all", "severity=medium") + "," +
		rule("GO", "dockerfile", "EFFECTIVE_USER", "users=root", "type=blacklist") + "," + rule("WARN", "always", "always") + "," + rule("GO", "vulnerabilities", "package", "package_type=os") + `]},
{"id":"p2","version":"1_0","rules":[` + always + "," + always + `]}],
"mappings":[{"name":"m","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["p2","p1","p2"]}]}`
	e := evaluated(mustParse(t, doc), policy.Input{Tag: "a:b", Findings: someFindings(), At: now})
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
	e := evaluated(b, policy.Input{Tag: "a:b", Dockerfile: "FROM x\nEXPOSE 8080/tcp", At: now})
	if len(e.Rows) != 1 || e.Rows[0].TriggerID != "c65803d0e5bd69ca91e6b9432d951e16" {
		t.Errorf("got %+v", e.Rows)
	}
}

func TestFailingRule(t *testing.T) {
	t.Parallel()
	in := policy.Input{Tag: "a:b", At: now, Analysis: &image.Analysis{Packages: []image.Package{{Type: image.Python, Name: "pip", Version: "?"}}}}
	rules := rule("WARN", "always", "always") + "," + rule("WARN", "packages", "required_package", "name=pip", "version=1", "version_match_type=minimum") + "," + rule("GO", "packages", "required_package", "name=x")
	e := evaluated(mustParse(t, bundle(rules)), in)
	checkDocument(t, e)
	if len(e.Rows) != 2 || e.FinalAction != policy.Stop || e.PolicyAction != policy.Stop || !e.Reproducible || len(e.Problems) != 1 {
		t.Fatalf("got %s, %+v", e.FinalAction, e.Problems)
	}
	p := e.Problems[0]
	if p.Severity != "error" || p.Type != "TriggerEvaluationError" || !strings.Contains(p.Details, `package "pip"`) || !strings.HasSuffix(p.Details, "(gate=packages,trigger=required_package,rule_id=r)") {
		t.Errorf("got %+v", p)
	}
	in.Compare = func(string, string, string) (int, error) { panic("out of order") }
	if e = evaluated(mustParse(t, bundle(rules)), in); len(e.Problems) != 1 || !strings.Contains(e.Problems[0].Details, "out of order") || e.Passed() {
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
		"denied":    {bundleWith(``, "", `,"whitelisted_images":[{"name":"n","registry":"*","repository":"*","image":{"type":"tag","value":"*"}}],"blacklisted_images":[{"name":"n","registry":"*","repository":"*","image":{"type":"tag","value":"regexp:`+slow+`"}}]`), policy.Input{Tag: "a:" + long}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.in.At = now
			e := evaluated(mustParse(t, tc.doc), tc.in)
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
		e := evaluated(b, policy.Input{Tag: "a:b", At: now})
		checkDocument(t, e)
		return e
	}
	e := load(rule("warn", "Anchoresec", "vulnlow") + "," + rule("Warn", "always", "always"))
	if len(e.Rows) != 1 || e.FinalAction != policy.Warn || len(e.Problems) != 1 || e.Problems[0].Type != "EndOfLifedError" {
		t.Errorf("retired gate: got %s, %v, %+v", e.FinalAction, ids(e), e.Problems)
	}
	e = load(rule("WARN", "nogate", "x") + "," + rule("WARN", "always", "always"))
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
	e := evaluated(mustParse(t, bundleWith(strings.Join(rules, ","), `{"gate":"analysis","trigger_id":"*+/7"}`, "")), policy.Input{Tag: "a:b", Gaps: gaps, At: now})
	if len(e.Rows) > 250_000 || e.Passed() || len(e.Problems) != 1 || !e.Reproducible {
		t.Errorf("%d rows, %s, %+v", len(e.Rows), e.FinalAction, e.Problems)
	}
}
