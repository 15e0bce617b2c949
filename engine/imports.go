package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
	"landwaiter.dev/store"
)

// DecodeSBOM reads a document that lists packages: Syft's JSON, CycloneDX or SPDX, told apart by their content. What it
// gives is an analysis of which packages, distribution, layers and gaps are used. It bounds what it reads.
type DecodeSBOM func(io.Reader) (*image.Analysis, error)

// read decodes a foreign document; whatever happens over it is an error about it.
func (d DecodeSBOM) read(document []byte) (a *image.Analysis, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			a, err = nil, fmt.Errorf("reading it failed: %v", cause)
		}
	}()
	if a, err = d(bytes.NewReader(document)); err == nil && a == nil {
		err = errors.New("it says nothing")
	}
	return a, err
}

// The kinds of documents that an import takes.
const (
	ImportPackages = "packages"
	ImportManifest = "manifest"
	ImportParent   = "parent_manifest"
	ImportConfig   = "image_config"
	ImportDocker   = "dockerfile"
)

// Bounds of imports.
const (
	// MaxImportPart is how many bytes one document may have.
	MaxImportPart = 100 << 20
	// maxImportParts is how many documents one operation may gather.
	maxImportParts = 32
	// maxImportHeld is how many bytes the operations of an account may hold, maxImportsPending how many may be pending.
	maxImportHeld     = 2 << 30
	maxImportsPending = 1000
	// importMemory is how many bytes of documents are taken in at once.
	importMemory = 128 << 20
	// importPatience is how long a document waits for its turn.
	importPatience = time.Minute
	// importLife is how long an operation takes documents; importShown is how long one that ended is shown.
	importLife, importShown = 24 * time.Hour, 24 * time.Hour
	// maxImportTags is how many tags one import may give its image.
	maxImportTags = 100
)

// Imports takes images as documents instead of layers: packages, manifest and config, gathered by an operation.
type Imports struct {
	store  *store.Store
	images *Images
	decode DecodeSBOM
	memory *semaphore.Weighted
	now    func() time.Time
}

// Begin opens an operation.
func (u *Imports) Begin(ctx context.Context, account string) (store.Import, error) {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	op := store.Import{ID: hex.EncodeToString(id), Account: account, State: store.ImportPending, CreatedAt: u.now(), ExpiresAt: u.now().Add(importLife)}
	err := u.store.Write(ctx, func(tx *store.Tx) error {
		pending, _, err := tx.ImportsHeld(ctx, account)
		if err != nil {
			return err
		}
		if pending >= maxImportsPending {
			return Errorf(ClassConflict, "too_many_imports", "%d import operations of this account are pending: finish or delete some", pending)
		}
		return tx.InsertImport(ctx, &op)
	})
	return op, err
}

// List gives the operations of an account, newest first.
func (u *Imports) List(ctx context.Context, account string) ([]store.Import, error) {
	list, err := u.store.Imports(ctx, account)
	for i := range list {
		list[i] = u.seen(list[i])
	}
	return list, err
}

// Get gives one operation.
func (u *Imports) Get(ctx context.Context, account, id string) (store.Import, error) {
	op, err := u.store.Import(ctx, account, id)
	return u.seen(op), noImport(err, id)
}

// seen shows an operation whose time has passed as expired, also before anybody has marked it.
func (u *Imports) seen(op store.Import) store.Import {
	if op.State == store.ImportPending && !op.ExpiresAt.After(u.now()) {
		op.State = store.ImportExpired
	}
	return op
}

func noImport(err error, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return Errorf(ClassNotFound, "import_not_found", "import operation %.60q not found", id)
	}
	return err
}

// Invalidate ends an operation; one that is complete or being processed stays as it is.
func (u *Imports) Invalidate(ctx context.Context, account, id string) (store.Import, error) {
	err := u.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.LockImport(ctx, account, id); err != nil {
			return noImport(err, id)
		}
		_, err := tx.SetImportState(ctx, id, []store.ImportState{store.ImportPending, store.ImportFailed, store.ImportExpired}, store.ImportInvalidated)
		return err
	})
	if err != nil {
		return store.Import{}, err
	}
	return u.Get(ctx, account, id)
}

// Contents lists the documents of one kind that an operation has.
func (u *Imports) Contents(ctx context.Context, account, id, kind string) ([]store.ImportContent, error) {
	if _, err := u.Get(ctx, account, id); err != nil {
		return nil, err
	}
	all, err := u.store.ImportContents(ctx, id)
	list := []store.ImportContent{}
	for _, c := range all {
		if c.Kind == kind {
			list = append(list, c)
		}
	}
	return list, err
}

// ImportPart is a document on its way in.
type ImportPart struct {
	Kind, MediaType string
	// Size in bytes as the client announced it; negative when it did not.
	Size int64
	Body io.Reader
}

// Upload takes a document into a pending operation. The same document again gives the first answer again.
func (u *Imports) Upload(ctx context.Context, account, id string, p ImportPart) (store.ImportContent, error) {
	switch {
	case p.Size < 0:
		return store.ImportContent{}, Errorf(ClassInvalid, "length_required", "the request needs the header Content-Length")
	case p.Size > MaxImportPart:
		return store.ImportContent{}, Errorf(ClassInvalid, "too_large", "the document has %d bytes, more than %d", p.Size, int64(MaxImportPart)).With("content-length", p.Size)
	case p.Kind == ImportPackages && u.decode == nil:
		return store.ImportContent{}, Errorf(ClassInvalid, "not_supported", "this server reads no lists of packages")
	}
	op, err := u.Get(ctx, account, id)
	if err == nil {
		err = takes(op)
	}
	if err != nil {
		return store.ImportContent{}, err
	}
	body, release, err := u.read(ctx, p)
	if err != nil {
		return store.ImportContent{}, err
	}
	defer release()
	if err := u.check(p.Kind, p.MediaType, body); err != nil {
		return store.ImportContent{}, err
	}
	digest, err := u.store.Blobs().Put(ctx, body)
	if err != nil {
		return store.ImportContent{}, err
	}
	content := store.ImportContent{Kind: p.Kind, Digest: digest, MediaType: p.MediaType, Size: int64(len(body)), CreatedAt: u.now()}
	err = u.store.Write(ctx, func(tx *store.Tx) (err error) {
		content, err = u.keep(ctx, tx, account, id, content)
		return err
	})
	if err != nil {
		return content, errors.Join(err, dropImportBlobs(context.WithoutCancel(ctx), u.store, digest))
	}
	return content, nil
}

// takes refuses an operation that takes no documents any more.
func takes(op store.Import) error {
	if op.State == store.ImportPending {
		return nil
	}
	return Errorf(ClassConflict, "import_not_pending", "import operation status does not allow uploads: it is %s; begin another one", op.State).With("status", string(op.State))
}

// read takes a body in when there is memory for it. Until release is called the memory counts as used.
func (u *Imports) read(ctx context.Context, p ImportPart) (body []byte, release func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, importPatience)
	defer cancel()
	if err := u.memory.Acquire(waiting, max(p.Size, 1)); err != nil {
		return nil, nil, Errorf(ClassUnavailable, "busy", "other documents are being taken in; try again later")
	}
	release = func() { u.memory.Release(max(p.Size, 1)) }
	body, err = io.ReadAll(io.LimitReader(p.Body, p.Size+1))
	switch {
	case err != nil || int64(len(body)) < p.Size:
		err = Errorf(ClassInvalid, "body_not_read", "the request body did not arrive completely")
	case int64(len(body)) > p.Size:
		err = Errorf(ClassInvalid, "body_not_read", "the request body is longer than its Content-Length")
	case len(body) == 0:
		err = Errorf(ClassInvalid, "empty", "the request has no body")
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return body, release, nil
}

// check refuses a document that is not of its kind, when somebody is there to hear it.
func (u *Imports) check(kind, mediaType string, body []byte) error {
	var err error
	switch kind {
	case ImportPackages:
		if _, err = u.decode.read(body); err == nil && json.Valid(body) {
			err = jsonscan.Twice(body)
		}
	case ImportManifest:
		_, err = image.ParseManifest(body, mediaType)
	case ImportParent:
		_, err = image.ParseIndex(body)
	case ImportConfig:
		if _, err = image.ParseConfig(body); err == nil {
			err = jsonscan.Twice(body)
		}
	case ImportDocker:
		if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 || len(body) > maxDockerfile {
			err = fmt.Errorf("it is no text of at most %d MiB", maxDockerfile>>20)
		}
	default:
		return Errorf(ClassNotFound, "no_such_type", "imports have no part %.60q", kind)
	}
	if err != nil {
		return Errorf(ClassInvalid, "invalid_"+kind, "the %s cannot be used: %w", strings.ReplaceAll(kind, "_", " "), err)
	}
	return nil
}

// maxDockerfile bounds a Dockerfile, in bytes.
const maxDockerfile = 4 << 20

// keep adds a document to an operation that is still pending.
func (u *Imports) keep(ctx context.Context, tx *store.Tx, account, id string, c store.ImportContent) (store.ImportContent, error) {
	op, err := tx.LockImport(ctx, account, id)
	if err != nil {
		return c, noImport(err, id)
	}
	if err := takes(u.seen(op)); err != nil {
		return c, err
	}
	have, err := tx.ImportContents(ctx, id)
	if err != nil {
		return c, err
	}
	for _, h := range have {
		if h.Kind == c.Kind && h.Digest == c.Digest {
			return h, nil
		}
	}
	if len(have) >= maxImportParts {
		return c, Errorf(ClassConflict, "too_many_parts", "the import operation has %d documents already; begin another one", len(have))
	}
	_, held, err := tx.ImportsHeld(ctx, account)
	if err != nil {
		return c, err
	}
	if held+c.Size > maxImportHeld {
		return c, Errorf(ClassConflict, "too_many_imports", "the import operations of this account hold %d MiB: finish or delete some", held>>20)
	}
	return tx.PutImportContent(ctx, id, c)
}
