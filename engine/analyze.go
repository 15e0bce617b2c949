package engine

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"landwaiter.dev/advisory"
	"landwaiter.dev/analysis"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/cosign"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// analyze fetches, reads and saves one image.
type analyze struct {
	store      *store.Store
	jobs       *Jobs
	registries *Registries
	reader     *analysis.Reader
	decode     DecodeSBOM
	matcher    *matcher
	feeds      *Feeds
	attested   *attestations
	// signers whose signatures are looked for.
	signers []cosign.Signer
	notices *notices
	log     *slog.Logger
	now     func() time.Time
}

// run is the job. A refusal that no second try can mend ends it; what may be mended is tried again, and the last try
// leaves the image as failed, with the reason.
func (u *analyze) run(ctx context.Context, job *river.Job[analyzeArgs]) error {
	img, err := u.store.ImageByRowID(ctx, job.Args.Image)
	if errors.Is(err, store.ErrNotFound) || err == nil && (img.State != "active" || img.Status == store.Analyzed) {
		return nil
	}
	if err != nil {
		return err
	}
	if job.Attempt > job.MaxAttempts {
		// Nodes died over it, again and again.
		const message = "the analysis was given up: the process ended during each of its tries"
		if err := u.failed(ctx, img.ID, "gave_up", message); err != nil {
			return err
		}
		return river.JobCancel(errors.New(message))
	}
	if err := u.store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.SetStatus(ctx, img.ID, []store.AnalysisStatus{store.NotAnalyzed, store.Analyzing, store.AnalysisFailed}, store.Analyzing, "", "")
		return err
	}); err != nil {
		return err
	}
	start := u.now()
	done, err := u.image(ctx, img)
	switch {
	case err == nil && done:
		u.log.Info("analysis done", "image", img.Digest, "account", img.Account, "seconds", u.now().Sub(start).Seconds())
		return nil
	case err == nil: // somebody forced another analysis meanwhile
		return river.JobSnooze(0)
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return river.JobSnooze(0) // the node stops; the job runs again, and this try does not count
	}
	code, permanent := classify(err)
	if !permanent && job.Attempt < job.MaxAttempts {
		return err
	}
	u.log.Warn("analysis failed", "image", img.Digest, "account", img.Account, "code", code, "err", err.Error())
	if ferr := u.failed(context.WithoutCancel(ctx), img.ID, code, err.Error()); ferr != nil {
		return ferr
	}
	return river.JobCancel(err)
}

// classify says whether another try could help.
func classify(err error) (code string, permanent bool) {
	if e, ok := errors.AsType[*source.Error](err); ok {
		return e.Code, !e.Temporary
	}
	if e, ok := errors.AsType[*analysis.Error](err); ok {
		return e.Code, true
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code, e.Class != ClassUnavailable && e.Class != ClassInternal
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "time_limit", false
	}
	return "internal", false
}

func (u *analyze) failed(ctx context.Context, id int64, code, message string) error {
	return u.store.Write(ctx, func(tx *store.Tx) error {
		changed, err := tx.SetStatus(ctx, id, []store.AnalysisStatus{store.Analyzing}, store.AnalysisFailed, message, code)
		if err != nil || !changed {
			return err
		}
		img, err := tx.ImageByRowID(ctx, id)
		if err != nil {
			return err
		}
		if err := tx.EndImportOf(ctx, id, store.ImportFailed); err != nil {
			return err
		}
		return u.notices.analysis(ctx, tx, img, currentTags(img), store.Analyzing, store.AnalysisFailed)
	})
}

func currentTags(img store.Image) []string {
	var tags []string
	for _, t := range img.Tags {
		if t.Current {
			tags = append(tags, t.FullTag())
		}
	}
	return tags
}

// image analyses img and saves the result; false when it was forced again meanwhile.
func (u *analyze) image(ctx context.Context, img store.Image) (bool, error) {
	made, isImport, err := u.store.ImageImport(ctx, img.ID)
	if err != nil {
		return false, err
	}
	var a read
	if isImport {
		a, err = u.imported(ctx, made)
	} else {
		a, err = u.fetchAny(ctx, img)
	}
	if err != nil {
		return false, err
	}
	saved, err := u.save(ctx, a)
	if err != nil {
		return false, err
	}
	return u.finish(ctx, img.ID, saved, a)
}

// fetchAny reads an image from a repository that has it.
func (u *analyze) fetchAny(ctx context.Context, img store.Image) (read, error) {
	if len(img.Tags) == 0 {
		return read{}, Errorf(ClassInvalid, "no_tag", "the image has no tag by which it could be fetched")
	}
	var a read
	var err error
	// A tag of another repository may answer where the first does not.
	for _, ref := range repositories(img) {
		if a, err = u.fetch(ctx, img, ref); err == nil {
			break
		}
		if _, bad := errors.AsType[*analysis.Error](err); bad || ctx.Err() != nil {
			break
		}
	}
	return a, err
}

// repositories gives one reference by digest for each repository that the image was seen in, newest tag first.
func repositories(img store.Image) []image.Reference {
	var refs []image.Reference
	for _, t := range img.Tags {
		r := image.Reference{Registry: t.Registry, Repository: t.Repository, Digest: img.Digest}
		if !slices.Contains(refs, r) {
			refs = append(refs, r)
		}
	}
	return refs
}

func (u *analyze) fetch(ctx context.Context, img store.Image, ref image.Reference) (read, error) {
	opts, err := u.registries.options(ctx, img.Account, ref)
	if err != nil {
		return read{}, err
	}
	src, err := source.OpenReference(ctx, ref, source.Options{Registry: opts})
	if err != nil {
		return read{}, err
	}
	defer src.Close()
	known := &knownLayers{store: u.store, account: img.Account, repository: ref, options: func(ctx context.Context, r image.Reference) (source.RegistryOptions, error) {
		return u.registries.options(ctx, img.Account, r)
	}}
	done, err := readImage(ctx, u.reader, analysis.Input{Manifest: src.Manifest, Config: src.Config, Blobs: src, Remote: src.Remote, Gaps: src.Gaps}, known)
	if err == nil && done.verified != nil {
		err = done.verified()
	}
	if err == nil {
		done.attested = u.attested.look(ctx, src, img)
		done.signatures = lookForSignatures(ctx, src, []image.Digest{img.Digest, img.ParentDigest}, u.signers, u.now())
	}
	return done, err
}

// saved is a stored analysis.
type saved struct {
	id int64
	// packages of the image as rows, once each.
	packages []store.PackageRow
}

// save stores the analysis and its package sets, and matches the packages that are new here.
func (u *analyze) save(ctx context.Context, r read) (saved, error) {
	a := r.analysis
	var out saved
	seen := map[int64]bool{}
	var sets []int64
	byLayer := distinctByLayer(a)
	for _, layer := range sortedKeys(byLayer) {
		var rows []store.PackageRow
		var set int64
		err := u.store.Write(ctx, func(tx *store.Tx) (err error) {
			rows, set, err = keepSet(ctx, tx, byLayer[layer], tx.UpsertPackages)
			return err
		})
		if err != nil {
			return saved{}, err
		}
		sets = append(sets, set)
		for _, r := range rows {
			if !seen[r.ID] {
				seen[r.ID] = true
				out.packages = append(out.packages, r)
			}
		}
	}
	if err := u.matcher.matchNew(ctx, out.packages); err != nil {
		return saved{}, err
	}
	err := u.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.ShareRevision(ctx); err != nil {
			return err
		}
		row := store.Analysis{
			Document: r.document, ManifestDigest: a.Digest, ImageID: a.ID, DistroID: a.Distro.ID, DistroVersion: a.Distro.VersionID, CreatedAt: u.now(),
			Chains: store.ChainsOf(a.Layers),
		}
		if a.Base != nil {
			row.Declared = *a.Base
		}
		err := tx.PutAnalysis(ctx, &row, sets)
		out.id = row.ID
		return err
	})
	return out, err
}

// distinctByLayer gives the packages of each layer's share of the merged list: they are kept as one set each, so that all
// images on a base share its set.
func distinctByLayer(a *image.Analysis) map[int][]advisory.Package {
	byLayer := map[int][]advisory.Package{}
	for i := range a.Packages {
		p := &a.Packages[i]
		byLayer[p.Layer] = append(byLayer[p.Layer], advisory.DistinctOf(p, a.Distro))
	}
	return byLayer
}

// keepSet stores packages, by one of the methods of the transaction that do, and the set of them. None of it is collected
// before an analysis points to it.
func keepSet(ctx context.Context, tx *store.Tx, packages []advisory.Package,
	keep func(context.Context, []advisory.Package, func(advisory.Package) []advisory.Key) ([]store.PackageRow, error)) ([]store.PackageRow, int64, error) {
	if _, err := tx.ShareRevision(ctx); err != nil {
		return nil, 0, err
	}
	rows, err := keep(ctx, packages, advisory.Package.Keys)
	if err != nil {
		return nil, 0, err
	}
	ids := rowIDs(rows)
	set, err := tx.PutPackageSet(ctx, setDigest(slices.Clone(ids)), ids)
	return rows, set, err
}

// finish makes the analysis the image's own, tells about it, and puts off its evaluation: at once, or after the advisory
// data of an ecosystem that is seen for the first time.
func (u *analyze) finish(ctx context.Context, id int64, s saved, r read) (bool, error) {
	a := r.analysis
	if err := u.attested.blobs(ctx, r.attested); err != nil {
		return false, err
	}
	missing, err := u.feeds.missing(ctx, s.packages)
	if err != nil {
		return false, err
	}
	done := false
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		now := u.now()
		changed, err := tx.SetStatus(ctx, id, []store.AnalysisStatus{store.Analyzing}, store.Analyzed, "", "")
		if err != nil || !changed {
			return err
		}
		done = true
		img, err := tx.ImageByRowID(ctx, id)
		if err != nil {
			return err
		}
		img.AnalysisID, img.AnalyzedAt, img.UpdatedAt = s.id, now, now
		img.Distro, img.DistroVersion, img.Architecture = a.Distro.ID, a.Distro.VersionID, a.Platform.Architecture
		img.Size, img.LayerCount = a.Size, len(a.Layers)
		if err := tx.UpdateImage(ctx, &img); err != nil {
			return err
		}
		if err := tx.SetAnalysis(ctx, id, s.id, now); err != nil {
			return err
		}
		if err := tx.EndImportOf(ctx, id, store.ImportComplete); err != nil {
			return err
		}
		if err := u.attested.keep(ctx, tx, img, r.attested, now); err != nil {
			return err
		}
		if err := keepSignatures(ctx, tx, img, r.signatures, u.signers); err != nil {
			return err
		}
		if err := u.notices.analysis(ctx, tx, img, currentTags(img), store.Analyzing, store.Analyzed); err != nil {
			return err
		}
		if len(missing) > 0 {
			if _, err := u.jobs.insert(ctx, tx, syncArgs{Ecosystems: missing}, nil); err != nil {
				return err
			}
		}
		return evaluateLater(ctx, tx, u.jobs, []int64{id}, "analysis")
	})
	return done, err
}

// setDigest names a set of packages by its members.
func setDigest(ids []int64) image.Digest {
	slices.Sort(ids)
	return image.DigestOf(encode(slices.Compact(ids)))
}

func sortedKeys[V any](m map[int]V) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
