package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/analysis"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// Local does the job for one person at one machine, without a server and without jobs: it reads images, keeps what it
// read of their layers, and judges them by the advisory data of the data directory.
type Local struct {
	Store  *store.Store
	Reader *analysis.Reader
	Feeds  FeedConfig
	Log    *slog.Logger
	Now    func() time.Time
	// Progress is told what a sync does; nil tells nobody.
	Progress func(string)
	TempDir  string
}

// Analyze reads an image that is open at its source; of an SBOM, what it says is the analysis. Of an image that is known,
// the blobs are still being hashed when it returns: verified waits for that and says whether they are what they were.
// Nothing may be shown before, and the source must stay open.
func (l *Local) Analyze(ctx context.Context, src *source.Image) (a *image.Analysis, verified func() error, err error) {
	verified = func() error { return nil }
	if src.SBOM != nil {
		return src.SBOM.Analysis, verified, nil
	}
	in := analysis.Input{Manifest: src.Manifest, Config: src.Config, Blobs: src, Remote: src.Remote, Gaps: src.Gaps}
	done, err := readImage(ctx, l.Reader, in, &knownLayers{store: l.Store, account: store.AdminAccount, repository: localRepository(src), local: true})
	if done.verified != nil {
		verified = done.verified
	}
	return done.analysis, verified, err
}

// localRepository is where the image comes from, when that is a registry.
func localRepository(src *source.Image) image.Reference {
	if !src.Remote {
		return image.Reference{}
	}
	return image.Reference{Registry: src.Reference.Registry, Repository: src.Reference.Repository}
}

// Judgement is what is known of an image by the data at hand.
type Judgement struct {
	Findings []advisory.ImageFinding
	// Gaps beyond those of the analysis: ecosystems without data.
	Gaps     []image.Gap
	Revision store.Revision
	// Scores of EPSS by CVE, as far as they are in the data directory.
	Scores map[string]store.EPSS
}

// Judge matches an image's packages with the advisory data.
func (l *Local) Judge(ctx context.Context, a *image.Analysis) (*Judgement, error) {
	rev, err := l.Store.CurrentRevision(ctx)
	if err != nil {
		return nil, err
	}
	m := &matcher{store: l.Store, now: l.Now}
	j := &Judgement{Revision: rev}
	if j.Findings, err = m.layFresh(ctx, a, rev.ID); err != nil {
		return nil, err
	}
	if j.Scores, err = scoresOf(ctx, l.Store, j.Findings, l.Now()); err != nil {
		return nil, err
	}
	if j.Gaps, err = m.gaps(ctx, a, time.Time{}); err != nil {
		return nil, err
	}
	states, err := sources(ctx, l.Store)
	if err == nil && l.lacksExploited(states) {
		j.Gaps = append(j.Gaps, image.Gap{Kind: image.GapNoAdvisories, Layer: -1, Detail: "no catalogue of exploited vulnerabilities: none is known as exploited"})
	}
	return j, err
}

// layFresh matches the packages of an analysis that need not be stored.
func (m *matcher) layFresh(ctx context.Context, a *image.Analysis, rev int64) ([]advisory.ImageFinding, error) {
	var rows []store.PackageRow
	seen := map[advisory.Package]bool{}
	for i := range a.Packages {
		p := advisory.DistinctOf(&a.Packages[i], a.Distro)
		if !seen[p] {
			seen[p] = true
			rows = append(rows, store.PackageRow{ID: int64(len(rows) + 1), Package: p})
		}
	}
	found, err := m.match(ctx, rows, rev)
	if err != nil {
		return nil, err
	}
	known := make(map[advisory.Package][]advisory.Knowledge, len(rows))
	for _, r := range rows {
		for _, f := range found[r.ID] {
			known[r.Package] = append(known[r.Package], advisory.Knowledge{Finding: f})
		}
	}
	return m.assemble(ctx, a, rev, known)
}

// Verdict evaluates a bundle against what is known.
func (l *Local) Verdict(ctx context.Context, b *policy.Bundle, a *image.Analysis, j *Judgement, fullTag string) (*policy.Evaluation, error) {
	checks := &Checks{store: l.Store}
	feed, err := checks.feedFacts(ctx, a, j.Revision, l.Now())
	if err != nil {
		return nil, err
	}
	now := l.Now()
	return b.Evaluate(policy.Input{
		Account: store.AdminAccount, ImageID: a.ID.Hex(), ImageDigest: string(a.Digest), Tag: fullTag,
		Analysis: a, Dockerfile: a.Dockerfile, DockerfileMode: "Guessed",
		Findings: j.Findings, Gaps: slices.Concat(a.Gaps, j.Gaps), Feed: feed, At: now,
		DetectedAt: func(*advisory.ImageFinding) time.Time { return now },
	}), nil
}

// ErrNoData means that there is no advisory data for an image and none may be fetched.
var ErrNoData = errors.New("give --allow-no-data to go on without matching")

// Prepare sees to it that there is advisory data for an image: it fetches the ecosystems that the image has and that were
// never loaded, and the catalogue of exploited vulnerabilities. A source that failed is asked again the next time: no image
// passes because a download once failed. Who holds the data directory, a server or another scan, fetches by itself, so then
// nothing is.
func (l *Local) Prepare(ctx context.Context, a *image.Analysis, offline bool) error {
	if len(l.Feeds.Places) == 0 {
		return nil
	}
	states, err := sources(ctx, l.Store)
	if err != nil {
		return err
	}
	rev, err := l.Store.CurrentRevision(ctx)
	if err != nil {
		return err
	}
	missing, some := l.missing(a, states, offline)
	if offline {
		switch {
		case !some && len(missing) > 0:
			return fmt.Errorf("there is no advisory data for %s here: run once without --offline, or %w", strings.Join(missing, ", "), ErrNoData)
		case rev.ID == 0:
			return fmt.Errorf("there is no advisory data here: run once without --offline, or %w", ErrNoData)
		}
		return nil
	}
	if rev.ID > 0 && len(missing) == 0 && !l.lacksExploited(states) {
		return nil
	}
	err = l.Sync(ctx, missing)
	if errors.Is(err, store.ErrHeld) {
		if !some && len(missing) > 0 {
			return fmt.Errorf("%w, and there is no advisory data for %s yet: try again when its sync has ended, or %w", err, strings.Join(missing, ", "), ErrNoData)
		}
		return nil
	}
	return err
}

// missing lists the folders of an image's ecosystems that were never loaded, though the settings want them and the source
// is not known to lack them; some says that others were.
func (l *Local) missing(a *image.Analysis, states map[string]sourceState, offline bool) (missing []string, some bool) {
	for i := range a.Packages {
		folder := advisory.FolderOf(advisory.EcosystemOf(a.Packages[i].Type, a.Distro))
		st := states[folder]
		switch {
		case folder == "" || !l.Feeds.on(osvDriver) || slices.Contains(missing, folder):
		case !st.LastSync.IsZero():
			some = true
		case len(l.Feeds.Ecosystems) > 0 && !l.Feeds.all() && !slices.Contains(l.Feeds.Ecosystems, folder):
		case st.Absent && (offline || isURL(l.Feeds.Places[osvDriver][0])): // a directory is quickly asked again
		default:
			missing = append(missing, folder)
		}
	}
	slices.Sort(missing)
	return missing, some
}

func (l *Local) lacksExploited(states map[string]sourceState) bool {
	return l.Feeds.on(kevDriver) && states[kevDriver].LastSync.IsZero()
}

// Sync loads the advisory data of some ecosystems, or of those that the settings name where there is a choice.
func (l *Local) Sync(ctx context.Context, folders []string) error {
	release, err := l.Store.LockData()
	if err != nil {
		return err
	}
	defer func() { _ = release() }()
	args := syncArgs{}
	if l.Feeds.chosen() {
		args.Ecosystems = folders
	}
	config := l.Feeds
	config.Places = maps.Clone(config.Places)
	for _, d := range feed.Drivers() {
		if d.Scores != nil {
			delete(config.Places, d.Name) // scores are kept for stored matches, and here are none
		}
	}
	s := &syncFeeds{store: l.Store, matcher: &matcher{store: l.Store, now: l.Now}, fetcher: newFetcher(l.TempDir, l.Feeds, l.Now), config: config, log: l.Log, now: l.Now, progress: l.Progress}
	results, err := s.run(ctx, args)
	if err != nil {
		return err
	}
	for _, r := range results {
		for _, g := range r.Groups {
			switch {
			case g.OK:
			case g.Group == kevDriver:
				return fmt.Errorf("the catalogue of exploited vulnerabilities could not be loaded: %s; try again, name another with --feeds-kev, or go without by --feeds-kev none", g.Error)
			default:
				return fmt.Errorf("advisory data could not be loaded: %s; try again, or name another source with --feeds-osv", g.Error)
			}
		}
	}
	return s.noteAbsent(ctx, folders)
}

// noteAbsent remembers of folders that were wanted and are not in the directory that was just read that it lacks them.
func (u *syncFeeds) noteAbsent(ctx context.Context, wanted []string) error {
	states, err := sources(ctx, u.store)
	if err != nil {
		return err
	}
	for _, folder := range wanted {
		if _, tried := states[folder]; !tried {
			states[folder] = sourceState{Absent: true}
		}
	}
	return u.store.Write(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, settingSources, string(encode(states))) })
}
