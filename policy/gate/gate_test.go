package gate_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// run compiles a rule of a trigger ("gate/trigger") with parameters "name=value" and returns what fires as "id|message",
// the id empty where it is hashed.
func run(t *testing.T, c *gate.Context, trigger string, params ...string) []string {
	t.Helper()
	check := compile(t, trigger, params...)
	if c.Analysis == nil {
		c.Analysis = &image.Analysis{}
	}
	if c.At.IsZero() {
		c.At = now
	}
	c.Compare = advisory.Compare
	var fired []string
	if err := check(c, func(id, message string) { fired = append(fired, id+"|"+message) }); err != nil {
		fired = append(fired, "error: "+err.Error())
	}
	return fired
}

func compile(t *testing.T, trigger string, params ...string) gate.Check {
	t.Helper()
	check, errs := newCheck(t, trigger, params...)
	if len(errs) > 0 {
		t.Fatalf("%s %q: %v", trigger, params, errs)
	}
	return check
}

func newCheck(t *testing.T, trigger string, params ...string) (gate.Check, []error) {
	t.Helper()
	g, name, _ := strings.Cut(trigger, "/")
	tr := gate.Find(g).Trigger(name)
	if tr == nil {
		t.Fatalf("no trigger %s", trigger)
	}
	var given []gate.Pair
	for _, p := range params {
		n, v, _ := strings.Cut(p, "=")
		given = append(given, gate.Pair{Name: n, Value: v})
	}
	return tr.NewCheck(given)
}

func TestAlways(t *testing.T) {
	t.Parallel()
	got := run(t, &gate.Context{}, "always/always")
	if diff := cmp.Diff([]string{"always|Unconditional trigger match"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	gaps := []image.Gap{
		{Kind: image.GapParserFailed, Path: "opt/a.jar", Detail: "the archive is broken", Count: 2},
		{Kind: image.GapNoAdvisories, Layer: -1, Detail: "no data for Alpine:v3.1"},
	}
	for _, tc := range []struct {
		params []string
		want   []string
	}{
		{nil, []string{
			"parser_failed+/opt/a.jar|Analysis gap parser_failed at /opt/a.jar and 2 more: the archive is broken",
			"no_advisories|Analysis gap no_advisories: no data for Alpine:v3.1",
		}},
		{[]string{"kinds=limit_hit, no_advisories"}, []string{"no_advisories|Analysis gap no_advisories: no data for Alpine:v3.1"}},
		{[]string{"kinds=limit_hit"}, nil},
	} {
		if diff := cmp.Diff(tc.want, run(t, &gate.Context{Gaps: gaps}, "analysis/gaps", tc.params...)); diff != "" {
			t.Errorf("%q: %s", tc.params, diff)
		}
	}
}

func TestParameterTypes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		trigger string
		params  []string
		want    string // part of the errors; "" for none
	}{
		{"always/always", []string{"x=1"}, `parameter "x": unknown parameter`},
		{"vulnerabilities/stale_feed_data", nil, `parameter "max_days_since_sync": required parameter`},
		{"vulnerabilities/stale_feed_data", []string{"max_days_since_sync="}, "does not match"},
		{"vulnerabilities/stale_feed_data", []string{"max_days_since_sync=-1"}, "does not match"},
		{"vulnerabilities/stale_feed_data", []string{"MAX_DAYS_since_sync= 007 "}, ""},
		{"vulnerabilities/stale_feed_data", []string{"max_days_since_sync=x", "max_days_since_sync=3"}, ""},
		{"vulnerabilities/package", []string{"package_type=All"}, "'All' is not one of ['all', 'os', 'non-os']"},
		{"vulnerabilities/package", []string{"package_type=all", "fix_available=TRUE"}, ""},
		{"vulnerabilities/package", []string{"package_type=all", "fix_available=yes"}, "'yes' is not one of ['true', 'false']"},
		{"vulnerabilities/package", []string{"package_type=all", "cvss_v3_base_score=7.5"}, ""},
		{"vulnerabilities/package", []string{"package_type=all", "cvss_v3_base_score=-.5"}, ""},
		{"vulnerabilities/package", []string{"package_type=all", "cvss_v3_base_score="}, "does not match"},
		{"vulnerabilities/package", []string{"package_type=all", "cvss_v3_base_score=-"}, "does not match"},
		{"vulnerabilities/package", []string{"package_type=all", "cvss_v3_base_score=."}, "does not match"},
		{"vulnerabilities/package", []string{"package_type=all", "cvss_v3_base_score=--5"}, "does not match"},
		{"vulnerabilities/package", []string{"package_type=all", "cvss_v3_base_score=1e3"}, "does not match"},
		{"vulnerabilities/package", []string{"package_type=all", "package_path_exclude=("}, "is not valid"},
		{"vulnerabilities/blacklist", []string{"vulnerability_ids=CVE-1,"}, "does not match"},
		{"vulnerabilities/blacklist", []string{"vulnerability_ids=CVE-1,,CVE-2"}, "does not match"},
		{"vulnerabilities/blacklist", []string{"vulnerability_ids=CVE-1 , CVE-2"}, ""},
		{"dockerfile/exposed_ports", []string{"ports=80, 0443", "type=whitelist"}, ""},
		{"dockerfile/exposed_ports", []string{"ports=80,x", "type=whitelist"}, "does not match"},
		{"dockerfile/effective_user", []string{"users=", "type=blacklist"}, ""},
		{"dockerfile/instruction", []string{"instruction=from", "check=exists"}, "'from' is not one of"},
		{"dockerfile/instruction", []string{"instruction=FROM", "check=like", "value=["}, "unterminated character set"},
		{"dockerfile/instruction", []string{"instruction=FROM", "check==", "value=["}, ""},
	} {
		check, errs := newCheck(t, tc.trigger, tc.params...)
		text := ""
		for _, err := range errs {
			text += err.Error() + "\n"
		}
		if tc.want == "" && text != "" || !strings.Contains(text, tc.want) || (check == nil) != (text != "") {
			t.Errorf("%s %q: got %q, want %q", tc.trigger, tc.params, text, tc.want)
		}
	}
}

// TestListIsComplete reads the package's files, so that no gate is forgotten in the list.
func TestListIsComplete(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 5 {
		t.Fatalf("reading the package's files: %v, %v", files, err)
	}
	var names []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			c, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if id, ok := c.Type.(*ast.Ident); ok && id.Name == "Gate" {
				for _, e := range c.Elts {
					kv := e.(*ast.KeyValueExpr)
					if lit, isText := kv.Value.(*ast.BasicLit); isText && kv.Key.(*ast.Ident).Name == "Name" {
						names = append(names, strings.Trim(lit.Value, `"`))
					}
				}
			}
			return true
		})
	}
	listed := gate.ActiveNames()
	slices.Sort(names)
	listed = slices.Sorted(slices.Values(listed))
	if diff := cmp.Diff(names, listed); diff != "" {
		t.Errorf("gates in files (-) and in the list (+): %s", diff)
	}
}

func TestEveryGateIsDescribed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	unique := func(key string) {
		if seen[key] || key != strings.ToLower(key) {
			t.Errorf("%s: twice, or not in lower case", key)
		}
		seen[key] = true
	}
	for _, g := range slices.Concat(gate.Active(), gate.Retired()) {
		unique(g.Name)
		if g.Description == "" || len(g.Triggers) == 0 {
			t.Errorf("gate %s lacks a description or triggers", g.Name)
		}
		for _, tr := range g.Triggers {
			unique(g.Name + "/" + tr.Name)
			if tr.Description == "" || !g.Retired && tr.Compile == nil {
				t.Errorf("trigger %s/%s is not complete", g.Name, tr.Name)
			}
			for _, p := range tr.Params {
				for _, name := range append(p.Aliases, p.Name) {
					unique(g.Name + "/" + tr.Name + "/" + name)
				}
				if p.Description == "" || p.Type.Name == "" || p.Type.Description == "" {
					t.Errorf("parameter %s/%s/%s is not described", g.Name, tr.Name, p.Name)
				}
			}
		}
	}
}

func TestPythonList(t *testing.T) {
	t.Parallel()
	if got, want := gate.PythonList([]string{"a", "it's", `it's "so"`, "a\nb\\"}), `['a', "it's", 'it\'s "so"', 'a\nb\\']`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
