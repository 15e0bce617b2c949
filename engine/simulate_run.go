package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/store"
)

// simulation is one run: what all its images share.
type simulation struct {
	u                   *Simulations
	account             string
	request             SimulateRequest
	candidate, baseline *policy.Bundle
	against             store.Policy
	revision            store.Revision
	at                  time.Time
	groups              []store.FeedGroup
	off                 map[string]bool
	// vex says that documents may be in force.
	vex      bool
	sets     matchedSets
	packages packageCache
}

// simulating is one image on its way.
type simulating struct {
	image    store.Image
	analysis int64
	document image.Digest
	sets     []*matchedSet
	// failed before or after the work; done is closed when out is there.
	failed error
	out    []Simulated
	done   chan struct{}
}

// prepare reads what all images share. The candidate is refused as an upload would be.
func (u *Simulations) prepare(ctx context.Context, account string, r SimulateRequest) (*simulation, error) {
	run := &simulation{u: u, account: account, request: r}
	var err error
	if run.candidate, err = parseBundle(r.Document); err != nil {
		return nil, err
	}
	if run.against, err = u.checks.policies.choose(ctx, account, r.Against, r.Moment); err != nil {
		return nil, err
	}
	if run.baseline, err = u.checks.compiled(run.against.ID, run.against.Document); err != nil {
		return nil, err
	}
	run.at = r.Moment.At
	if run.at.IsZero() {
		run.at = u.now()
		run.revision, err = u.store.CurrentRevision(ctx)
	} else {
		if run.at.After(u.now()) {
			return nil, Errorf(ClassInvalid, "in_the_future", "as_of lies in the future")
		}
		run.revision, _, err = u.store.RevisionAt(ctx, run.at)
	}
	if err != nil {
		return nil, err
	}
	if run.groups, err = u.store.FeedGroups(ctx); err != nil {
		return nil, err
	}
	if run.off, err = ecosystemsOff(ctx, u.store, run.revision.ID); err != nil {
		return nil, err
	}
	if run.vex, err = u.store.HasVEX(ctx, account); err != nil {
		return nil, err
	}
	run.sets = matchedSets{matcher: u.checks.vulns.matcher, store: u.store, revision: run.revision.ID, anew: r.Moment.Retrospective}
	return run, nil
}

// simulationPage is how many images are read from the database at once.
const simulationPage = 64

// read reads the images one page after the other, with their package sets, and passes them on.
func (run *simulation) read(ctx context.Context, ids []int64, pass func(*simulating) error) error {
	for part := range slices.Chunk(ids, simulationPage) {
		page, err := run.page(ctx, part)
		if err != nil {
			return err
		}
		for _, one := range page {
			if one.failed == nil {
				if one.sets, err = run.sets.of(ctx, one.analysis); err != nil {
					return err
				}
			}
			if err := pass(one); err != nil {
				return err
			}
		}
	}
	return nil
}

func (run *simulation) page(ctx context.Context, ids []int64) ([]*simulating, error) {
	images, err := run.u.store.ImagesByRowIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	var page []*simulating
	var analyses []int64
	for _, id := range ids {
		img, is := images[id]
		if !is { // deleted meanwhile
			continue
		}
		one := &simulating{image: img, done: make(chan struct{})}
		if one.analysis, one.failed = run.analysis(ctx, img); one.failed == nil {
			analyses = append(analyses, one.analysis)
		} else if _, refused := errors.AsType[*Error](one.failed); !refused {
			return nil, one.failed
		}
		page = append(page, one)
	}
	documents, err := run.u.store.Documents(ctx, analyses)
	if err != nil {
		return nil, err
	}
	for _, one := range page {
		one.document = documents[one.analysis]
	}
	return page, run.sets.page(ctx, analyses)
}

// analysis is the one in force at the moment.
func (run *simulation) analysis(ctx context.Context, img store.Image) (int64, error) {
	if run.request.Moment.At.IsZero() {
		return img.AnalysisID, nil
	}
	s := state{analysisID: img.AnalysisID}
	err := run.u.checks.vulns.then(ctx, img, run.request.Moment, &s)
	return s.analysisID, err
}

// image evaluates both bundles for each tag of an image.
func (run *simulation) image(ctx context.Context, one *simulating) ([]Simulated, error) {
	if one.failed != nil {
		return nil, one.failed
	}
	s, tags, err := run.state(ctx, one)
	if err != nil {
		return nil, err
	}
	checks := run.u.checks
	feed := feedFactsOf(run.groups, run.off, s.analyzed.Analysis.Distro, run.revision, run.at)
	f := facts{ImageID: one.image.ImageID, AnalyzedAt: one.image.AnalyzedAt, Feed: feedFact{feed.Present, feed.LastSync}}
	needs := run.baseline.Needs() | run.candidate.Needs()
	if f.Outside, err = checks.outside(ctx, run.account, s.analyzed.Analysis, run.revision, run.at, needs); err != nil {
		return nil, err
	}
	if f.ScoresKnown, err = checks.scoresKnown(ctx, run.at); err != nil {
		return nil, err
	}
	known, err := checks.gateFacts(ctx, f.Outside, s.findings, run.revision.ID, run.at, f.ScoresKnown, needs)
	if err != nil {
		return nil, err
	}
	var out []Simulated
	for _, t := range tags {
		if !t.Current || !run.wants(t) {
			continue
		}
		in, failed := checks.input(ctx, run.account, t.FullTag(), one.image.Digest, s, f)
		in.Facts = known
		before, err := checks.slots.evaluate(ctx, 0, run.baseline, in)
		if err != nil {
			return nil, err
		}
		after, err := checks.slots.evaluate(ctx, 0, run.candidate, in)
		if err != nil {
			return nil, err
		}
		if err := failed(); err != nil {
			return nil, err
		}
		out = append(out, Simulated{
			Image: one.image.Digest, Tag: t.FullTag(), Before: outcomeOf(before), After: outcomeOf(after),
			RowDiff: diffRows(before.Rows, after.Rows), Problems: without(after.Problems, before.Problems),
		})
	}
	return out, ctx.Err()
}

func outcomeOf(e *policy.Evaluation) SimulatedVerdict {
	return SimulatedVerdict{e.FinalAction, e.FinalReason, len(e.Rows)}
}

func (run *simulation) wants(t store.Tag) bool {
	r := &run.request
	return (r.Registry == "" || t.Registry == r.Registry) && (r.Repository == "" || t.Repository == r.Repository) && (r.Tag == "" || t.Tag == r.Tag)
}

// state is [Vulns.at], of what the run has read already.
func (run *simulation) state(ctx context.Context, one *simulating) (*state, []store.Tag, error) {
	vulns, m := run.u.checks.vulns, run.request.Moment
	raw, err := run.u.store.Blobs().Get(ctx, one.document)
	if err != nil {
		return nil, nil, fmt.Errorf("the stored analysis of %s: %w", one.image.Digest, err)
	}
	a, err := run.packages.decode(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("the stored analysis of %s: %w", one.image.Digest, err)
	}
	s := &state{
		analyzed: &Analyzed{Image: one.image, Document: one.document, Analysis: a, Dockerfile: a.Dockerfile, Mode: "Guessed"},
		at:       run.at, analysisID: one.analysis, revision: run.revision,
	}
	if one.image.DockerfileDigest != "" || !m.At.IsZero() {
		if err := vulns.dockerfileThen(ctx, one.image, run.at, s.analyzed); err != nil {
			return nil, nil, err
		}
	}
	if s.findings, err = vulns.matcher.assembleBy(ctx, a, run.revision.ID, func(p advisory.Package) []advisory.Knowledge {
		for _, set := range one.sets {
			if list, has := set.known[p]; has {
				return list
			}
		}
		return nil
	}); err != nil {
		return nil, nil, err
	}
	if s.data, s.waits, err = vulns.matcher.dataGaps(ctx, a, dataState{m.At, run.revision.ID, run.groups, run.off}); err != nil {
		return nil, nil, err
	}
	s.gaps = slices.Concat(a.Gaps, s.data)
	tags, err := vulns.vex.tagsAt(ctx, one.image, m)
	if err == nil && run.vex {
		err = vulns.vex.lay(ctx, one.image, m, s)
	}
	return s, tags, err
}

// matchedSets are package sets with the matches on their packages, those that were asked for last. They are shared by the
// images of a page and must not be changed.
type matchedSets struct {
	matcher  *matcher
	store    *store.Store
	revision int64
	// anew asks the records of the revision, instead of what was matched here.
	anew bool

	members map[int64][]int64 // of the analyses of the page
	kept    map[int64]*matchedSet
	size    int
	turn    int
}

type matchedSet struct {
	known map[advisory.Package][]advisory.Knowledge
	size  int
	used  int
}

// maxMatchesKept bounds how many matches are kept beside those of the images under way; one is about half a kilobyte.
const maxMatchesKept = 60_000

// page reads which sets some analyses have.
func (c *matchedSets) page(ctx context.Context, analyses []int64) (err error) {
	c.members, err = c.store.SetsOfAnalyses(ctx, analyses)
	return err
}

// of gives the sets of an analysis of the page.
func (c *matchedSets) of(ctx context.Context, analysis int64) ([]*matchedSet, error) {
	c.turn++
	var list []*matchedSet
	for _, id := range c.members[analysis] {
		set := c.kept[id]
		if set == nil {
			var err error
			if set, err = c.load(ctx, id); err != nil {
				return nil, err
			}
			if c.kept == nil {
				c.kept = map[int64]*matchedSet{}
			}
			c.kept[id] = set
			c.size += set.size
		}
		set.used = c.turn
		list = append(list, set)
	}
	for c.size > maxMatchesKept {
		oldest := int64(-1)
		for id, set := range c.kept {
			if set.used < c.turn && (oldest < 0 || set.used < c.kept[oldest].used) {
				oldest = id
			}
		}
		if oldest < 0 {
			break
		}
		c.size -= c.kept[oldest].size
		delete(c.kept, oldest)
	}
	return list, nil
}

func (c *matchedSets) load(ctx context.Context, id int64) (*matchedSet, error) {
	rows, err := c.store.PackagesOfSet(ctx, id)
	if err != nil {
		return nil, err
	}
	set := &matchedSet{known: make(map[advisory.Package][]advisory.Knowledge, len(rows)), size: 1}
	if c.anew {
		found, err := c.matcher.match(ctx, rows, c.revision)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			for _, f := range found[r.ID] {
				set.known[r.Package] = append(set.known[r.Package], advisory.Knowledge{Finding: f})
			}
		}
	} else {
		matches, err := c.store.OpenMatches(ctx, rowIDs(rows), c.revision)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			for _, m := range matches[r.ID] {
				set.known[r.Package] = append(set.known[r.Package], advisory.Knowledge{Finding: m.Finding, Since: m.Since, FixSince: m.FixSince})
			}
		}
	}
	for _, list := range set.known {
		set.size += len(list)
		slices.SortStableFunc(list, func(a, b advisory.Knowledge) int { return strings.Compare(a.Finding.ID, b.Finding.ID) })
	}
	return set, nil
}
