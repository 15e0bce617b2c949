package gate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/pyregex"
	"landwaiter.dev/policy/gate"
)

func TestExpression(t *testing.T) {
	t.Parallel()
	c := inherited()
	c.Tag = "docker.io/shop/web:1"
	c.Analysis.Created = daysAgo(40)
	c.Analysis.Config = image.ContainerConfig{User: "root", Env: []string{"A=b=c", "B"}, Labels: map[string]string{"team": "x"}}
	c.Analysis.Packages[0].License = "MIT AND (GPL-2.0-only OR LGPL-2.1-only)"
	c.Gaps = []image.Gap{{Kind: image.GapLimit, Path: "a", Count: 2}}
	midnight := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	rule := func(text string, more ...string) []string { return append([]string{"expression=" + text}, more...) }
	try(t, c, "expression/matches",
		example{rule(`config.user == "root" || config.user == ""`), []string{`|Expression is true: config.user == "root" || config.user == ""`}, time.Time{}},
		example{rule(`config.user == "app"`), nil, time.Time{}},
		example{rule(`config.env["A"] == "b=c" && image.tag.contains("shop")`, "message=m", "id=i"), []string{"i|m"}, time.Time{}},
		example{rule(`findings.filter(f, !f.inherited).map(f, f.id)`, "id=own"), []string{"own+GHSA-2|GHSA-2", "own+GHSA-3|GHSA-3"}, time.Time{}},
		example{rule(`findings.filter(f, f.inherited && f.ransomware && f.kev_due != "").map(f, f.id)`, "message=mend"), []string{"|mend: CVE-2026-1"}, time.Time{}},
		example{rule(`packages.exists(p, p.license_category == "weak_copyleft")`, "message=l"), []string{"|l"}, time.Time{}},
		example{rule(`gaps.exists(g, g.kind == "limit_hit" && g.count == 3 && g.path == "/a")`, "message=g"), []string{"|g"}, time.Time{}},
		example{rule(`base.outdated && base.known && base.tags[0].endsWith(":12")`, "message=b"), []string{"|b"}, time.Time{}},
		example{rule(`size(signatures) > 0 || size(secrets) > 0 || size(malware) > 0 || size(special_files) > 0`), nil, time.Time{}},
		example{rule(`findings.exists(f, f.epss > 0.4)`, "message=e"), []string{"|e"}, midnight},
		example{rule(`now - image.created > duration("936h")`, "message=old"), []string{"|old"}, midnight},
		example{rule(`now == timestamp("2026-11-24T00:00:00Z")`, "message=day"), []string{"|day"}, midnight},
		example{rule(`config.labels["nothing"] == ""`), []string{"error: the expression failed: no such key: nothing"}, time.Time{}},
	)
	for text, want := range map[string]string{`findngs.size() > 0`: "line 1, column 1: undeclared reference to 'findngs' (findings?)", ``: "empty", `1`: "bool"} {
		_, errs := newCheck(t, "expression/matches", "expression="+text)
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), want) {
			t.Errorf("%q: got %v", text, errs)
		}
	}
}

func TestExpressionNeeds(t *testing.T) {
	t.Parallel()
	trigger := gate.Find("expression").Trigger("matches")
	needs := func(text string) gate.Need { return trigger.NeedsOf([]gate.Pair{{Name: "expression", Value: text}}) }
	if got := needs(`findings.exists(f, f.epss > 0.1 && f.inherited)`); got != gate.NeedThreats|gate.NeedLineage {
		t.Errorf("got %v", got)
	}
	if got := needs(`base.outdated`); got != gate.NeedLineage|gate.NeedNewer {
		t.Errorf("got %v", got)
	}
	if got := needs(`true`); got != 0 {
		t.Errorf("got %v", got)
	}
}

func TestExpressionOverManyFindings(t *testing.T) {
	t.Parallel()
	c := gate.Context{Deadline: time.Now().Add(time.Minute)}
	for i := range 100_000 {
		c.Findings = append(c.Findings, advisory.ImageFinding{
			Finding: advisory.Finding{ID: fmt.Sprintf("CVE-2026-%d", i), Severity: advisory.Severity(i % 6)}, Package: image.Package{Type: image.Deb, Name: "p", Version: "1"}})
	}
	try(t, c, "expression/matches",
		example{[]string{`expression=findings.exists(f, f.severity == "critical" && f.id == "CVE-2026-99999")`}, nil, time.Time{}},
		example{[]string{`expression=findings.filter(f, f.id.matches("^CVE-2026-9999[0-9]$")).map(f, f.id)`, "message=x"}, tens("|x: CVE-2026-9999"), time.Time{}},
		example{[]string{`expression=findings.exists(f, findings.exists(g, f.id == g.id + "x"))`},
			[]string{"error: the expression costs more than 10000000 steps on this image, which is the most that is allowed"}, time.Time{}},
	)
	c.Deadline = now.AddDate(-1, 0, 0)
	err := compile(t, "expression/matches", "expression=findings.exists(f, f.id == '')")(&gate.Context{Analysis: &image.Analysis{}, Findings: c.Findings, At: now, Deadline: c.Deadline}, nil)
	if !errors.Is(err, pyregex.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

func tens(prefix string) []string {
	var out []string
	for i := range 10 {
		out = append(out, fmt.Sprint(prefix, i))
	}
	return out
}
