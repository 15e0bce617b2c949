package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"landwaiter.dev/advisory"
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

// Analyze reads an image that is open at its source.
func (l *Local) Analyze(ctx context.Context, src *source.Image) (*image.Analysis, error) {
	in := analysis.Input{Manifest: src.Manifest, Config: src.Config, Blobs: src, Remote: src.Remote, Gaps: src.Gaps}
	var known analysis.Known
	if l.Store != nil {
		known = &knownLayers{store: l.Store, account: store.AdminAccount, repository: localRepository(src), local: true}
	}
	a, _, err := l.Reader.Image(ctx, in, known)
	return a, err
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
	j.Gaps, err = m.gaps(ctx, a, time.Time{})
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
	feed, err := checks.feedFacts(ctx, a, store.Revision{}, l.Now())
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
var ErrNoData = errors.New("there is no advisory data here: run once without --offline, or give --allow-no-data")

// Prepare sees to it that there is advisory data for an image: it fetches the ecosystems that the image has and that were
// never loaded. A server that holds the data directory does that by itself, so then nothing is fetched.
func (l *Local) Prepare(ctx context.Context, a *image.Analysis, offline bool) error {
	states, err := sources(ctx, l.Store)
	if err != nil {
		return err
	}
	var missing []string
	loaded := false
	for i := range a.Packages {
		folder := advisory.FolderOf(advisory.EcosystemOf(a.Packages[i].Type, a.Distro))
		if _, tried := states[folder]; folder != "" && !tried && !slices.Contains(missing, folder) {
			missing = append(missing, folder)
		}
		loaded = loaded || !states[folder].LastSync.IsZero()
	}
	rev, err := l.Store.CurrentRevision(ctx)
	if err != nil {
		return err
	}
	switch {
	case l.Feeds.off():
		return nil
	case offline && rev.ID == 0:
		return ErrNoData
	case offline || rev.ID > 0 && len(missing) == 0:
		return nil
	}
	return l.Sync(ctx, missing)
}

// Sync loads the advisory data of some ecosystems; none means those that the settings name.
func (l *Local) Sync(ctx context.Context, folders []string) error {
	release, err := l.Store.LockData()
	if errors.Is(err, store.ErrHeld) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = release() }()
	slices.Sort(folders)
	if !isURL(l.Feeds.OSV) || len(l.Feeds.Ecosystems) > 0 {
		folders = nil
	}
	s := &syncFeeds{store: l.Store, matcher: &matcher{store: l.Store, now: l.Now}, fetcher: newFetcher(l.TempDir), config: l.Feeds, log: l.Log, now: l.Now, progress: l.Progress}
	results, err := s.run(ctx, syncArgs{Ecosystems: folders})
	if err != nil {
		return err
	}
	for _, r := range results {
		for _, g := range r.Groups {
			if !g.OK {
				return fmt.Errorf("advisory data could not be loaded: %s", g.Error)
			}
		}
	}
	return nil
}
