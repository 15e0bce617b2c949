package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"landwaiter.dev/policy"
	"landwaiter.dev/store"
)

// VerdictDiff is how two verdicts differ, and which of their inputs did.
type VerdictDiff struct {
	Before, After VerdictSide
	// Inputs that are not the same: "image", "tag", "policy", "bundle", "analysis", "dockerfile", "vex", "feed_revision",
	// "feed_data", and "time", which alone may change a verdict too.
	Inputs []Difference
	RowDiff
	// Problems of the evaluation that came and went.
	ProblemsAdded, ProblemsRemoved []policy.Problem
}

// VerdictSide is one of the two.
type VerdictSide struct {
	Header store.Evaluation
	Rows   int
}

// RowDiff is how the rows of two verdicts differ.
type RowDiff struct {
	Added, Removed []policy.Row
	Changed        []RowChange
	// Unchanged counts the rows that are the same.
	Unchanged int
}

// RowChange is a row that is there before and after, with another action, message or allowlist.
type RowChange struct{ Before, After policy.Row }

// Diff compares two stored verdicts, of one image or of several.
func (u *Evaluations) Diff(ctx context.Context, account string, a, b int64) (*VerdictDiff, error) {
	before, err := u.evidence(ctx, account, a)
	if err != nil {
		return nil, err
	}
	after, err := u.evidence(ctx, account, b)
	if err != nil {
		return nil, err
	}
	return diffVerdicts(before, after), nil
}

// evidence is a verdict with what it says.
type evidence struct {
	header   store.Evaluation
	rows     []policy.Row
	problems []policy.Problem
}

func (u *Evaluations) evidence(ctx context.Context, account string, id int64) (*evidence, error) {
	e, err := u.header(ctx, account, id)
	if err != nil {
		return nil, err
	}
	if e.RowsGone {
		return nil, Errorf(ClassConflict, "rows_gone", "the rows of evaluation %d were removed after the retention time", id)
	}
	raw, err := u.store.Blobs().Get(ctx, e.Result)
	if err != nil {
		return nil, fmt.Errorf("the rows of evaluation %d: %w", id, err)
	}
	return readEvidence(e, raw)
}

// readEvidence reads what [policy.Evaluation.Evidence] wrote.
func readEvidence(e store.Evaluation, raw []byte) (*evidence, error) {
	var doc struct {
		Problems []policy.Problem           `json:"evaluation_problems"`
		Result   map[string]json.RawMessage `json:"result"`
		ImageID  string                     `json:"image_id"`
	}
	var table struct {
		Result struct {
			Rows [][9]json.RawMessage `json:"rows"`
		} `json:"result"`
	}
	broken := func(err error) (*evidence, error) {
		return nil, fmt.Errorf("the stored rows of evaluation %d: %w", e.ID, err)
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return broken(err)
	}
	if err := json.Unmarshal(doc.Result[doc.ImageID], &table); err != nil {
		return broken(err)
	}
	out := &evidence{header: e, problems: doc.Problems}
	for _, cells := range table.Result.Rows {
		var r policy.Row
		for i, to := range map[int]any{2: &r.TriggerID, 3: &r.Gate, 4: &r.Trigger, 5: &r.Message, 6: &r.Action, 8: &r.PolicyID} {
			if err := json.Unmarshal(cells[i], to); err != nil {
				return broken(err)
			}
		}
		if string(cells[7]) != "false" {
			if err := json.Unmarshal(cells[7], &r.Allowed); err != nil {
				return broken(err)
			}
		}
		out.rows = append(out.rows, r)
	}
	return out, nil
}

func diffVerdicts(a, b *evidence) *VerdictDiff {
	d := &VerdictDiff{Before: VerdictSide{a.header, len(a.rows)}, After: VerdictSide{b.header, len(b.rows)}, RowDiff: diffRows(a.rows, b.rows)}
	d.Inputs = inputsOf(a.header, b.header)
	d.ProblemsAdded, d.ProblemsRemoved = without(b.problems, a.problems), without(a.problems, b.problems)
	return d
}

func without(list, others []policy.Problem) []policy.Problem {
	return slices.DeleteFunc(slices.Clone(list), func(p policy.Problem) bool { return slices.Contains(others, p) })
}

// inputsOf lists the inputs of two verdicts that are not the same.
func inputsOf(a, b store.Evaluation) []Difference {
	list := []Difference{}
	note := func(what, before, after string) {
		if before != after {
			list = append(list, Difference{What: what, Before: before, After: after})
		}
	}
	note("image", string(a.ImageDigest), string(b.ImageDigest))
	note("tag", a.Tag, b.Tag)
	note("policy", a.PolicyID, b.PolicyID)
	note("bundle", string(a.BundleDigest), string(b.BundleDigest))
	note("analysis", string(a.AnalysisDigest), string(b.AnalysisDigest))
	note("dockerfile", string(a.DockerfileDigest), string(b.DockerfileDigest))
	note("vex", string(a.VEXDigest), string(b.VEXDigest))
	note("feed_revision", strconv.FormatInt(a.FeedRevision, 10), strconv.FormatInt(b.FeedRevision, 10))
	var was, is facts
	if json.Unmarshal([]byte(a.Facts), &was) == nil && json.Unmarshal([]byte(b.Facts), &is) == nil {
		note("feed_data", feedText(was), feedText(is))
	}
	note("time", momentText(a.EvaluatedAt), momentText(b.EvaluatedAt))
	return list
}

// feedText says how old the data for the distribution was.
func feedText(f facts) string {
	if !f.Feed.Present {
		return "none"
	}
	return momentText(f.Feed.LastSync)
}

// diffRows lays the rows of one fact beside each other: those of the same policy first, then, as two bundles may call their
// policies differently, of any.
func diffRows(before, after []policy.Row) RowDiff {
	d := RowDiff{Added: []policy.Row{}, Removed: []policy.Row{}, Changed: []RowChange{}}
	taken := make([]bool, len(before))
	of := make([]int, len(after))
	for _, inPolicy := range []bool{true, false} {
		key := func(r *policy.Row) rowKey {
			k := rowKey{gate: r.Gate, trigger: r.Trigger, id: r.TriggerID}
			if inPolicy {
				k.policy = r.PolicyID
			}
			return k
		}
		open := map[rowKey][]int{}
		for i := range before {
			if !taken[i] {
				open[key(&before[i])] = append(open[key(&before[i])], i)
			}
		}
		for i := range after {
			k := key(&after[i])
			if of[i] != 0 || len(open[k]) == 0 {
				continue
			}
			n := slices.IndexFunc(open[k], func(n int) bool { return sameRow(&before[n], &after[i]) })
			n = max(n, 0)
			taken[open[k][n]], of[i] = true, open[k][n]+1
			open[k] = slices.Delete(open[k], n, n+1)
		}
	}
	for i := range after {
		switch n := of[i] - 1; {
		case n < 0:
			d.Added = append(d.Added, after[i])
		case sameRow(&before[n], &after[i]):
			d.Unchanged++
		default:
			d.Changed = append(d.Changed, RowChange{before[n], after[i]})
		}
	}
	for i := range before {
		if !taken[i] {
			d.Removed = append(d.Removed, before[i])
		}
	}
	return d
}

type rowKey struct{ policy, gate, trigger, id string }

// sameRow says whether two rows of one fact say the same, whatever their policies are called.
func sameRow(a, b *policy.Row) bool {
	return a.Action == b.Action && a.Message == b.Message && (a.Allowed == nil) == (b.Allowed == nil)
}
