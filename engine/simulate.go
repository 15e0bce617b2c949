package engine

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/store"
)

// Simulations evaluate bundles that are not in force over all images of an account, and store and tell nothing.
type Simulations struct {
	store  *store.Store
	checks *Checks
	// one at a time: it uses all processors.
	one *semaphore.Weighted
	now func() time.Time
}

// NewSimulations makes those of a store without an engine that runs.
func NewSimulations(s *store.Store, now func() time.Time) *Simulations {
	content := &Content{store: s, bases: &Bases{store: s}}
	vulns := &Vulns{store: s, content: content, matcher: &matcher{store: s, now: now}, vex: &vexDocuments{store: s}, now: now}
	return newSimulations(s, &Checks{store: s, vulns: vulns, policies: &Policies{store: s, now: now}, bundles: &bundles{}, now: now}, now)
}

func newSimulations(s *store.Store, c *Checks, now func() time.Time) *Simulations {
	return &Simulations{store: s, checks: c, one: semaphore.NewWeighted(1), now: now}
}

// SimulateRequest asks what a bundle would say.
type SimulateRequest struct {
	// Document is the candidate. Against is the policy that it is compared with; "" for the active one.
	Document []byte
	Against  string
	// Registry, Repository and Tag narrow the inventory; empty fields do not.
	Registry, Repository, Tag string
	// Moment whose matches, analyses, tags and policy are taken; zero for now.
	Moment Moment
	// Show is which images are told of.
	Show SimulationShow
	// Rows is how many rows of each kind are told of an image at most; 0 stands for [DefaultSimulatedRows], less for none.
	Rows int
}

// SimulationShow is which images a simulation tells of.
type SimulationShow string

// What can be shown: images whose final action changes, those of which any row does, all.
const (
	ShowVerdicts SimulationShow = "verdicts" // also ""
	ShowRows     SimulationShow = "rows"
	ShowAll      SimulationShow = "all"
)

// DefaultSimulatedRows is how many rows of each kind a simulation tells of an image, unless told otherwise.
const DefaultSimulatedRows = 20

// Simulated is what a simulation says of one image and tag.
type Simulated struct {
	Image         image.Digest
	Tag           string
	Before, After SimulatedVerdict
	// RowDiff is what changes, in as many rows of each kind as were asked for; More counts the others.
	RowDiff
	More int
	// Problems of the candidate's evaluation that the other has not.
	Problems []policy.Problem
	// Err is why the image could not be evaluated; then there is nothing else.
	Err error
}

// Changed says whether the final action changes.
func (s *Simulated) Changed() bool { return s.Before.FinalAction != s.After.FinalAction }

// SimulatedVerdict is the outcome by one of the two bundles.
type SimulatedVerdict struct {
	FinalAction, FinalReason string
	Rows                     int
}

// Simulation sums up.
type Simulation struct {
	// Images of the inventory, and Verdicts, one for each tag; Changed counts those whose final action changes, RowsChanged
	// those of which any row does, the former included.
	Images, Verdicts, Changed, RowsChanged int
	// Failed could not be evaluated; Unknown were not analysed here at the moment that was asked for.
	Failed, Unknown int
	// Transitions counts verdicts by "BEFORE AFTER".
	Transitions map[[2]string]int
	// Triggers counts the rows that came and went, by gate and trigger.
	Triggers map[[2]string]*TriggerChange
	// Against is the policy that was compared with, by its id and digest.
	Against       string
	AgainstDigest image.Digest
	Candidate     image.Digest
	Revision      int64
	AsOf          time.Time
	Seconds       float64
}

// TriggerChange counts rows.
type TriggerChange struct{ Added, Removed, Changed int }

// Run evaluates the candidate. tell is called for one image after the other, in no order that means anything; its error ends
// the simulation.
func (u *Simulations) Run(ctx context.Context, account string, r SimulateRequest, tell func(*Simulated) error) (*Simulation, error) {
	start := time.Now()
	run, err := u.prepare(ctx, account, r)
	if err != nil {
		return nil, err
	}
	if err := u.one.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer u.one.Release(1)
	ids, err := u.store.Inventory(ctx, account, store.InventoryFilter{Registry: r.Registry, Repository: r.Repository, Tag: r.Tag})
	if err != nil {
		return nil, err
	}
	sum := &Simulation{
		Transitions: map[[2]string]int{}, Triggers: map[[2]string]*TriggerChange{}, Candidate: image.DigestOf(r.Document),
		Against: run.against.ID, AgainstDigest: run.against.Digest, Revision: run.revision.ID, AsOf: run.at,
	}
	// Rows of the database are read here and there ahead of the workers; what is told comes in the order of the list.
	workers := runtime.GOMAXPROCS(0)
	work, order := make(chan *simulating, workers), make(chan *simulating, 4*workers)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(order)
		defer close(work)
		return run.read(ctx, ids, func(one *simulating) error {
			for _, to := range []chan<- *simulating{order, work} {
				select {
				case to <- one:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	})
	for range workers {
		g.Go(func() error {
			for one := range work {
				one.out, one.failed = run.image(ctx, one)
				close(one.done)
			}
			return nil
		})
	}
	g.Go(func() error {
		for one := range order {
			select {
			case <-one.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := sum.take(ctx, one, r, tell); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	sum.Seconds = time.Since(start).Seconds()
	return sum, nil
}

// take counts an image and tells of it.
func (sum *Simulation) take(ctx context.Context, one *simulating, r SimulateRequest, tell func(*Simulated) error) error {
	if e, ok := errors.AsType[*Error](one.failed); ok && e.Code == "not_known_then" {
		sum.Unknown++
		return nil
	}
	sum.Images++
	if one.failed != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		sum.Failed++
		return tell(&Simulated{Image: one.image.Digest, Err: one.failed})
	}
	for i := range one.out {
		v := &one.out[i]
		sum.count(v)
		rows := len(v.Added)+len(v.Removed)+len(v.RowDiff.Changed) > 0
		if r.Show == ShowAll || v.Changed() || r.Show == ShowRows && rows {
			v.cut(r.Rows)
			if err := tell(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (sum *Simulation) count(v *Simulated) {
	sum.Verdicts++
	sum.Transitions[[2]string{v.Before.FinalAction, v.After.FinalAction}]++
	if v.Changed() {
		sum.Changed++
	}
	if v.Changed() || len(v.Added)+len(v.Removed)+len(v.RowDiff.Changed) > 0 {
		sum.RowsChanged++
	}
	of := func(r *policy.Row) *TriggerChange {
		k := [2]string{r.Gate, r.Trigger}
		if sum.Triggers[k] == nil {
			sum.Triggers[k] = &TriggerChange{}
		}
		return sum.Triggers[k]
	}
	for i := range v.Added {
		of(&v.Added[i]).Added++
	}
	for i := range v.Removed {
		of(&v.Removed[i]).Removed++
	}
	for i := range v.RowDiff.Changed {
		of(&v.RowDiff.Changed[i].After).Changed++
	}
}

// cut leaves n rows of each kind, those that weigh most first.
func (s *Simulated) cut(n int) {
	if n == 0 {
		n = DefaultSimulatedRows
	}
	n = max(n, 0)
	weight := map[string]int{policy.Stop: 0, policy.Warn: 1, policy.Go: 2}
	byAction := func(a, b policy.Row) int { return weight[a.Action] - weight[b.Action] }
	slices.SortStableFunc(s.Added, byAction)
	slices.SortStableFunc(s.Removed, byAction)
	for _, list := range []*[]policy.Row{&s.Added, &s.Removed} {
		s.More += max(0, len(*list)-n)
		*list = (*list)[:min(n, len(*list))]
	}
	s.More += max(0, len(s.RowDiff.Changed)-n)
	s.RowDiff.Changed = s.RowDiff.Changed[:min(n, len(s.RowDiff.Changed))]
}
