package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"landwaiter.dev/image"
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
		return img, notInDB(d)
	}
	return img, err
}

// liveImage is getImage without those that are being deleted: of these nothing is told any more.
func liveImage(ctx context.Context, s *store.Store, account string, d image.Digest) (store.Image, error) {
	img, err := getImage(ctx, s, account, d)
	if err == nil && img.State == "deleting" {
		return store.Image{}, notInDB(d)
	}
	return img, err
}

func notInDB(d image.Digest) error {
	return Errorf(ClassNotFound, "image_not_found", "image not found in DB: %s is not known in this account", d).With("digest", string(d))
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
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		out = Deletion{Digest: string(d), Status: "deleting"}
		img, err := tx.LockImage(ctx, img.ID) // an analysis may have ended meanwhile
		switch {
		case errors.Is(err, store.ErrNotFound):
			return nil
		case err != nil:
			return err
		case img.State == "deleting":
			return nil
		case img.Status == store.Analyzing && !force:
			out = Deletion{string(d), "delete_failed", "cannot delete an image that is being analyzed; use force"}
			return nil
		}
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
		img.State, img.UpdatedAt = "deleting", u.now()
		if err := tx.UpdateImage(ctx, &img); err != nil {
			return err
		}
		_, err = u.jobs.insert(ctx, tx, deleteArgs{img.ID}, nil)
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
	made, _, err := u.store.ImageImport(ctx, id)
	if err != nil {
		return err
	}
	if err := u.store.Write(ctx, func(tx *store.Tx) error { return tx.DeleteImage(ctx, id) }); err != nil {
		return err
	}
	return dropImportBlobs(ctx, u.store, made.Packages, made.Config)
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
