package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/notify"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// Images adds, lists and deletes images.
type Images struct {
	store      *store.Store
	jobs       *Jobs
	registries *Registries
	notices    *notices
	now        func() time.Time
}

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
	now := u.now()
	var id int64
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		img, err := tx.Image(ctx, account, found.digest())
		known := err == nil && img.Digest == found.digest()
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if known && r.Dockerfile != nil && !r.Force {
			return Errorf(ClassInvalid, "dockerfile_needs_force", "cannot specify a Dockerfile for an existing image unless force is given").
				With("digest", string(found.digest())).With("tag", r.Reference.FullTag())
		}
		if !known {
			img = store.Image{
				Account: account, Digest: found.digest(), ParentDigest: found.digest(), ImageID: found.manifest.Config.Digest,
				Status: store.NotAnalyzed, State: "active", CreatedAt: now, UpdatedAt: now, Annotations: map[string]string{},
			}
			if found.parent != "" {
				img.ParentDigest = found.parent
			}
			img.ManifestBlob, img.ParentBlob = manifestBlob, parentBlob
			if err := tx.InsertImage(ctx, &img); err != nil {
				return err
			}
		}
		id = img.ID
		begin := !known
		analysed := known && img.Status == store.Analyzed && img.State == "active" && !r.Force
		if known {
			if r.Force || img.Status == store.AnalysisFailed || img.State == "deleting" {
				img.Status, img.State, img.Error, img.ErrorCode = store.NotAnalyzed, "active", "", ""
				begin = true
			}
			img.UpdatedAt = now
		}
		if img.Annotations == nil {
			img.Annotations = map[string]string{}
		}
		for k, v := range r.Annotations {
			if v == nil {
				delete(img.Annotations, k)
			} else {
				img.Annotations[k] = *v
			}
		}
		if r.Dockerfile != nil {
			img.Dockerfile = *r.Dockerfile
			if err := tx.SetDockerfile(ctx, img.ID, *r.Dockerfile, now); err != nil {
				return err
			}
		}
		if err := tx.UpdateImage(ctx, &img); err != nil {
			return err
		}
		moved, news, err := u.tag(ctx, tx, account, &img, r, now)
		if err != nil {
			return err
		}
		active := []string{notify.AnalysisUpdate}
		if r.Autosubscribe {
			active = append(active, notify.TagUpdate)
		}
		if err := subscribe(ctx, tx, account, r.Reference.FullTag(), active, now); err != nil {
			return err
		}
		if err := then(tx, img); err != nil {
			return err
		}
		// One job for each step to not_analyzed: several adds of one image at once make one analysis.
		if begin {
			_, err := u.jobs.insert(ctx, tx, analyzeArgs{img.ID}, nil)
			return err
		}
		if analysed && moved {
			if news {
				if err := u.notices.analysis(ctx, tx, img, []string{r.Reference.FullTag()}, store.Analyzed, store.Analyzed); err != nil {
					return err
				}
			}
			_, err := u.jobs.insert(ctx, tx, evaluateArgs{Images: []int64{img.ID}, Reason: "tag"}, nil)
			return err
		}
		return nil
	})
	if err != nil {
		return store.Image{}, err
	}
	return u.store.ImageByRowID(ctx, id)
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

// List gives the images of an account, newest first.
func (u *Images) List(ctx context.Context, account string, f ImageFilter) ([]store.Image, error) {
	if f.FullTag == "" {
		list, err := u.store.Images(ctx, account, store.ImageFilter{State: stateOr(f.State), Status: f.Status})
		slices.Reverse(list)
		return list, err
	}
	if hex := f.FullTag; len(hex) == 64 && !hasNonHex(hex) {
		img, err := u.ByID(ctx, account, hex)
		if err != nil {
			return nil, err
		}
		return []store.Image{img}, nil
	}
	ref, err := image.ParseReference(f.FullTag)
	if err != nil {
		return nil, Errorf(ClassInvalid, "invalid_reference", "cannot handle image input string: %w", err)
	}
	if ref.Digest != "" {
		img, err := u.Get(ctx, account, ref.Digest)
		if err != nil {
			return nil, err
		}
		return []store.Image{img}, nil
	}
	history, err := u.store.TagHistory(ctx, account, ref.Registry, ref.Repository, ref.Tag)
	if err != nil {
		return nil, err
	}
	list := []store.Image{}
	for _, t := range history {
		img, err := u.store.Image(ctx, account, t.Digest)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if f.State != "all" && img.State != stateOr(f.State) || f.Status != "" && img.Status != f.Status {
			continue
		}
		list = append(list, img)
		if !f.History {
			break
		}
	}
	if len(list) == 0 {
		return nil, Errorf(ClassNotFound, "image_not_found", "image data not found for %s: add it first", ref.FullTag())
	}
	return list, nil
}

func stateOr(s string) string {
	if s == "" {
		return "active"
	}
	return s
}

func hasNonHex(s string) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return true
		}
	}
	return false
}

// Get gives an image by its digest or by that of its index.
func (u *Images) Get(ctx context.Context, account string, d image.Digest) (store.Image, error) {
	return getImage(ctx, u.store, account, d)
}

func getImage(ctx context.Context, s *store.Store, account string, d image.Digest) (store.Image, error) {
	img, err := s.Image(ctx, account, d)
	if errors.Is(err, store.ErrNotFound) {
		return img, Errorf(ClassNotFound, "image_not_found", "image not found in DB: %s is not known in this account", d).With("digest", string(d))
	}
	return img, err
}

// ByID gives the newest image with that config digest.
func (u *Images) ByID(ctx context.Context, account, hexID string) (store.Image, error) {
	d, err := image.ParseDigest("sha256:" + hexID)
	if err != nil {
		return store.Image{}, Errorf(ClassInvalid, "invalid_reference", "%.80q is not an image id: want 64 hexadecimal digits", hexID)
	}
	img, err := u.store.ImageByID(ctx, account, d)
	if errors.Is(err, store.ErrNotFound) {
		return u.Get(ctx, account, d)
	}
	return img, err
}

// Delete marks an image for removal, unless something still needs it and force is not given.
func (u *Images) Delete(ctx context.Context, account string, d image.Digest, force bool) (Deletion, error) {
	out := Deletion{Digest: string(d), Status: "deleting"}
	img, err := u.store.Image(ctx, account, d)
	if errors.Is(err, store.ErrNotFound) {
		return Deletion{string(d), "not_found", fmt.Sprintf("no image found with digest %s", d)}, nil
	}
	if err != nil {
		return out, err
	}
	if img.State == "deleting" {
		return out, nil
	}
	if img.Status == store.Analyzing && !force {
		return Deletion{string(d), "delete_failed", "cannot delete an image that is being analyzed; use force"}, nil
	}
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		for _, t := range img.Tags {
			if !t.Current {
				continue
			}
			subs, err := tx.Subscriptions(ctx, account, t.FullTag(), "")
			if err != nil {
				return err
			}
			for _, s := range subs {
				if !s.Active {
					continue
				}
				if !force {
					out = Deletion{string(d), "delete_failed", fmt.Sprintf("cannot delete an image that is the latest of its tags and has an active subscription (%s of %s); use force", s.Type, s.Key)}
					return nil
				}
				s.Active, s.UpdatedAt = false, u.now()
				if err := tx.UpdateSubscription(ctx, &s); err != nil {
					return err
				}
			}
		}
		if out.Status != "deleting" {
			return nil
		}
		img.State, img.UpdatedAt = "deleting", u.now()
		if err := tx.UpdateImage(ctx, &img); err != nil {
			return err
		}
		_, err := u.jobs.insert(ctx, tx, deleteArgs{img.ID}, nil)
		return err
	})
	return out, err
}

// remove takes an image in state deleting out of the store; its evaluations' headers stay.
func (u *Images) remove(ctx context.Context, id int64) error {
	img, err := u.store.ImageByRowID(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && img.State != "deleting" {
		return nil
	}
	if err != nil {
		return err
	}
	return u.store.Write(ctx, func(tx *store.Tx) error { return tx.DeleteImage(ctx, id) })
}

// fromSource turns what a source says into a refusal of ours.
func fromSource(err error, name string) error {
	e, ok := errors.AsType[*source.Error](err)
	if !ok {
		return Errorf(ClassUnavailable, "unreachable", "cannot read %s: %w", name, err)
	}
	return Errorf(ClassInvalid, e.Code, "cannot fetch image digest/manifest from registry: %w", err).
		With("error_codes", []string{sourceCode(err)}).With("raw_exception_message", err.Error())
}

// sourceCode is the word of /v1 for what a source says.
func sourceCode(err error) string {
	e, ok := errors.AsType[*source.Error](err)
	if !ok {
		return "UNKNOWN"
	}
	switch e.Code {
	case source.CodeNotFound:
		return "REGISTRY_IMAGE_NOT_FOUND"
	case source.CodeUnauthorised:
		return "REGISTRY_PERMISSION_DENIED"
	case source.CodeUnreachable:
		return "REGISTRY_NOT_ACCESSIBLE"
	case source.CodeUnsupported:
		return "REGISTRY_NOT_SUPPORTED"
	case source.CodeNoSuchPlatform:
		return "OSARCH_MISMATCH"
	default:
		return "UNKNOWN"
	}
}

// annotationsOf is never nil.
func annotationsOf(img store.Image) map[string]string {
	if img.Annotations == nil {
		return map[string]string{}
	}
	return img.Annotations
}

// encode writes a value that cannot fail to be written.
func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
