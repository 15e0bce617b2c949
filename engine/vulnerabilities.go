package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// Vulns answers which vulnerabilities an image has, now or as known at a moment.
type Vulns struct {
	store   *store.Store
	content *Content
	matcher *matcher
	vex     *vexDocuments
	recent  *recent
	now     func() time.Time
}

// Of gives the vulnerabilities of an image.
func (u *Vulns) Of(ctx context.Context, account string, d image.Digest, at Moment) (*Vulnerabilities, error) {
	img, err := liveImage(ctx, u.store, account, d)
	if err != nil {
		return nil, err
	}
	s, err := u.at(ctx, img, at)
	if err != nil {
		return nil, err
	}
	lineage, err := u.content.bases.of(ctx, account, s.analysisID)
	if err != nil {
		return nil, err
	}
	scores, err := scoresOf(ctx, u.store, s.findings, s.at)
	if err != nil {
		return nil, err
	}
	return &Vulnerabilities{Image: img, Findings: s.findings, Gaps: s.gaps, Revision: s.revision.ID, AsOf: s.at, Base: lineage.Base,
		Scores: scores, VEX: s.vex, VEXUnmatched: s.vexUnmatched}, nil
}

// scoresOf reads the EPSS scores of findings as of a moment.
func scoresOf(ctx context.Context, s *store.Store, findings []advisory.ImageFinding, at time.Time) (map[string]store.EPSS, error) {
	var cves []string
	for i := range findings {
		cves = append(cves, cvesOf(findings[i].IDs)...)
	}
	slices.Sort(cves)
	return s.EPSSAt(ctx, slices.Compact(cves), at, at)
}

// state is everything about an image at a moment that a verdict depends on, but for the bundle.
type state struct {
	analyzed *Analyzed
	// analysisID is the analysis that was in force.
	analysisID int64
	findings   []advisory.ImageFinding
	gaps       []image.Gap
	// data are those of the gaps that the state of the advisory data makes, waits the ecosystems that they name.
	data     []image.Gap
	waits    []string
	revision store.Revision
	at       time.Time
	// vex are the VEX documents that were in force for the image, vexUnmatched their statements that matched nothing.
	vex          []store.VEX
	vexUnmatched []vex.Unmatched
}

// at puts together what was known of an image at a moment.
func (u *Vulns) at(ctx context.Context, img store.Image, m Moment) (*state, error) {
	s := &state{at: m.At, analysisID: img.AnalysisID}
	var err error
	if m.At.IsZero() {
		s.at = u.now()
		s.revision, err = u.store.CurrentRevision(ctx)
	} else {
		if m.At.After(u.now()) {
			return nil, Errorf(ClassInvalid, "in_the_future", "as_of lies in the future")
		}
		err = u.then(ctx, img, m, s)
	}
	if err != nil {
		return nil, err
	}
	if s.analyzed, err = u.recent.analyzed(ctx, u.content, img, s.analysisID); err != nil {
		return nil, err
	}
	if !m.At.IsZero() {
		if err := u.dockerfileThen(ctx, img, m.At, s.analyzed); err != nil {
			return nil, err
		}
	}
	a := s.analyzed.Analysis
	if m.Retrospective {
		s.findings, err = u.matcher.lay(ctx, s.analysisID, a, s.revision.ID, true)
	} else {
		s.findings, err = u.recent.lay(ctx, u.matcher, s.analysisID, a, s.revision.ID)
	}
	if err != nil {
		return nil, err
	}
	if s.data, s.waits, err = u.matcher.gaps(ctx, a, m.At); err != nil {
		return nil, err
	}
	if !m.Retrospective { // then all is matched anew
		keys, err := u.matcher.keyGaps(ctx, s.analysisID, a, s.revision.ID, !m.At.IsZero())
		if err != nil {
			return nil, err
		}
		s.data = append(s.data, keys...)
	}
	s.gaps = slices.Concat(a.Gaps, s.data)
	return s, u.vex.lay(ctx, img, m, s)
}

// then finds analysis and revision in force at a moment past.
func (u *Vulns) then(ctx context.Context, img store.Image, m Moment, s *state) error {
	var err error
	if s.revision, _, err = u.store.RevisionAt(ctx, m.At); err != nil {
		return err
	}
	row, err := u.store.AnalysisAt(ctx, img.ID, m.At)
	switch {
	case err == nil:
		s.analysisID = row.ID
	case !errors.Is(err, store.ErrNotFound):
		return err
	case img.Status != store.Analyzed:
		return notAnalyzed(img)
	case !m.Retrospective:
		return Errorf(ClassConflict, "not_known_then", "the image was not analysed here at %s: ask with retrospective=true (--retrospective) what the data of that time would have said",
			m.At.UTC().Format(time.RFC3339))
	}
	return nil
}

// dockerfileThen puts the Dockerfile in force at t into a.
func (u *Vulns) dockerfileThen(ctx context.Context, img store.Image, t time.Time, a *Analyzed) error {
	text, _, err := u.store.DockerfileAt(ctx, img.ID, t)
	switch {
	case errors.Is(err, store.ErrNotFound):
		a.Dockerfile, a.Mode = a.Analysis.Dockerfile, "Guessed"
	case err != nil:
		return err
	default:
		a.Dockerfile, a.Mode = text, "Actual"
	}
	return nil
}

// staleAfter is the age from which on advisory data is a gap.
const staleAfter = 7 * 24 * time.Hour

// gaps names the ecosystems of an image for which there is no advisory data, or only data whose last sync failed; of a
// moment past, those for which there was none then. waits are the ecosystems for which a sync may bring what is lacking.
func (m *matcher) gaps(ctx context.Context, a *image.Analysis, at time.Time) (gaps []image.Gap, waits []string, err error) {
	groups, err := m.store.FeedGroups(ctx)
	if err != nil {
		return nil, nil, err
	}
	rev, off, err := m.offAt(ctx, at)
	if err != nil {
		return nil, nil, err
	}
	return m.dataGaps(ctx, a, dataState{at, rev, groups, off})
}

// dataState is the advisory data of a moment; zero is now.
type dataState struct {
	at     time.Time
	rev    int64
	groups []store.FeedGroup
	off    map[string]bool // the ecosystems that are switched off
}

// dataGaps is gaps by what is known of the data.
func (m *matcher) dataGaps(ctx context.Context, a *image.Analysis, d dataState) (gaps []image.Gap, waits []string, err error) {
	gaps, waits = m.ecosystemGaps(a, d.at, d.groups, d.off)
	if loadedAt(d.groups, d.at)[mavenEcosystem].Ecosystem == "" || d.off[wholeFeed] || d.off[mavenEcosystem] {
		return gaps, waits, nil // they are told of with the others
	}
	nameless, err := m.groupless(ctx, a, d.rev)
	if err != nil {
		return nil, nil, err
	}
	if len(nameless) > 0 {
		gaps = append(gaps, grouplessGap(nameless))
	}
	return gaps, waits, nil
}

// loadedAt are the groups that had been loaded at a moment, by ecosystem; zero is now.
func loadedAt(groups []store.FeedGroup, at time.Time) map[string]store.FeedGroup {
	loaded := map[string]store.FeedGroup{}
	for _, g := range groups {
		if !g.LastSync.IsZero() && (at.IsZero() || !g.CreatedAt.After(at)) {
			loaded[g.Ecosystem] = g
		}
	}
	return loaded
}

// ecosystemGaps are those of whole ecosystems.
func (m *matcher) ecosystemGaps(a *image.Analysis, at time.Time, groups []store.FeedGroup, off map[string]bool) (gaps []image.Gap, waits []string) {
	loaded := loadedAt(groups, at)
	count, none := map[string]int{}, map[string]int{}
	for i := range a.Packages {
		p := &a.Packages[i]
		switch eco := advisory.DistinctOf(p, a.Distro).Ecosystem; {
		case eco == advisory.EcosystemCPE && loaded[eco].Ecosystem == "":
			none[advisory.NoEcosystem(p.Type, a.Distro)]++ // nobody asked for NVD's data
		case eco != "":
			count[eco]++
		case p.Type == image.Binary && p.OwnedBy != nil:
			// The package that owns the program is matched.
		default:
			none[advisory.NoEcosystem(p.Type, a.Distro)]++
		}
	}
	for _, why := range sortedWords(none) {
		gaps = append(gaps, image.Gap{Kind: image.GapNoAdvisories, Layer: -1, Detail: fmt.Sprintf("%d packages were not matched: %s", none[why], why)})
	}
	lacking := func(eco string, kind image.GapKind, format string, args ...any) {
		gaps = append(gaps, image.Gap{Kind: kind, Layer: -1, Detail: fmt.Sprintf(format, args...)})
		waits = append(waits, eco)
	}
	for _, eco := range sortedWords(count) {
		g, ok := loaded[eco]
		switch {
		case off[wholeFeed] || off[eco]:
			lacking(eco, image.GapNoAdvisories, "advisory data for %s is switched off: its %d packages were not matched", eco, count[eco])
		case !ok:
			lacking(eco, image.GapNoAdvisories, "no advisory data for %s: its %d packages were not matched", eco, count[eco])
		case at.IsZero() && m.now().Sub(g.LastSync) > staleAfter:
			lacking(eco, image.GapStaleAdvisories, "advisory data for %s is of %s: what came since is not known here", eco, g.LastSync.UTC().Format(time.DateOnly))
		case g.LastError != "" && at.IsZero():
			lacking(eco, image.GapStaleAdvisories, "advisory data for %s is of %s: the last sync failed", eco, g.LastSync.UTC().Format(time.RFC3339))
		}
	}
	return gaps, waits
}

// offAt are the ecosystems that are switched off at a moment, with the revision of then; zero is now.
func (m *matcher) offAt(ctx context.Context, at time.Time) (int64, map[string]bool, error) {
	rev, err := m.store.CurrentRevision(ctx)
	if err == nil && !at.IsZero() {
		rev, _, err = m.store.RevisionAt(ctx, at)
	}
	if err != nil {
		return 0, nil, err
	}
	off, err := ecosystemsOff(ctx, m.store, rev.ID)
	return rev.ID, off, err
}

func sortedWords[V any](m map[string]V) []string {
	words := make([]string, 0, len(m))
	for w := range m {
		words = append(words, w)
	}
	slices.Sort(words)
	return words
}
