package engine

import (
	"context"
	"errors"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/notify"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// Add asks the registry for the image, and makes it known: the record, its tag, its subscriptions and its analysis job in
// one transaction. It never waits for the analysis.
func (u *Images) Add(ctx context.Context, account string, r AddImage) (store.Image, error) {
	ref := r.Reference
	if ref.Tag == "" {
		return store.Image{}, Errorf(ClassInvalid, "tag_required", "a digest alone cannot be added: say under which tag it is to be listed")
	}
	if r.Force && ref.Digest != "" {
		if _, err := u.store.Image(ctx, account, ref.Digest); errors.Is(err, store.ErrNotFound) {
			return store.Image{}, Errorf(ClassInvalid, "image_not_found", "a digest must already be known to force its analysis by tag and digest")
		}
	}
	found, err := u.registries.resolve(ctx, account, ref)
	if err != nil {
		return store.Image{}, err
	}
	return u.add(ctx, account, r, found)
}

// resolved is what a registry says of a reference.
type resolved struct {
	manifest image.Manifest
	parent   image.Digest
	// parentRaw is the index that the manifest was chosen from; nil when there was none.
	parentRaw []byte
}

func (r resolved) digest() image.Digest { return r.manifest.Digest }

// resolve reads manifest and index with the credentials of the account.
func (u *Registries) resolve(ctx context.Context, account string, ref image.Reference) (resolved, error) {
	opts, err := u.options(ctx, account, ref)
	if err != nil {
		return resolved{}, err
	}
	img, err := source.OpenReference(ctx, ref, source.Options{Registry: opts})
	if err != nil {
		return resolved{}, fromSource(err, ref.String())
	}
	defer img.Close()
	return resolved{img.Manifest, img.Parent, img.ParentRaw}, nil
}

// add stores what the registry said.
func (u *Images) add(ctx context.Context, account string, r AddImage, found resolved) (store.Image, error) {
	return u.addThen(ctx, account, r, found, func(*store.Tx, store.Image) error { return nil })
}

// addThen is add with something more to do in its transaction.
func (u *Images) addThen(ctx context.Context, account string, r AddImage, found resolved, then func(*store.Tx, store.Image) error) (store.Image, error) {
	manifestBlob, err := u.store.Blobs().Put(ctx, found.manifest.Raw)
	if err != nil {
		return store.Image{}, err
	}
	var parentBlob image.Digest
	if found.parentRaw != nil {
		if parentBlob, err = u.store.Blobs().Put(ctx, found.parentRaw); err != nil {
			return store.Image{}, err
		}
	}
	var id int64
	var before store.ImageImport
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		a := &adding{u: u, tx: tx, request: r, found: found, now: u.now()}
		if err := a.record(ctx, account, manifestBlob, parentBlob); err != nil {
			return err
		}
		id = a.img.ID
		if a.begin { // from the registry, however it came before
			if before, _, err = tx.ImageImport(ctx, id); err != nil {
				return err
			}
			if err := tx.DeleteImageImport(ctx, id); err != nil {
				return err
			}
		}
		if err := a.describe(ctx); err != nil {
			return err
		}
		moved, news, err := u.tag(ctx, tx, account, &a.img, r, a.now)
		if err != nil {
			return err
		}
		active := []string{notify.AnalysisUpdate}
		if r.Autosubscribe {
			active = append(active, notify.TagUpdate)
		}
		if err := subscribe(ctx, tx, account, r.Reference.FullTag(), active, a.now); err != nil {
			return err
		}
		if err := then(tx, a.img); err != nil {
			return err
		}
		return a.follow(ctx, moved, news)
	})
	if err == nil {
		err = dropImportBlobs(ctx, u.store, before.Packages, before.Config)
	}
	if err != nil {
		return store.Image{}, err
	}
	return u.store.ImageByRowID(ctx, id)
}

// adding is one image on its way into the store, within one transaction.
type adding struct {
	u       *Images
	tx      *store.Tx
	request AddImage
	found   resolved
	now     time.Time

	img store.Image
	// begin says that the analysis begins with this; analysed that there is one which stays.
	begin, analysed bool
}

// record finds or makes the image's row.
func (a *adding) record(ctx context.Context, account string, manifest, parent image.Digest) error {
	img, err := a.tx.Image(ctx, account, a.found.digest())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err != nil || img.Digest != a.found.digest() {
		a.begin = true
		a.img = store.Image{
			Account: account, Digest: a.found.digest(), ParentDigest: a.found.digest(), ImageID: a.found.manifest.Config.Digest,
			Status: store.NotAnalyzed, State: "active", CreatedAt: a.now, UpdatedAt: a.now, ManifestBlob: manifest, ParentBlob: parent,
		}
		if a.found.parent != "" {
			a.img.ParentDigest = a.found.parent
		}
		return a.tx.InsertImage(ctx, &a.img)
	}
	if a.request.Dockerfile != nil && !a.request.Force {
		return Errorf(ClassInvalid, "dockerfile_needs_force", "cannot specify a Dockerfile for an existing image unless force is given").
			With("digest", string(a.found.digest())).With("tag", a.request.Reference.FullTag())
	}
	a.img = img
	a.begin = a.request.Force || img.Status == store.AnalysisFailed || img.State == "deleting"
	a.analysed = img.Status == store.Analyzed && !a.begin
	return nil
}

// describe writes what the request says of the image.
func (a *adding) describe(ctx context.Context) error {
	if a.begin {
		a.img.Status, a.img.State, a.img.Error, a.img.ErrorCode = store.NotAnalyzed, "active", "", ""
	}
	a.img.UpdatedAt = a.now
	a.img.Annotations = annotationsOf(a.img)
	for k, v := range a.request.Annotations {
		if v == nil {
			delete(a.img.Annotations, k)
		} else {
			a.img.Annotations[k] = *v
		}
	}
	if text := a.request.Dockerfile; text != nil {
		a.img.Dockerfile = *text
		if err := a.tx.SetDockerfile(ctx, a.img.ID, *text, a.now); err != nil {
			return err
		}
	}
	return a.tx.UpdateImage(ctx, &a.img)
}

// follow puts off what the adding makes necessary. There is one analysis job for each step to not_analyzed, so several
// adds of one image at once make one analysis.
func (a *adding) follow(ctx context.Context, moved, news bool) error {
	if a.begin {
		_, err := a.u.jobs.insert(ctx, a.tx, analyzeArgs{a.img.ID}, nil)
		return err
	}
	if !a.analysed || !moved {
		return nil
	}
	if news {
		if err := a.u.notices.analysis(ctx, a.tx, a.img, []string{a.request.Reference.FullTag()}, store.Analyzed, store.Analyzed); err != nil {
			return err
		}
	}
	return evaluateLater(ctx, a.tx, a.u.jobs, []int64{a.img.ID}, "tag")
}

// tag places the image under its tag; it says whether the tag moved by that, and whether it never was there before.
func (u *Images) tag(ctx context.Context, tx *store.Tx, account string, img *store.Image, r AddImage, now time.Time) (moved, news bool, err error) {
	ref := r.Reference
	history, err := tx.TagHistory(ctx, account, ref.Registry, ref.Repository, ref.Tag)
	if err != nil {
		return false, false, err
	}
	if len(history) > 0 && history[0].Digest == img.Digest && r.CreatedAt.IsZero() {
		return false, false, nil
	}
	at := now
	if ref.Digest != "" && !r.CreatedAt.IsZero() {
		at = r.CreatedAt
	}
	news = true
	for _, t := range history {
		news = news && t.Digest != img.Digest
	}
	return true, news, tx.PutTag(ctx, img.ID, store.Tag{Registry: ref.Registry, Repository: ref.Repository, Tag: ref.Tag, Digest: img.Digest, DetectedAt: at, Current: true})
}
