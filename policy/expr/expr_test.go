package expr_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/policy/expr"
)

var now = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func document() *expr.Document {
	glibc := &expr.Package{Type: "deb", Name: "libc6", Version: "2.36", OS: true, Inherited: true}
	left := &expr.Package{Type: "npm", Name: "left-pad", Version: "1.3.0", License: "WTFPL", LicenseCategory: "permissive", Layer: 3}
	return &expr.Document{
		Image:  &expr.Image{Digest: "sha256:abc", Tag: "docker.io/shop/web:1.4", OS: "linux", Created: now.AddDate(0, 0, -40), Layers: []*expr.Layer{{Digest: "sha256:l0", Size: 12}}},
		Distro: &expr.Distro{ID: "debian", Version: "12"},
		Config: &expr.Config{User: "app", Env: map[string]string{"PATH": "/bin"}, Labels: map[string]string{"team": "shop"}, ExposedPorts: []string{"8080/tcp"}},
		Packages: func() []*expr.Package {
			return []*expr.Package{glibc, left}
		},
		Findings: func() []*expr.Finding {
			return []*expr.Finding{
				{ID: "CVE-2026-1", Severity: "high", SeverityLevel: 4, Package: glibc, EPSS: 0.3, Fixes: []string{"2.37"}, Since: now.AddDate(0, 0, -10)},
				{ID: "GHSA-2", Severity: "low", SeverityLevel: 2, Package: left},
			}
		},
		Now: now,
	}
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		`true`: true,
		`image.tag.startsWith("docker.io/shop/")`:                                         true,
		`config.user == "" || config.user == "root"`:                                      false,
		`"team" in config.labels && config.labels["team"] == "shop"`:                      true,
		`findings.exists(f, f.severity_level >= 4 && size(f.fixes) > 0)`:                  true,
		`findings.exists(f, f.epss > 1)`:                                                  false,
		`findings.filter(f, !f.package.inherited).map(f, f.id + " in " + f.package.name)`: []string{"GHSA-2 in left-pad"},
		`packages.filter(p, p.name.matches("^lib.*6$")).map(p, p.name.upperAscii())`:      []string{"LIBC6"},
		`packages.map(p, p.name)`:                                                         []string{"libc6", "left-pad"},
		`findings.exists(f, has(f.since) && now - f.since >= duration("240h"))`:           true,
		`findings.all(f, has(f.since))`:                                                   false,
		`image.created < now - duration("720h")`:                                          true,
		`now.getFullYear() == 2026`:                                                       true,
		`has(base.tags) || base.known || size(secrets) > 0`:                               false,
		`image.layers[0].size == 12 && distro.version == "12"`:                            true,
		`files.total > 10`:       false,
		`secrets.map(s, s.path)`: []string(nil),
	} {
		e, err := expr.Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		r, err := e.Run(t.Context(), document().Bind(), time.Time{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got any = r.True
		if r.IsTexts {
			got = r.Texts
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestRefusedExpressions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                  "is empty",
		`finding.size()`:    "line 1, column 1: undeclared reference to 'finding' (findings?)",
		`os.exec("x")`:      "there are base, config, distro",
		`image.diggest`:     "undefined field 'diggest' (digest?)",
		"true &&\n  imag.":  "line 2",
		`1 + 1`:             "is of type int; it must be bool, or a list of texts",
		`packages`:          "is of type list(Package)",
		`image.size == "x"`: "no matching overload",
		`packages.exists(p, p.name.matches("("))`:                                                        "line 1, column",
		`now.getHours("Europe/Berlin") == 1`:                                                             "no matching overload",
		`findings.exists(a, packages.exists(b, packages.exists(c, packages.exists(d, d.name == a.id))))`: "would cost too much",
		`findings.exists(a, findings.exists(b, findings.exists(c, a.id == b.id && b.id == c.id)))`:       "would cost too much",
		`["aaaaaaaaaaaaaaaa"]` + strings.Repeat(`.map(x, x + x)`, 60) + `.exists(x, x == "")`:            "",
		strings.Repeat("(", 500) + "true" + strings.Repeat(")", 500):                                     "",
		strings.Repeat("-(", 100) + "1" + strings.Repeat(")", 100) + " == 1":                             "",
		strings.Repeat("true && ", 510) + "true":                                                         "limit 1000",
		"'" + strings.Repeat("x", 5000) + "'":                                                            "4096 are allowed",
		"true \xff":                                                                                      "UTF-8",
		`dyn(1) == 2 && image.nothing`:                                                                   "undefined field",
		`__result__ == 1`:                                                                                "undeclared",
	} {
		began := time.Now()
		_, err := expr.Compile(text)
		if err == nil {
			t.Errorf("%.80s is accepted", text)
			continue
		}
		if !strings.Contains(err.Error(), want) || len(err.Error()) > 1500 {
			t.Errorf("%.80s: got %v, want %q", text, err, want)
		}
		if d := time.Since(began); d > 3*time.Second {
			t.Errorf("%.80s: took %v", text, d)
		}
	}
}

func TestUses(t *testing.T) {
	t.Parallel()
	e, err := expr.Compile(`findings.exists(f, f.epss > 0.5) && image.created < now`)
	if err != nil {
		t.Fatal(err)
	}
	if !e.UsesTime() || !e.Uses("epss") || e.Uses("signatures") {
		t.Error("what it uses is not known")
	}
}

// many makes a document with n findings and packages.
func many(n int) map[string]any {
	findings, packages := make([]*expr.Finding, n), make([]*expr.Package, n)
	for i := range n {
		packages[i] = &expr.Package{Name: fmt.Sprintf("package-%d", i), Version: "1"}
		findings[i] = &expr.Finding{ID: fmt.Sprintf("CVE-2026-%d", i), SeverityLevel: i % 6, Package: packages[i]}
	}
	d := &expr.Document{Findings: func() []*expr.Finding { return findings }, Packages: func() []*expr.Package { return packages }, Now: now}
	return d.Bind()
}

func TestManyFindings(t *testing.T) {
	t.Parallel()
	values := many(30_000)
	for text, want := range map[string]string{
		`findings.exists(f, f.severity_level > 5 && f.package.name.startsWith("x"))`: "",
		`findings.filter(f, f.severity_level == 5).map(f, f.id)`:                     "",
		`findings.map(f, f.id)`:                                  "more than 20000 texts",
		`findings.exists(f, packages.exists(p, p.name == f.id))`: "costs more than",
		`packages.map(p, p.name.replace("a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")).map(n, n + n).map(n, n + n).map(n, n + n).map(n, n + n).map(n, n + n).exists(n, n.contains("xyz"))`: "costs more than",
	} {
		e, err := expr.Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		began := time.Now()
		var got [2]string
		for i := range got {
			if _, err := e.Run(t.Context(), values, time.Time{}); err != nil {
				got[i] = err.Error()
			}
		}
		if d := time.Since(began); d > 60*time.Second {
			t.Errorf("%s: took %v", text, d)
		}
		if got[0] != got[1] || (want == "") != (got[0] == "") || !strings.Contains(got[0], want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestTimeRunsOut(t *testing.T) {
	t.Parallel()
	e, err := expr.Compile(`findings.exists(f, packages.exists(p, p.name == f.id))`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Run(t.Context(), many(20_000), time.Now()); !errors.Is(err, expr.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	for _, v := range expr.Describe() {
		text := v.Name + " == " + v.Name
		if _, err := expr.Compile(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		for _, f := range v.Fields {
			text := v.Name + "." + f.Name + " == " + v.Name + "." + f.Name
			if strings.HasPrefix(v.Type, "list") {
				text = fmt.Sprintf("%s.exists(x, x.%s == x.%s)", v.Name, f.Name, f.Name)
			}
			e, err := expr.Compile(text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			if _, err := e.Run(t.Context(), document().Bind(), time.Time{}); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`findings.exists(f, f.severity_level > 3 && f.package.name.matches("^a.*"))`)
	f.Add(`packages.map(p, p.name + "x").filter(n, n.contains("y"))`)
	f.Add(`[1, 2].map(x, string(x))`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := expr.Compile(text)
		if err != nil {
			return
		}
		first, err := e.Run(t.Context(), document().Bind(), time.Now().Add(10*time.Second))
		if errors.Is(err, expr.ErrTimeout) {
			t.Errorf("%q does not end", text)
		}
		again, _ := e.Run(t.Context(), document().Bind(), time.Time{})
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := expr.Compile(`findings.filter(f, f.severity_level >= 4 && !f.package.inherited && size(f.fixes) > 0).map(f, f.id + " in " + f.package.name)`); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	e, err := expr.Compile(`findings.filter(f, f.severity_level >= 4 && !f.package.inherited && size(f.fixes) > 0).map(f, f.id + " in " + f.package.name)`)
	if err != nil {
		b.Fatal(err)
	}
	values := many(1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Run(b.Context(), values, time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
}
