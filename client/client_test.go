package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/client"
	"landwaiter.dev/server/servertest"
)

func against(t *testing.T, e *servertest.Engine, change ...func(*client.Config)) *client.Client {
	t.Helper()
	conf := client.Config{URL: e.Serve(t), User: servertest.Admin, Password: servertest.Password, Wait: time.Millisecond}
	for _, f := range change {
		f(&conf)
	}
	c, err := client.New(conf)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The life of an image, through the real server.
func TestImage(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e := servertest.New()
	e.Rounds = 2
	c := against(t, e)
	added, err := c.Add(ctx, client.AddImage{Tag: "team/web:1.4", Dockerfile: []byte("FROM scratch\n"), Annotations: map[string]string{"a": "b", "gone": ""}})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Adds[0]; *got.Dockerfile != "FROM scratch\n" || *got.Annotations["a"] != "b" || got.Annotations["gone"] != nil || !got.Autosubscribe {
		t.Errorf("the engine was asked for %+v", got)
	}
	var states []string
	done, err := c.Wait(ctx, "team/web:1.4", time.Millisecond, func(i client.Image) { states = append(states, i.Status) })
	if err != nil || !done.Done() || done.Digest != added.Digest {
		t.Fatal(done, err)
	}
	if diff := cmp.Diff([]string{client.Analyzing, client.Analyzing, client.Analyzed}, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	for _, name := range []string{done.Digest, done.Tags[0].ImageID, "docker.io/team/web:1.4", done.ParentDigest} {
		if i, err := c.Image(ctx, name); err != nil || i.Digest != done.Digest {
			t.Errorf("Image(%q) = %v, %v", name, i.Digest, err)
		}
	}
	text, err := c.Metadata(ctx, done.Digest, "dockerfile")
	if err != nil || string(text) != "FROM scratch\n" {
		t.Errorf("Dockerfile %q, %v", text, err)
	}
	history, err := c.Metadata(ctx, done.Digest, "docker_history")
	if err != nil || strings.Count(string(history), `"Id":"sha256:`) != 2 || strings.Count(string(history), `"Id":"<missing>"`) != 1 {
		t.Errorf("history %s, %v", history, err)
	}
	v, err := c.Vulnerabilities(ctx, done.Digest, "all", true, client.Moment{AsOf: servertest.Start.Add(time.Hour)})
	if err != nil || len(v.Vulnerabilities) != 2 || len(v.Ignored) != 1 || v.Revision != 2 || !v.AsOf.Equal(servertest.Start.Add(time.Hour)) {
		t.Errorf("vulnerabilities %+v, %v", v, err)
	}
	refused, err := c.Delete(ctx, done.Digest, false)
	if err != nil || refused.Status != "delete_failed" || refused.Detail == "" {
		t.Errorf("deleted without force: %+v, %v", refused, err)
	}
	if d, err := c.Delete(ctx, done.Digest, true); err != nil || d.Status != "deleting" {
		t.Errorf("not deleted: %+v, %v", d, err)
	}
}

func TestPolicyAndCheck(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e := servertest.New()
	c := against(t, e)
	img, err := c.Add(ctx, client.AddImage{Tag: "team/web:1.4"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(ctx, img.Digest, time.Millisecond, nil); err != nil {
		t.Fatal(err)
	}
	if p, err := c.AddPolicy(ctx, []byte(`{"version":"1_0", "id":"p /1%","name":"P","big":12345678901234567890}`)); err != nil || p.Active {
		t.Fatal(p, err)
	}
	// Activation sends the bundle back and stores nothing anew.
	p, err := c.ActivatePolicy(ctx, "p /1%")
	if err != nil || !p.Active || e.Puts != 1 {
		t.Fatalf("%+v, %v; %d versions stored", p, err, e.Puts)
	}
	list, err := c.Check(ctx, client.CheckRequest{Digest: img.Digest, Tag: "team/web:1.4", Detail: true, History: true})
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	result, err := list[0].Result()
	if err != nil {
		t.Fatal(err)
	}
	want := []client.Row{
		{Gate: "vulnerabilities", Trigger: "package", TriggerID: "CVE-2023-0464+openssl", Message: "HIGH Vulnerability found in os package type (dpkg) - openssl", Action: "stop", PolicyID: "p /1%"},
		{Gate: "dockerfile", Trigger: "instruction", TriggerID: "a1", Message: "no HEALTHCHECK", Action: "warn", PolicyID: "p /1%", Allowlisted: "ours", AllowlistID: "w1", AllowlistItem: "r1"},
	}
	if diff := cmp.Diff(want, result.Rows()); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if list[0].Status != "fail" || list[0].FullTag != "docker.io/team/web:1.4" || list[0].Digest != img.Digest {
		t.Errorf("%+v", list[0])
	}
}

// Refusals arrive as they were meant: status, code, message.
func TestRefusals(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e := servertest.New()
	c := against(t, e)
	for name, want := range map[string]struct {
		ask    func() error
		status int
		code   string
	}{
		"not found": {func() error { _, err := c.Image(ctx, "nope"); return err }, 404, "image_not_found"},
		"invalid":   {func() error { _, err := c.AddPolicy(ctx, []byte(`{"id":"x","version":"9"}`)); return err }, 400, "invalid_policy"},
		"refused": {func() error {
			_, err := c.AddRegistry(ctx, client.PutRegistry{Registry: "r", User: "u", Password: "wrong"})
			return err
		}, 406, "unauthorised"},
		"unauthorised": {func() error {
			_, err := against(t, e, func(c *client.Config) { c.Password = "x" }).Feeds(ctx)
			return err
		}, 401, "unauthorised"},
		"forbidden": {func() error {
			_, err := against(t, e, func(c *client.Config) { c.User = servertest.User }).Sync(ctx, client.SyncRequest{})
			return err
		}, 403, "forbidden"},
		"other account": {func() error {
			_, err := against(t, e, func(c *client.Config) { c.Account = "ghost" }).Feeds(ctx)
			return err
		}, 404, "account_not_found"},
	} {
		var got *client.Error
		if err := want.ask(); !errors.As(err, &got) || got.Status != want.status || got.Code != want.code || got.Message == "" {
			t.Errorf("%s: %#v, want %d %s", name, err, want.status, want.code)
		}
	}
}

// A GET is tried again when the server is away for a moment; nothing else is.
func TestRetries(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			panic(http.ErrAbortHandler)
		default:
			fmt.Fprint(w, `[]`)
		}
	}))
	defer s.Close()
	c, err := client.New(client.Config{URL: s.URL, Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Feeds(ctx); err != nil || n.Load() != 3 {
		t.Errorf("%v after %d requests", err, n.Load())
	}
	n.Store(0)
	var refused *client.Error
	if _, err := c.Sync(ctx, client.SyncRequest{}); !errors.As(err, &refused) || refused.Status != 503 || n.Load() != 1 {
		t.Errorf("POST: %v after %d requests", err, n.Load())
	}
	n.Store(0)
	once, err := client.New(client.Config{URL: s.URL, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := once.Feeds(ctx); err == nil || n.Load() != 1 {
		t.Errorf("without retries: %v after %d requests", err, n.Load())
	}
}

// Credentials never go to another host, nor into an error.
func TestCredentialsStay(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	defer elsewhere.Close()
	s := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer s.Close()
	c, err := client.New(client.Config{URL: strings.Replace(s.URL, "://", "://admin:hunter2@", 1), Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Feeds(context.Background())
	if err == nil || seen.Load() != 0 || !strings.Contains(err.Error(), "redirects") {
		t.Errorf("followed a redirect elsewhere: %v", err)
	}
	if c.User() != "admin" || strings.Contains(c.URL()+err.Error(), "hunter2") {
		t.Errorf("user %q, URL %s, error %v", c.User(), c.URL(), err)
	}
	if _, err := client.New(client.Config{URL: "ftp://admin:hunter2@x"}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("bad address: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                             "http://localhost:8228/v1",
		"http://h:1":                   "http://h:1/v1",
		"http://h:1/":                  "http://h:1/v1",
		"https://h/v1":                 "https://h/v1",
		"https://h/v1/":                "https://h/v1",
		"https://h/landwaiter/v1?x#y":  "https://h/landwaiter/v1",
		"localhost:8228":               "",
		"http://":                      "",
		"\x00":                         "",
		"http://[::1]:8228/v1":         "http://[::1]:8228/v1",
		"https://user:pass@h.example/": "https://h.example/v1",
	} {
		c, err := client.New(client.Config{URL: in})
		if (err != nil) != (want == "") || err == nil && c.URL() != want {
			t.Errorf("New(%q): %v, %v, want %q", in, c, err, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	env := map[string]string{"LANDWAITER_URL": "http://a", "ANCHORE_CLI_URL": "http://b", "ANCHORE_CLI_USER": "u", "ANCHORE_CLI_PASS": "p", "LANDWAITER_ACCOUNT": "t"}
	got := client.FromEnvironment(func(n string) string { return env[n] })
	if diff := cmp.Diff(client.Config{URL: "http://a", User: "u", Password: "p", Account: "t"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What answers something else is named.
func TestOtherServers(t *testing.T) {
	t.Parallel()
	for body, status := range map[string]int{"<html>": 200, `{"a":1}`: 200, "<h1>Bad gateway</h1>": 500, `{"message":7}`: 404, `{"detail":"text","message":"m"}`: 400} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); fmt.Fprint(w, body) }))
		c, err := client.New(client.Config{URL: s.URL, Retries: -1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Feeds(context.Background()); err == nil || err.Error() == "" {
			t.Errorf("%d %s: no error", status, body)
		}
		s.Close()
	}
}

func TestWaitEnds(t *testing.T) {
	t.Parallel()
	e := servertest.New()
	e.Rounds = 1 << 30
	c := against(t, e)
	if _, err := c.Add(context.Background(), client.AddImage{Tag: "a:1"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if _, err := c.Wait(ctx, "a:1", time.Millisecond, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended with %v", err)
	}
}

func Example() {
	c, err := client.New(client.Config{URL: "http://localhost:8228", User: "admin", Password: "secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.URL())
	// Output: http://localhost:8228/v1
}
