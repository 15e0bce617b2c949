package policy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/internal/testkit/docblock"
	"landwaiter.dev/policy"
	"landwaiter.dev/policy/gate"
)

// TestTriggers runs the rules of [triggerCases] and compares all rows with testdata/triggers.golden. A trigger without a
// rule that fires and one that does not fails.
func TestTriggers(t *testing.T) {
	t.Parallel()
	var golden strings.Builder
	for i := range triggerCases {
		tc := &triggerCases[i]
		hit, miss := tc.rows(t)
		if tc.never != (len(hit) == 0) || tc.always != (len(miss) > 0) {
			t.Errorf("%s: the first rule gives %d rows, the second %d", tc.trigger, len(hit), len(miss))
		}
		fmt.Fprintf(&golden, "%s\n", tc.trigger)
		for _, r := range hit {
			fmt.Fprintf(&golden, "\t%s\t%s\n", r.TriggerID, r.Message)
		}
	}
	path := filepath.Join("testdata", "triggers.golden")
	if *update {
		if err := os.WriteFile(path, []byte(golden.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(read(t, path)), golden.String()); diff != "" {
		t.Error(diff)
	}
}

// rows of both rules. A trigger that cannot be told from one image has the same rule twice.
func (tc *triggerCase) rows(t *testing.T) (hit, miss []policy.Row) {
	t.Helper()
	_, f := goldenCase(t, "testdata/golden/policy-bait")
	gateName, trigger, _ := strings.Cut(tc.trigger, "/")
	evaluate := func(params []string, facts ...func(*policy.Input)) []policy.Row {
		in := f.input()
		for _, change := range facts {
			if change != nil {
				change(&in)
			}
		}
		e := evaluated(mustParse(t, bundle(rule("STOP", gateName, trigger, params...))), in)
		if len(e.Problems) > 0 {
			t.Errorf("%s: %+v", tc.trigger, e.Problems)
		}
		return e.Rows
	}
	return evaluate(tc.hit, tc.facts), evaluate(tc.miss, tc.facts, tc.missFacts)
}

func TestEveryTriggerHasACase(t *testing.T) {
	t.Parallel()
	var triggers, cases []string
	for _, g := range gate.Active() {
		for _, name := range g.TriggerNames() {
			triggers = append(triggers, g.Name+"/"+name)
		}
	}
	for i := range triggerCases {
		tc := &triggerCases[i]
		cases = append(cases, tc.trigger)
		if !tc.always && !tc.never && slices.Equal(tc.hit, tc.miss) && tc.missFacts == nil {
			t.Errorf("%s: the rule that fires and the one that does not are the same", tc.trigger)
		}
	}
	if diff := cmp.Diff(triggers, cases); diff != "" {
		t.Errorf("triggers of active gates (-) and those that have a case in triggerCases (+), in their order:\n%s", diff)
	}
}

func TestDocumentedTriggers(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(docblock.Head("trigger", "fires", "its first row", "does not fire"))
	for i := range triggerCases {
		tc := &triggerCases[i]
		hit, _ := tc.rows(t)
		row, miss := "", tc.words(tc.miss, tc.missWith)
		if len(hit) > 0 {
			row = docblock.Cell(hit[0].Message)
		}
		if n := len(hit) - 1; n > 0 {
			row += fmt.Sprintf(" (and %d more)", n)
		}
		fires := tc.words(tc.hit, tc.with)
		switch {
		case tc.always:
			fires, miss = "for every image", "–"
		case tc.never:
			fires, miss = "–", "for any image"
		}
		b.WriteString(docblock.Row(docblock.Code(tc.trigger), fires, row, miss))
	}
	docblock.Check(t, "policy-examples.md", "trigger cases", b.String())
}

// words show the parameters of a rule, and what the image is like.
func (tc *triggerCase) words(params []string, with string) string {
	var parts []string
	for _, p := range params {
		parts = append(parts, docblock.Code(p))
	}
	if with != "" {
		parts = append(parts, "for an image "+with)
	}
	if len(parts) == 0 {
		return "without parameters"
	}
	return strings.Join(parts, ", ")
}
