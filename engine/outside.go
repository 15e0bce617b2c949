package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
	"landwaiter.dev/store"
)

// outside is what a verdict took from outside of the image, but for scores and catalogue entries: those are kept by day and
// revision anyway, and read again.
type outside struct {
	Lineage    *gate.Lineage    `json:"lineage,omitempty"`
	Sources    []gate.SourceAge `json:"sources,omitempty"`
	Signatures *gate.Signatures `json:"signatures,omitempty"`
}

// outside reads the facts that a bundle needs, as of a moment. Nil where it needs none.
func (u *Checks) outside(ctx context.Context, account string, a *image.Analysis, rev store.Revision, at time.Time, needs gate.Need) (*outside, error) {
	if needs&^gate.NeedThreats == 0 {
		return nil, nil
	}
	o := &outside{}
	var err error
	if needs.Has(gate.NeedLineage) {
		bases := &Bases{store: u.store}
		if o.Lineage, err = bases.asOf(ctx, account, a, at); err != nil {
			return nil, err
		}
	}
	if needs.Has(gate.NeedSources) {
		if o.Sources, err = u.sources(ctx, a, rev, at); err != nil {
			return nil, err
		}
	}
	if needs.Has(gate.NeedSignatures) {
		if o.Signatures, err = signaturesAt(ctx, u.store, account, a.Digest, at); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// settingScores is when the last load of scores that is whole began, in microseconds.
const settingScores = "feeds.scores"

// keepScoresKnown tells that all scores of a load are there.
func keepScoresKnown(ctx context.Context, s *store.Store, known time.Time) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		return tx.PutSetting(ctx, settingScores, strconv.FormatInt(known.UnixMicro(), 10))
	})
}

// scoresKnown is the moment up to which loads of scores count at a moment. A load that is under way has begun before and is
// seen in part, or not yet: what a verdict made of it could not be said again.
func (u *Checks) scoresKnown(ctx context.Context, at time.Time) (time.Time, error) {
	text, err := u.store.Setting(ctx, settingScores)
	if err != nil || text == "" {
		return at, err
	}
	micros, err := strconv.ParseInt(text, 10, 64)
	if whole := time.UnixMicro(micros).UTC(); err == nil && whole.Before(at) {
		return whole, nil
	}
	return at, err
}

// gateFacts are the facts as gates see them; known is what [Checks.scoresKnown] gave.
func (u *Checks) gateFacts(ctx context.Context, o *outside, findings []advisory.ImageFinding, rev int64, at, known time.Time, needs gate.Need) (gate.Facts, error) {
	var f gate.Facts
	if o != nil {
		f.Lineage, f.Sources, f.Signatures = o.Lineage, o.Sources, o.Signatures
	}
	if !needs.Has(gate.NeedThreats) {
		return f, nil
	}
	var cves []string
	for i := range findings {
		cves = append(cves, cvesOf(findings[i].IDs)...)
	}
	slices.Sort(cves)
	cves = slices.Compact(cves)
	// The scores of a day count when it is over, and not before they were known here.
	scores, err := u.store.EPSSAt(ctx, cves, at.UTC().AddDate(0, 0, -1), known)
	if err != nil {
		return f, err
	}
	details, err := u.store.KEVDetailsAt(ctx, rev, cves)
	if err != nil {
		return f, err
	}
	f.Threats = make(map[string]gate.Threat, len(scores))
	for cve, s := range scores {
		f.Threats[cve] = gate.Threat{Score: s.Score, Percentile: s.Percentile, Scored: s.Day}
	}
	for cve, d := range details {
		t := f.Threats[cve]
		t.Due, t.Ransomware = d.Due, d.Ransomware
		f.Threats[cve] = t
	}
	return f, nil
}

// sources says how old the data is that an image depends on: of the ecosystems of its packages, and of the catalogues that
// were ever asked for. Of the past, the last change is known and not each look that found none.
func (u *Checks) sources(ctx context.Context, a *image.Analysis, rev store.Revision, at time.Time) ([]gate.SourceAge, error) {
	groups, err := u.store.FeedGroups(ctx)
	if err != nil {
		return nil, err
	}
	off, err := u.store.OffAt(ctx, rev.ID)
	if err != nil {
		return nil, err
	}
	age := map[string]time.Time{}
	for i := range a.Packages {
		if eco := advisory.DistinctOf(&a.Packages[i], a.Distro).Ecosystem; eco != "" && eco != advisory.EcosystemCPE {
			age[eco] = time.Time{}
		}
	}
	known := func(synced time.Time) time.Time {
		if synced.After(at) {
			return rev.SwitchedAt
		}
		return synced
	}
	for _, g := range groups {
		if _, needed := age[g.Ecosystem]; needed && !g.LastSync.IsZero() && !g.CreatedAt.After(at) && !off[wholeFeed] && !off[g.Ecosystem] {
			age[g.Ecosystem] = known(g.LastSync)
		}
	}
	states, err := sources(ctx, u.store)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{kevDriver, epssDriver, "nvd"} {
		if s, asked := states[name]; asked {
			age[name] = known(s.LastSync)
		}
	}
	out := make([]gate.SourceAge, 0, len(age))
	for _, name := range sortedWords(age) {
		out = append(out, gate.SourceAge{Name: name, LastSync: age[name]})
	}
	return out, nil
}

// asOf is the lineage of an image as it was known at a moment. An image that was deleted since is known no more.
func (u *Bases) asOf(ctx context.Context, account string, a *image.Analysis, at time.Time) (*gate.Lineage, error) {
	l := &gate.Lineage{Declared: a.Base}
	found, err := u.store.BaseOf(ctx, account, store.ChainsOf(a.Layers).Prefixes, at)
	switch {
	case errors.Is(err, store.ErrNotFound):
		if a.Base != nil && a.Base.Name != "" && a.Base.Digest != "" {
			ref, err := image.ParseReference(a.Base.Name)
			if err != nil {
				return l, nil // a claim that says nothing
			}
			if ref.Tag == "" {
				return l, nil
			}
			err = u.newer(ctx, account, l, store.Tag{Registry: ref.Registry, Repository: ref.Repository, Tag: ref.Tag}, a.Base.Digest, at)
			return l, err
		}
		return l, nil
	case err != nil:
		return nil, err
	}
	l.Base = &image.KnownBase{Digest: found.Digest, Tags: []string{}, Layers: found.LayerCount}
	for _, t := range found.Tags {
		if name := t.FullTag(); !t.DetectedAt.After(at) && !slices.Contains(l.Base.Tags, name) {
			l.Base.Tags = append(l.Base.Tags, name)
			if err := u.newer(ctx, account, l, t, found.Digest, at); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(l.Newer, func(a, b gate.NewerBase) int { return strings.Compare(a.Tag, b.Tag) })
	return l, nil
}

// newer notes a tag that points at another image than it did.
func (u *Bases) newer(ctx context.Context, account string, l *gate.Lineage, t store.Tag, was image.Digest, at time.Time) error {
	history, err := u.store.TagHistory(ctx, account, t.Registry, t.Repository, t.Tag)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(history, func(h store.Tag) bool { return !h.DetectedAt.After(at) })
	if i < 0 || history[i].Digest == was {
		return nil
	}
	img, err := u.store.Image(ctx, account, history[i].Digest)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if img.ParentDigest == was { // images name the index of their base
		return nil
	}
	l.Newer = append(l.Newer, gate.NewerBase{Tag: history[i].FullTag(), Digest: history[i].Digest, Was: was, Since: history[i].DetectedAt})
	return nil
}

// reasonBase is why images are evaluated again whose base came, or whose base's tag moved.
const reasonBase = "base"

// builtOn puts off the evaluation of images that are built on an image that came here, or on one that its tags pointed at
// before. Only bundles that ask where an image comes from need that.
func (u *evaluate) builtOn(ctx context.Context, img store.Image, s *state, needs gate.Need) error {
	if !needs.Has(gate.NeedLineage) {
		return nil
	}
	chains := []image.Digest{store.ChainsOf(s.analyzed.Analysis.Layers).Full}
	for _, t := range img.Tags {
		if !t.Current {
			continue
		}
		history, err := u.store.TagHistory(ctx, img.Account, t.Registry, t.Repository, t.Tag)
		if err != nil {
			return err
		}
		for _, h := range history {
			if h.Digest == img.Digest {
				continue
			}
			before, err := u.store.Image(ctx, img.Account, h.Digest)
			if errors.Is(err, store.ErrNotFound) || err == nil && before.Status != store.Analyzed {
				continue
			}
			if err != nil {
				return err
			}
			row, err := u.store.AnalysisByID(ctx, before.AnalysisID)
			if err != nil {
				return fmt.Errorf("the analysis of %s: %w", h.Digest, err)
			}
			chains = append(chains, row.Chains.Full)
		}
	}
	slices.Sort(chains)
	var ids []int64
	for _, chain := range slices.Compact(chains) {
		list, err := u.store.BuiltOn(ctx, img.Account, chain)
		if err != nil {
			return err
		}
		ids = append(ids, list...)
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return nil
	}
	return u.store.Write(ctx, func(tx *store.Tx) error { return evaluateWatchedFirst(ctx, tx, u.jobs, ids, reasonBase) })
}
