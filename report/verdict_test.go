package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/terminal"
)

// hostile has names that try to be markup, commands and mentions wherever a name of an image or a bundle can stand.
func hostile() *Result {
	const evil = "<script>alert(1)</script>\n::error::x\r\n| a | b |\n# @everyone [x](javascript:alert(1)) `<img src=x onerror=alert(1)>` \x1b[31m\u202e\u2066\u200f\u061c\u2028\u2029\ufeff\u0085%0A&amp;\xff ]]>"
	p := image.Package{Type: image.NPM, Name: evil, Version: evil, Location: image.Path("app/" + evil)}
	return &Result{
		Name: evil, Reference: "", Matched: true, Version: "1.2.3",
		Analysis: &image.Analysis{Distro: image.Distro{ID: evil}, Packages: []image.Package{p}},
		Findings: []advisory.ImageFinding{
			{Finding: advisory.Finding{ID: evil, IDs: []string{evil}, Title: evil, URL: "javascript:alert(1)", Fixes: []string{evil}, KnownExploited: evil,
				Evidence: []advisory.Evidence{{Record: evil, Compared: evil, Range: evil}}}, Package: p},
			{Finding: advisory.Finding{ID: evil}, Package: p, Ignored: evil},
		},
		Gaps: []image.Gap{{Kind: image.GapParserFailed, Path: image.Path(evil), Detail: evil}},
		Verdict: &Verdict{Policy: evil, Action: "stop", Reason: "policy_evaluation", Problems: []string{evil}, Rows: []Row{
			{Gate: evil, Trigger: evil, TriggerID: evil, Message: evil, Action: "stop"},
			{Gate: evil, Trigger: evil, TriggerID: evil, Message: evil, Action: "go", Allowed: evil, AllowedItem: evil, AllowedReason: evil},
		}},
	}
}

func written(t *testing.T, format string, r *Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, r, Style{}); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"junit", "github", "gitlab", "markdown", "html"} {
		out := written(t, format, hostile())
		for _, bad := range []string{"\x1b", "\xff"} {
			if strings.Contains(out, bad) && format != "github" {
				t.Errorf("%s: %q comes through", format, bad)
			}
		}
	}
	page := written(t, "html", hostile())
	for _, bad := range []string{"<script", "<img", "javascript:", "onerror=\"", "\u202e"} {
		// As text it may stand there; what it must not be is a tag or an address.
		if bad == "javascript:" {
			bad = `href="javascript:`
		}
		if strings.Contains(page, bad) {
			t.Errorf("html: %q comes through", bad)
		}
	}
	if tags := regexp.MustCompile(`(?i)<(script|link|img|iframe|object)|src=["']|url\(|@import`).FindString(strings.ReplaceAll(page, "src=x onerror", "")); tags != "" {
		t.Errorf("html: the page does not stand alone: %s", tags)
	}
	for line := range strings.Lines(written(t, "github", hostile())) {
		if !regexp.MustCompile(`^::(error|warning|notice) title=[^:]*::.*\n$`).MatchString(line) || strings.Contains(line, "\r") || strings.Contains(line, "\x1b") {
			t.Errorf("github: %q", line)
		}
	}
	text := strings.ReplaceAll(written(t, "markdown", hostile()), `\]`, "")
	for _, bad := range []string{"<script", "@everyone", "](", "\n::", "<img", "`<"} {
		if strings.Contains(text, bad) {
			t.Errorf("markdown: %q comes through", bad)
		}
	}
	for line := range strings.Lines(text) {
		if cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); strings.HasPrefix(line, "|") && (cells < 2 || cells > 6) {
			t.Errorf("markdown: %d cells in %q", cells, line)
		}
	}
	d := xml.NewDecoder(strings.NewReader(written(t, "junit", hostile())))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("junit: %v", err)
		}
	}
}

// What steers a screen gets through in no form that people read, nor in what documents for programs show to people.
func TestNothingSteers(t *testing.T) {
	t.Parallel()
	steers := func(r rune) bool { return r != '\n' && terminal.Steers(r) }
	result := hostile()
	result.Analysis.Base = &image.BaseImage{Name: result.Name}
	for _, matched := range []bool{true, false} {
		result.Matched = matched
		for _, format := range []string{"table", "junit", "github", "markdown", "html"} {
			out := written(t, format, result)
			if at := strings.IndexFunc(out, steers); at >= 0 || !utf8.ValidString(out) {
				t.Errorf("%s: %q comes through", format, out[max(0, at):min(len(out), max(0, at)+10)])
			}
		}
		d := xml.NewDecoder(strings.NewReader(written(t, "junit", result)))
		for token, err := d.Token(); err == nil; token, err = d.Token() {
			text := ""
			switch e := token.(type) {
			case xml.CharData:
				text = string(e)
			case xml.StartElement:
				for _, a := range e.Attr {
					text += a.Value
				}
			}
			if strings.ContainsFunc(text, steers) {
				t.Errorf("junit: %q", text)
			}
		}
		for format, shown := range map[string][]string{"gitlab": {"value", "name", "description", "solution"}, "sarif": {"text"}} {
			var document any
			if err := json.Unmarshal([]byte(written(t, format, result)), &document); err != nil {
				t.Fatal(err)
			}
			for _, text := range textsOf(document, shown, "package", "identifiers") {
				if strings.ContainsFunc(text, steers) {
					t.Errorf("%s: %q", format, text)
				}
			}
		}
	}
}

// textsOf are the texts under some keys of a document, wherever they are but below others.
func textsOf(v any, keys []string, but ...string) []string {
	var list []string
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			list = append(list, textsOf(e, keys, but...)...)
		}
	case map[string]any:
		for k, e := range v {
			if s, is := e.(string); is && slices.Contains(keys, k) {
				list = append(list, s)
			} else if !slices.Contains(but, k) {
				list = append(list, textsOf(e, keys, but...)...)
			}
		}
	}
	return list
}

// Every row, problem and gap of a verdict is in every form that shows verdicts.
func TestNothingIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"junit", "github", "gitlab", "markdown", "html"} {
		out := written(t, format, result())
		for _, part := range []string{"port 22", "our list", "i1", "behind the", "a rule took too long", "not a zip archive", "name", "stop"} {
			if !strings.Contains(strings.ReplaceAll(out, `\_`, "_"), part) {
				t.Errorf("%s: %q is left out", format, part)
			}
		}
	}
}
