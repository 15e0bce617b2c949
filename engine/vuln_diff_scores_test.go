package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
)

// A finding whose scores alone changed says whose, and from what to what.
func TestScoresThatChanged(t *testing.T) {
	t.Parallel()
	finding := func(scores ...advisory.CVSS) *advisory.ImageFinding {
		return &advisory.ImageFinding{Finding: advisory.Finding{CVSS: scores}}
	}
	score := func(source, id, vector string, base float64) advisory.CVSS {
		return advisory.CVSS{Source: source, ID: id, Vector: vector, Base: base}
	}
	for name, tc := range map[string]struct {
		before, after *advisory.ImageFinding
		want          []string
	}{
		"same":     {finding(score("R-1", "", "V", 5)), finding(score("R-1", "", "V", 5)), nil},
		"record's": {finding(score("R-1", "", "V", 5)), finding(score("R-1", "", "W", 7.5)), []string{"CVSS of R-1 was 5.0 (V) and is 7.5 (W)"}},
		"new":      {finding(), finding(score(advisory.NVD, "CVE-2026-1", "V", 5)), []string{"CVSS of " + advisory.NVD + " for CVE-2026-1 is new: 5.0 (V)"}},
		"gone":     {finding(score("R-1", "", "V", 5)), finding(), []string{"CVSS of R-1 is not there any more: it was 5.0 (V)"}},
		"one of two versions": {finding(score("R-1", "", "V", 5), score("R-1", "", "W", 6)), finding(score("R-1", "", "V", 5), score("R-1", "", "X", 6.1)),
			[]string{"CVSS of R-1 was 5.0 (V) and 6.0 (W) and is 5.0 (V) and 6.1 (X)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &DiffRow{Before: tc.before, After: tc.after}
			(&explainer{}).changed(r)
			var got []string
			for _, why := range r.Reasons {
				if why.Kind != WhyScored {
					t.Errorf("kind %q", why.Kind)
				}
				got = append(got, why.Text)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
