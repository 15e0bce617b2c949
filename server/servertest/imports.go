package servertest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// fakeImport is an operation with what was uploaded, the bytes too.
type fakeImport struct {
	store.Import
	contents []store.ImportContent
	bytes    map[image.Digest][]byte
}

type imports struct{ e *Engine }

// Begin numbers operations from 1.
func (i imports) Begin(_ context.Context, account string) (store.Import, error) {
	i.e.mu.Lock()
	defer i.e.mu.Unlock()
	op := &fakeImport{bytes: map[image.Digest][]byte{}, Import: store.Import{
		ID: fmt.Sprintf("%032x", len(i.e.imports)+1), Account: account, State: store.ImportPending, CreatedAt: Start, UpdatedAt: Start, ExpiresAt: Start.Add(24 * time.Hour),
	}}
	i.e.imports = append(i.e.imports, op)
	return op.Import, nil
}

func (i imports) List(_ context.Context, account string) ([]store.Import, error) {
	i.e.mu.Lock()
	defer i.e.mu.Unlock()
	var list []store.Import
	for _, op := range slices.Backward(i.e.imports) {
		if op.Account == account {
			list = append(list, op.Import)
		}
	}
	return list, nil
}

// find expects the lock.
func (i imports) find(account, id string) (*fakeImport, error) {
	for _, op := range i.e.imports {
		if op.Account == account && op.ID == id {
			return op, nil
		}
	}
	return nil, noSuch("import", id)
}

func (i imports) Get(_ context.Context, account, id string) (store.Import, error) {
	i.e.mu.Lock()
	defer i.e.mu.Unlock()
	op, err := i.find(account, id)
	if err != nil {
		return store.Import{}, err
	}
	return op.Import, nil
}

func (i imports) Invalidate(_ context.Context, account, id string) (store.Import, error) {
	i.e.mu.Lock()
	defer i.e.mu.Unlock()
	op, err := i.find(account, id)
	if err != nil {
		return store.Import{}, err
	}
	if op.State == store.ImportPending {
		op.State = store.ImportInvalidated
	}
	return op.Import, nil
}

func (i imports) Contents(_ context.Context, account, id, kind string) ([]store.ImportContent, error) {
	i.e.mu.Lock()
	defer i.e.mu.Unlock()
	op, err := i.find(account, id)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(op.contents), func(c store.ImportContent) bool { return c.Kind != kind }), nil
}

func (i imports) Upload(_ context.Context, account, id string, p engine.ImportPart) (store.ImportContent, error) {
	body, err := io.ReadAll(p.Body)
	if err != nil {
		return store.ImportContent{}, err
	}
	i.e.mu.Lock()
	defer i.e.mu.Unlock()
	op, err := i.find(account, id)
	if err != nil {
		return store.ImportContent{}, err
	}
	c := store.ImportContent{Kind: p.Kind, Digest: image.DigestOf(body), MediaType: p.MediaType, Size: int64(len(body)), CreatedAt: Start}
	op.contents, op.bytes[c.Digest] = append(op.contents, c), body
	return c, nil
}

// Uploaded is what operations were given of a kind, in order.
func (e *Engine) Uploaded(kind string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []string
	for _, op := range e.imports {
		for _, c := range op.contents {
			if c.Kind == kind {
				list = append(list, c.MediaType+" "+string(op.bytes[c.Digest]))
			}
		}
	}
	return list
}

// Finish makes an image as [Engine.Add] does; it believes the digest.
func (i imports) Finish(ctx context.Context, account string, f engine.FinishImport) (store.Image, error) {
	var img store.Image
	for _, tag := range f.Tags {
		tag.Digest = f.Digest
		var err error
		if img, err = i.e.Add(ctx, account, engine.AddImage{Reference: tag, Annotations: f.Annotations, Force: f.Force}); err != nil {
			return img, err
		}
	}
	i.e.mu.Lock()
	defer i.e.mu.Unlock()
	op, err := i.find(account, f.Operation)
	if err == nil {
		op.State = store.ImportComplete
	}
	return img, err
}
