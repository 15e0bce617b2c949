// Package v1 is the REST API under /v1: requests in, use cases called, answers in the shapes that existing clients read.
// Shapes and words are a contract; what we add to them is additive.
package v1

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/report"
	"landwaiter.dev/server/auth"
	"landwaiter.dev/server/problem"
	"landwaiter.dev/store"
)

// APIVersion is what clients read from the description to learn which requests are understood.
const APIVersion = "0.1.20"

// Images knows an account's images. Get and Delete take the digest of the platform's manifest or of the index it came
// from. Refusals are *engine.Error.
type Images interface {
	Add(ctx context.Context, account string, add engine.AddImage) (store.Image, error)
	List(ctx context.Context, account string, f engine.ImageFilter) ([]store.Image, error)
	Get(ctx context.Context, account string, d image.Digest) (store.Image, error)
	// ByID finds the newest image with the config digest of the given hexadecimal digits.
	ByID(ctx context.Context, account, hexID string) (store.Image, error)
	Delete(ctx context.Context, account string, d image.Digest, force bool) (engine.Deletion, error)
}

// Content reads what an analysis found. An image without one is refused with class not_analyzed.
type Content interface {
	Analyzed(ctx context.Context, account string, d image.Digest) (*engine.Analyzed, error)
	Files(ctx context.Context, account string, d image.Digest) ([]image.File, error)
	// Manifest is the manifest document as fetched.
	Manifest(ctx context.Context, account string, d image.Digest) ([]byte, error)
}

// Bases knows on which image another one was built. Images without an analysis have none.
type Bases interface {
	Of(ctx context.Context, img store.Image) (engine.Lineage, error)
}

// Vulnerabilities answers what is known of an image at a moment.
type Vulnerabilities interface {
	Of(ctx context.Context, account string, d image.Digest, m engine.Moment) (*engine.Vulnerabilities, error)
	// Diff compares an image at two moments, DiffImages two images at one.
	Diff(ctx context.Context, account string, d image.Digest, from, to engine.Moment) (*engine.VulnDiff, error)
	DiffImages(ctx context.Context, account string, a, b image.Digest, m engine.Moment) (*engine.VulnDiff, error)
}

// Queries answers questions over all images of an account, and over the advisory data.
type Queries interface {
	ImagesByVulnerability(ctx context.Context, account string, q engine.ByVulnerability) (*engine.HeldImages, error)
	ImagesByPackage(ctx context.Context, account string, q engine.ByPackage) (*engine.HeldImages, error)
	Vulnerabilities(ctx context.Context, q engine.KnownVulnerabilities) (*engine.KnowledgePage, error)
}

// Checks evaluates images.
type Checks interface {
	Check(ctx context.Context, account string, r engine.CheckRequest) (*engine.Check, error)
}

// Policies keeps the bundles of an account. An invalid document is refused with code invalid_policy and
// validation_details.
type Policies interface {
	List(ctx context.Context, account string) ([]store.Policy, error)
	Get(ctx context.Context, account, id string) (store.Policy, error)
	Put(ctx context.Context, account string, source []byte) (store.Policy, error)
	Activate(ctx context.Context, account, id string) (store.Policy, error)
	Delete(ctx context.Context, account, id string) error
	// Versions lists all versions, the newest first; Version finds one by number, digest or moment.
	Versions(ctx context.Context, account, id string) ([]engine.PolicyVersion, error)
	Version(ctx context.Context, account, id, version string) (engine.PolicyVersion, error)
}

// Subscriptions keeps what an account wants to be told. Empty key and type in List mean any.
type Subscriptions interface {
	List(ctx context.Context, account, key, typ string) ([]store.Subscription, error)
	Get(ctx context.Context, account, id string) (store.Subscription, error)
	Create(ctx context.Context, account string, s engine.PutSubscription) (store.Subscription, error)
	Update(ctx context.Context, account, id string, s engine.PutSubscription) (store.Subscription, error)
	Delete(ctx context.Context, account, id string) error
}

// Registries keeps credentials of an account.
type Registries interface {
	List(ctx context.Context, account string) ([]store.Registry, error)
	Get(ctx context.Context, account, name string) (store.Registry, error)
	Create(ctx context.Context, account string, r engine.PutRegistry) (store.Registry, error)
	Update(ctx context.Context, account, name string, r engine.PutRegistry) (store.Registry, error)
	Delete(ctx context.Context, account, name string) error
}

// Notices knows what was told. An empty state means any.
type Notices interface {
	List(ctx context.Context, account, state string) ([]store.Notice, error)
}

// Feeds knows the advisory data. Sync, Switch and Delete are refused with class conflict while a sync runs. Switch and
// Delete are about a group of the feed, with "" about all of it, and give the state afterwards; Delete is refused with
// class conflict while what it is about is enabled.
type Feeds interface {
	State(ctx context.Context) ([]engine.FeedState, error)
	Sync(ctx context.Context, r engine.SyncRequest) ([]engine.SyncResult, error)
	Switch(ctx context.Context, feed, group string, on bool) (engine.FeedState, error)
	Delete(ctx context.Context, feed, group string) (engine.FeedState, error)
}

// System knows the nodes.
type System interface {
	Services(ctx context.Context) ([]engine.Service, error)
	DeleteService(ctx context.Context, name, hostID string) error
	Version() string
}

// Services is all that the routes call. Every field is needed.
type Services struct {
	Images          Images
	Imports         Imports
	Content         Content
	Bases           Bases
	Vulnerabilities Vulnerabilities
	Queries         Queries
	Checks          Checks
	Evaluations     Evaluations
	Simulations     Simulations
	Policies        Policies
	Subscriptions   Subscriptions
	Registries      Registries
	Notices         Notices
	Feeds           Feeds
	FeedArchives    FeedArchives
	System          System
	VEX             VEX
	// PolicySpec is the document of gates, triggers and parameters.
	PolicySpec func() any
	// FeedGroup names an ecosystem as /v1 does ("Debian:12" → "debian:12").
	FeedGroup func(ecosystem string) string
	// SchemaVersion of the database, for /version and /status.
	SchemaVersion string
}

// Failed is told of every refusal before it is sent, for the log.
type Failed func(ctx context.Context, err error)

// Register adds all routes to api.
func Register(api huma.API, s Services, failed Failed) {
	r := &routes{Services: s, api: api, failed: failed}
	// Types of package report, which describe themselves to nobody.
	schemas := api.OpenAPI().Components.Schemas
	schemas.RegisterTypeAlias(reflect.TypeFor[report.Second](), reflect.TypeFor[clock]())
	schemas.RegisterTypeAlias(reflect.TypeFor[report.Raw](), reflect.TypeFor[raw]())
	r.service()
	r.images()
	r.imports()
	r.content()
	r.sboms()
	r.artifacts()
	r.observations()
	r.vulnerabilities()
	r.vulnDiffs()
	r.queries()
	r.checks()
	r.evaluations()
	r.simulations()
	r.policies()
	r.policyVersions()
	r.hub()
	r.subscriptions()
	r.notices()
	r.registries()
	r.feeds()
	r.system()
	r.vex()
}

type routes struct {
	Services
	api    huma.API
	failed Failed
}

// none is the input of a route without parameters; answer wraps a body as huma wants it.
type (
	none          struct{}
	answer[T any] struct{ Body T }
)

// Open marks the routes that need no credentials, in the description.
var open = []map[string][]string{}

// add registers one route: "GET /images/{imageDigest}", a tag and a summary for the description, and its handler. The
// request was read and bounded before; what the handler returns as an error becomes the error body.
func add[I, T any](r *routes, route, tag, summary string, handle func(context.Context, *I) (T, error), change ...func(*huma.Operation)) {
	method, path, _ := strings.Cut(route, " ")
	op := huma.Operation{
		OperationID: operationID(method, path), Method: method, Path: "/v1" + strings.TrimSuffix(path, "/"), Summary: summary, Tags: []string{tag},
		DefaultStatus:   http.StatusOK,
		BodyReadTimeout: -1, // bodies are read before, under a deadline of their own
		MaxBodyBytes:    -1,
		Errors:          []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound},
	}
	for _, f := range change {
		f(&op)
	}
	huma.Register(r.api, op, func(ctx context.Context, in *I) (*answer[T], error) {
		body, err := handle(ctx, in)
		if err != nil {
			r.failed(ctx, err)
			return nil, problem.From(err)
		}
		return &answer[T]{body}, nil
	})
}

func operationID(method, path string) string {
	id := strings.ToLower(method)
	for _, part := range strings.FieldsFunc(path, func(c rune) bool { return strings.ContainsRune("/{}_", c) }) {
		id += "-" + part
	}
	return id
}

func isOpen(op *huma.Operation) { op.Security = open }

// takes documents the body of a route that reads it raw, and lets the handler decide about it.
func takes[B any](r *routes) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.SkipValidateBody = true
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: schemaOf[B](r)},
		}}
	}
}

func account(ctx context.Context) string { return auth.Caller(ctx).Account.Name }

// object reads a JSON object; unknown keys are ignored.
func object(raw []byte, into any) error {
	if len(raw) == 0 {
		return invalid("request must be a valid JSON object, and the body is empty")
	}
	err := json.Unmarshal(raw, into)
	if err == nil {
		return nil
	}
	switch wrong := err.(type) {
	case *json.UnmarshalTypeError:
		if wrong.Field == "" {
			return invalid("request must be a valid JSON object, not %s", wrong.Value)
		}
		return invalid("Wrong type, expected '%s' for '%s', not %s", kindWord(wrong.Type.Kind()), wrong.Field, wrong.Value)
	case *json.SyntaxError:
		if wrong.Offset >= int64(len(raw)) {
			return invalid("request must be a valid JSON object: it breaks off")
		}
		return invalid("request must be a valid JSON object: it is none from byte %d on", wrong.Offset)
	}
	return invalid("request must be a valid JSON object")
}
