package policy_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/policy"
)

type specGate struct {
	Name         string
	Description  string
	State        string
	SupersededBy *string `json:"superceded_by"`
	Triggers     []struct {
		Name, Description, State string
		SupersededBy             *string `json:"superceded_by"`
		Parameters               []struct {
			Name, Description, State string
			Example                  *string
			Required                 bool
			Validator                struct {
				Type, Description string
				Criteria          map[string]any
			}
		}
	}
}

func spec(t *testing.T) []specGate {
	t.Helper()
	b, err := json.Marshal(policy.Spec())
	if err != nil {
		t.Fatal(err)
	}
	var gates []specGate
	if err := json.Unmarshal(b, &gates); err != nil {
		t.Fatal(err)
	}
	return gates
}

func TestSpec(t *testing.T) {
	t.Parallel()
	var names, retired []string
	for _, g := range spec(t) {
		switch g.State {
		case "active":
			if len(retired) > 0 {
				t.Errorf("%s comes after retired gates", g.Name)
			}
			names = append(names, g.Name)
		case "eol":
			retired = append(retired, g.Name)
		default:
			t.Errorf("%s: state %q", g.Name, g.State)
		}
	}
	if diff := cmp.Diff(strings.Fields(`always dockerfile files ruby_gems metadata licenses malware npms packages passwd_file
		retrieved_files secret_scans vulnerabilities analysis
		exploitability remediation inheritance license_terms secrets image signatures expression`), names); diff != "" {
		t.Error(diff)
	}
	if len(retired) != 14 {
		t.Errorf("got %d retired gates: %q", len(retired), retired)
	}
}

func TestSpecOfParameters(t *testing.T) {
	t.Parallel()
	gates := spec(t)
	vulns := gates[slices.IndexFunc(gates, func(g specGate) bool { return g.Name == "vulnerabilities" })]
	var got []string
	for _, p := range vulns.Triggers[0].Parameters {
		got = append(got, p.Name)
	}
	want := strings.Fields(`package_type severity_comparison severity cvss_v3_base_score_comparison cvss_v3_base_score
		cvss_v3_exploitability_score_comparison cvss_v3_exploitability_score cvss_v3_impact_score_comparison cvss_v3_impact_score
		fix_available vendor_only max_days_since_creation max_days_since_fix vendor_cvss_v3_base_score_comparison vendor_cvss_v3_base_score
		vendor_cvss_v3_exploitability_score_comparison vendor_cvss_v3_exploitability_score vendor_cvss_v3_impact_score_comparison
		vendor_cvss_v3_impact_score package_path_exclude`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	first := vulns.Triggers[0].Parameters[0]
	if !first.Required || first.Validator.Type != "EnumString" || cmp.Diff(map[string]any{"type": "string", "enum": []any{"all", "os", "non-os"}}, first.Validator.Criteria) != "" {
		t.Errorf("got %+v", first)
	}
	dockerfile := gates[slices.IndexFunc(gates, func(g specGate) bool { return g.Name == "dockerfile" })]
	got = nil
	for _, p := range dockerfile.Triggers[0].Parameters {
		got = append(got, p.Name+" "+p.Validator.Type)
	}
	if diff := cmp.Diff([]string{"instruction EnumString", "check EnumString", "value type", "actual_dockerfile_only BooleanString"}, got); diff != "" {
		t.Error(diff)
	}
	gems := gates[slices.IndexFunc(gates, func(g specGate) bool { return g.Name == "gemcheck" })]
	if gems.SupersededBy == nil || *gems.SupersededBy != "ruby_gems" || gems.Triggers[0].Parameters == nil || gems.Triggers[0].State != "eol" {
		t.Errorf("got %+v", gems)
	}
}

// TestExamplesAreTrue tries the examples that the specification and docs/policies.md show: all of a trigger together, and each
// beside what the trigger requires. All are accepted, lint has nothing to say of them, and they can be evaluated.
func TestExamplesAreTrue(t *testing.T) {
	t.Parallel()
	in := largeImage(t, 200, 30)
	try := func(gateName, trigger string, params ...string) (faults []string) {
		source := bundle(rule("GO", gateName, trigger, params...))
		for _, p := range policy.Lint([]byte(source), now, nil) {
			if !strings.HasPrefix(p.Details, "the trigger never fires") {
				faults = append(faults, p.Text())
			}
		}
		if b, err := policy.Parse([]byte(source)); err == nil {
			for _, p := range evaluated(b, in).Problems {
				faults = append(faults, p.Details)
			}
		}
		return faults
	}
	tried := 0
	for _, g := range spec(t) {
		if g.State != "active" {
			continue
		}
		for _, tr := range g.Triggers {
			var all, required []string
			for _, p := range tr.Parameters {
				if p.Example == nil {
					if p.Required {
						t.Errorf("%s %s: %s is required and has no example", g.Name, tr.Name, p.Name)
					}
					continue
				}
				all = append(all, p.Name+"="+*p.Example)
				if p.Required {
					required = append(required, p.Name+"="+*p.Example)
				}
			}
			together := try(g.Name, tr.Name, all...)
			if len(together) > 0 {
				t.Errorf("%s %s: all examples: %q", g.Name, tr.Name, together)
			}
			for _, p := range tr.Parameters {
				if p.Example == nil || p.Required {
					continue
				}
				tried++
				given := append(slices.Clone(required), p.Name+"="+*p.Example)
				for _, other := range slices.Concat(beside[tr.Name], beside[tr.Name+" "+p.Name]) {
					if !strings.HasPrefix(other, p.Name+"=") {
						given = append(given, other)
					}
				}
				if alone := try(g.Name, tr.Name, given...); len(alone) > 0 {
					t.Errorf("%s %s: %s=%s: %q", g.Name, tr.Name, p.Name, *p.Example, alone)
				}
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d examples were tried", tried)
	}
}

// beside is what parameters count only with, by their trigger, or by that and their name.
var beside = map[string][]string{
	"epss": {"min_score=0.1"}, "instruction": {"value=scratch"}, "unsigned all": {"trust=release-key"}, "not_attested all": {"trust=release-key"},
	"package max_days_since_fix": {"fix_available=true"}, "package cvss_v3_base_score_comparison": {"cvss_v3_base_score=7.0"},
	"package cvss_v3_exploitability_score_comparison": {"cvss_v3_exploitability_score=2.8"}, "package cvss_v3_impact_score_comparison": {"cvss_v3_impact_score=5.9"},
	"package vendor_cvss_v3_base_score_comparison":           {"vendor_cvss_v3_base_score=7.0"},
	"package vendor_cvss_v3_exploitability_score_comparison": {"vendor_cvss_v3_exploitability_score=2.8"},
	"package vendor_cvss_v3_impact_score_comparison":         {"vendor_cvss_v3_impact_score=5.9"},
}

func TestDefaultBundle(t *testing.T) {
	t.Parallel()
	b := mustParse(t, string(policy.Default()))
	if b.ID != "landwaiter-default" || b.Name == "" || b.Description == "" {
		t.Errorf("got %q, %q", b.ID, b.Name)
	}
	var doc struct {
		Policies []struct {
			Rules []struct{ ID, Comment string }
		}
	}
	if err := json.Unmarshal(policy.Default(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, r := range doc.Policies[0].Rules {
		if r.ID == "" || r.Comment == "" {
			t.Errorf("rule %+v does not say what it is for", r)
		}
	}
	clear(policy.Default())
	mustParse(t, string(policy.Default()))
}
