package source_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/source"
)

// fakeRegistry serves one image and misbehaves where a test says so: a handler that returns true has answered.
type fakeRegistry struct {
	img       *testkit.ImageBuild
	misbehave func(w http.ResponseWriter, r *http.Request) bool
	requests  atomic.Int64
}

func (f *fakeRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.requests.Add(1)
	if r.URL.Path == "/v2/" || f.misbehave != nil && f.misbehave(w, r) {
		return
	}
	raw := f.img.Manifest()
	if strings.Contains(r.URL.Path, "/manifests/") {
		w.Header().Set("Content-Type", f.img.MediaType())
		w.Header().Set("Docker-Content-Digest", string(f.img.Digest()))
	} else {
		raw = f.img.Blobs()[image.Digest(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])]
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	_, _ = w.Write(raw)
}

// fake starts a fake registry and returns a reference into it.
func fake(t *testing.T, img *testkit.ImageBuild, misbehave func(http.ResponseWriter, *http.Request) bool) (image.Reference, *fakeRegistry) {
	t.Helper()
	f := &fakeRegistry{img: img, misbehave: misbehave}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return image.Reference{Registry: strings.TrimPrefix(s.URL, "http://"), Repository: "a", Tag: "latest"}, f
}

func say(w http.ResponseWriter, status int, body string) bool {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
	return true
}

// bigLayer is an image whose one layer takes many writes.
func bigLayer() *testkit.ImageBuild {
	return testkit.Image(testkit.Layer(testkit.File("big", strings.Repeat("0123456789", 100_000))).As("none"))
}

func TestABrokenDownloadIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	for name, ranges := range map[string]bool{"with ranges": true, "without ranges": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img := bigLayer()
			blob := img.Layers[0].Blob
			var asked []string
			ref, _ := fake(t, img, func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, string(img.Layers[0].Digest)) {
					return false
				}
				from := 0
				if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil && ranges {
					w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(blob)-1, len(blob)))
				} else {
					from = 0
				}
				w.Header().Set("Content-Length", strconv.Itoa(len(blob)-from))
				if from > 0 {
					w.WriteHeader(http.StatusPartialContent)
				}
				asked = append(asked, r.Header.Get("Range"))
				if len(asked) <= 2 { // cut off after a third
					_, _ = w.Write(blob[from : from+(len(blob)-from)/3])
					panic(http.ErrAbortHandler)
				}
				_, _ = w.Write(blob[from:])
				return true
			})
			i := open(t, ref.String(), source.Options{})
			if got := read(t, i, i.Manifest.Layers[0]); !bytes.Equal(got, blob) {
				t.Errorf("%d bytes came, want %d", len(got), len(blob))
			}
			if len(asked) != 3 || asked[0] != "" || asked[1] == "" {
				t.Errorf("ranges asked for: %q", asked)
			}
		})
	}
}

func TestADownloadThatNeverGetsFurtherEnds(t *testing.T) {
	t.Parallel()
	img := bigLayer()
	ref, _ := fake(t, img, func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, string(img.Layers[0].Digest)) {
			return false
		}
		if r.Header.Get("Range") != "" {
			return say(w, http.StatusForbidden, `{"errors":[{"code":"DENIED","message":"too late"}]}`)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(img.Layers[0].Blob)))
		_, _ = w.Write(img.Layers[0].Blob[:1000])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	i := open(t, ref.String(), source.Options{})
	r, err := i.OpenBlob(t.Context(), i.Manifest.Layers[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = io.ReadAll(r)
	if codeOf(err) != source.CodeUnauthorised || !strings.Contains(err.Error(), "too late") {
		t.Errorf("the refusal is not told: %v", err)
	}
	if n, again := r.Read(make([]byte, 10)); n != 0 || !errors.Is(again, err) {
		t.Errorf("a reader that failed does not stay failed: %d, %v", n, again)
	}
}

func TestACancelledDownloadEnds(t *testing.T) {
	t.Parallel()
	img := bigLayer()
	hang := make(chan struct{})
	defer close(hang)
	ref, _ := fake(t, img, func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, string(img.Layers[0].Digest)) {
			return false
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(img.Layers[0].Blob)))
		_, _ = w.Write(img.Layers[0].Blob[:1000])
		w.(http.Flusher).Flush()
		select {
		case <-hang:
		case <-r.Context().Done():
		}
		return true
	})
	i := open(t, ref.String(), source.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := i.OpenBlob(ctx, i.Manifest.Layers[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(r); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRegistriesThatLie(t *testing.T) {
	t.Parallel()
	other := testkit.Image(testkit.Layer(testkit.File("x", "y")))
	manifest := func(status int, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/manifests/") && say(w, status, body)
		}
	}
	config := func(body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, string(image.DigestOf(twoLayers().Config()))) && say(w, http.StatusOK, body)
		}
	}
	byDigest := "@" + string(twoLayers().Digest())
	for name, c := range map[string]struct {
		suffix    string
		misbehave func(http.ResponseWriter, *http.Request) bool
		code      string
	}{
		"another manifest for a digest": {byDigest, manifest(200, string(other.Manifest())), source.CodeDigestMismatch},
		"endless manifest":              {"", manifest(200, strings.Repeat(" ", image.MaxManifestSize+1)), source.CodeLimit},
		"a login page":                  {"", manifest(200, "<html>please sign in</html>"), source.CodeNotAnImage},
		"schema 1":                      {"", manifest(200, `{"schemaVersion":1,"fsLayers":[]}`), source.CodeUnsupported},
		"an invalid name":               {"", manifest(400, `{"errors":[{"code":"NAME_INVALID","message":"no"}]}`), source.CodeInvalidReference},
		"forbidden":                     {"", manifest(403, ""), source.CodeUnauthorised},
		"a teapot":                      {"", manifest(418, strings.Repeat("x", 1<<20)), source.CodeUnreachable},
		"another config of that length": {"", config(strings.Repeat("x", len(twoLayers().Config()))), source.CodeDigestMismatch},
		"a longer config":               {"", config(strings.Repeat("x", 10_000)), source.CodeDigestMismatch},
		"a shorter config":              {"", config("x"), source.CodeDigestMismatch},
		"redirects without end": {"", func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
			return true
		}, source.CodeUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ref, _ := fake(t, twoLayers(), c.misbehave)
			said := refused(t, ref.Registry+"/a"+c.suffix, source.Options{}, c.code)
			if len(said) > 600 {
				t.Errorf("%d characters are no sentence: %.200s…", len(said), said)
			}
		})
	}
}

func TestAnOutageIsTriedAgainAndIsTemporary(t *testing.T) {
	t.Parallel()
	var down atomic.Int64
	ref, _ := fake(t, twoLayers(), func(w http.ResponseWriter, _ *http.Request) bool {
		return down.Add(-1) >= 0 && say(w, http.StatusServiceUnavailable, "")
	})
	down.Store(2)
	open(t, ref.String(), source.Options{})
	down.Store(1000)
	_, err := source.Open(t.Context(), ref.String(), source.Options{})
	var e *source.Error
	if !errors.As(err, &e) || e.Code != source.CodeUnreachable || !e.Temporary {
		t.Errorf("%v", err)
	}
}

func TestResolveWithoutAHeadThatHelps(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	for name, status := range map[string]int{"no header": http.StatusOK, "not allowed": http.StatusMethodNotAllowed} {
		ref, _ := fake(t, img, func(w http.ResponseWriter, r *http.Request) bool {
			return r.Method == http.MethodHead && say(w, status, "")
		})
		if d, err := source.Resolve(t.Context(), ref, source.RegistryOptions{}); err != nil || d != img.Digest() {
			t.Errorf("%s: %s, %v", name, d, err)
		}
	}
	ref, f := fake(t, img, nil)
	if d, err := source.Resolve(t.Context(), ref, source.RegistryOptions{}); err != nil || d != img.Digest() {
		t.Errorf("%s, %v", d, err)
	}
	if n := f.requests.Load(); n > 2 {
		t.Errorf("an unchanged tag costs %d requests", n)
	}
}

// elsewhere sends every connection to one server, whatever the name, and remembers what was asked for.
func elsewhere(server string) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server)
	}}
}

func TestPlainHTTPOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	ref, f := fake(t, twoLayers(), nil)
	server := ref.Registry
	for _, host := range []string{"registry.example", "10.1.2.3:5000", "192.168.7.7"} {
		o := source.RegistryOptions{Transport: elsewhere(server)}
		said := refused(t, host+"/a", source.Options{Registry: o}, source.CodeUnreachable)
		if n := f.requests.Swap(0); n != 0 || !strings.Contains(said, "plain HTTP") {
			t.Errorf("%s: %d requests without TLS; %s", host, n, said)
		}
		o.PlainHTTP = true
		open(t, host+"/a", source.Options{Registry: o})
		f.requests.Store(0)
	}
}

func TestDockerHubIsAskedByItsOwnNames(t *testing.T) {
	t.Parallel()
	var hosts, paths []string
	ref, _ := fake(t, twoLayers(), func(_ http.ResponseWriter, r *http.Request) bool {
		hosts, paths = append(hosts, r.Host), append(paths, r.URL.Path)
		return false
	})
	o := source.Options{Registry: source.RegistryOptions{Transport: elsewhere(ref.Registry), PlainHTTP: true}}
	i := open(t, "alpine:3", o)
	if i.Reference.FullTag() != "docker.io/alpine:3" {
		t.Errorf("the image is called %s", i.Reference)
	}
	if hosts[0] != "index.docker.io" || paths[0] != "/v2/library/alpine/manifests/3" {
		t.Errorf("asked %s for %s", hosts[0], paths[0])
	}
	open(t, "some/app:3", o)
	if last := paths[len(paths)-2]; last != "/v2/some/app/manifests/3" {
		t.Errorf("asked for %s", last)
	}
}

func TestATransportMayRefuse(t *testing.T) {
	t.Parallel()
	o := source.RegistryOptions{Transport: refusal{}}
	said := refused(t, "127.0.0.1:5000/a", source.Options{Registry: o}, source.CodeUnreachable)
	if !strings.Contains(said, "private addresses are not allowed") {
		t.Errorf("the reason is lost: %s", said)
	}
	o.SkipVerify = true
	refused(t, "127.0.0.1:5000/a", source.Options{Registry: o}, source.CodeUnsupported)
}

type refusal struct{}

func (refusal) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("private addresses are not allowed")
}

func TestRedirectsStayOutside(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	for name, place := range map[string]string{
		"this machine": "http://127.0.0.1:1/blob", "metadata service": "http://169.254.169.254/latest", "private": "https://10.0.0.1/blob",
	} {
		ref, _ := fake(t, img, func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, string(img.Layers[0].Digest)) {
				return false
			}
			http.Redirect(w, r, place, http.StatusTemporaryRedirect)
			return true
		})
		o := source.RegistryOptions{Transport: elsewhere(ref.Registry), PlainHTTP: true}
		i := open(t, "registry.example/a", source.Options{Registry: o})
		if _, err := i.OpenBlob(t.Context(), i.Manifest.Layers[0]); codeOf(err) != source.CodeUnreachable || !strings.Contains(err.Error(), "internal address") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
