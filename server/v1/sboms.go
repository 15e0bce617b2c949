package v1

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"landwaiter.dev/engine"
	"landwaiter.dev/sbom"
	"landwaiter.dev/server/problem"
)

// nativeSBOM is the form that clients of the original ask for: Syft's JSON.
const nativeSBOM = "native"

type sbomPath struct {
	ImagePath
	Format string `path:"format" doc:"native (Syft's JSON), or another form of the list"`
}

// sbomAnswer is a document as it is, without a wrapper.
type sbomAnswer struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (r *routes) sboms() {
	const tag = "Image content"
	add(r, "GET /images/{imageDigest}/sboms", tag, "List SBOM forms", func(ctx context.Context, in *ImagePath) ([]string, error) {
		return sbomForms(), r.mustKnow(ctx, in.Digest)
	})
	op := huma.Operation{
		OperationID: operationID(http.MethodGet, "/images/{imageDigest}/sboms/{format}"), Method: http.MethodGet,
		Path: "/v1/images/{imageDigest}/sboms/{format}", Summary: "Get an SBOM of an image", Tags: []string{tag},
		Errors: []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound},
	}
	huma.Register(r.api, op, func(ctx context.Context, in *sbomPath) (*sbomAnswer, error) {
		answer, err := r.sbom(ctx, in)
		if err != nil {
			r.failed(ctx, err)
			return nil, problem.From(err)
		}
		return answer, nil
	})
}

func sbomForms() []string { return append([]string{nativeSBOM}, sbom.Formats()...) }

func (r *routes) sbom(ctx context.Context, in *sbomPath) (*sbomAnswer, error) {
	d, err := digestOf(in.Digest)
	if err != nil {
		return nil, err
	}
	mediaType, known := sbom.MediaType(in.Format)
	if !known {
		return nil, noSuchType("SBOM", in.Format, sbomForms())
	}
	a, err := r.Content.Analyzed(ctx, account(ctx), d)
	if err != nil {
		return nil, err
	}
	doc := &sbom.Document{
		Name: sbomName(a), Analysis: a.Analysis, Gaps: a.Analysis.Gaps, At: a.Image.AnalyzedAt, Version: r.System.Version(),
		BaseLayers: a.Lineage.Base.Count(),
	}
	if doc.Name != string(a.Image.Digest) {
		doc.Reference = doc.Name
	}
	var b bytes.Buffer
	if err := sbom.Encode(&b, in.Format, doc); err != nil {
		return nil, err
	}
	return &sbomAnswer{mediaType, fmt.Sprintf("attachment; filename=%q", sbomFile(a, in.Format)), b.Bytes()}, nil
}

// sbomName is the newest tag of an image; its digest when it has none.
func sbomName(a *engine.Analyzed) string {
	for _, t := range a.Image.Tags {
		if t.Current {
			return t.FullTag()
		}
	}
	return string(a.Image.Digest)
}

// sbomFile is the name under which a browser keeps a document.
func sbomFile(a *engine.Analyzed, format string) string {
	ending := ".json"
	switch {
	case strings.HasSuffix(format, "-xml"):
		ending = ".xml"
	case format == "spdx-tag-value":
		ending = ".spdx"
	}
	return string(a.Image.Digest) + "_" + format + ending
}
