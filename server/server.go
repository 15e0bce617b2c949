// Package server serves: the REST API under /v1 with its description and documentation page, and metrics, behind
// authentication and limits. It is a plain http.Handler over the use cases that it is given.
package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"landwaiter.dev/server/auth"
	"landwaiter.dev/server/problem"
	v1 "landwaiter.dev/server/v1"
)

// Limits of a request.
const (
	// MaxBody is how many bytes a request may send.
	MaxBody = 16 << 20
	// MaxHeader is how many bytes its header may have.
	MaxHeader = 64 << 10
	// bodyTime is how long the body may take to arrive.
	bodyTime = 30 * time.Second
	// uploadTime is how long a document of an import may take.
	uploadTime = 10 * time.Minute
)

// Options of a server.
type Options struct {
	// Services are the use cases; every field is needed.
	Services v1.Services
	Auth     auth.Authenticator
	// Log gets one record a request and the causes of failures; nil means nobody is told.
	Log *slog.Logger
}

// New makes the handler.
func New(o Options) http.Handler {
	problem.Install()
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	router := chi.NewMux()
	fail := func(w http.ResponseWriter, r *http.Request, err error) {
		failed(r.Context(), err)
		problem.Write(w, err)
	}
	router.NotFound(func(w http.ResponseWriter, r *http.Request) {
		problem.Write(w, problem.New(http.StatusNotFound, "no_such_route", "there is nothing at "+r.Method+" "+r.URL.Path+" on this server"))
	})
	router.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		problem.Write(w, problem.New(http.StatusMethodNotAllowed, "method_not_allowed", r.Method+" is not possible at "+r.URL.Path))
	})
	api := humachi.New(router, config())
	v1.Register(api, o.Services, failed)
	description(router, api.OpenAPI())
	router.Get("/v1/metrics", metrics(o.Services.Feeds))

	guarded := auth.Basic(o.Auth, readBody(router, fail), fail)
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isOpen(r) {
			r.Body = http.NoBody
			router.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
	return logRequests(log, recoverPanics(textOnly(canonicalPath(h), fail), fail))
}

// config is that of huma: JSON alone, no links to schemas in bodies, no routes of its own.
func config() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Landwaiter", Version: v1.APIVersion,
				Description: "Inspects container images without running them: what is in them, what is known to be wrong with it, and what your policy says.",
			},
			Servers:  []*huma.Server{{URL: "/"}},
			Security: []map[string][]string{{"basic": {}}},
			Components: &huma.Components{
				Schemas:         huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{"basic": {Type: "http", Scheme: "basic"}},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
	}
}

// description serves the OpenAPI document and the page made of it.
func description(router chi.Router, doc *huma.OpenAPI) {
	text, err := json.Marshal(doc)
	if err != nil {
		panic("description of the API: " + err.Error()) // types of our own, covered by every test
	}
	page := docsPage(doc)
	serve := func(contentType string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("X-Content-Type-Options", "nosniff")
			_, _ = w.Write(body)
		}
	}
	router.Get("/v1/swagger.json", serve("application/json", text))
	router.Get("/v1/docs", serve("text/html; charset=utf-8", page))
}

// isOpen says which routes need no credentials, after [canonicalPath].
func isOpen(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	switch r.URL.Path {
	case "/v1", "/v1/health", "/v1/version", "/v1/swagger.json", "/v1/docs":
		return true
	}
	return strings.HasPrefix(r.URL.Path, "/v1/hub/") // what everybody has who has the program
}
