package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"landwaiter.dev/client"
	"landwaiter.dev/engine"
	"landwaiter.dev/policy"
	"landwaiter.dev/store"
)

// simulation evaluates a bundle over an inventory, and tells of one image after the other.
type simulation func(ctx context.Context, q client.Simulate, tell func(*client.SimulatedImage) error) (client.SimulationSummary, error)

// simulation is that of the server that is named, or of what is here. The latter only reads, so that a server may run beside
// it; done closes it.
func (p place) simulation(ctx context.Context, line *progress) (run simulation, done func(), err error) {
	if p.remote() {
		server, err := p.app.client()
		if err != nil {
			return nil, nil, err
		}
		return server.Simulate, func() {}, nil
	}
	settings, err := Load(p.cmd.Flags(), p.app.environ)
	if err != nil {
		return nil, nil, usage(p.cmd, err)
	}
	if settings.DatabaseURL.Reveal() == "" && !store.IsDataDir(settings.Data) {
		return nil, nil, &Exit{ExitNotFound, fmt.Errorf("there is no data in %s: name a server with --url or LANDWAITER_URL, or the data directory of one with --data", settings.Data)}
	}
	l, _, done, err := p.local(ctx, line)
	if err != nil {
		return nil, nil, err
	}
	account := orWord(p.app.server.account, orWord(p.app.getenv("LANDWAITER_ACCOUNT"), store.AdminAccount))
	if _, err := l.Store.Account(ctx, account); errors.Is(err, store.ErrNotFound) {
		done()
		return nil, nil, &Exit{ExitNotFound, fmt.Errorf("the account %s is not known in %s: no server has kept images there for it", account, settings.Data)}
	} else if err != nil {
		done()
		return nil, nil, err
	}
	return simulationOf(l.Store, account, l.Now), done, nil
}

// simulationOf is the simulation of a store, answered as a server would.
func simulationOf(s *store.Store, account string, now func() time.Time) simulation {
	return func(ctx context.Context, q client.Simulate, tell func(*client.SimulatedImage) error) (client.SimulationSummary, error) {
		if _, err := policy.Parse(q.Bundle); err != nil {
			return client.SimulationSummary{}, err
		}
		sum, err := engine.NewSimulations(s, now).Run(ctx, account, engine.SimulateRequest{
			Document: q.Bundle, Against: q.PolicyID, Registry: q.Registry, Repository: q.Repository, Tag: q.Tag, Show: engine.SimulationShow(q.Show), Rows: q.Rows,
			Moment: engine.Moment{At: q.Moment.AsOf, Retrospective: q.Moment.Retrospective},
		}, func(one *engine.Simulated) error { return tell(clientSimulated(one)) })
		if refused, ok := errors.AsType[*engine.Error](err); ok && refused.Class == engine.ClassNotFound {
			err = &Exit{ExitNotFound, err}
		}
		if err != nil {
			return client.SimulationSummary{}, err
		}
		return clientSimulation(sum), nil
	}
}

func clientSimulated(s *engine.Simulated) *client.SimulatedImage {
	out := &client.SimulatedImage{Digest: string(s.Image), FullTag: s.Tag}
	if s.Err != nil {
		out.Error = s.Err.Error()
		return out
	}
	outcome := func(v engine.SimulatedVerdict) client.SimulatedVerdict {
		return client.SimulatedVerdict{Status: engine.Status(v.FinalAction), FinalAction: v.FinalAction, FinalReason: v.FinalReason, Rows: v.Rows}
	}
	out.Changed, out.Before, out.After, out.More = s.Changed(), outcome(s.Before), outcome(s.After), s.More
	out.RowDiff = client.RowDiff{Added: clientRows(s.Added), Removed: clientRows(s.Removed), Changed: []client.RowChange{}, Unchanged: s.Unchanged}
	for i := range s.RowDiff.Changed {
		c := &s.RowDiff.Changed[i]
		out.RowDiff.Changed = append(out.RowDiff.Changed, client.RowChange{Before: clientRow(&c.Before), After: clientRow(&c.After)})
	}
	for _, p := range s.Problems {
		out.Problems = append(out.Problems, client.EvaluationProblem{Severity: p.Severity, Type: p.Type, Details: p.Details})
	}
	return out
}

func clientRows(list []policy.Row) []client.EvaluationRow {
	out := make([]client.EvaluationRow, 0, len(list))
	for i := range list {
		out = append(out, clientRow(&list[i]))
	}
	return out
}

func clientRow(r *policy.Row) client.EvaluationRow {
	out := client.EvaluationRow{Gate: r.Gate, Trigger: r.Trigger, TriggerID: r.TriggerID, Message: r.Message, Action: r.Action, PolicyID: r.PolicyID}
	if r.Allowed != nil {
		out.Allowed, _ = json.Marshal(r.Allowed) // plain values
	}
	return out
}

func clientSimulation(s *engine.Simulation) client.SimulationSummary {
	out := client.SimulationSummary{
		Images: s.Images, Verdicts: s.Verdicts, Changed: s.Changed, RowsChanged: s.RowsChanged, Failed: s.Failed, Unknown: s.Unknown,
		Transitions: []client.SimulatedTransition{}, Triggers: []client.SimulatedTrigger{}, Candidate: string(s.Candidate), PolicyID: s.Against,
		BundleDigest: string(s.AgainstDigest), Revision: s.Revision, AsOf: s.AsOf.UTC().Truncate(time.Second), Seconds: s.Seconds,
	}
	for _, k := range pairs(s.Transitions) {
		out.Transitions = append(out.Transitions, client.SimulatedTransition{Before: k[0], After: k[1], Count: s.Transitions[k]})
	}
	for _, k := range pairs(s.Triggers) {
		t := s.Triggers[k]
		out.Triggers = append(out.Triggers, client.SimulatedTrigger{Gate: k[0], Trigger: k[1], Added: t.Added, Removed: t.Removed, Changed: t.Changed})
	}
	return out
}

// pairs are the keys of m, sorted.
func pairs[V any](m map[[2]string]V) [][2]string {
	return slices.SortedFunc(maps.Keys(m), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
}
