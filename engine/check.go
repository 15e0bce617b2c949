package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/policy/gate"
	"landwaiter.dev/store"
)

// Checks evaluates bundles against images and keeps every verdict with the digests of its inputs.
type Checks struct {
	store    *store.Store
	vulns    *Vulns
	policies *Policies
	notices  *notices
	bundles  *bundles
	slots    *slots
	// patience is how long an evaluation waits for a slot; 0 for as long as its context lasts.
	patience time.Duration
	now      func() time.Time
}

// patient waits for a slot as long as the context lasts: nobody asks for jobs again.
func (u *Checks) patient() *Checks {
	c := *u
	c.patience = 0
	return &c
}

// Check evaluates an image for a tag. What is asked as of now is stored, and told when it changes a verdict.
func (u *Checks) Check(ctx context.Context, account string, r CheckRequest) (*Check, error) {
	var out *Check
	err := untilCurrent(func(last bool) (err error) {
		out, err = u.once(ctx, account, r, last)
		return err
	})
	if errors.Is(err, errOutdated) {
		err = Errorf(ClassConflict, "inputs_changed", "%w", err)
	}
	if err != nil || !r.History {
		return out, err
	}
	return out, u.history(ctx, account, r, out)
}

// once is one try; [errOutdated] when something changed meanwhile.
func (u *Checks) once(ctx context.Context, account string, r CheckRequest, last bool) (*Check, error) {
	img, err := liveImage(ctx, u.store, account, r.Digest)
	if err != nil {
		return nil, err
	}
	ref, err := image.ParseReference(r.Tag)
	if err != nil {
		return nil, Errorf(ClassInvalid, "invalid_reference", "tag: %w", err)
	}
	s, err := u.vulns.at(ctx, img, r.Moment)
	if err != nil {
		return nil, err
	}
	p, err := u.policies.choose(ctx, account, r.PolicyID, r.Moment)
	if err != nil {
		return nil, err
	}
	var v *verdict
	if r.Interactive || !r.Moment.At.IsZero() {
		v, err = u.verdict(ctx, account, ref.FullTag(), img, s, p, reasonRequested)
	} else {
		v, err = u.decide(ctx, ref.FullTag(), img, s, p, reasonRequested, last)
	}
	if err != nil {
		return nil, err
	}
	return &Check{Image: img, FullTag: ref.FullTag(), Revision: s.revision.ID, AsOf: s.at, Evaluations: []CheckedEvaluation{v.checked()}}, nil
}

// history adds what was stored before to a check.
func (u *Checks) history(ctx context.Context, account string, r CheckRequest, out *Check) error {
	rows, err := u.store.Evaluations(ctx, account, out.Image.Digest, out.FullTag, r.PolicyID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.ID == out.Evaluations[0].Header.ID || !r.Moment.At.IsZero() && row.EvaluatedAt.After(r.Moment.At) {
			continue
		}
		doc, err := u.document(ctx, row)
		if err != nil {
			return err
		}
		bundle, err := u.bundle(ctx, account, row.BundleDigest)
		if err != nil {
			bundle = json.RawMessage(`{}`) // of evaluations that are older than the history of policies
		}
		out.Evaluations = append(out.Evaluations, CheckedEvaluation{
			PolicyID: row.PolicyID, FinalAction: row.FinalAction, EvaluatedAt: row.EvaluatedAt, Document: doc, Bundle: bundle, Header: row,
		})
	}
	return nil
}

// choose is the bundle with the id, else the active one, as in force at the moment. Retrospectively, where none was in
// force then, today's is asked.
func (u *Policies) choose(ctx context.Context, account, id string, m Moment) (store.Policy, error) {
	find := func(at time.Time) (store.Policy, error) {
		if id == "" {
			return u.active(ctx, account, at)
		}
		return u.inForce(ctx, account, id, at)
	}
	p, err := find(m.At)
	if e, ok := errors.AsType[*Error](err); ok && e.Class == ClassNotFound && m.Retrospective {
		return find(time.Time{})
	}
	return p, err
}

// verdict is an evaluation with its stored header.
type verdict struct {
	header store.Evaluation
	// document as clients get it; evidence is what is stored, without the times that the header has.
	document, evidence, bundle json.RawMessage
	// vex is the list of VEX documents in force; nil when there were none.
	vex []byte
}

func (v *verdict) checked() CheckedEvaluation {
	return CheckedEvaluation{PolicyID: v.header.PolicyID, FinalAction: v.header.FinalAction, EvaluatedAt: v.header.EvaluatedAt, Document: v.document, Bundle: v.bundle, Header: v.header}
}

// verdict evaluates; it stores nothing.
func (u *Checks) verdict(ctx context.Context, account, fullTag string, img store.Image, s *state, p store.Policy, reason string) (*verdict, error) {
	bundle, err := u.compiled(p.ID, p.Document)
	if err != nil {
		return nil, err
	}
	feed, err := u.feedFacts(ctx, s.analyzed.Analysis, s.revision, s.at)
	if err != nil {
		return nil, err
	}
	f := facts{ImageID: img.ImageID, AnalyzedAt: img.AnalyzedAt, Feed: feedFact{feed.Present, feed.LastSync}, Gaps: s.data}
	return u.judge(ctx, account, fullTag, img, s, f, bundle, p, reason)
}

// compiled is a stored bundle, ready to be evaluated.
func (u *Checks) compiled(id string, document []byte) (*policy.Bundle, error) {
	bundle, err := u.bundles.load(document)
	if err != nil {
		return nil, fmt.Errorf("the stored policy %q: %w", id, err)
	}
	return bundle, nil
}

// judge evaluates with all inputs given.
func (u *Checks) judge(ctx context.Context, account, fullTag string, img store.Image, s *state, f facts, bundle *policy.Bundle, p store.Policy, reason string) (*verdict, error) {
	needs := bundle.Needs()
	var err error
	if f.Outside == nil {
		if f.Outside, err = u.outside(ctx, account, s.analyzed.Analysis, s.revision, s.at, needs); err != nil {
			return nil, err
		}
	}
	in, failed := u.input(ctx, account, fullTag, img.Digest, s, f)
	if f.ScoresKnown.IsZero() && needs.Has(gate.NeedThreats) {
		if f.ScoresKnown, err = u.scoresKnown(ctx, s.at); err != nil {
			return nil, err
		}
	}
	if in.Facts, err = u.gateFacts(ctx, f.Outside, s.findings, s.revision.ID, s.at, f.ScoresKnown, needs); err != nil {
		return nil, err
	}
	e, err := u.slots.evaluate(ctx, u.patience, bundle, in)
	if err != nil {
		return nil, err
	}
	if err := failed(); err != nil {
		return nil, err
	}
	v := &verdict{document: e.Document(), bundle: p.Document, vex: vexInputs(s.vex)}
	if v.evidence, err = withoutTimes(e.Evidence()); err != nil {
		return nil, err
	}
	v.header = store.Evaluation{
		Account: account, ImageID: img.ID, ImageDigest: img.Digest, Tag: fullTag, PolicyID: p.ID, BundleDigest: p.Digest,
		AnalysisID: s.analysisID, AnalysisDigest: s.analyzed.Document, FeedRevision: s.revision.ID, EvaluatedAt: s.at,
		FinalAction: e.FinalAction, FinalReason: e.FinalReason, Reason: reason, Result: image.DigestOf(v.evidence), NextAt: e.NextAt,
		Reproducible: e.Reproducible, Facts: string(encode(f)), Waits: waitsFor(e, s),
	}
	if s.analyzed.Mode == "Actual" {
		v.header.DockerfileDigest = image.DigestOf([]byte(s.analyzed.Dockerfile))
	}
	if v.vex != nil {
		v.header.VEXDigest = image.DigestOf(v.vex)
	}
	return v, nil
}

// input is what a verdict depends on besides the bundle. failed says, after the evaluation, whether something of it could not
// be read; files are read when the first rule asks for them.
func (u *Checks) input(ctx context.Context, account, fullTag string, d image.Digest, s *state, f facts) (in policy.Input, failed func() error) {
	var broken error
	var tree *listing
	in = policy.Input{
		Account: account, ImageID: f.ImageID.Hex(), ImageDigest: string(d), Tag: fullTag,
		Analysis: s.analyzed.Analysis, Dockerfile: s.analyzed.Dockerfile, DockerfileMode: s.analyzed.Mode,
		Findings: s.findings, Gaps: s.gaps, Feed: policy.FeedFacts(f.Feed), At: s.at,
		// A finding counts as detected when both the match and the image were known here.
		DetectedAt: func(one *advisory.ImageFinding) time.Time {
			if f.AnalyzedAt.After(one.Since) {
				return f.AnalyzedAt
			}
			return one.Since
		},
	}
	if wasRead(s.analyzed.Analysis) {
		in.Files = sync.OnceValue(func() []image.File {
			if tree, broken = u.vulns.content.listing(ctx, s.analyzed.Analysis); broken != nil {
				return nil
			}
			return tree.listed
		})
	}
	return in, func() error {
		runtime.KeepAlive(tree) // others find it while this evaluation has it
		return broken
	}
}

// feedFacts says how old the data for the image's distribution was at a moment. Of the past, the last change is known and
// not each sync that found none: the data may then have been looked at later than this says.
func (u *Checks) feedFacts(ctx context.Context, a *image.Analysis, rev store.Revision, at time.Time) (policy.FeedFacts, error) {
	groups, err := u.store.FeedGroups(ctx)
	if err != nil {
		return policy.FeedFacts{}, err
	}
	off, err := ecosystemsOff(ctx, u.store, rev.ID)
	return feedFactsOf(groups, off, a.Distro, rev, at), err
}

// feedFactsOf is feedFacts by what is known of the groups and of what is switched off.
func feedFactsOf(groups []store.FeedGroup, off map[string]bool, d image.Distro, rev store.Revision, at time.Time) policy.FeedFacts {
	eco := advisory.EcosystemOfDistro(d)
	if off[wholeFeed] || off[eco] {
		return policy.FeedFacts{}
	}
	for _, g := range groups {
		if g.Ecosystem != eco || eco == "" || g.LastSync.IsZero() || g.CreatedAt.After(at) {
			continue
		}
		if g.LastSync.After(at) {
			return policy.FeedFacts{Present: true, LastSync: rev.SwitchedAt}
		}
		return policy.FeedFacts{Present: true, LastSync: g.LastSync}
	}
	return policy.FeedFacts{}
}

// Status is the word of /v1 for a final action.
func Status(finalAction string) string {
	if finalAction == "stop" {
		return "fail"
	}
	return "pass"
}

var timeKeys = []string{"created_at", "last_modified"}

// withoutTimes drops the moment of evaluation, which the header has, so that equal results are stored once.
func withoutTimes(document json.RawMessage) (json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(document, &m); err != nil {
		return nil, err
	}
	for _, k := range timeKeys {
		delete(m, k)
	}
	return json.Marshal(m)
}

// document gives the stored evaluation document; after the retention time what the header knows of it.
func (u *Checks) document(ctx context.Context, e store.Evaluation) (json.RawMessage, error) {
	m := map[string]json.RawMessage{}
	if raw, err := u.store.Blobs().Get(ctx, e.Result); err == nil {
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, err
		}
	}
	for _, k := range timeKeys {
		m[k] = encode(e.EvaluatedAt.Unix())
	}
	m["final_action"], m["final_action_reason"] = encode(e.FinalAction), encode(e.FinalReason)
	if bundle, err := u.bundle(ctx, e.Account, e.BundleDigest); err == nil {
		m["bundle"] = bundle
	}
	return json.Marshal(m)
}

// bundle is a version of a policy as it came: every one is kept.
func (u *Checks) bundle(ctx context.Context, account string, d image.Digest) ([]byte, error) {
	v, err := u.store.PolicyByDigest(ctx, account, d)
	if err == nil {
		return v.Document, nil
	}
	return u.store.Blobs().Get(ctx, d)
}
