package engine

import (
	"context"
	"errors"

	"landwaiter.dev/analysis"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// imported makes the analysis of an image that came as documents.
func (u *analyze) imported(ctx context.Context, i store.ImageImport) (read, error) {
	if u.decode == nil {
		return read{}, Errorf(ClassInvalid, "not_supported", "the image was imported, and this server reads no lists of packages")
	}
	var raw [3][]byte
	for n, d := range []image.Digest{i.Manifest, i.Config, i.Packages} {
		var err error
		if raw[n], err = u.store.Blobs().Get(ctx, d); errors.Is(err, store.ErrNotFound) {
			return read{}, Errorf(ClassNotFound, "content_not_found", "a document of the import is gone: import the image again")
		} else if err != nil {
			return read{}, err
		}
	}
	m, err := image.ParseManifest(raw[0], "")
	if err != nil {
		return read{}, Errorf(ClassInvalid, "invalid_manifest", "the manifest cannot be used: %w", err)
	}
	c, err := image.ParseConfig(raw[1])
	if err != nil {
		return read{}, Errorf(ClassInvalid, "invalid_image_config", "the image config cannot be used: %w", err)
	}
	document, err := u.decode.read(raw[2])
	if err != nil {
		return read{}, Errorf(ClassInvalid, "invalid_packages", "the list of packages cannot be used: %w", err)
	}
	a, err := analysis.Imported(*m, *c, document)
	if err != nil {
		return read{}, err
	}
	return keepDocument(ctx, u.store, a)
}

// wasRead says whether the layers of an analysis were read: those of an imported image, or of a document that was scanned,
// were not.
func wasRead(a *image.Analysis) bool { return a.Revisions[analysis.PartFiles] != "" }
