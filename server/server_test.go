package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/server/servertest"
)

// ask sends one request as the original client does: credentials, and a JSON content type even without a body.
func ask(t *testing.T, h http.Handler, route, body string, change ...func(*http.Request)) (int, http.Header, string) {
	t.Helper()
	method, target, _ := strings.Cut(route, " ")
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, in)
	r.SetBasicAuth(servertest.Admin, servertest.Password)
	r.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}

func as(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

func without(r *http.Request) { r.Header.Del("Authorization") }

func header(key, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(key, value) }
}

// Query parameters that default to true can be switched off, in any letter case, also beside a body.
func TestSwitchingOff(t *testing.T) {
	t.Parallel()
	e := servertest.New()
	h := e.Handler()
	for value, want := range map[string]bool{"": true, "True": true, "true": true, "TRUE": true, "False": false, "false": false, "FALSE": false} {
		get[any](t, h, "POST /v1/images?autosubscribe="+value, `{"tag": "a:1"}`)
		if got := e.Adds[len(e.Adds)-1].Autosubscribe; got != want {
			t.Errorf("autosubscribe=%s: %v", value, got)
		}
		// The registry refuses the password "wrong", but only when it is asked.
		body := `{"registry": "r.example", "registry_user": "u", "registry_pass": "wrong"}`
		wantStatus := map[bool]int{true: http.StatusNotAcceptable, false: http.StatusOK}[want]
		if status, _, text := ask(t, h, "POST /v1/registries?validate="+value, body); status != wantStatus {
			t.Errorf("POST validate=%s: %d %s", value, status, text)
		}
		if !want {
			if status, _, text := ask(t, h, "PUT /v1/registries/r.example?validate="+value, body); status != wantStatus {
				t.Errorf("PUT validate=%s: %d %s", value, status, text)
			}
			get[any](t, h, "DELETE /v1/registries/r.example", "")
		}
	}
	if added := get[object](t, h, "POST /v1/policies?detail=False", `{"id": "p", "version": "1_0"}`); len(added["policybundle"].(object)) != 0 {
		t.Errorf("detail=False: %v", added)
	}
}

// get asks and decodes; anything but 200 ends the test.
func get[T any](t *testing.T, h http.Handler, route, body string) T {
	t.Helper()
	status, _, text := ask(t, h, route, body)
	var v T
	if status != http.StatusOK {
		t.Fatalf("%s: status %d: %s", route, status, text)
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v in %s", route, err, text)
	}
	return v
}

func TestOpenRoutes(t *testing.T) {
	t.Parallel()
	h := servertest.New().Handler()
	for target, want := range map[string]string{
		"/": `"v1"`, "/v1": `"v1"`, "/v1/": `"v1"`, "/health": `"ok"`, "/v1/health": `"ok"`, "/v1/health/": `"ok"`,
		"/version": `{"service":{"version":"1.2.3"},"api":{"version":"0.1.20"},"db":{"schema_version":"7"}}`,
	} {
		status, _, body := ask(t, h, "GET "+target, "", without)
		if status != http.StatusOK || strings.TrimSpace(body) != want {
			t.Errorf("GET %s: %d %s, want %s", target, status, body, want)
		}
		// Wrong credentials do not matter where none are needed.
		if status, _, _ := ask(t, h, "GET "+target, "", as("x", "y")); status != http.StatusOK {
			t.Errorf("GET %s with wrong credentials: %d", target, status)
		}
	}
	for _, target := range []string{"/docs", "/v1/docs"} {
		status, head, body := ask(t, h, "GET "+target, "", without)
		if status != http.StatusOK || !strings.HasPrefix(head.Get("Content-Type"), "text/html") || !strings.Contains(body, "/v1/images/{imageDigest}/vuln/{vtype}") {
			t.Errorf("GET %s: %d %q", target, status, head.Get("Content-Type"))
		}
		if strings.Contains(body, "<script") || strings.Contains(body, "http://") || strings.Contains(body, "https://") {
			t.Errorf("GET %s: the page loads something from elsewhere", target)
		}
	}
}

// The client reads info.version before it looks for a tag; the description names every route.
func TestDescription(t *testing.T) {
	t.Parallel()
	h := servertest.New().Handler()
	for _, target := range []string{"/swagger.json", "/v1/swagger.json"} {
		doc := get[struct {
			OpenAPI string
			Info    struct{ Version string }
			Paths   map[string]map[string]any
		}](t, h, "GET "+target, "")
		if doc.Info.Version != "0.1.20" || doc.OpenAPI != "3.1.0" {
			t.Errorf("GET %s: version %q, OpenAPI %q", target, doc.Info.Version, doc.OpenAPI)
		}
		for _, route := range []string{
			"GET /v1", "GET /v1/health", "GET /v1/version", "GET /v1/status", "GET /v1/system", "GET /v1/system/services", "GET /v1/system/feeds", "POST /v1/system/feeds",
			"GET /v1/system/policy_spec", "GET /v1/system/error_codes", "GET /v1/images", "POST /v1/images", "DELETE /v1/images", "GET /v1/images/{imageDigest}",
			"GET /v1/images/by_id/{imageId}", "GET /v1/images/{imageDigest}/content/{ctype}", "GET /v1/images/{imageDigest}/metadata/{mtype}",
			"GET /v1/images/{imageDigest}/vuln/{vtype}", "GET /v1/images/{imageDigest}/check", "GET /v1/policies", "PUT /v1/policies/{policyId}",
			"GET /v1/subscriptions", "PUT /v1/subscriptions/{subscriptionId}", "GET /v1/registries", "PUT /v1/registries/{registry}",
		} {
			method, path, _ := strings.Cut(route, " ")
			if doc.Paths[path][strings.ToLower(method)] == nil {
				t.Errorf("GET %s does not describe %s", target, route)
			}
		}
	}
}

type refusal struct {
	Message  string
	HTTPCode int
	Detail   map[string]any
	Code     string
}

// Every refusal has one shape, whoever refuses.
func TestRefusals(t *testing.T) {
	t.Parallel()
	e := servertest.New()
	h := e.Handler()
	broken := strings.Repeat("0", 64)
	get[any](t, h, "POST /v1/images?autosubscribe=True", `{"tag":"docker.io/team/web:1.4"}`)
	get[any](t, h, "POST /v1/policies", `{"id":"p1","version":"1_0"}`)
	get[any](t, h, "PUT /v1/policies/p1?active=true", `{"policyId":"p1","policybundle":{"id":"p1","version":"1_0"}}`)
	web := string(servertest.DigestOf("docker.io/team/web:1.4"))
	for _, c := range []struct {
		name, route, body string
		change            func(*http.Request)
		status            int
		code, message     string
	}{
		{"no credentials", "GET /v1/images", "", without, 401, "unauthorised", "Unauthorized"},
		{"wrong password", "GET /v1/images", "", as("admin", "nope"), 401, "unauthorised", "wrong"},
		{"unknown user", "GET /v1/images", "", as("nobody", servertest.Password), 401, "unauthorised", "wrong"},
		{"no credentials for what is not there", "GET /v1/nothing", "", without, 401, "unauthorised", ""},
		{"disabled account", "GET /v1/images", "", as(servertest.Disabled, servertest.Password), 403, "account_not_enabled", "Not authorized. Account team-d not enabled."},
		{"another account", "GET /v1/images", "", func(r *http.Request) {
			as(servertest.User, servertest.Password)(r)
			r.Header.Set("x-anchore-account", "admin")
		}, 403, "forbidden", "Not authorized. Requires permissions: domain=admin"},
		{"an account that is not there", "GET /v1/images", "", header("x-anchore-account", "ghost"), 404, "account_not_found", "ghost"},
		{"admins only", "POST /v1/system/feeds?flush=False", "", as(servertest.User, servertest.Password), 403, "forbidden", "action=updateFeeds"},
		{"unknown route", "GET /v1/enterprise/corrections", "", nil, 404, "no_such_route", "/v1/enterprise/corrections"},
		{"routes for later", "GET /v1/archives/images", "", nil, 404, "no_such_route", ""},
		{"wrong method", "PATCH /v1/images", "", nil, 405, "method_not_allowed", "PATCH"},
		{"wrong content type", "POST /v1/images", "tag=x", header("Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported_media_type", "application/json"},
		{"no JSON", "POST /v1/images", "{", nil, 400, "invalid_request", "valid JSON object"},
		{"a list", "POST /v1/images", "[]", nil, 400, "invalid_request", "valid JSON object"},
		{"empty body", "POST /v1/images", "", nil, 400, "", ""},
		{"nothing to add", "POST /v1/images", "{}", nil, 400, "invalid_request", "must include 'tag'"},
		{"two forms", "POST /v1/images", `{"tag":"a","source":{"tag":{"pullstring":"a"}}}`, nil, 400, "invalid_request", "cannot use both"},
		{"no member", "POST /v1/images", `{"source":{}}`, nil, 400, "invalid_request", "one source property"},
		{"two members", "POST /v1/images", `{"source":{"tag":{"pullstring":"a"},"digest":{"pullstring":"b"}}}`, nil, 400, "invalid_request", "exactly one"},
		{"no pullstring", "POST /v1/images", `{"source":{"tag":{}}}`, nil, 400, "invalid_request", "'pullstring' is a required property"},
		{"no tag in digest", "POST /v1/images", `{"source":{"digest":{"pullstring":"a@sha256:` + broken + `"}}}`, nil, 400, "invalid_request", "'tag' is a required property"},
		{"digest alone", "POST /v1/images", `{"digest":"sha256:` + broken + `"}`, nil, 400, "invalid_request", "tag needed for a digest-based analysis"},
		{"digest as tag", "POST /v1/images", `{"tag":"web@sha256:` + broken + `"}`, nil, 400, "invalid_request", "tag-based pull string"},
		{"forbidden characters", "POST /v1/images", `{"tag":"web;rm -rf"}`, nil, 400, "invalid_request", "could not validate request"},
		{"other repository", "POST /v1/images", `{"tag":"web:1","digest":"other/web@sha256:` + broken + `"}`, nil, 400, "invalid_request", "different repositories"},
		{"wrong type", "POST /v1/images", `{"tag":1}`, nil, 400, "invalid_request", "Wrong type, expected 'string' for 'tag'"},
		{"Dockerfile not base64", "POST /v1/images", `{"tag":"web","dockerfile":"FROM scratch"}`, nil, 400, "invalid_request", "base64"},
		{"bad time", "POST /v1/images", `{"tag":"web:1","digest":"sha256:` + broken + `","created_at":"yesterday"}`, nil, 400, "invalid_request", "invalid formatted date"},
		{"archive", "POST /v1/images", `{"source":{"archive":{"digest":"x"}}}`, nil, 501, "not_supported", ""},
		{"not in the registry", "POST /v1/images", `{"tag":"missing:1"}`, nil, 400, "image_not_found", "cannot fetch image digest/manifest from registry"},
		{"bad boolean", "POST /v1/images?force=maybe", `{"tag":"a"}`, nil, 400, "invalid_request", "Wrong type, expected 'boolean' for query parameter 'force'"},
		{"bad state", "GET /v1/images?image_status=gone", "", nil, 400, "invalid_request", "image_status"},
		{"unknown tag", "GET /v1/images?fulltag=nope", "", nil, 404, "image_not_found", "image not found in DB"},
		{"unknown digest", "GET /v1/images/sha256:" + broken, "", nil, 404, "image_not_found", "image not found in DB"},
		{"no digest", "GET /v1/images/nope", "", nil, 404, "image_not_found", "is not a digest"},
		{"local digest", "GET /v1/images/local:" + broken, "", nil, 404, "image_not_found", ""},
		{"not analysed", "GET /v1/images/" + web + "/content/os", "", nil, 404, "not_analyzed", "image is not analyzed - analysis_status: not_analyzed"},
		{"not analysed, vuln", "GET /v1/images/" + web + "/vuln/all", "", nil, 404, "not_analyzed", "analysis_status: not_analyzed"},
		{"not analysed, check", "GET /v1/images/" + web + "/check?tag=web", "", nil, 404, "not_analyzed", "analysis_status: not_analyzed"},
		{"unknown content", "GET /v1/images/" + web + "/content/cobol", "", nil, 404, "no_such_type", "cobol"},
		{"unknown metadata", "GET /v1/images/" + web + "/metadata/cobol", "", nil, 404, "no_such_type", "cobol"},
		{"unknown vuln type", "GET /v1/images/" + web + "/vuln/x", "", nil, 404, "no_such_type", "content type (x) not available"},
		{"types of an unknown image", "GET /v1/images/sha256:" + broken + "/vuln", "", nil, 404, "image_not_found", ""},
		{"no tag to check", "GET /v1/images/" + web + "/check", "", nil, 400, "invalid_request", "Missing query parameter 'tag'"},
		{"page too small", "GET /v1/query/images/by_vulnerability?vulnerability_id=CVE-1&page=0", "", nil, 400, "invalid_request", "'page' must be at least 1, not 0"},
		{"limit too large", "GET /v1/query/vulnerabilities?id=CVE-1&limit=2000000", "", nil, 400, "invalid_request", "'limit' must be at most 1000000, not 2000000"},
		{"limit no number", "GET /v1/query/images/by_package?name=a&limit=99999999999999999999", "", nil, 400, "invalid_request", "Wrong type, expected 'integer' for query parameter 'limit'"},
		{"too many ids", "GET /v1/query/vulnerabilities?id=" + strings.Repeat("a,", 300) + "a", "", nil, 400, "invalid_request", "'id' must have at most 200 elements"},
		{"id too long", "GET /v1/query/images/by_vulnerability?vulnerability_id=" + strings.Repeat("a", 300), "", nil, 400, "invalid_request", "'vulnerability_id' must have at most 200 characters"},
		{"bad severity", "GET /v1/query/images/by_vulnerability?vulnerability_id=CVE-1&severity=bad", "", nil, 400, "invalid_request", `'severity' must be one of Unknown, Negligible, Low, Medium, High, Critical, not "bad"`},
		{"id with NUL", "GET /v1/query/images/by_vulnerability?vulnerability_id=a%00b", "", nil, 400, "invalid_request", "without NUL"},
		{"name that is no text", "GET /v1/query/images/by_package?name=%FF%FE", "", nil, 400, "invalid_request", "UTF-8"},
		{"a list for an object", "POST /v1/images", "[1]", nil, 400, "invalid_request", "request must be a valid JSON object, not array"},
		{"JSON that breaks off", "POST /v1/images", `{"tag":`, nil, 400, "invalid_request", "request must be a valid JSON object: it breaks off"},
		{"JSON with a mistake", "POST /v1/images", `{"tag":x}`, nil, 400, "invalid_request", "it is none from byte 8 on"},
		{"bad as_of", "GET /v1/images/" + web + "/vuln/all?as_of=yesterday", "", nil, 400, "invalid_request", "as_of"},
		{"as_of the zero time", "GET /v1/images/" + web + "/vuln/all?as_of=0001-01-01T00:00:00Z", "", nil, 400, "invalid_request", "as_of"},
		{"check as_of the zero time", "GET /v1/images/" + web + "/check?tag=web&as_of=0001-01-01T02:00:00%2B02:00", "", nil, 400, "invalid_request", "as_of"},
		{"simulation as_of the zero time", "POST /v1/simulations?as_of=0001-01-01T00:00:00Z", `{}`, nil, 400, "invalid_request", "as_of"},
		{"evaluations until the zero time", "GET /v1/evaluations?until=0001-01-01T00:00:00Z", "", nil, 400, "invalid_request", "until"},
		{"retrospective alone", "GET /v1/images/" + web + "/vuln/all?retrospective=true", "", nil, 400, "invalid_request", "as_of"},
		{"unknown policy", "GET /v1/policies/nope", "", nil, 404, "policy_not_found", "nope"},
		{"invalid bundle", "POST /v1/policies?detail=True", `{"id":"p9","version":"9"}`, nil, 400, "invalid_policy", "Bundle failed validation"},
		{"a key twice", "PUT /v1/policies/p1", `{"policyId":"p1","policybundle":{"id":"p1","id":"p2"}}`, nil, 400, "invalid_request", `the key "id" is given twice in policybundle`},
		{"id mismatch", "PUT /v1/policies/p1", `{"policyId":"p2","policybundle":{}}`, nil, 400, "invalid_request", "differs"},
		{"no bundle", "PUT /v1/policies/p1", `{"policyId":"p1"}`, nil, 400, "invalid_request", "'policybundle' is a required property"},
		{"switching off", "PUT /v1/policies/p1", `{"policyId":"p1","active":false,"policybundle":{"id":"p1","version":"1_0"}}`, nil, 409, "policy_active", "cannot deactivate an active policy"},
		{"deleting the active one", "DELETE /v1/policies/p1", "", nil, 409, "policy_active", ""},
		{"registry without user", "POST /v1/registries", `{"registry":"r.example","registry_pass":"x"}`, nil, 400, "invalid_request", "'registry_user' is a required property"},
		{"registry with scheme", "POST /v1/registries", `{"registry":"https://r.example","registry_user":"u","registry_pass":"x"}`, nil, 400, "invalid_request", "scheme"},
		{"registry refuses", "POST /v1/registries?validate=True", `{"registry":"r.example","registry_user":"u","registry_pass":"wrong"}`, nil, 406, "unauthorised", "cannot log in"},
		{"unknown registry", "GET /v1/registries/r.example", "", nil, 404, "registry_not_found", ""},
		{"subscription type", "POST /v1/subscriptions", `{"subscription_key":"a","subscription_type":"x"}`, nil, 400, "invalid_request", "is not one of"},
		{"subscription key", "POST /v1/subscriptions", `{"subscription_type":"tag_update"}`, nil, 400, "invalid_request", "'subscription_key' is a required property"},
		{"duplicate subscription", "POST /v1/subscriptions", `{"subscription_key":"docker.io/team/web:1.4","subscription_type":"tag_update"}`, nil, 409, "subscription_exists", ""},
		{"unknown subscription", "PUT /v1/subscriptions/nope", `{"active":true}`, nil, 404, "subscription_not_found", ""},
		{"active service", "DELETE /v1/system/services/apiext/node-1", "", nil, 409, "service_active", ""},
		{"unknown service", "GET /v1/system/services/apiext/node-9", "", nil, 404, "service_not_found", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := c.change
			if change == nil {
				change = func(*http.Request) {}
			}
			status, head, body := ask(t, h, c.route, c.body, change)
			var got refusal
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatalf("%s: %d %q: %v", c.route, status, body, err)
			}
			if status != c.status || got.HTTPCode != c.status || c.code != "" && got.Code != c.code || !strings.Contains(got.Message, c.message) {
				t.Errorf("%s:\n got %d %+v\nwant %d %s, message with %q", c.route, status, got, c.status, c.code, c.message)
			}
			if codes, ok := got.Detail["error_codes"].([]any); !ok {
				t.Errorf("%s: detail.error_codes is %v, not a list", c.route, codes)
			}
			if want := `basic realm="Authentication required"`; status == 401 && head.Get("WWW-Authenticate") != want {
				t.Errorf("%s: challenge %q, want %q", c.route, head.Get("WWW-Authenticate"), want)
			}
			if ct := head.Get("Content-Type"); ct != "application/json" {
				t.Errorf("%s: content type %q", c.route, ct)
			}
		})
	}
	_, _, body := ask(t, h, "POST /v1/images", `{"tag":"missing:1"}`)
	if !strings.Contains(body, "REGISTRY_IMAGE_NOT_FOUND") {
		t.Errorf("a failed look-up has no REGISTRY_IMAGE_NOT_FOUND: %s", body)
	}
	_, _, body = ask(t, h, "POST /v1/policies", `{"id":"p9","version":"9"}`)
	if !strings.Contains(body, "validation_details") {
		t.Errorf("an invalid bundle has no validation_details: %s", body)
	}
	e.Syncing = true
	status, _, body := ask(t, h, "POST /v1/system/feeds?flush=False", "")
	if status != http.StatusConflict || !strings.Contains(body, "FEED_SYNC_ALREADY_IN_PROGRESS") {
		t.Errorf("a second sync: %d %s", status, body)
	}
}

func TestLargeBodyIsRefused(t *testing.T) {
	t.Parallel()
	status, _, body := ask(t, servertest.New().Handler(), "POST /v1/policies", `{"id":"`+strings.Repeat("x", 17<<20)+`"}`)
	if status != http.StatusRequestEntityTooLarge || !strings.Contains(body, `"too_large"`) {
		t.Errorf("%d %s", status, body)
	}
}

func TestAdministratorsWorkForOthers(t *testing.T) {
	t.Parallel()
	h := servertest.New().Handler()
	get[any](t, h, "POST /v1/images", `{"tag":"mine:1"}`)
	status, _, body := ask(t, h, "POST /v1/images", `{"tag":"theirs:1"}`, header("x-anchore-account", "team-a"))
	if status != http.StatusOK || !strings.Contains(body, `"userId":"team-a"`) {
		t.Fatalf("%d %s", status, body)
	}
	_, _, body = ask(t, h, "GET /v1/images", "", as(servertest.User, servertest.Password))
	if !strings.Contains(body, "theirs") || strings.Contains(body, "mine") {
		t.Errorf("team-a sees %s", body)
	}
}

func TestDigestForms(t *testing.T) {
	t.Parallel()
	e := servertest.New()
	h := e.Handler()
	digest := "sha256:" + strings.Repeat("ab", 32)
	for _, body := range []string{
		`{"tag":"docker.io/team/web:1.4","digest":"` + digest + `","created_at":"2023-11-14T22:13:20Z","unknown":[1]}`,
		`{"tag":"team/web:1.4","digest":"docker.io/team/web@` + digest + `","created_at":"2023-11-14T22:13:20:0Z"}`,
		`{"source":{"digest":{"pullstring":"team/web@` + digest + `","tag":"team/web:1.4","creation_timestamp_override":"2023-11-14T22:13:20.000Z"}},"annotations":{"a":"null","b":null,"c":"d"}}`,
	} {
		get[any](t, h, "POST /images", body)
	}
	for _, a := range e.Adds {
		if a.Reference.String() != "docker.io/team/web:1.4@"+digest || a.CreatedAt.Unix() != 1700000000 || !a.Autosubscribe || a.Force {
			t.Errorf("understood as %+v", a)
		}
	}
	last := e.Adds[2].Annotations
	if v, ok := last["a"]; !ok || v != nil {
		t.Errorf(`the text "null" does not remove: %v`, v)
	}
	if v, ok := last["b"]; !ok || v != nil || *last["c"] != "d" {
		t.Errorf("annotations %v", last)
	}
}

func TestPathForms(t *testing.T) {
	t.Parallel()
	h := servertest.New().Handler()
	get[any](t, h, "POST /images/?autosubscribe=false", `{"tag":"team/web:1.4"}`)
	digest := string(servertest.DigestOf("docker.io/team/web:1.4"))
	var first string
	for _, p := range []string{digest, strings.Replace(digest, ":", "%3A", 1), strings.Replace(digest, ":", "%3a", 1)} {
		for _, form := range []string{"/images/" + p, "/v1/images/" + p, "/v1/images/" + p + "/", "//v1/images/" + p} {
			_, _, body := ask(t, h, "GET "+form, "")
			if first == "" {
				first = strings.ReplaceAll(body, "not_analyzed", "analyzed")
			}
			if !strings.Contains(body, `"imageDigest":"`+digest+`"`) {
				t.Errorf("GET %s: %s", form, body)
			}
		}
	}
	if status, _, _ := ask(t, h, "DELETE /v1/images/"+strings.Replace(digest, ":", "%3A", 1)+"?force=TRUE", ""); status != http.StatusOK {
		t.Errorf("DELETE: %d", status)
	}
}

func TestRegistryNamesInPaths(t *testing.T) {
	t.Parallel()
	e := servertest.New()
	h := e.Handler()
	for _, name := range []string{"127.0.0.1:5000", "registry.example:5000/team/*"} {
		get[any](t, h, "POST /v1/registries?validate=False", `{"registry":"`+name+`","registry_user":"u","registry_pass":"p","registry_verify":false,"x":1}`)
		if e.Passwords[name] != "p" {
			t.Errorf("password of %s arrived as %q", name, e.Passwords[name])
		}
		escaped := strings.NewReplacer(":", "%3A", "/", "%2F", "*", "%2A").Replace(name)
		for _, p := range []string{name, escaped} {
			list := get[[]map[string]any](t, h, "GET /v1/registries/"+p, "")
			want := []map[string]any{{
				"registry": name, "registry_name": name, "registry_user": "u", "registry_type": "docker_v2", "registry_verify": false, "userId": "admin",
				"created_at": "2024-05-01T12:00:00Z", "last_updated": "2024-05-01T12:00:00Z",
			}}
			if diff := cmp.Diff(want, list); diff != "" {
				t.Errorf("GET %s (-want +got):\n%s", p, diff)
			}
		}
		get[any](t, h, "PUT /v1/registries/"+escaped+"?validate=True", `{"registry":"`+name+`","registry_user":"v","registry_pass":"q"}`)
		for range 2 { // unknown ones are deleted too
			if _, _, body := ask(t, h, "DELETE /registries/"+escaped, ""); strings.TrimSpace(body) != "true" {
				t.Errorf("DELETE %s: %s", escaped, body)
			}
		}
	}
}
