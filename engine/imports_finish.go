package engine

import (
	"context"
	"errors"

	"landwaiter.dev/image"
	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// FinishImport asks for the image that documents of an operation describe.
type FinishImport struct {
	Operation string
	// Digest of the manifest, Parent of the index; the latter may be "".
	Digest, Parent image.Digest
	// ID of the image where it is not the digest of its config; "" means that digest.
	ID image.Digest
	// Tags under which the image is listed, at least one.
	Tags []image.Reference
	// Contents names the documents by kind.
	Contents map[string]image.Digest
	// Annotations to merge; a nil value removes the key.
	Annotations map[string]*string
	// Force makes the image anew where it is known.
	Force bool
}

// importAnnotation names the operation that an image came by.
const importAnnotation = "anchore.system/import_operation_id"

// Finish makes an image of what an operation has gathered, or adds tags and annotations to one that is known; the
// operation takes nothing more after that. It never waits for the analysis.
func (u *Imports) Finish(ctx context.Context, account string, f FinishImport) (store.Image, error) {
	op, err := u.Get(ctx, account, f.Operation)
	if err == nil {
		err = finishable(op)
	}
	if err != nil {
		return store.Image{}, err
	}
	if len(f.Tags) > maxImportTags {
		return store.Image{}, Errorf(ClassInvalid, "too_many_tags", "an import gives its image %d tags at most", maxImportTags)
	}
	parts, err := u.parts(ctx, f)
	if err != nil {
		return store.Image{}, err
	}
	annotations := map[string]*string{importAnnotation: &f.Operation}
	for k, v := range f.Annotations {
		annotations[k] = v
	}
	f.Annotations = annotations
	var id int64
	var before store.ImageImport
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		op, err := tx.LockImport(ctx, account, f.Operation)
		if err != nil {
			return noImport(err, f.Operation)
		}
		if err := finishable(u.seen(op)); err != nil {
			return err
		}
		id, before, err = u.finish(ctx, tx, account, f, parts)
		return err
	})
	if err != nil {
		return store.Image{}, err
	}
	if err := dropImportBlobs(ctx, u.store, before.Packages, before.Config); err != nil {
		return store.Image{}, err
	}
	return u.store.ImageByRowID(ctx, id)
}

func finishable(op store.Import) error {
	if op.State == store.ImportPending {
		return nil
	}
	return Errorf(ClassConflict, "import_not_pending", "Invalid operation status. The import operation is %s: begin another one", op.State).With("status", string(op.State))
}

// importParts are the documents of an import, read.
type importParts struct {
	kept       store.ImageImport
	manifest   *image.Manifest
	parent     image.Digest // that was uploaded
	parentRaw  []byte
	dockerfile *string
}

// parts reads the documents that a request names and sees that they belong together.
func (u *Imports) parts(ctx context.Context, f FinishImport) (*importParts, error) {
	have, err := u.store.ImportContents(ctx, f.Operation)
	if err != nil {
		return nil, err
	}
	raw, types := map[string][]byte{}, map[string]string{}
	for kind, d := range f.Contents {
		at := -1
		for i := range have {
			if have[i].Kind == kind && have[i].Digest == d {
				at = i
			}
		}
		if at < 0 {
			return nil, Errorf(ClassInvalid, "content_not_found", "the %s %s was not uploaded to this import operation", kind, d.Hex()).With("digest", d.Hex())
		}
		if types[kind] = have[at].MediaType; kind == ImportPackages {
			continue // the analysis reads it
		}
		if raw[kind], err = u.store.Blobs().Get(ctx, d); err != nil {
			return nil, err
		}
	}
	p := &importParts{kept: store.ImageImport{Operation: f.Operation, Packages: f.Contents[ImportPackages], MediaType: types[ImportPackages],
		Manifest: f.Contents[ImportManifest], Config: f.Contents[ImportConfig]}}
	if p.manifest, err = image.ParseManifest(raw[ImportManifest], types[ImportManifest]); err != nil {
		return nil, Errorf(ClassInvalid, "invalid_manifest", "the manifest cannot be used: %w", err)
	}
	config, err := image.ParseConfig(raw[ImportConfig])
	if err != nil {
		return nil, Errorf(ClassInvalid, "invalid_image_config", "the image config cannot be used: %w", err)
	}
	switch {
	case p.manifest.Digest != f.Digest:
		return nil, Errorf(ClassInvalid, "digest_mismatch", "the manifest that was uploaded is %s, and not the image %s", p.manifest.Digest, f.Digest).With("digest", string(f.Digest))
	case p.manifest.Config.Digest != config.Digest:
		return nil, Errorf(ClassInvalid, "digest_mismatch", "the config that was uploaded is %s, and the manifest names %s", config.Digest, p.manifest.Config.Digest).With("digest", config.Digest.Hex())
	case len(p.manifest.Layers) != len(config.DiffIDs):
		return nil, Errorf(ClassInvalid, "not_an_image", "the manifest has %d layers and the config %d diff_ids", len(p.manifest.Layers), len(config.DiffIDs))
	}
	if text, given := raw[ImportDocker]; given {
		s := string(text)
		p.dockerfile = &s
	}
	return p, p.index(raw[ImportParent], f)
}

// index takes the index that was uploaded, if any.
func (p *importParts) index(raw []byte, f FinishImport) error {
	if raw == nil {
		p.parent = f.Parent
		return nil
	}
	x, err := image.ParseIndex(raw)
	if err != nil {
		return Errorf(ClassInvalid, "invalid_parent_manifest", "the parent manifest cannot be used: %w", err)
	}
	if f.Parent != "" && f.Parent != x.Digest {
		return Errorf(ClassInvalid, "digest_mismatch", "the parent manifest that was uploaded is %s, and not %s", x.Digest, f.Parent).With("digest", string(f.Parent))
	}
	for _, m := range x.Manifests {
		if m.Digest == p.manifest.Digest {
			p.parent, p.parentRaw = x.Digest, raw
			return nil
		}
	}
	return Errorf(ClassInvalid, "digest_mismatch", "the parent manifest does not list the image %s", p.manifest.Digest).With("digest", string(p.manifest.Digest))
}

// finish is [Imports.Finish] within its transaction. It returns the image's record, and what it was made of before.
func (u *Imports) finish(ctx context.Context, tx *store.Tx, account string, f FinishImport, p *importParts) (int64, store.ImageImport, error) {
	a := &adding{u: u.images, tx: tx, now: u.now(), found: resolved{manifest: *p.manifest, parent: p.parent, parentRaw: p.parentRaw},
		request: AddImage{Reference: f.Tags[0], Annotations: f.Annotations, Force: f.Force}}
	var parentBlob image.Digest
	if p.parentRaw != nil {
		parentBlob = p.parent
	}
	var before store.ImageImport
	if err := a.record(ctx, account, p.manifest.Digest, parentBlob); err != nil {
		return 0, before, err
	}
	state := store.ImportComplete
	if a.begin {
		state = store.ImportProcessing
		a.request.Dockerfile = p.dockerfile
		if f.ID != "" {
			a.img.ImageID = f.ID
		}
		var err error
		if before, _, err = tx.ImageImport(ctx, a.img.ID); err != nil {
			return 0, before, err
		}
		if err := tx.PutImageImport(ctx, a.img.ID, p.kept); err != nil {
			return 0, before, err
		}
	}
	if err := a.describe(ctx); err != nil {
		return 0, before, err
	}
	for i, tag := range f.Tags {
		a.request.Reference = tag
		moved, news, err := u.images.tag(ctx, tx, account, &a.img, a.request, a.now)
		if err != nil {
			return 0, before, err
		}
		// Such a tag is not watched: the image did not come from its registry.
		if err := subscribe(ctx, tx, account, tag.FullTag(), []string{notify.AnalysisUpdate}, a.now); err != nil {
			return 0, before, err
		}
		if a.begin && i > 0 {
			continue // one analysis for all tags
		}
		if err := a.follow(ctx, moved, news); err != nil {
			return 0, before, err
		}
	}
	changed, err := tx.SetImportState(ctx, f.Operation, []store.ImportState{store.ImportPending}, state)
	if err == nil && !changed {
		err = errors.New("the import operation changed under its lock")
	}
	return a.img.ID, before, err
}
