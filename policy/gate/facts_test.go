package gate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

// example is a rule, what fires for it as [run] has it, and the moment at which time alone changes that.
type example struct {
	params []string
	want   []string
	next   time.Time
}

// try runs examples of a trigger over copies of a context.
func try(t *testing.T, c gate.Context, trigger string, examples ...example) {
	t.Helper()
	for _, e := range examples {
		own := c
		got := run(t, &own, trigger, e.params...)
		if diff := cmp.Diff(e.want, got); diff != "" {
			t.Errorf("%s %q: %s", trigger, e.params, diff)
		}
		if !own.NextAt().Equal(e.next) {
			t.Errorf("%s %q: changes at %v, want %v", trigger, e.params, own.NextAt(), e.next)
		}
	}
}

func daysAgo(n int) time.Time { return now.AddDate(0, 0, -n) }

// threatened are findings of three kinds: exploited with a due date, scored, and of a language package without a CVE.
func threatened() gate.Context {
	return gate.Context{
		Findings: []advisory.ImageFinding{
			{Finding: advisory.Finding{ID: "CVE-2026-1", IDs: []string{"CVE-2026-1"}, Severity: advisory.High, KnownExploited: "2026-11-01", Fixes: []string{"2.0"}, URL: "u1"},
				Package: image.Package{Type: image.Deb, Name: "a", Version: "1"}, Since: daysAgo(20), FixSince: daysAgo(10)},
			{Finding: advisory.Finding{ID: "GHSA-2", IDs: []string{"CVE-2026-2", "GHSA-2"}, Severity: advisory.Low, KnownExploited: "2026-11-02", URL: "u2"},
				Package: image.Package{Type: image.Golang, Name: "b", Version: "v1", Layer: 2}, Since: daysAgo(5)},
			{Finding: advisory.Finding{ID: "GHSA-3", IDs: []string{"GHSA-3"}, Severity: advisory.Critical, Fixes: []string{"9"}, URL: "u3"},
				Package: image.Package{Type: image.Golang, Name: "c", Version: "v1", Layer: 2}},
			{Finding: advisory.Finding{ID: "CVE-2026-1", IDs: []string{"CVE-2026-1"}, KnownExploited: "2026-11-01"}, Package: image.Package{Type: image.Deb, Name: "hidden"}, Ignored: "VEX"},
		},
		Facts: gate.Facts{Threats: map[string]gate.Threat{
			"CVE-2026-1": {Score: 0.5, Percentile: 0.97, Scored: "2026-11-23", Due: "2026-11-24", Ransomware: true},
			"CVE-2026-2": {Score: 0.01, Percentile: 0.2, Scored: "2026-11-23", Due: "2026-11-22"},
		}},
	}
}
