package v1

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"landwaiter.dev/engine"
	"landwaiter.dev/server/auth"
	"landwaiter.dev/server/problem"
)

// FeedArchives moves all advisory data as one file.
type FeedArchives interface {
	Export(ctx context.Context, w io.Writer) error
	// Import is refused with class conflict while a sync runs, and with code archive_refused or archive_older.
	Import(ctx context.Context, body io.Reader, r engine.ImportFeeds) ([]engine.SyncResult, error)
}

// FeedArchive is the file from which advisory data was imported last.
type FeedArchive struct {
	Name       string   `json:"name"`
	MadeAt     clock    `json:"made_at"`
	MadeBy     string   `json:"made_by" doc:"Version of the program that made it"`
	Revision   int64    `json:"feed_revision" doc:"Number of the data's state where it was made"`
	ImportedAt clock    `json:"imported_at"`
	Signer     string   `json:"signer,omitempty" doc:"Public key of its trusted signature"`
	Parts      []string `json:"parts" doc:"What is still as the file had it"`
}

func newFeedArchive(a *engine.ArchiveState) *FeedArchive {
	if a == nil {
		return nil
	}
	return &FeedArchive{a.Name, clock(a.MadeAt), a.MadeBy, a.Revision, clock(a.ImportedAt), a.Signer, append([]string{}, a.Parts...)}
}

// archiveType is the media type of the file.
const archiveType = "application/octet-stream"

const archivePath = "/system/feeds/archive"

// feedArchives are the routes whose bodies are files: they stream, and know no JSON but in their answers.
func (r *routes) feedArchives() {
	const tag = "Feeds"
	file := map[string]*huma.MediaType{archiveType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	r.raw(&huma.Operation{
		Method: http.MethodGet, Path: archivePath, Summary: "Download all advisory data as one file, unsigned", Tags: []string{tag},
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: file}},
	}, r.exportFeeds)
	option := func(name, doc string, standard bool) *huma.Param {
		return &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: huma.TypeBoolean, Default: standard}}
	}
	r.raw(&huma.Operation{
		Method: http.MethodPost, Path: archivePath, Summary: "Import advisory data from a file", Tags: []string{tag},
		Parameters: []*huma.Param{
			{Name: "name", In: "query", Description: "Name of the file, for people", Schema: &huma.Schema{Type: huma.TypeString}},
			option("allow_unsigned", "Take a file that nobody signed whose key is trusted", false),
			option("accept_shrink", "Accept parts that lost more than half of their records", false),
			option("accept_older", "Replace newer data by older", false),
			option("wait", "Answer when the import has ended; false answers at once", true),
		},
		RequestBody: &huma.RequestBody{Required: true, Content: file},
		Responses:   map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: schemaOf[[]SyncResult](r)}}}},
	}, r.importFeeds)
}

// raw registers a route that reads and writes by itself; what it returns as an error becomes the error body.
func (r *routes) raw(op *huma.Operation, handle func(http.ResponseWriter, *http.Request) error) {
	op.OperationID, op.Path = operationID(op.Method, op.Path), "/v1"+op.Path
	r.api.OpenAPI().AddOperation(op)
	r.api.Adapter().Handle(op, func(hc huma.Context) {
		in, out := humachi.Unwrap(hc)
		if err := handle(out, in); err != nil {
			r.failed(in.Context(), err)
			problem.Write(out, err)
		}
	})
}

// begun notes whether something was sent: after that no error can be told but by breaking off.
type begun struct {
	http.ResponseWriter
	any bool
}

func (b *begun) Write(p []byte) (int, error) {
	if !b.any {
		b.any = true
		b.Header().Set("Content-Type", archiveType)
		b.Header().Set("Content-Disposition", `attachment; filename="landwaiter-feeds-`+time.Now().UTC().Format(time.DateOnly)+`.lwf"`)
	}
	return b.ResponseWriter.Write(p)
}

func (r *routes) exportFeeds(w http.ResponseWriter, in *http.Request) error {
	if err := auth.Admin(in.Context(), "exportFeeds"); err != nil {
		return err
	}
	out := &begun{ResponseWriter: w}
	err := r.FeedArchives.Export(in.Context(), out)
	if err != nil && out.any {
		r.failed(in.Context(), err)
		panic(http.ErrAbortHandler)
	}
	return err
}

func (r *routes) importFeeds(w http.ResponseWriter, in *http.Request) error {
	if err := auth.Admin(in.Context(), "importFeeds"); err != nil {
		return err
	}
	query := in.URL.Query()
	take := engine.ImportFeeds{Name: query.Get("name"), Wait: true}
	for name, to := range map[string]*bool{"allow_unsigned": &take.AllowUnsigned, "accept_shrink": &take.AcceptShrink, "accept_older": &take.AcceptOlder, "wait": &take.Wait} {
		if !query.Has(name) {
			continue
		}
		on, err := strconv.ParseBool(query.Get(name))
		if err != nil {
			return invalid("%s must be true or false, not %.40q", name, query.Get(name))
		}
		*to = on
	}
	var body io.Reader = in.Body
	if body == nil {
		body = http.NoBody
	}
	done, err := r.FeedArchives.Import(in.Context(), body, take)
	if err != nil {
		return err
	}
	answer, err := json.Marshal(newSyncResults(done))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(answer, '\n'))
	return nil
}
