package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// many is a result with more of everything than services show.
func many() *Result {
	r := &Result{Name: "oci-dir:/tmp/web", Matched: true, Analysis: &image.Analysis{}, Verdict: &Verdict{Policy: "p", Action: "stop"}}
	for i := range 500 {
		long := strings.Repeat("@a|<", 400)
		action := []string{"stop", "warn", "go"}[i%3]
		r.Verdict.Rows = append(r.Verdict.Rows, Row{Gate: "files", Trigger: "t", Message: long, Action: action}, Row{Gate: "g", Trigger: "t", Message: long, Action: "go", Allowed: "a list"})
		r.Verdict.Problems = append(r.Verdict.Problems, long)
		r.Gaps = append(r.Gaps, image.Gap{Kind: image.GapParserFailed, Detail: long})
		r.Findings = append(r.Findings, advisory.ImageFinding{Finding: advisory.Finding{ID: fmt.Sprint("CVE-", i), Title: long}, Package: image.Package{Name: long}})
	}
	return r
}

func TestMarkdownIsBounded(t *testing.T) {
	t.Parallel()
	out := written(t, "markdown", many())
	if len(out) > maxMarkdownBytes {
		t.Errorf("%d bytes", len(out))
	}
	for _, title := range []string{"What the policy says", "What could not be evaluated", "Vulnerabilities", "Allowed", "What could not be seen"} {
		_, section, has := strings.Cut(out, "### "+title+"\n")
		section, _, _ = strings.Cut(section, "\n###")
		if rows := strings.Count(section, "\n| ") - 1; !has || !strings.Contains(section, fmt.Sprintf("… and %d more", 500-rows)) || rows < 1 {
			t.Errorf("%s: %d rows in %q", title, rows, section)
		}
	}
	if out := written(t, "markdown", hostile()); len(out) > maxMarkdownBytes {
		t.Errorf("hostile: %d bytes", len(out))
	}
}

func TestGitHubIsBounded(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	var last string
	for line := range strings.Lines(written(t, "github", many())) {
		kind, _, _ := strings.Cut(strings.TrimPrefix(line, "::"), " ")
		kinds[kind]++
		last = line
	}
	if diff := cmp.Diff(map[string]int{"error": 11, "warning": 10, "notice": 10}, kinds); diff != "" { // the verdict is an error, too
		t.Error(diff)
	}
	if want := "and 657 errors, 657 warnings, 657 notices more"; !strings.Contains(last, want) {
		t.Errorf("%q is not %q", last, want)
	}
}

func TestMarkedText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"sha256:05b3 (fixed in: 1.2-3) name_match & > ok {x} ^1": "sha256:05b3 (fixed in: 1.2-3) name_match & > ok {x} ^1",
		"_a_ __b__ *c* ~d~ `e` [f](g) $h$ i|j":                   `\_a\_ \_\_b\_\_ \*c\* \~d\~ \` + "`e\\`" + ` \[f\](g) \$h\$ i\|j`,
		"<b> \\<b> &lt; &#x3c; &":                                `&lt;b> \\&lt;b> \&lt; \&#x3c; &`,
		"< 4 <= 5 </b> <!-- <?x <":                               "< 4 <= 5 &lt;/b> &lt;!-- &lt;?x <",
		"@all a@b.c #12 x#y !3 ":                                 "@\u200ball a@\u200bb.c #\u200b12 x#y !\u200b3 ",
		"https://x www.x a://b":                                  "https:\u200b//x www.\u200bx a:\u200b//b",
		"a\nb\x1b\u202e\xff":                                     "a b\ufffd\ufffd\ufffd",
	} {
		if diff := cmp.Diff(want, mark(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

func TestAdvisoryLinks(t *testing.T) {
	t.Parallel()
	links := advisoryLinks{"https://a.example/1_(x)": true, "https://b.example/CVE_1": true}
	for in, want := range map[string]string{
		"a_b (CVE-1 - https://b.example/CVE_1)": "a_b (CVE-1 - <https://b.example/CVE_1>)",
		"https://evil.example/":                 "https:\u200b//evil.example/",
	} {
		if got := links.message(&Row{Gate: "vulnerabilities", Message: in}); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := address("https://x/a>b|c d)\u00e9\n"); got != "https://x/a%3Eb%7Cc%20d%29%C3%A9%0A" {
		t.Error(got)
	}
}

func TestChance(t *testing.T) {
	t.Parallel()
	for score, want := range map[float64]string{0: "0.0%", 0.0004: "<0.1%", 0.001: "0.1%", 0.943: "94.3%", 1: "100.0%"} {
		if got := Chance(score); got != want {
			t.Errorf("%v: %s, want %s", score, got, want)
		}
	}
}

func TestGitLabImageAndTime(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"oci-dir:java-app": "java-app", "docker-archive:/tmp/web.tar:web:1.4": "web", "out/my image.tar.gz": "my_image", "dir:.": "image", "sbom:a.json": "a", "": "image",
	} {
		if got := gitlabImage(&Result{Name: name, Analysis: &image.Analysis{Digest: "sha256:0"}}); got != want+"@sha256:0" {
			t.Errorf("%q: %s", name, got)
		}
	}
	r := result()
	r.Started, r.Ended = r.At.Add(-time.Minute), r.At.Add(time.Minute)
	var d gitlabReport
	if err := json.Unmarshal([]byte(written(t, "gitlab", r)), &d); err != nil {
		t.Fatal(err)
	}
	if d.Scan.StartTime != "2026-01-02T03:03:05" || d.Scan.EndTime != "2026-01-02T03:05:05" {
		t.Errorf("%+v", d.Scan)
	}
}

// A score would make an unknown severity look known.
func TestUnknownHasNoScore(t *testing.T) {
	t.Parallel()
	r := &Result{Analysis: &image.Analysis{}, Matched: true, Findings: []advisory.ImageFinding{{Finding: advisory.Finding{ID: "CVE-1"}}}}
	if out := written(t, "sarif", r); strings.Contains(out, "security-severity") {
		t.Error(out)
	}
}
