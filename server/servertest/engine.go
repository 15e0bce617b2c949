// Package servertest is an engine in memory, for tests of the server, the client and the client commands: it keeps what
// it is told, finds the same few packages in every image and knows a few vulnerabilities of them.
package servertest

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/server"
	v1 "landwaiter.dev/server/v1"
	"landwaiter.dev/store"
)

// The users that an [Engine] knows. Password belongs to all of them.
const (
	Admin    = "admin"
	User     = "ada"    // of account team-a
	Disabled = "dora"   // of account team-d, which is disabled
	Password = "foobar" // six letters, as the smallest password allowed
)

// Start is when everything begins; the clock of an [Engine] stands still there unless a test moves it.
var Start = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// Engine is the engine in memory. Its zero value is not usable; make one with [New]. Safe for concurrent use.
type Engine struct {
	mu sync.Mutex
	// Rounds is how often an image is seen in "analyzing" before it is analysed; set before the first request.
	Rounds int
	// Syncing makes a feed sync be refused as one that runs.
	Syncing bool
	// Unloaded hides the feed's last sync for so many looks.
	Unloaded int
	// Requests are "METHOD path?query" in order of arrival, as the server saw them.
	Requests []string

	images   []*fakeImage
	imports  []*fakeImport
	policies map[string]map[string]*store.Policy
	// policyVersions by account and id, the oldest first.
	policyVersions map[string][]engine.PolicyVersion
	subscriptions  map[string]*store.Subscription
	registries     map[string]*store.Registry
	Passwords      map[string]string // registry passwords as they were given
	Adds           []engine.AddImage
	vex            []*store.VEX
	Puts           int // versions of bundles that were stored
}

type fakeImage struct {
	store.Image
	looks int
}

// New makes an empty engine.
func New() *Engine {
	return &Engine{
		policies: map[string]map[string]*store.Policy{}, policyVersions: map[string][]engine.PolicyVersion{}, subscriptions: map[string]*store.Subscription{},
		registries: map[string]*store.Registry{}, Passwords: map[string]string{},
	}
}

// Handler is the real server over e.
func (e *Engine) Handler() http.Handler {
	h := server.New(server.Options{Auth: e, Services: v1.Services{
		Images: e, Imports: imports{e}, Content: content{e}, Bases: bases{e}, Vulnerabilities: e, Queries: queries{e}, Checks: e, Policies: policies{e}, Subscriptions: subscriptions{e},
		Registries: registries{e}, Notices: notices{e}, Feeds: feeds{e}, FeedArchives: feeds{e}, System: system{e}, VEX: vexes{e}, Evaluations: evaluations{e}, Simulations: simulations{e}, PolicySpec: spec, FeedGroup: strings.ToLower, SchemaVersion: "7",
	}})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		e.Requests = append(e.Requests, r.Method+" "+r.URL.RequestURI())
		e.mu.Unlock()
		h.ServeHTTP(w, r)
	})
}

// Serve listens on loopback until the test ends.
func (e *Engine) Serve(t testing.TB) string {
	s := httptest.NewServer(e.Handler())
	t.Cleanup(s.Close)
	return s.URL
}

// Authenticate knows [Admin], [User] and [Disabled].
func (e *Engine) Authenticate(_ context.Context, username, password string) (engine.Caller, error) {
	accounts := map[string]store.Account{
		Admin:    {Name: "admin", Type: "admin", State: "enabled"},
		User:     {Name: "team-a", Type: "user", State: "enabled"},
		Disabled: {Name: "team-d", Type: "user", State: "disabled"},
	}
	account, known := accounts[username]
	if !known || password != Password {
		return engine.Caller{}, engine.Errorf(engine.ClassUnauthorised, "unauthorised", "user name or password is wrong")
	}
	return engine.Caller{User: store.User{Username: username, Account: account.Name}, Account: account, Admin: account.Type == "admin"}, nil
}

// As lets administrators into team-a.
func (e *Engine) As(_ context.Context, c engine.Caller, account string) (engine.Caller, error) {
	switch {
	case !c.Admin:
		return c, engine.Errorf(engine.ClassForbidden, "forbidden", "Not authorized. Requires permissions: domain=%s action=* target=*", account)
	case account != "team-a":
		return c, engine.Errorf(engine.ClassNotFound, "account_not_found", "account %q not found", account)
	}
	c.Account = store.Account{Name: account, Type: "user", State: "enabled"}
	return c, nil
}

// Add makes up a digest from the tag. Repositories with "missing" in the name are not in the registry, those with
// "secret" need credentials, those with "broken" fail to be analysed, those with "bare" hold packages and nothing else.
func (e *Engine) Add(_ context.Context, account string, a engine.AddImage) (store.Image, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Adds = append(e.Adds, a)
	switch ref := a.Reference; {
	case strings.Contains(ref.Repository, "missing"):
		return store.Image{}, engine.Errorf(engine.ClassInvalid, "image_not_found", "cannot fetch image digest/manifest from registry: %s has no %s", ref.Registry, ref.FullTag())
	case strings.Contains(ref.Repository, "secret"):
		return store.Image{}, engine.Errorf(engine.ClassInvalid, "unauthorised", "cannot fetch image digest/manifest from registry: %s wants credentials", ref.Registry)
	}
	d := a.Reference.Digest
	if d == "" {
		d = DigestOf(a.Reference.FullTag())
	}
	img := e.find(account, func(i *fakeImage) bool { return i.Digest == d })
	if img == nil {
		img = &fakeImage{Image: store.Image{
			Account: account, Digest: d, ParentDigest: image.DigestOf([]byte("index of " + d)), ImageID: image.DigestOf([]byte("config of " + d)),
			Status: store.NotAnalyzed, State: "active", CreatedAt: Start, UpdatedAt: Start, Annotations: map[string]string{},
		}}
		e.images = append(e.images, img)
	} else if a.Force {
		img.Status, img.looks = store.NotAnalyzed, 0
	}
	if a.Dockerfile != nil {
		img.Dockerfile = *a.Dockerfile
	}
	for k, v := range a.Annotations {
		if v == nil {
			delete(img.Annotations, k)
		} else {
			img.Annotations[k] = *v
		}
	}
	tag := store.Tag{Registry: a.Reference.Registry, Repository: a.Reference.Repository, Tag: a.Reference.Tag, Digest: d, DetectedAt: Start, Current: true}
	if !slices.ContainsFunc(img.Tags, func(t store.Tag) bool { return t.FullTag() == tag.FullTag() }) {
		img.Tags = append(img.Tags, tag)
		for _, typ := range []string{"tag_update", "policy_eval", "vuln_update", "analysis_update"} {
			active := typ == "analysis_update" || typ == "tag_update" && a.Autosubscribe
			_, _ = e.subscribe(account, engine.PutSubscription{Type: typ, Key: tag.FullTag(), Active: &active})
		}
	}
	return clone(img), nil
}

// DigestOf is the digest that [Engine.Add] makes up for a full tag.
func DigestOf(fullTag string) image.Digest { return image.DigestOf([]byte("manifest of " + fullTag)) }

func clone(i *fakeImage) store.Image {
	c := i.Image
	c.Tags, c.Annotations = slices.Clone(i.Tags), maps.Clone(i.Annotations)
	return c
}

func (e *Engine) find(account string, is func(*fakeImage) bool) *fakeImage {
	for _, i := range slices.Backward(e.images) {
		if i.Account == account && is(i) {
			return i
		}
	}
	return nil
}

// look moves an image on: each look is one round.
func (e *Engine) look(i *fakeImage) {
	if i.Status != store.NotAnalyzed && i.Status != store.Analyzing {
		return
	}
	i.looks++
	switch {
	case i.looks <= e.Rounds:
		i.Status = store.Analyzing
	case strings.Contains(i.Tags[0].Repository, "broken"):
		i.Status, i.Error, i.ErrorCode = store.AnalysisFailed, "layer 2 is truncated", "truncated"
	default:
		i.Status, i.AnalyzedAt = store.Analyzed, Start.Add(time.Minute)
		i.Distro, i.DistroVersion, i.Architecture, i.Size, i.LayerCount = "debian", "12", "amd64", 145920512, 2
	}
}

// List filters as the real one does.
func (e *Engine) List(_ context.Context, account string, f engine.ImageFilter) ([]store.Image, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []store.Image
	for _, i := range slices.Backward(e.images) {
		if i.Account != account || f.State == "deleting" && i.State != f.State || (f.State == "" || f.State == "active") && i.State != "active" {
			continue
		}
		if f.FullTag != "" && !named(i, f.FullTag) {
			continue
		}
		e.look(i)
		if f.Status != "" && i.Status != f.Status {
			continue
		}
		list = append(list, clone(i))
		if f.FullTag != "" && !f.History {
			break
		}
	}
	return list, nil
}

func named(i *fakeImage, name string) bool {
	if i.ImageID.Hex() == name {
		return true
	}
	ref, err := image.ParseReference(name)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(i.Tags, func(t store.Tag) bool {
		return ref.Tag != "" && t.FullTag() == ref.FullTag() || ref.Digest != "" && ref.Digest == i.Digest && t.Repository == ref.Repository
	})
}

// Get finds by either digest.
func (e *Engine) Get(_ context.Context, account string, d image.Digest) (store.Image, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.find(account, func(i *fakeImage) bool { return i.Digest == d || i.ParentDigest == d })
	if i == nil {
		return store.Image{}, engine.Errorf(engine.ClassNotFound, "image_not_found", "image not found in DB: %s", d)
	}
	e.look(i)
	return clone(i), nil
}

// ByID finds by the config's digest.
func (e *Engine) ByID(_ context.Context, account, id string) (store.Image, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := e.find(account, func(i *fakeImage) bool { return i.ImageID.Hex() == id }); i != nil {
		e.look(i)
		return clone(i), nil
	}
	return store.Image{}, engine.Errorf(engine.ClassNotFound, "image_not_found", "image not found in DB: id %.70q", id)
}

// Delete refuses the newest image of a watched tag unless forced.
func (e *Engine) Delete(_ context.Context, account string, d image.Digest, force bool) (engine.Deletion, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.find(account, func(i *fakeImage) bool { return i.Digest == d || i.ParentDigest == d })
	switch {
	case i == nil:
		return engine.Deletion{Digest: string(d), Status: "not_found", Detail: "no image found with the digest"}, nil
	case !force:
		return engine.Deletion{Digest: string(d), Status: "delete_failed", Detail: "cannot delete image that is the latest of its tags, and has active subscription"}, nil
	}
	e.images = slices.DeleteFunc(e.images, func(o *fakeImage) bool { return o == i })
	return engine.Deletion{Digest: string(d), Status: "deleting"}, nil
}

func sortedBy[T any, K cmp.Ordered](seq []T, key func(T) K) []T {
	slices.SortFunc(seq, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return seq
}

func id32(parts ...string) string { return image.DigestOf([]byte(strings.Join(parts, "+"))).Hex()[:32] }

func noSuch(what, name string) error {
	return engine.Errorf(engine.ClassNotFound, what+"_not_found", "%s %q not found", what, name)
}
