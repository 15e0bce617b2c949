package cases

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/policy/gate"
)

// Inputs are what the names in a case stand for, as the caller read them.
type Inputs struct {
	Fixture    *Fixture
	Bundle     *policy.Bundle
	Dockerfile string
	// Findings of the case's own file; nil when the case names none or lists them itself.
	Findings []byte
}

// Outcome is what became of a case.
type Outcome struct {
	// Action and Reason of the verdict, and its rows.
	Action string `json:"action"`
	Reason string `json:"reason"`
	Rows   []Row  `json:"rows"`
	// Differences from what was expected; none when the case has passed.
	Differences []Difference `json:"differences"`
	// problem is why the verdict could not be judged in full; "" when it could.
	problem string
}

// Passed says whether the verdict is what was expected.
func (o *Outcome) Passed() bool { return len(o.Differences) == 0 }

// Difference is one thing that is not as expected.
type Difference struct {
	// Sign is "-" for what is missing, "+" for what must not be there, "~" for what is there in another form, "!" for what
	// could not be judged.
	Sign string `json:"sign"`
	Text string `json:"text"`
}

// Run evaluates a case and compares the verdict with what it expects. An error says that the case cannot be judged.
func (c *Case) Run(ctx context.Context, in Inputs) (*Outcome, error) {
	input, asked, err := c.input(in)
	if err != nil {
		return nil, err
	}
	e, err := in.Bundle.Evaluate(ctx, input)
	if err != nil {
		return nil, err
	}
	if asked.err != nil {
		return nil, asked.err
	}
	o := &Outcome{Action: e.FinalAction, Reason: e.FinalReason, Rows: []Row{}, Differences: []Difference{}}
	for i := range e.Rows {
		o.Rows = append(o.Rows, rowOf(&e.Rows[i]))
	}
	if asked.unknown {
		o.differ("!", "a rule looks at the files of the image, and they are not known: list them in files, or name the image itself")
	}
	if e.Missed {
		o.differ("!", "a rule looks at vulnerabilities, and nobody looked for them: name a result of landwaiter scan -o json in image or in findings, or list them in findings ([] for none)")
	}
	for _, l := range lacking {
		if asked.lacks.Has(l.need) {
			o.differ("!", "a rule looks at %s, and nobody knows: name a result of landwaiter scan -o json of this version in image or in findings, or list %s", l.what, l.how)
		}
	}
	for _, p := range e.Problems {
		o.differ("!", "%s", p.Details)
	}
	if len(o.Differences) > 0 {
		o.problem = o.Differences[0].Text
	}
	c.compare(o)
	return o, nil
}

func (o *Outcome) differ(sign, format string, args ...any) {
	o.Differences = append(o.Differences, Difference{sign, fmt.Sprintf(format, args...)})
}

func rowOf(r *policy.Row) Row {
	row := Row{Gate: r.Gate, Trigger: r.Trigger, TriggerID: r.TriggerID, Action: r.Action, Message: r.Message, Policy: r.PolicyID}
	if a := r.Allowed; a != nil {
		switch {
		case a.Name != nil && *a.Name != "":
			row.Allowed = *a.Name
		case a.ID != nil:
			row.Allowed = *a.ID
		}
	}
	return row
}

// asked notes what an evaluation asked of the files, and which facts its rules look at that nobody knows.
type asked struct {
	unknown bool
	lacks   gate.Need
	err     error
}

func (c *Case) input(in Inputs) (policy.Input, *asked, error) {
	f, err := in.Fixture, error(nil)
	switch {
	case in.Findings != nil:
		f, err = f.With(in.Findings)
	case len(c.Findings) > 0 && string(c.Findings) != "null":
		f, err = f.With(c.Findings)
	}
	if err != nil {
		return policy.Input{}, nil, fmt.Errorf("findings: %w", err)
	}
	input := policy.Input{
		Account: "admin", ImageID: f.Analysis.ID.Hex(), ImageDigest: string(f.Analysis.Digest), Tag: c.tag(f), Analysis: f.Analysis,
		Findings: f.Findings, Unmatched: f.Findings == nil, Gaps: f.Gaps, At: c.At.Time, Dockerfile: f.Analysis.Dockerfile, DockerfileMode: "Guessed",
	}
	if input.At.IsZero() {
		input.At = f.At
	}
	if input.At.IsZero() {
		return input, nil, errors.New("it names no moment: write at: 2026-01-31T00:00:00Z")
	}
	input.At = input.At.UTC()
	if in.Dockerfile != "" {
		input.Dockerfile, input.DockerfileMode = in.Dockerfile, "Actual"
	}
	input.Feed = policy.FeedFacts{Present: true, LastSync: input.At}
	if c.Feed != nil {
		input.Feed.Present = c.Feed.Present
		if !c.Feed.LastSync.IsZero() {
			input.Feed.LastSync = c.Feed.LastSync.Time
		}
	}
	input.DetectedAt = func(f *advisory.ImageFinding) time.Time {
		if f.Since.IsZero() {
			return input.At
		}
		return f.Since
	}
	var missing gate.Need
	input.Facts, missing = c.facts(f)
	files, err := tree(c.Files)
	if err != nil {
		return input, nil, fmt.Errorf("files: %w", err)
	}
	asked := &asked{lacks: missing & in.Bundle.Needs()}
	input.Files = func() []image.File {
		switch {
		case c.Files != nil:
			return files
		case f.Files == nil:
			asked.unknown = true
			return nil
		}
		known, err := f.Files()
		asked.err = err
		return known
	}
	return input, asked, nil
}

func (t *Threat) threat() gate.Threat {
	return gate.Threat{Score: t.Score, Percentile: t.Percentile, Scored: t.Day, Due: t.Due, Ransomware: t.Ransomware}
}

// tag is the one to evaluate for; files have none, so that mappings by * apply.
func (c *Case) tag(f *Fixture) string {
	for _, t := range []string{c.Tag, f.Reference} {
		if t != "" && !strings.Contains(t, "@") {
			return t
		}
	}
	return "localhost/image:latest"
}

func hexBytes(s string) ([]byte, error) { return hex.DecodeString(s) }

// compare adds what is not as expected.
func (c *Case) compare(o *Outcome) {
	want := c.Expect
	if want == nil {
		o.differ("!", "the case expects nothing: write expect, or let --update write it")
		return
	}
	if want.Action != "" && want.Action != o.Action {
		o.differ("~", "action: want %s, got %s", want.Action, o.Action)
	}
	if want.Reason != "" && want.Reason != o.Reason {
		o.differ("~", "reason: want %s, got %s", want.Reason, o.Reason)
	}
	taken := assign(want.Rows, o.Rows)
	owner := map[int]int{}
	for i, j := range taken {
		if j >= 0 {
			owner[j] = i
		}
	}
	for i, j := range taken {
		if j >= 0 {
			continue
		}
		if near := nearest(&want.Rows[i], o.Rows, owner); near >= 0 {
			owner[near] = i
			o.differ("~", "%s: %s", want.Rows[i].text(), want.Rows[i].unlike(&o.Rows[near]))
			continue
		}
		o.differ("-", "%s", want.Rows[i].text())
	}
	for j := range o.Rows {
		if _, has := owner[j]; want.Only && !has {
			o.differ("+", "%s", o.Rows[j].text())
		}
		for i := range want.Absent {
			if want.Absent[i].fits(&o.Rows[j]) {
				o.differ("+", "%s, which must be absent", o.Rows[j].text())
				break
			}
		}
	}
}

// assign gives each wanted row a row of its own that fits, as far as there are enough; -1 where there is none.
func assign(want, have []Row) []int {
	taken, owner := make([]int, len(want)), map[int]int{}
	for i := range taken {
		taken[i] = -1
	}
	all, byID := make([]int, len(have)), map[string][]int{}
	for j := range have {
		all[j] = j
		byID[have[j].TriggerID] = append(byID[have[j].TriggerID], j)
	}
	var find func(i int, seen map[int]bool) bool
	find = func(i int, seen map[int]bool) bool {
		candidates := all
		if id := want[i].TriggerID; id != "" {
			candidates = byID[id]
		}
		for _, j := range candidates {
			if seen[j] || !want[i].fits(&have[j]) {
				continue
			}
			seen[j] = true
			other, busy := owner[j]
			if !busy || find(other, seen) {
				taken[i], owner[j] = j, i
				return true
			}
		}
		return false
	}
	for i := range want {
		find(i, map[int]bool{})
	}
	return taken
}

// asked are the names and values of what is asked of a row.
func (r *Row) asked() [][2]string {
	var list [][2]string
	for _, f := range [][2]string{{"gate", r.Gate}, {"trigger", r.Trigger}, {"trigger_id", r.TriggerID}, {"action", r.Action}, {"message", r.Message}, {"policy", r.Policy}, {"allowed", r.Allowed}} {
		if f[1] != "" {
			list = append(list, f)
		}
	}
	return list
}

func (r *Row) value(name string) string {
	for _, f := range r.asked() {
		if f[0] == name {
			return f[1]
		}
	}
	return ""
}

func (r *Row) fits(have *Row) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return is(r.TriggerID, have.TriggerID) && is(r.Gate, have.Gate) && is(r.Trigger, have.Trigger) && is(r.Action, have.Action) &&
		is(r.Message, have.Message) && is(r.Policy, have.Policy) && is(r.Allowed, have.Allowed)
}

// nearest is a row that nobody owns and that is about the same: gate and trigger id are as asked, or gate and trigger.
func nearest(want *Row, have []Row, owner map[int]int) int {
	for _, same := range []func(*Row) bool{
		func(r *Row) bool {
			return want.TriggerID != "" && r.TriggerID == want.TriggerID && (want.Gate == "" || r.Gate == want.Gate)
		},
		func(r *Row) bool {
			return want.Gate != "" && r.Gate == want.Gate && want.Message != "" && r.Message == want.Message
		},
	} {
		for j := range have {
			if _, has := owner[j]; !has && same(&have[j]) {
				return j
			}
		}
	}
	return -1
}

// unlike says what is not as asked.
func (r *Row) unlike(have *Row) string {
	var list []string
	for _, f := range r.asked() {
		if got := have.value(f[0]); got != f[1] {
			if got == "" {
				got = "nothing"
			}
			list = append(list, fmt.Sprintf("%s: want %s, got %s", f[0], f[1], got))
		}
	}
	return strings.Join(list, ", ")
}

// text is a row in one line.
func (r *Row) text() string {
	var list []string
	for _, s := range []string{r.Action, r.Gate, r.Trigger, r.TriggerID} {
		if s != "" {
			list = append(list, s)
		}
	}
	if r.Allowed != "" {
		list = append(list, "allowed by "+r.Allowed)
	}
	if r.Message != "" {
		list = append(list, "("+r.Message+")")
	}
	return strings.Join(list, " ")
}
