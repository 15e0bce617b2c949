package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/pyregex"
	"landwaiter.dev/policy/gate"
)

// Evaluate applies the bundle to an image. What fails is a problem of the evaluation, which then ends with stop. The only
// error is that of ctx, when it was done before the end; there is no verdict then.
func (b *Bundle) Evaluate(ctx context.Context, in Input) (*Evaluation, error) {
	tag := completeTag(in.Tag)
	run := &run{bundle: b, in: &in, context: newContext(&in), evaluation: &Evaluation{
		Account: in.Account, ImageID: in.ImageID, ImageDigest: in.ImageDigest, Tag: tag, BundleID: b.ID, Bundle: b.raw,
		PolicyAction: Go, At: in.At, Reproducible: true,
	}}
	run.context.Tag, run.context.Running = tag, ctx
	after := in.Ended
	if after == nil {
		after = func() {}
	}
	if err := until(ctx, func() { run.evaluate(newTarget(tag, in.ImageDigest, in.ImageID)) }, after); err != nil {
		return nil, fmt.Errorf("the evaluation was ended: %w", err)
	}
	return run.evaluation, nil
}

func newContext(in *Input) *gate.Context {
	analysis := in.Analysis
	if analysis == nil {
		analysis = &image.Analysis{}
	}
	c := &gate.Context{
		Analysis: analysis, Gaps: in.Gaps, Dockerfile: in.Dockerfile, DockerfileMode: gate.Mode(in.DockerfileMode), Findings: in.Findings, Unmatched: in.Unmatched,
		DetectedAt: in.DetectedAt, Feed: in.Feed, Facts: in.Facts, Files: in.Files, At: in.At, Compare: in.Compare, Deadline: time.Now().Add(timeLimit),
	}
	if in.Gaps == nil {
		c.Gaps = analysis.Gaps
	}
	if in.Compare == nil {
		c.Compare = advisory.Compare
	}
	switch {
	case in.DockerfileMode != "":
	case in.Dockerfile != "":
		c.DockerfileMode = gate.Actual
	default:
		c.Dockerfile, c.DockerfileMode = analysis.Dockerfile, gate.Guessed
	}
	return c
}

// run is one evaluation under way.
type run struct {
	bundle     *Bundle
	in         *Input
	context    *gate.Context
	evaluation *Evaluation
	failed     bool  // of the policies
	full       error // why no more rows are taken
	text       int   // bytes of all messages
}

func (r *run) evaluate(t target) {
	e := r.evaluation
	if mapping := r.mapping(&t); mapping != nil {
		e.Mapping = mapping.raw
		if len(r.bundle.broken) == 0 {
			r.policies(mapping)
		}
	}
	if len(r.bundle.broken) > 0 {
		r.failed = true
		e.Problems = append(e.Problems, r.bundle.broken...)
	}
	for i := range e.Rows {
		e.PolicyAction = worse(e.PolicyAction, e.Rows[i].Action)
	}
	e.AllowedImage, _ = r.listed(r.bundle.allowed, &t, "whitelisted_images")
	var sure bool
	e.DeniedImage, sure = r.listed(r.bundle.denied, &t, "blacklisted_images")
	if r.failed {
		e.PolicyAction = Stop
	}
	switch {
	case e.DeniedImage != nil:
		e.FinalAction, e.FinalReason = Stop, ByDenylist
	case e.AllowedImage != nil && sure: // it might be denied, and that would win
		e.FinalAction, e.FinalReason = Go, ByAllowlist
	default:
		e.FinalAction, e.FinalReason = e.PolicyAction, ByPolicy
	}
	e.NextAt, e.Missed = r.context.NextAt(), r.context.Missed()
}

// fail notes a problem; the evaluation ends with stop.
func (r *run) fail(class string, cause error, format string, args ...any) {
	r.failed = true
	if errors.Is(cause, pyregex.ErrTimeout) || errors.Is(cause, gate.ErrTooLong) {
		r.evaluation.Reproducible = false
	}
	if len(r.evaluation.Problems) < maxProblems {
		r.evaluation.Problems = append(r.evaluation.Problems, problem(class, "%v (%s)", cause, fmt.Sprintf(format, args...)))
	}
}

// mapping is the first rule that selects the image.
func (r *run) mapping(t *target) *mappingRule {
	for i := range r.bundle.mappings {
		m := &r.bundle.mappings[i]
		ok, err := m.selects(r.context.Match, t)
		if err != nil {
			r.fail("MappingEvaluationError", err, "mapping=%d", i)
		}
		if ok {
			return m
		}
	}
	return nil
}

// listed is the first rule of a list of images that selects the image. It is not sure when a rule could not be tried.
func (r *run) listed(rules []imageRule, t *target, list string) (rule json.RawMessage, sure bool) {
	sure = true
	for i := range rules {
		ok, err := rules[i].selects(r.context.Match, t)
		if err != nil {
			r.fail("MappingEvaluationError", err, "%s=%d", list, i)
			sure = false
		}
		if ok {
			return rules[i].raw, sure
		}
	}
	return nil, sure
}

// policies evaluates those of a mapping rule in their order.
func (r *run) policies(m *mappingRule) {
	lists := make([]*allowlist, 0, len(m.allowlists))
	for _, id := range m.allowlists {
		lists = append(lists, r.bundle.allowlists[id])
	}
	for _, id := range m.policies {
		p := r.bundle.policies[id]
		first := len(r.evaluation.Rows)
		for i := 0; i < len(p.rules) && r.full == nil; i++ {
			r.rule(p, &p.rules[i])
		}
		if err := r.allow(lists, r.evaluation.Rows[first:]); err != nil {
			r.fail("AllowlistEvaluationError", err, "policy=%s", p.id)
		}
	}
}

// rule runs one rule. What it fired before an error is dropped, so that the rows do not depend on where it failed.
func (r *run) rule(p *compiledPolicy, rule *rule) {
	e := r.evaluation
	if rule.retired != nil {
		if !slices.Contains(e.Problems, *rule.retired) && len(e.Problems) < maxProblems {
			e.Problems = append(e.Problems, *rule.retired)
		}
		return
	}
	first := len(e.Rows)
	err := r.check(p, rule)
	if err != nil {
		e.Rows = e.Rows[:first]
		r.fail("TriggerEvaluationError", err, "gate=%s,trigger=%s,rule_id=%s", rule.gate, rule.trigger, rule.id)
	}
}

var (
	errTooManyRows = fmt.Errorf("the evaluation has more than %d rows, which is the most that is kept", maxRows)
	errTooMuchText = fmt.Errorf("the messages of the rows have more than %d MiB together, which is the most that is kept", maxRowText>>20)
)

func (r *run) check(p *compiledPolicy, rule *rule) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the trigger failed: %v", v)
		}
	}()
	if r.full = r.context.Over(); r.full != nil {
		return r.full
	}
	e := r.evaluation
	r.context.RuleID = rule.id
	hash := newHasher(rule.gate, rule.trigger)
	err = rule.check(r.context, func(id, message string) {
		if len(e.Rows) >= maxRows {
			r.full = errTooManyRows
		}
		if r.text += len(message); r.text > maxRowText {
			r.full = errTooMuchText
		}
		if len(e.Rows)%256 == 255 && r.full == nil && r.context.Running.Err() != nil {
			r.full = r.context.Running.Err()
		}
		if r.full != nil {
			return
		}
		if id == "" {
			id = hash.of(message)
		}
		e.Rows = append(e.Rows, Row{TriggerID: id, Gate: rule.gate, Trigger: rule.trigger, Message: message, Action: rule.action, PolicyID: p.id})
	})
	if err == nil && r.full != nil {
		r.fail("TriggerEvaluationError", r.full, "gate=%s,trigger=%s,rule_id=%s", rule.gate, rule.trigger, rule.id)
	}
	return err
}

// allow applies the allowlists to the rows of one policy; the first item that matches a row is the one shown.
func (r *run) allow(lists []*allowlist, rows []Row) error {
	for i := range rows {
		row := &rows[i]
		for _, l := range lists {
			if err := r.context.Over(); err != nil {
				return err
			}
			it, err := l.find(r.context.Match, row, r.in.At)
			if err != nil {
				return err
			}
			if it != nil {
				row.Action, row.Allowed = Go, &AllowedBy{Name: l.name, ID: l.id, ItemID: it.id, Reason: it.comment, Until: it.expires}
				r.context.ChangesAt(it.expires)
				break
			}
		}
	}
	return nil
}
