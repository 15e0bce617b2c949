package engine

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/analysis"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/policy/gate"
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
	// Signatures next to the image; nil when nobody looked.
	Signatures *gate.Signatures
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
	if j.Gaps, _, err = m.gaps(ctx, a, time.Time{}); err != nil {
		return nil, err
	}
	states, err := sources(ctx, l.Store)
	if err == nil && l.lacksExploited(states) {
		j.Gaps = append(j.Gaps, image.Gap{Kind: image.GapNoAdvisories, Layer: -1, Detail: "no catalogue of exploited vulnerabilities: none is known as exploited"})
	}
	if err == nil {
		j.Gaps = append(j.Gaps, l.notFresh(states)...)
	}
	return j, err
}

// notFresh names what could not be refreshed and has no group that tells it.
func (l *Local) notFresh(states map[string]sourceState) []image.Gap {
	st := states[kevDriver]
	if !l.Feeds.on(kevDriver) || st.LastSync.IsZero() || st.LastError == "" {
		return nil
	}
	return []image.Gap{{Kind: image.GapStaleAdvisories, Layer: -1,
		Detail: fmt.Sprintf("the catalogue of exploited vulnerabilities is of %s: the last sync failed", st.LastSync.UTC().Format(time.RFC3339))}}
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

// Files are those of the tree of an image that was analysed here, sorted by path.
func (l *Local) Files(ctx context.Context, a *image.Analysis) ([]image.File, error) {
	files, err := (&Content{store: l.Store}).listing(ctx, a)
	if err != nil {
		return nil, err
	}
	return files.listed, nil
}

// Facts are all facts from outside of the image that rules of any bundle may look at, as [Local.Verdict] takes them.
func (l *Local) Facts(ctx context.Context, a *image.Analysis, j *Judgement) (gate.Facts, error) {
	return l.facts(ctx, a, j, l.Now(), gate.NeedThreats|gate.NeedLineage|gate.NeedNewer|gate.NeedSources|gate.NeedSignatures)
}

func (l *Local) facts(ctx context.Context, a *image.Analysis, j *Judgement, now time.Time, needs gate.Need) (gate.Facts, error) {
	checks := &Checks{store: l.Store}
	outside, err := checks.outside(ctx, store.AdminAccount, a, j.Revision, now, needs)
	if err != nil {
		return gate.Facts{}, err
	}
	if outside != nil {
		outside.Signatures = j.Signatures
	}
	scores, err := checks.scoresKnown(ctx, now)
	if err != nil {
		return gate.Facts{}, err
	}
	return checks.gateFacts(ctx, outside, j.Findings, j.Revision.ID, now, scores, needs)
}

// Verdict evaluates a bundle against what is known.
func (l *Local) Verdict(ctx context.Context, b *policy.Bundle, a *image.Analysis, j *Judgement, fullTag string) (*policy.Evaluation, error) {
	checks := &Checks{store: l.Store}
	feed, err := checks.feedFacts(ctx, a, j.Revision, l.Now())
	if err != nil {
		return nil, err
	}
	now := l.Now()
	facts, err := l.facts(ctx, a, j, now, b.Needs())
	if err != nil {
		return nil, err
	}
	var unread error
	e, err := b.Evaluate(ctx, policy.Input{
		Facts:   facts,
		Account: store.AdminAccount, ImageID: a.ID.Hex(), ImageDigest: string(a.Digest), Tag: fullTag,
		Analysis: a, Dockerfile: a.Dockerfile, DockerfileMode: "Guessed",
		Findings: j.Findings, Gaps: slices.Concat(a.Gaps, j.Gaps), Feed: feed, At: now,
		DetectedAt: func(*advisory.ImageFinding) time.Time { return now },
		Files: func() (files []image.File) {
			files, unread = l.Files(ctx, a)
			return files
		},
	})
	if err != nil {
		return nil, err
	}
	return e, unread
}
