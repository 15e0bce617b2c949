package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"landwaiter.dev/engine"
	"landwaiter.dev/server/problem"
	v1 "landwaiter.dev/server/v1"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                "/v1",
		"/":                               "/v1",
		"/v1":                             "/v1",
		"/v1/":                            "/v1",
		"/health":                         "/v1/health",
		"/v1/health/":                     "/v1/health",
		"/v12":                            "/v1/v12",
		"/images/sha256%3Aab":             "/v1/images/sha256%3Aab",
		"/registries/":                    "/v1/registries",
		"/registries/h:1/a/b":             "/v1/registries/h:1%2Fa%2Fb",
		"/v1/registries/h%3A1%2Fa%2F%2A/": "/v1/registries/h%3A1%2Fa%2F%2A",
		"//evil.example/x":                "/v1/evil.example/x",
	} {
		if got := canonical(in); got != want {
			t.Errorf("canonical(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"/v1/images/sha256%3Aab", "/registries/h:1/a/%2A", "//", "/v1/../x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			t.Skip()
		}
		got := canonical(u.EscapedPath())
		if got != "/v1" && !strings.HasPrefix(got, "/v1/") {
			t.Errorf("canonical(%q) = %q leaves /v1", path, got)
		}
		if again := canonical(got); again != got {
			t.Errorf("canonical twice: %q, then %q", got, again)
		}
		if _, err := url.PathUnescape(got); err != nil {
			t.Errorf("canonical(%q) = %q: %v", path, got, err)
		}
	})
}

type failing struct {
	v1.Feeds
	do func() error
}

func (f failing) State(context.Context) ([]engine.FeedState, error) { return nil, f.do() }

type anybody struct{}

func (anybody) Authenticate(context.Context, string, string) (engine.Caller, error) {
	c := engine.Caller{}
	c.Account.State = "enabled"
	return c, nil
}
func (anybody) As(_ context.Context, c engine.Caller, _ string) (engine.Caller, error) { return c, nil }

// What goes wrong inside is in the log with the id of the request, and never in the answer. Passwords are in neither.
func TestCausesStayInside(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func() error{
		"plain error":    func() error { return errors.New("pq: secret table is gone") },
		"internal class": func() error { return engine.Errorf(engine.ClassInternal, "", "pq: secret table is gone") },
		"panic":          func() error { panic("secret table is gone") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := New(Options{Auth: anybody{}, Services: v1.Services{Feeds: failing{do: do}}, Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
			r := httptest.NewRequest("GET", "/v1/system/feeds?token=hunter2", nil)
			r.SetBasicAuth("ada", "hunter2")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret table") || !strings.Contains(w.Body.String(), `"httpcode":500`) {
				t.Errorf("answer %d %s", w.Code, w.Body)
			}
			if id := w.Header().Get("X-Request-Id"); !strings.Contains(log.String(), "secret table is gone") || !strings.Contains(log.String(), id) || !strings.Contains(log.String(), `"ERROR"`) {
				t.Errorf("log: %s", &log)
			}
			if strings.Contains(log.String(), "hunter2") {
				t.Errorf("the log has a secret: %s", &log)
			}
		})
	}
}

// Each class of refusal has its status.
func TestClasses(t *testing.T) {
	t.Parallel()
	for class, want := range map[engine.Class]int{
		engine.ClassInvalid: 400, engine.ClassNotFound: 404, engine.ClassNotAnalyzed: 404, engine.ClassConflict: 409, engine.ClassUnauthorised: 401,
		engine.ClassForbidden: 403, engine.ClassRefused: 406, engine.ClassUnavailable: 503, engine.ClassInternal: 500, "nonsense": 500,
	} {
		if got := problem.From(engine.Errorf(class, "x", "m")); got.HTTPCode != want || got.Code != "x" {
			t.Errorf("%s: %d %s, want %d", class, got.HTTPCode, got.Code, want)
		}
	}
}

// Who finds a server busy is told when to come again.
func TestBusy(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"busy": "10", "unreachable": ""} {
		w := httptest.NewRecorder()
		problem.Write(w, engine.Errorf(engine.ClassUnavailable, code, "m"))
		if got := w.Header().Get("Retry-After"); w.Code != http.StatusServiceUnavailable || got != want {
			t.Errorf("%s: %d, Retry-After %q, want %q", code, w.Code, got, want)
		}
	}
}
