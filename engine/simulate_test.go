package engine

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/internal/testkit/storetest"
)

// simulate gives what is told, by tag.
func (v *verdicts) simulate(r SimulateRequest) (map[string]*Simulated, *Simulation) {
	v.t.Helper()
	got := map[string]*Simulated{}
	sum, err := v.e.Simulations.Run(v.ctx, admin, r, func(s *Simulated) error { got[s.Tag] = s; return nil })
	v.must(err)
	return got, sum
}

// A simulation says what the verdicts become when the candidate is put in force, and leaves no trace.
func TestASimulationForetellsVerdicts(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			v := newVerdicts(t, d)
			v.says(2, "medium")
			v.sync()
			v.has("a", "1")
			v.has("b", "2")
			v.tag("b", "3")
			v.analyse("c", debs("9.0-1"))
			v.tag("c", "4")
			v.dockerfile("b", "FROM scratch\nHEALTHCHECK NONE\n")
			v.addVEX("CVE-2026-1003")
			v.work(t)
			candidate := bundleText("critical", "2026-03-05T00:00:00Z")
			before := v.list(EvaluationFilter{Latest: true})

			got, sum := v.simulate(SimulateRequest{Document: candidate, Show: ShowAll})
			if sum.Images != 3 || sum.Verdicts != 4 || sum.Changed != 3 || sum.Failed != 0 {
				t.Errorf("summary: %+v", sum)
			}
			if diff := cmp.Diff(before, v.list(EvaluationFilter{Latest: true})); diff != "" || len(v.work(t)) > 0 {
				t.Errorf("the simulation left a trace:\n%s", diff)
			}
			for _, e := range before {
				if s := got[e.Tag]; s == nil || s.Before.FinalAction != e.FinalAction || s.Image != e.ImageDigest {
					t.Errorf("%s: before is %+v, stored is %s", e.Tag, s, e.FinalAction)
				}
			}
			changed, _ := v.simulate(SimulateRequest{Document: candidate})
			if len(changed) != 3 || changed["r.example/app:4"] != nil {
				t.Errorf("told of %d verdicts that change, want 3", len(changed))
			}
			one, few := v.simulate(SimulateRequest{Document: candidate, Repository: "app", Tag: "3", Show: ShowRows, Rows: -1})
			if s := one["r.example/app:3"]; len(one) != 1 || few.Verdicts != 1 || len(s.Removed) != 0 || s.More == 0 {
				t.Errorf("narrowed: %+v, %+v", one, few)
			}

			// Now it is put in force.
			then := v.clock.Now()
			v.clock.Advance(time.Minute)
			_, err := v.e.Policies.Put(v.ctx, admin, candidate)
			v.must(err)
			v.work(t)
			for _, e := range v.list(EvaluationFilter{Latest: true}) {
				if s := got[e.Tag]; s.After.FinalAction != e.FinalAction || s.After.FinalReason != e.FinalReason {
					t.Errorf("%s: foretold %+v, became %s", e.Tag, s.After, e.FinalAction)
				}
				stored, err := v.e.Evaluations.evidence(v.ctx, admin, e.ID)
				v.must(err)
				if got[e.Tag].After.Rows != len(stored.rows) {
					t.Errorf("%s: foretold %d rows, there are %d", e.Tag, got[e.Tag].After.Rows, len(stored.rows))
				}
			}
			// As of the moment before it is against the bundle in force then, with other data or not.
			v.says(1, "critical")
			v.sync()
			past, sum := v.simulate(SimulateRequest{Document: candidate, Show: ShowAll, Moment: Moment{At: then}})
			if sum.Changed != 3 || !sum.AsOf.Equal(then) {
				t.Errorf("as of before: %+v", sum)
			}
			for tag, s := range past {
				if diff := cmp.Diff(got[tag], s); diff != "" {
					t.Errorf("%s as of before (-want +got):\n%s", tag, diff)
				}
			}
			// Before they were analysed nothing is known of them, unless it is asked in retrospect.
			early := Moment{At: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}
			if _, err := v.e.Simulations.Run(v.ctx, admin, SimulateRequest{Document: candidate, Moment: early}, nil); code(err) != "no_active_policy" {
				t.Errorf("before there was a policy: %v", err)
			}
			early.Retrospective = true
			if none, sum := v.simulate(SimulateRequest{Document: candidate, Moment: early, Show: ShowAll}); sum.Verdicts != 4 || len(none["r.example/app:1"].Removed) != 0 {
				t.Errorf("in retrospect: %+v", sum)
			}
		})
	}
}

func TestASimulationEndsWhenItMust(t *testing.T) {
	t.Parallel()
	v := newVerdicts(t, storetest.Databases()[0])
	for _, name := range []string{"a", "b", "c"} {
		v.has(name, name)
	}
	v.work(t)
	candidate := bundleText("critical", "2026-03-05T00:00:00Z")
	run := func(ctx context.Context, r SimulateRequest, tell func(*Simulated) error) error {
		_, err := v.e.Simulations.Run(ctx, admin, r, tell)
		return err
	}
	stop := errors.New("the reader has gone")
	if err := run(v.ctx, SimulateRequest{Document: candidate, Show: ShowAll}, func(*Simulated) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("told nobody: %v", err)
	}
	ctx, cancel := context.WithCancel(v.ctx)
	err := run(ctx, SimulateRequest{Document: candidate, Show: ShowAll}, func(*Simulated) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := run(v.ctx, SimulateRequest{Document: []byte(`{"id":"x"}`)}, nil); code(err) != "invalid_policy" {
		t.Errorf("a bundle that is none: %v", err)
	}
	if err := run(v.ctx, SimulateRequest{Document: candidate, Against: "nope"}, nil); code(err) != "policy_not_found" {
		t.Errorf("against nothing: %v", err)
	}
	if err := run(v.ctx, SimulateRequest{Document: candidate, Moment: Moment{At: v.clock.Now().Add(time.Hour)}}, nil); code(err) != "in_the_future" {
		t.Errorf("in the future: %v", err)
	}
	// An image whose analysis is lost is told of, and the others are evaluated.
	broken := v.images["b"].row
	img, err := v.store.ImageByRowID(v.ctx, broken.ID)
	v.must(err)
	row, err := v.store.AnalysisByID(v.ctx, img.AnalysisID)
	v.must(err)
	v.must(v.store.Blobs().Delete(v.ctx, row.Document))
	var failed []string
	sum, err := v.e.Simulations.Run(v.ctx, admin, SimulateRequest{Document: bytes.Clone(candidate), Show: ShowAll}, func(s *Simulated) error {
		if s.Err != nil {
			failed = append(failed, string(s.Image))
		}
		return nil
	})
	v.must(err)
	if diff := cmp.Diff([]string{string(broken.Digest)}, failed); diff != "" || sum.Failed != 1 || sum.Verdicts != 2 {
		t.Errorf("one is lost: %+v\n%s", sum, diff)
	}
}
