package report

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// copies is a result with one archive in two places, of which two rules speak.
func copies() *Result {
	r := result()
	r.Findings, r.Verdict.Rows = nil, nil
	for _, inner := range []string{"BOOT-INF/lib/log.jar", "shop.war!WEB-INF/lib/log.jar"} {
		p := image.Package{Type: image.Maven, Name: "log", Version: "2", Location: "srv/a.jar", Inner: inner}
		r.Findings = append(r.Findings, advisory.ImageFinding{Finding: advisory.Finding{ID: "GHSA-1", IDs: []string{"GHSA-1"}, Severity: advisory.High}, Package: p})
		for range 2 {
			r.Verdict.Rows = append(r.Verdict.Rows, Row{Gate: "vulnerabilities", Trigger: "package", TriggerID: "GHSA-1+log.jar", Action: "stop", Message: "HIGH found - " + p.V1Path() + " (GHSA-1)"})
		}
	}
	return r
}

// Services for builds keep one case of those that share a name.
func TestCasesHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Write(&b, "junit", copies(), Style{}); err != nil {
		t.Fatal(err)
	}
	cases := regexp.MustCompile(`<testcase classname="[^"]*" name="[^"]*"`).FindAllString(b.String(), -1)
	slices.Sort(cases)
	if n := len(cases); n < 5 || len(slices.Compact(cases)) != n {
		t.Errorf("got %q", cases)
	}
	for _, want := range []string{`name="package: GHSA-1+log.jar in /srv/a.jar:BOOT-INF/lib/log.jar"`, `name="package: GHSA-1+log.jar in /srv/a.jar:shop.war:WEB-INF/lib/log.jar (2)"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %s in %q", want, cases)
		}
	}
}

func TestRowsOfTheTableDiffer(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Write(&b, "table", copies(), Style{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"in /srv/a.jar!BOOT-INF/lib/log.jar", "in /srv/a.jar!shop.war!WEB-INF/lib/log.jar"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
}

// The last line is what people read: it says that the image is stopped, by whatever it is.
func TestLastLineTellsOfTheStop(t *testing.T) {
	t.Parallel()
	for _, colour := range []bool{false, true} {
		r := result()
		r.Verdict.Action, r.StoppedBy = "warn", "--fail-on medium"
		var b bytes.Buffer
		if err := Write(&b, "table", r, Style{Color: colour}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		last := lines[len(lines)-1]
		if !strings.Contains(last, "STOP: may not ship") || !strings.HasSuffix(last, "by --fail-on medium (PASS, with warnings, with 1 gap by policy default)") {
			t.Errorf("got %q", last)
		}
	}
}
