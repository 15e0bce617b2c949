package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/analysis"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/seal"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/server"
	"landwaiter.dev/server/servertest"
	v1 "landwaiter.dev/server/v1"
	"landwaiter.dev/store"
)

// syft reads as much of Syft's JSON as these tests write.
func syft(r io.Reader) (*image.Analysis, error) {
	var d struct {
		Artifacts []struct {
			Name, Version, Type string
			Locations           []struct{ Path string }
		}
		Distro struct{ Name, Version string }
	}
	if err := json.NewDecoder(r).Decode(&d); err != nil {
		return nil, err
	}
	if d.Distro.Name == "panic" {
		panic("at the document")
	}
	if d.Artifacts == nil {
		return nil, errors.New("it has no list of artifacts")
	}
	a := &image.Analysis{Distro: image.Distro{ID: d.Distro.Name, VersionID: d.Distro.Version}}
	for _, p := range d.Artifacts {
		k := image.Package{Type: image.PackageType(p.Type), Name: p.Name, Version: p.Version, SourceName: p.Name, SourceVersion: p.Version}
		if len(p.Locations) > 0 {
			k.Location = image.Path(p.Locations[0].Path)
		}
		a.Packages = append(a.Packages, k)
	}
	return a, nil
}

const packages = `{"artifacts": [
	{"name": "openssl", "version": "3.0.1-1", "type": "deb", "locations": [{"path": "/var/lib/dpkg/status"}], "licenses": [], "language": "", "cpes": [], "metadataType": "DpkgMetadata"},
	{"name": "flask", "version": "2.0.0", "type": "pypi", "locations": [{"path": "/app/flask-2.0.0.dist-info/METADATA"}]}],
	"source": {"type": "image", "target": {}}, "distro": {"name": "debian", "version": "12", "idLike": "debian"}}`

type anybody struct{}

func (anybody) Verify(context.Context, string, string) (bool, error) { return true, nil }

// real is the server over a real engine that runs.
func real(t *testing.T, s *store.Store) (http.Handler, *engine.Engine) {
	t.Helper()
	if _, err := s.EnsureAdmin(t.Context(), "hash"); err != nil {
		t.Fatal(err)
	}
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutAccount(t.Context(), store.Account{Name: "team-a", Type: "user", State: "enabled"}); err != nil {
			return err
		}
		return tx.PutUser(t.Context(), store.User{Username: servertest.User, Account: "team-a", PasswordHash: "hash"})
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.FromText("a key for tests only, really")
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(s, engine.Config{
		HostID: "node-1", BaseURL: "http://127.0.0.1", Version: "test", Roles: engine.Roles(), Key: key, Passwords: anybody{}, SBOM: syft,
		Reader: analysis.NewReader(analysis.Options{TempDir: t.TempDir()}), Feeds: engine.FeedConfig{},
		TempDir: t.TempDir(), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Stop(context.Background()) })
	return server.New(server.Options{Auth: e.Auth, Services: v1.Services{
		Images: e.Images, Imports: e.Imports, Content: e.Content, Bases: e.Bases, Vulnerabilities: e.Vulns, Queries: e.Queries, Checks: e.Checks, Policies: e.Policies,
		Subscriptions: e.Subscriptions, Registries: e.Registries, Notices: e.Notices, Feeds: e.Feeds, System: e.System,
		PolicySpec: func() any { return nil }, FeedGroup: advisory.FeedGroup, SchemaVersion: store.SchemaVersion(),
	}}), e
}

// importing is one import on its way.
type importing struct {
	t  *testing.T
	h  http.Handler
	op string
}

func begin(t *testing.T, h http.Handler) *importing {
	t.Helper()
	op := get[object](t, h, "POST /v1/imports/images", "")
	return &importing{t, h, op["uuid"].(string)}
}

// put uploads a document and gives its digest.
func (i *importing) put(kind, mediaType, body string) string {
	i.t.Helper()
	status, _, text := ask(i.t, i.h, "POST /v1/imports/images/"+i.op+"/"+kind, body, header("Content-Type", mediaType))
	if status != http.StatusOK {
		i.t.Fatalf("%s: %d %s", kind, status, text)
	}
	answer := parse[object](i.t, text)
	want := image.DigestOf([]byte(body)).Hex()
	if answer["digest"] != want || answer["created_at"] == nil {
		i.t.Fatalf("%s: %s", kind, text)
	}
	return want
}

const (
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
	ociIndex    = "application/vnd.oci.image.index.v1+json"
)

// documents uploads all of an image and gives the source that finishes it.
func (i *importing) documents(b *testkit.ImageBuild, packages string, tags ...string) object {
	i.t.Helper()
	return object{"import": object{
		"operation_uuid": i.op, "digest": string(b.Digest()), "tags": tags,
		"contents": object{
			"packages": i.put("packages", "application/json", packages), "manifest": i.put("manifest", b.MediaType(), string(b.Manifest())),
			"image_config": i.put("image_config", "application/json", string(b.Config())),
		},
	}}
}

// finish asks for the image and gives status and answer.
func (i *importing) finish(source object, more object, query string) (int, string) {
	i.t.Helper()
	body := object{"source": source}
	for k, v := range more {
		body[k] = v
	}
	raw, err := json.Marshal(body)
	if err != nil {
		i.t.Fatal(err)
	}
	status, _, text := ask(i.t, i.h, "POST /v1/images"+query, string(raw))
	return status, text
}

func (i *importing) state() string {
	i.t.Helper()
	return get[object](i.t, i.h, "GET /v1/imports/images/"+i.op, "")["status"].(string)
}

// until polls: the analysis is a job of the engine beside the test.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s after 30 s", what)
		}
	}
}

func waitAnalysed(t *testing.T, h http.Handler, digest string) object {
	t.Helper()
	var img object
	until(t, "analysis", func() bool {
		img = get[[]object](t, h, "GET /v1/images/"+digest, "")[0]
		if img["analysis_status"] == "analysis_failed" {
			t.Fatalf("the analysis failed: %v", img["analysis_error"])
		}
		return img["analysis_status"] == "analyzed"
	})
	return img
}

func anImage() *testkit.ImageBuild {
	return testkit.Image(testkit.Layer(testkit.File("etc/os-release", "ID=debian\n")), testkit.Layer(testkit.File("app/x", "y")))
}

// The way that older Syft goes: an operation, its documents, the image; then everything that can be asked of it.
func TestImportOfAnImage(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		h, _ := real(t, s)
		b := anImage()
		digest := string(b.Digest())
		i := begin(t, h)
		op := get[object](t, h, "GET /v1/imports/images/"+i.op, "")
		created, _ := time.Parse(time.RFC3339, op["created_at"].(string))
		expires, _ := time.Parse(time.RFC3339, op["expires_at"].(string))
		if len(i.op) != 32 || op["status"] != "pending" || op["account"] != "admin" || expires.Sub(created) != 24*time.Hour || op["last_update"] == nil {
			t.Errorf("operation %v", op)
		}
		source := i.documents(b, packages, "registry.example/team/web:1.4", "registry.example/team/web:latest")
		first := i.put("packages", "application/json", packages) // the same once more is the same
		if list := get[[]object](t, h, "GET /v1/imports/images/"+i.op+"/packages", ""); len(list) != 1 || list[0]["digest"] != first {
			t.Errorf("documents: %v", list)
		}
		contents := source["import"].(object)["contents"].(object)
		contents["dockerfile"] = i.put("dockerfile", "text/plain; utf-8", "FROM debian:12\n")
		index := string(testkit.Index(ociIndex, b.Document()).Raw)
		contents["parent_manifest"] = i.put("parent_manifest", ociIndex, index)
		source["import"].(object)["local_image_id"] = "sha256:" + strings.Repeat("7", 64)

		status, text := i.finish(source, object{"annotations": object{"team": "web"}}, "")
		if status != http.StatusOK {
			t.Fatalf("finish: %d %s", status, text)
		}
		img := parse[[]object](t, text)[0]
		if diff := cmp.Diff(any(object{"team": "web", "anchore.system/import_operation_id": i.op}), img["annotations"]); diff != "" {
			t.Errorf("annotations (-want +got):\n%s", diff)
		}
		img = waitAnalysed(t, h, digest)
		if img["parentDigest"] != string(image.DigestOf([]byte(index))) || len(img["image_detail"].([]any)) != 2 {
			t.Errorf("image %v", img)
		}
		detail := img["image_detail"].([]any)[0].(object)
		if detail["imageId"] != strings.Repeat("7", 64) || detail["dockerfile"] == nil {
			t.Errorf("tag %v", detail)
		}
		meta := img["image_content"].(object)["metadata"].(object)
		m, err := image.ParseManifest(b.Manifest(), "")
		if err != nil {
			t.Fatal(err)
		}
		want := object{"arch": "amd64", "distro": "debian", "distro_version": "12", "dockerfile_mode": "Actual", "layer_count": 2.0,
			"image_size": float64(m.Layers[0].Size + m.Layers[1].Size)}
		if diff := cmp.Diff(any(want), any(meta)); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
		if got := i.state(); got != "complete" {
			t.Errorf("the operation is %s", got)
		}

		content := get[object](t, h, "GET /v1/images/"+digest+"/content/os", "")
		if rows := content["content"].([]any); len(rows) != 1 || rows[0].(object)["package"] != "openssl" {
			t.Errorf("packages: %v", rows)
		}
		gaps, _ := json.Marshal(content["gaps"])
		for _, word := range []string{"layers were not read", "files are not known", "secrets", "compared"} {
			if !strings.Contains(string(gaps), word) {
				t.Errorf("no gap says %q: %s", word, gaps)
			}
		}
		if status, _, text := ask(t, h, "GET /v1/images/"+digest+"/content/files", ""); status != http.StatusBadRequest || !strings.Contains(text, "not_available") {
			t.Errorf("files: %d %s", status, text)
		}
		get[any](t, h, "GET /v1/images/"+digest+"/vuln/all", "")
		get[any](t, h, "GET /v1/images/"+digest+"/check?tag=registry.example/team/web:1.4", "")
		if status, text := i.finish(source, nil, ""); status != http.StatusConflict || !strings.Contains(text, "Invalid operation status") {
			t.Errorf("finished twice: %d %s", status, text)
		}
		if status, _, text := ask(t, h, "POST /v1/imports/images/"+i.op+"/packages", packages); status != http.StatusConflict || !strings.Contains(text, "does not allow uploads") {
			t.Errorf("upload to a finished operation: %d %s", status, text)
		}
		if op := get[object](t, h, "DELETE /v1/imports/images/"+i.op, ""); op["status"] != "complete" {
			t.Errorf("a finished operation became %v", op["status"])
		}
		sound(t, s)
	})
}

// A known image gets tags and annotations; with force it is made anew.
func TestImportOfAKnownImage(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		h, _ := real(t, s)
		b := anImage()
		digest := string(b.Digest())
		i := begin(t, h)
		if status, text := i.finish(i.documents(b, packages, "a:1"), nil, ""); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		waitAnalysed(t, h, digest)
		const fewer = `{"artifacts": [{"name": "zlib", "version": "1", "type": "deb"}], "source": {"type": "image", "target": {}}, "distro": {"name": "debian", "version": "12"}}`
		i = begin(t, h)
		if status, text := i.finish(i.documents(b, fewer, "a:2"), object{"annotations": object{"x": "y"}}, ""); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		img := waitAnalysed(t, h, digest)
		if i.state() != "complete" || len(img["image_detail"].([]any)) != 2 || img["annotations"].(object)["x"] != "y" {
			t.Errorf("operation %s, image %v", i.state(), img)
		}
		first := func() any {
			return get[object](t, h, "GET /v1/images/"+digest+"/content/os", "")["content"].([]any)[0].(object)["package"]
		}
		if got := first(); got != "openssl" {
			t.Errorf("without force the packages became %v", got)
		}
		i = begin(t, h)
		if status, text := i.finish(i.documents(b, fewer, "a:2"), nil, "?force=true"); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		until(t, "end of the import", func() bool { return i.state() == "complete" })
		if got := first(); got != "zlib" {
			t.Errorf("with force the packages stayed %v", got)
		}
		sound(t, s)
		// Nothing of the image is left when it goes.
		get[any](t, h, "DELETE /v1/images/"+digest+"?force=true", "")
		until(t, "deletion", func() bool {
			has, err := s.Blobs().Has(t.Context(), image.DigestOf([]byte(fewer)))
			used, _ := s.ImportBlobInUse(t.Context(), image.DigestOf([]byte(fewer)))
			return err == nil && (!has || used) // until the operation is forgotten its document may stay
		})
	})
}

func TestImportRefusals(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		h, _ := real(t, s)
		b, other := anImage(), testkit.Image(testkit.Layer(testkit.File("z", "z")))
		i := begin(t, h)
		at := "POST /v1/imports/images/" + i.op
		zeros := strings.Repeat("0", 64)
		for _, test := range []struct {
			name, route, mediaType, body string
			status                       int
			says                         string
		}{
			{"unknown operation", "POST /v1/imports/images/" + strings.Repeat("a", 32) + "/packages", "application/json", packages, 404, "import_not_found"},
			{"unknown kind", at + "/sources", "application/json", packages, 404, ""},
			{"no type for packages", at + "/packages", "image/png", packages, 415, "unsupported_media_type"},
			{"manifest as JSON", at + "/manifest", "application/json", string(b.Manifest()), 415, "vnd.oci.image.manifest"},
			{"index as manifest", at + "/manifest", ociManifest, string(testkit.Index(ociIndex, b.Document()).Raw), 400, "invalid_manifest"},
			{"manifest as index", at + "/parent_manifest", ociIndex, string(b.Manifest()), 400, "invalid_parent_manifest"},
			{"schema 1", at + "/manifest", "application/vnd.docker.distribution.manifest.v1+json", `{"schemaVersion": 1, "fsLayers": []}`, 400, "schema 1"},
			{"packages that are none", at + "/packages", "application/json", `{"a": 1}`, 400, "no list of artifacts"},
			{"packages that upset the reader", at + "/packages", "application/json", `{"artifacts": [], "distro": {"name": "panic"}}`, 400, "reading it failed"},
			{"packages with a key twice", at + "/packages", "application/json", `{"artifacts": [{"name": "a", "name": "b"}]}`, 400, `the key \"name\" is given twice in artifacts.0`},
			{"config with a key twice", at + "/image_config", "application/json", `{"rootfs": {"diff_ids": []}, "config": {"Labels": {"a": "1", "\u0061": "2"}}}`, 400, `the key \"a\" is given twice in config.Labels`},
			{"manifest with a key twice", at + "/manifest", ociManifest, strings.Replace(string(b.Manifest()), "{", `{"schemaVersion":2,`, 1), 400, "is given twice"},
			{"packages cut off", at + "/packages", "application/json", packages[:50], 400, "invalid_packages"},
			{"empty", at + "/packages", "application/json", "", 400, "no body"},
			{"config with bad diff IDs", at + "/image_config", "application/json", `{"rootfs": {"diff_ids": ["../../etc"]}}`, 400, "invalid_image_config"},
			{"config that is no object", at + "/image_config", "application/json", `[]`, 400, "invalid_image_config"},
			{"binary Dockerfile", at + "/dockerfile", "text/plain", "FROM \x00\xff", 400, "invalid_dockerfile"},
			{"get unknown", "GET /v1/imports/images/x", "application/json", "", 404, "import_not_found"},
			{"list of unknown", "GET /v1/imports/images/x/packages", "application/json", "", 404, "import_not_found"},
			{"delete unknown", "DELETE /v1/imports/images/x", "application/json", "", 404, "import_not_found"},
		} {
			status, _, text := ask(t, h, test.route, test.body, header("Content-Type", test.mediaType))
			if status != test.status || !strings.Contains(text, test.says) {
				t.Errorf("%s: %d %s", test.name, status, text)
			}
		}
		i.sizes(at)

		source := i.documents(b, packages, "a:1")
		otherConfig := i.put("image_config", "application/json", string(other.Config()))
		otherIndex := i.put("parent_manifest", ociIndex, string(testkit.Index(ociIndex, other.Document()).Raw))
		in := func(change func(s, contents object)) object {
			raw, _ := json.Marshal(source)
			c := parse[object](t, string(raw))
			one := c["import"].(object)
			change(one, one["contents"].(object))
			return c
		}
		for name, test := range map[string]struct {
			source object
			status int
			says   string
		}{
			"no tags":                {in(func(s, _ object) { s["tags"] = []string{} }), 400, "tags"},
			"a digest as tag":        {in(func(s, _ object) { s["tags"] = []string{"a@sha256:" + zeros} }), 400, "names a digest"},
			"a bad tag":              {in(func(s, _ object) { s["tags"] = []string{"../../a b"} }), 400, "invalid_value"},
			"too many tags":          {in(func(s, _ object) { s["tags"] = strings.Split(strings.Repeat("a:1,", 200)+"a:1", ",") }), 400, "too_many_tags"},
			"no digest":              {in(func(s, _ object) { delete(s, "digest") }), 400, "'digest' is a required property"},
			"no operation":           {in(func(s, _ object) { delete(s, "operation_uuid") }), 400, "'operation_uuid' is a required property"},
			"no contents":            {in(func(s, _ object) { delete(s, "contents") }), 400, "'contents' is a required property"},
			"no packages":            {in(func(_, c object) { delete(c, "packages") }), 400, "'packages' is a required property"},
			"not uploaded":           {in(func(_, c object) { c["packages"] = zeros }), 400, zeros},
			"wrong kind":             {in(func(_, c object) { c["packages"] = c["manifest"] }), 400, "content_not_found"},
			"a path as digest":       {in(func(_, c object) { c["packages"] = "../../../etc/passwd" }), 400, "not a valid digest"},
			"another digest":         {in(func(s, _ object) { s["digest"] = "sha256:" + zeros }), 400, "digest_mismatch"},
			"another image's config": {in(func(_, c object) { c["image_config"] = otherConfig }), 400, "digest_mismatch"},
			"another image's index":  {in(func(_, c object) { c["parent_manifest"] = otherIndex }), 400, "does not list"},
			"another parent":         {in(func(s, c object) { s["parent_digest"] = "sha256:" + zeros; c["parent_manifest"] = otherIndex }), 400, "digest_mismatch"},
			"a bad image id":         {in(func(s, _ object) { s["local_image_id"] = "latest" }), 400, "local_image_id"},
			"an unknown operation":   {in(func(s, _ object) { s["operation_uuid"] = "nope" }), 404, "import_not_found"},
			"two sources": {func() object {
				c := in(func(object, object) {})
				c["tag"] = object{"pullstring": "a:1"}
				return c
			}(), 400, "exactly one"},
		} {
			if status, text := i.finish(test.source, nil, ""); status != test.status || !strings.Contains(text, test.says) {
				t.Errorf("%s: %d %s", name, status, text)
			}
		}
		// What one account uploads is nothing to another.
		for _, route := range []string{"GET /v1/imports/images/" + i.op, "DELETE /v1/imports/images/" + i.op, at + "/packages"} {
			body := ""
			if strings.HasPrefix(route, "POST") {
				body = packages
			}
			if status, _, text := ask(t, h, route, body, as(servertest.User, "x")); status != http.StatusNotFound {
				t.Errorf("%s by another account: %d %s", route, status, text)
			}
		}
		raw, _ := json.Marshal(object{"source": source})
		if status, _, text := ask(t, h, "POST /v1/images", string(raw), as(servertest.User, "x")); status != http.StatusNotFound {
			t.Errorf("finished by another account: %d %s", status, text)
		}
		if list := get[[]object](t, h, "GET /v1/imports/images", ""); len(list) != 1 || list[0]["status"] != "pending" {
			t.Errorf("after all refusals: %v", list)
		}
		if op := get[object](t, h, "DELETE /v1/imports/images/"+i.op, ""); op["status"] != "invalidated" {
			t.Errorf("deleted: %v", op)
		}
		if status, text := i.finish(source, nil, ""); status != http.StatusConflict {
			t.Errorf("finished after deletion: %d %s", status, text)
		}
		sound(t, s)
	})
}

// sizes tries what a client may say of the length of a body.
func (i *importing) sizes(at string) {
	i.t.Helper()
	send := func(length int64, body io.Reader) (int, string) {
		r := httptest.NewRequest(http.MethodPost, strings.TrimPrefix(at, "POST ")+"/packages", body)
		r.SetBasicAuth(servertest.Admin, servertest.Password)
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = length
		w := httptest.NewRecorder()
		i.h.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for name, test := range map[string]struct {
		length int64
		body   io.Reader
		says   string
	}{
		"no length":  {-1, strings.NewReader(packages), "Content-Length"},
		"too long":   {104857601, strings.NewReader(packages), "too_large"},
		"cut off":    {int64(len(packages)) + 1, strings.NewReader(packages), "did not arrive completely"},
		"and more":   {int64(len(packages)) - 1, strings.NewReader(packages), "longer than its Content-Length"},
		"breaks off": {1 << 20, io.MultiReader(bytes.NewReader(make([]byte, 10)), broken{}), "did not arrive completely"},
	} {
		if status, text := send(test.length, test.body); status != http.StatusBadRequest || !strings.Contains(text, test.says) {
			i.t.Errorf("%s: %d %s", name, status, text)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("gone") }

// sound fails the test when an invariant of the store is broken.
func sound(t *testing.T, s *store.Store) {
	t.Helper()
	problems, err := s.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error("invariant: ", p)
	}
}
