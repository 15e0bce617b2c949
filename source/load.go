package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"landwaiter.dev/image"
)

// document is a manifest or index as it came, its digest known.
type document struct {
	raw       []byte
	mediaType string
}

// fetch reads the document that d names and verifies it.
func fetch(ctx context.Context, from driver, d image.Descriptor) (document, error) {
	raw, mediaType, err := from.manifest(ctx, d)
	if err != nil {
		return document{}, err
	}
	if got := image.DigestOf(raw); got != d.Digest {
		return document{}, fail(CodeDigestMismatch, "the manifest %s does not match its digest (its content has %s)", d.Digest, got.Short())
	}
	if mediaType == "" {
		mediaType = d.MediaType
	}
	return document{raw, mediaType}, nil
}

// load opens the image that a document stands for: itself, or one that an index leads to.
func load(ctx context.Context, from driver, doc document, o Options) (*Image, error) {
	if !image.IsIndex(doc.raw, doc.mediaType) {
		i, err := loadManifest(ctx, from, doc)
		if err != nil {
			return nil, err
		}
		return i, i.checkPlatform(o.Platform)
	}
	x, err := image.ParseIndex(doc.raw)
	if err != nil {
		return nil, bad("the image's index is broken", err)
	}
	i, err := chooseFrom(ctx, from, x.Manifests, o)
	if err != nil {
		return nil, err
	}
	i.Parent, i.ParentRaw = x.Digest, x.Raw
	return i, nil
}

// loadManifest reads and verifies manifest and config of one image.
func loadManifest(ctx context.Context, from driver, doc document) (*Image, error) {
	m, err := image.ParseManifest(doc.raw, doc.mediaType)
	if err != nil {
		return nil, bad("the image's manifest is broken", err)
	}
	if err := checkKind(m); err != nil {
		return nil, err
	}
	raw, err := readBlob(ctx, from, m.Config, "config", image.MaxConfigSize)
	if err != nil {
		return nil, err
	}
	c, err := image.ParseConfig(raw)
	if err != nil {
		return nil, bad("the image's config is broken", err)
	}
	return join(from, m, c)
}

// join makes an image of a manifest and its config.
func join(from driver, m *image.Manifest, c *image.Config) (*Image, error) {
	if len(m.Layers) != len(c.DiffIDs) {
		return nil, fail(CodeNotAnImage, "the manifest has %d layers and the config names %d diff_ids: they do not belong together", len(m.Layers), len(c.DiffIDs))
	}
	return &Image{Manifest: *m, Config: *c, driver: from}, nil
}

// checkKind refuses artifacts that come as manifests but are no images: charts, signatures, attestations, documents.
func checkKind(m *image.Manifest) error {
	switch t, _, _ := strings.Cut(m.Config.MediaType, ";"); t {
	case "", "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json", "application/octet-stream":
	default:
		return fail(CodeNotAnImage, "this is an artifact and no container image: its config is %.100q", t)
	}
	for n, l := range m.Layers {
		switch {
		case strings.HasSuffix(l.MediaType, "+encrypted"):
			return fail(CodeUnsupported, "layer %d is encrypted (%.100q); decrypt the image first", n+1, l.MediaType)
		case l.MediaType == "", l.MediaType == "application/octet-stream", strings.Contains(l.MediaType, "tar"):
		default:
			return fail(CodeNotAnImage, "this is an artifact and no container image: its layer %d is %.100q", n+1, l.MediaType)
		}
	}
	return nil
}

// checkPlatform holds a single image against what the user asked for.
func (i *Image) checkPlatform(want *image.Platform) error {
	if want == nil || satisfies(i.Config.Platform, *want) {
		return nil
	}
	return fail(CodeNoSuchPlatform, "the image is for %s only, not for %s", i.Config.Platform, *want)
}

// readBlob reads a small blob whole and verifies it.
func readBlob(ctx context.Context, from driver, d image.Descriptor, what string, limit int64) ([]byte, error) {
	if d.Size > limit {
		return nil, fail(CodeLimit, "the %s has %d bytes, more than the %d allowed", what, d.Size, limit)
	}
	ctx, cancel := context.WithTimeout(ctx, documentWithin)
	defer cancel()
	r, err := from.blob(ctx, d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw, err := readAll(r, limit, what)
	if err != nil {
		return nil, err
	}
	if got := image.DigestOf(raw); got != d.Digest || int64(len(raw)) != d.Size {
		return nil, fail(CodeDigestMismatch, "the %s %s does not match its digest and size (%d bytes with %s came)", what, d.Digest, len(raw), got.Short())
	}
	return raw, nil
}

// readAll reads to the end, or fails when there is more than limit.
func readAll(r io.Reader, limit int64, what string) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	var e *Error
	switch {
	case errors.As(err, &e):
		return nil, err
	case err != nil:
		return nil, fail(CodeUnreachable, "the %s cannot be read: %w", what, err)
	case int64(len(raw)) > limit:
		return nil, fail(CodeLimit, "the %s has more than the %d bytes allowed", what, limit)
	}
	return raw, nil
}

// sized refuses stored content whose size is not the descriptor's.
func sized(d image.Descriptor, stored int64) error {
	if d.Size != stored {
		return fail(CodeDigestMismatch, "%s is stored with %d bytes, but the manifest says %d", d.Digest, stored, d.Size)
	}
	return nil
}

// present checks that a local source holds all layers, so that an incomplete image is refused before any work.
func present(ctx context.Context, i *Image) error {
	for n, d := range i.Manifest.Layers {
		r, err := i.driver.blob(ctx, d)
		if err != nil {
			var e *Error
			if errors.As(err, &e) {
				return &Error{Code: e.Code, Message: fmt.Sprintf("layer %d: %s", n+1, e.Message), Cause: e}
			}
			return err
		}
		r.Close()
	}
	return nil
}
