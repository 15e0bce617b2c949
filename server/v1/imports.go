package v1

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/server/problem"
	"landwaiter.dev/store"
)

// Imports takes images as documents. Refusals are *engine.Error.
type Imports interface {
	Begin(ctx context.Context, account string) (store.Import, error)
	List(ctx context.Context, account string) ([]store.Import, error)
	Get(ctx context.Context, account, id string) (store.Import, error)
	Invalidate(ctx context.Context, account, id string) (store.Import, error)
	Contents(ctx context.Context, account, id, kind string) ([]store.ImportContent, error)
	// Upload reads the part's body within its own limits.
	Upload(ctx context.Context, account, id string, p engine.ImportPart) (store.ImportContent, error)
	Finish(ctx context.Context, account string, f engine.FinishImport) (store.Image, error)
}

// ImportOperation gathers the documents of an image.
type ImportOperation struct {
	UUID      string `json:"uuid"`
	Status    string `json:"status" enum:"pending,processing,complete,failed,expired,invalidated"`
	Account   string `json:"account"`
	CreatedAt clock  `json:"created_at"`
	ExpiresAt clock  `json:"expires_at"`
	UpdatedAt clock  `json:"last_update"`
}

// ImportContent names a document that was uploaded.
type ImportContent struct {
	Digest    string `json:"digest" doc:"SHA-256 of the bytes, 64 hexadecimal digits"`
	CreatedAt clock  `json:"created_at"`
}

// importKind is a kind of document, and the media types by which it may come. Without a type it is taken as the first.
type importKind struct {
	name, summary string
	types         []string
}

var importKinds = []importKind{
	{engine.ImportPackages, "the list of packages (Syft JSON, CycloneDX or SPDX)", []string{
		"application/json", "application/vnd.syft+json", "application/vnd.cyclonedx+json", "application/vnd.cyclonedx+xml",
		"application/spdx+json", "text/spdx", "application/xml", "text/xml", "text/plain",
	}},
	{engine.ImportManifest, "the manifest", []string{
		"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
		"application/vnd.docker.distribution.manifest.v1+json", "application/vnd.docker.distribution.manifest.v1+prettyjws",
	}},
	{engine.ImportParent, "the index or manifest list", []string{
		"application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.oci.image.index.v1+json",
	}},
	{engine.ImportConfig, "the image config", []string{
		"application/json", "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json",
	}},
	{engine.ImportDocker, "the Dockerfile", []string{"text/plain"}},
}

// ImportPath names an operation in a path.
type ImportPath struct {
	ID string `path:"operation_id" doc:"uuid of an import operation"`
}

func (r *routes) imports() {
	const tag = "Imports"
	add(r, "POST /imports/images", tag, "Begin to import an image", func(ctx context.Context, _ *none) (ImportOperation, error) {
		op, err := r.Imports.Begin(ctx, account(ctx))
		return newOperation(op), err
	})
	add(r, "GET /imports/images", tag, "List import operations", func(ctx context.Context, _ *none) ([]ImportOperation, error) {
		found, err := r.Imports.List(ctx, account(ctx))
		list := make([]ImportOperation, 0, len(found))
		for _, op := range found {
			list = append(list, newOperation(op))
		}
		return list, err
	})
	add(r, "GET /imports/images/{operation_id}", tag, "Get an import operation", func(ctx context.Context, in *ImportPath) (ImportOperation, error) {
		op, err := r.Imports.Get(ctx, account(ctx), in.ID)
		return newOperation(op), err
	})
	add(r, "DELETE /imports/images/{operation_id}", tag, "Invalidate an import operation", func(ctx context.Context, in *ImportPath) (ImportOperation, error) {
		op, err := r.Imports.Invalidate(ctx, account(ctx), in.ID)
		return newOperation(op), err
	})
	for _, k := range importKinds {
		path := "/imports/images/{operation_id}/" + k.name
		add(r, "GET "+path, tag, "List what was uploaded as "+k.summary, func(ctx context.Context, in *ImportPath) ([]ImportContent, error) {
			found, err := r.Imports.Contents(ctx, account(ctx), in.ID, k.name)
			list := make([]ImportContent, 0, len(found))
			for _, c := range found {
				list = append(list, ImportContent{c.Digest.Hex(), clock(c.CreatedAt)})
			}
			return list, err
		})
		r.upload(path, tag, k)
	}
}

func newOperation(op store.Import) ImportOperation {
	return ImportOperation{
		UUID: op.ID, Status: string(op.State), Account: op.Account,
		CreatedAt: clock(op.CreatedAt), ExpiresAt: clock(op.ExpiresAt), UpdatedAt: clock(op.UpdatedAt),
	}
}

// upload registers a route whose body is no request of ours but a document: it goes to the use case as it comes.
func (r *routes) upload(path, tag string, k importKind) {
	op := huma.Operation{
		OperationID: operationID(http.MethodPost, path), Method: http.MethodPost, Path: "/v1" + path, Summary: "Upload " + k.summary, Tags: []string{tag},
		Parameters:  []*huma.Param{{Name: "operation_id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}},
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			"application/json": {Schema: schemaOf[ImportContent](r)},
		}}},
	}
	for _, t := range k.types {
		op.RequestBody.Content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	r.api.OpenAPI().AddOperation(&op)
	r.api.Adapter().Handle(&op, func(hc huma.Context) {
		in, out := humachi.Unwrap(hc)
		done, err := r.take(in, hc.Param("operation_id"), k)
		if err != nil {
			r.failed(in.Context(), err)
			problem.Write(out, err)
			return
		}
		body, _ := json.Marshal(ImportContent{done.Digest.Hex(), clock(done.CreatedAt)}) // a text and a time
		out.Header().Set("Content-Type", "application/json")
		_, _ = out.Write(append(body, '\n'))
	})
}

func (r *routes) take(in *http.Request, id string, k importKind) (store.ImportContent, error) {
	mediaType := k.types[0]
	if given := in.Header.Get("Content-Type"); given != "" {
		t, _, err := mime.ParseMediaType(given)
		// Older clients write "text/plain; utf-8", whose parameter is none.
		if plain, _, _ := strings.Cut(given, ";"); err != nil {
			t = strings.ToLower(strings.TrimSpace(plain))
		}
		if !slices.Contains(k.types, t) {
			return store.ImportContent{}, problem.New(http.StatusUnsupportedMediaType, "unsupported_media_type",
				fmt.Sprintf("%s cannot be sent as %.100q: use one of %s", k.name, given, strings.Join(k.types, ", ")))
		}
		mediaType = t
	}
	var body io.Reader = in.Body
	if body == nil {
		body = http.NoBody
	}
	return r.Imports.Upload(in.Context(), account(in.Context()), id, engine.ImportPart{Kind: k.name, MediaType: mediaType, Size: in.ContentLength, Body: body})
}

// importSource is what POST /images takes to finish an import.
type importSource struct {
	_         struct{} `additionalProperties:"true"`
	Operation *string  `json:"operation_uuid"`
	Digest    *string  `json:"digest" doc:"Digest of the manifest"`
	Parent    *string  `json:"parent_digest,omitempty" doc:"Digest of the index that the manifest is of"`
	ID        *string  `json:"local_image_id,omitempty" doc:"Image id; without it the digest of the config"`
	Tags      []string `json:"tags"`
	Contents  *struct {
		_          struct{} `additionalProperties:"true"`
		Packages   *string  `json:"packages"`
		Manifest   *string  `json:"manifest"`
		Config     *string  `json:"image_config"`
		Parent     *string  `json:"parent_manifest,omitempty"`
		Dockerfile *string  `json:"dockerfile,omitempty"`
	} `json:"contents" doc:"Digests as the uploads answered them"`
}

// read turns the source into what the engine takes.
func (s *importSource) read() (engine.FinishImport, error) {
	f := engine.FinishImport{Contents: map[string]image.Digest{}}
	switch {
	case s.Operation == nil || *s.Operation == "":
		return f, required("operation_uuid")
	case s.Digest == nil:
		return f, required("digest")
	case s.Contents == nil:
		return f, required("contents")
	case len(s.Tags) == 0:
		return f, invalid("'tags' must hold at least one tag")
	}
	f.Operation = *s.Operation
	var err error
	if f.Digest, err = image.ParseDigest(*s.Digest); err != nil {
		return f, invalid("'digest': %v", err)
	}
	if s.Parent != nil && *s.Parent != "" {
		if f.Parent, err = image.ParseDigest(*s.Parent); err != nil {
			return f, invalid("'parent_digest': %v", err)
		}
	}
	if s.ID != nil && *s.ID != "" {
		if f.ID, err = hexDigest(*s.ID); err != nil {
			return f, invalid("'local_image_id': %v", err)
		}
	}
	for _, c := range []struct {
		kind  string
		given *string
		need  bool
	}{
		{engine.ImportPackages, s.Contents.Packages, true}, {engine.ImportManifest, s.Contents.Manifest, true},
		{engine.ImportConfig, s.Contents.Config, true}, {engine.ImportParent, s.Contents.Parent, false}, {engine.ImportDocker, s.Contents.Dockerfile, false},
	} {
		switch {
		case c.given != nil && *c.given != "":
			if f.Contents[c.kind], err = hexDigest(*c.given); err != nil {
				return f, invalid("'contents.%s': %v", c.kind, err).With("digest", *c.given)
			}
		case c.need:
			return f, required(c.kind)
		}
	}
	for _, t := range s.Tags {
		ref, err := image.ParseReference(t)
		switch {
		case err != nil:
			return f, badReference("tags", t, err)
		case ref.Digest != "":
			return f, invalid("'tags' must hold tags, and %.200q names a digest", t).With("invalid_value", t)
		}
		f.Tags = append(f.Tags, ref)
	}
	return f, nil
}

// hexDigest reads a digest with or without its algorithm.
func hexDigest(s string) (image.Digest, error) {
	return image.ParseDigest("sha256:" + strings.TrimPrefix(s, "sha256:"))
}
