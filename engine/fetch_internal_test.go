package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory/feed"
)

// waits is a clock that sleeps in no time and remembers for how long it should have.
type waits struct {
	mu   sync.Mutex
	list []time.Duration
}

func (w *waits) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, d)
	return ctx.Err()
}

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func testFetcher(t *testing.T) (*fetcher, *waits) {
	w := &waits{}
	f := newFetcher(t.TempDir(), FeedConfig{}, func() time.Time { return day })
	f.sleep, f.jitter = w.sleep, func() float64 { return 1 }
	return f, w
}

func (f *fetcher) part(t *testing.T, p feed.Part, known version, places ...string) (string, version, error) {
	t.Helper()
	m, err := f.mirrors("test", places)
	if err != nil {
		t.Fatal(err)
	}
	defer m.client.CloseIdleConnections()
	file, err := m.open(t.Context(), p, known, 0)
	if err != nil {
		return "", version{}, err
	}
	defer file.Close()
	b, err := io.ReadAll(file.file)
	if err != nil || int64(len(b)) != file.size {
		t.Errorf("size %d, %d bytes read, %v", file.size, len(b), err)
	}
	return string(b), file.version, nil
}

// serve answers one request after the other by the handlers; the last one answers all further ones.
func serve(t *testing.T, handlers ...http.HandlerFunc) (string, *[]http.Header) {
	var mu sync.Mutex
	var seen []http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n := min(len(seen), len(handlers)-1)
		seen = append(seen, r.Header.Clone())
		mu.Unlock()
		handlers[n](w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, &seen
}

const content = "0123456789abcdefghij"

// sends serves the content with these headers; after so many bytes the connection breaks.
func sends(breakAfter int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		body, status := content, http.StatusOK
		if from, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && (r.Header.Get("If-Range") == w.Header().Get("ETag") || r.Header.Get("If-Range") == w.Header().Get("Last-Modified")) {
			n, _ := strconv.Atoi(strings.TrimSuffix(from, "-"))
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", n, len(content)-1, len(content)))
			body, status = content[n:], http.StatusPartialContent
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body[:min(breakAfter, len(body))])
		if breakAfter < len(body) {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}
}

func answers(status int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
	}
}

const whole = 1 << 20

func TestADownloadThatBreaksOffIsContinued(t *testing.T) {
	t.Parallel()
	f, w := testFetcher(t)
	url, seen := serve(t, sends(7, "ETag", `"one"`), sends(5, "ETag", `"one"`), sends(whole, "ETag", `"one"`))
	got, v, err := f.part(t, feed.Part{}, version{}, url)
	if err != nil || got != content {
		t.Fatalf("%q, %v", got, err)
	}
	var ranges []string
	for _, h := range *seen {
		ranges = append(ranges, h.Get("Range")+" "+h.Get("If-Range"))
	}
	if diff := cmp.Diff([]string{" ", `bytes=7- "one"`, `bytes=12- "one"`}, ranges); diff != "" {
		t.Errorf("ranges asked for (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second}, w.list); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
	sum := sha256.Sum256([]byte(content))
	if want := (version{Fingerprint: "sha256:" + hex.EncodeToString(sum[:]), Address: url, ETag: `"one"`}); v != want {
		t.Errorf("version %+v, want %+v", v, want)
	}
}

// Half of one file and half of another are no file.
func TestADownloadBeginsAnewWhereItCannotBeContinued(t *testing.T) {
	t.Parallel()
	for name, handlers := range map[string][]http.HandlerFunc{
		"another file by now":       {sends(7, "ETag", `"one"`), sends(whole, "ETag", `"two"`)},
		"no validator":              {sends(7), sends(whole)},
		"a weak validator":          {sends(7, "ETag", `W/"one"`), sends(whole, "ETag", `W/"one"`)},
		"a range that is not there": {sends(7, "ETag", `"one"`), answers(http.StatusRequestedRangeNotSatisfiable), sends(whole, "ETag", `"two"`)},
		"another range than asked": {sends(7, "ETag", `"one"`), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 3-19/20")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, content[3:])
		}, sends(whole)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, _ := testFetcher(t)
			url, _ := serve(t, handlers...)
			if got, _, err := f.part(t, feed.Part{}, version{}, url); err != nil || got != content {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestWhatIsKnownIsOneConditionalRequest(t *testing.T) {
	t.Parallel()
	f, _ := testFetcher(t)
	const date = "Sun, 01 Mar 2026 00:00:00 GMT"
	url, seen := serve(t, answers(http.StatusNotModified), answers(http.StatusNotModified), sends(whole), answers(http.StatusNotModified))
	tagged, dated := version{Fingerprint: "x", Address: url, ETag: `"e"`, LastModified: date}, version{Fingerprint: "x", Address: url, LastModified: date}
	for _, known := range []version{tagged, dated} {
		if _, _, err := f.part(t, feed.Part{}, known, url); !errors.Is(err, errUnchanged) {
			t.Errorf("%v, want unchanged", err)
		}
	}
	// What another address said is no question for this one; a 304 that nobody asked for is a failure.
	tagged.Address = "http://elsewhere"
	if _, _, err := f.part(t, feed.Part{}, tagged, url); err != nil {
		t.Error(err)
	}
	if _, _, err := f.part(t, feed.Part{}, version{}, url); err == nil || errors.Is(err, errUnchanged) {
		t.Errorf("%v, want a failure", err)
	}
	var asked []string
	for _, h := range *seen {
		asked = append(asked, h.Get("If-None-Match")+" "+h.Get("If-Modified-Since"))
	}
	if diff := cmp.Diff([]string{`"e" `, " " + date, " ", " "}, asked); diff != "" {
		t.Errorf("conditions (-want +got):\n%s", diff)
	}
	// The same bytes count as unchanged without any help of the server.
	url, _ = serve(t, sends(whole))
	_, v, err := f.part(t, feed.Part{}, version{}, url)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.part(t, feed.Part{}, v, url); !errors.Is(err, errUnchanged) {
		t.Errorf("%v, want unchanged", err)
	}
}

// A file that is rewritten within the second in which it was fetched keeps its date.
func TestADateThatMayComeTwiceIsNotTrusted(t *testing.T) {
	t.Parallel()
	const date, next = "Sun, 01 Mar 2026 00:00:00 GMT", "Sun, 01 Mar 2026 00:00:01 GMT"
	for sent, want := range map[string]string{date: "", next: date} {
		f, _ := testFetcher(t)
		url, _ := serve(t, sends(whole, "Last-Modified", date, "Date", sent))
		if _, v, err := f.part(t, feed.Part{}, version{}, url); err != nil || v.LastModified != want {
			t.Errorf("sent at %s: %q, %v; want %q", sent, v.LastModified, err, want)
		}
	}
}

func TestPatience(t *testing.T) {
	t.Parallel()
	second := time.Second
	busy := answers(http.StatusServiceUnavailable)
	for _, c := range []struct {
		name     string
		handlers []http.HandlerFunc
		want     string // in the error; "" for success
		waits    []time.Duration
	}{
		{"a server that is busy", []http.HandlerFunc{busy, answers(http.StatusBadGateway), sends(whole)}, "", []time.Duration{second, 2 * second}},
		{"one that says when", []http.HandlerFunc{answers(http.StatusTooManyRequests, "Retry-After", "30"), sends(whole)}, "", []time.Duration{30 * second}},
		{"one that says when by date", []http.HandlerFunc{answers(http.StatusTooManyRequests, "Retry-After", "Sun, 01 Mar 2026 00:00:20 GMT"), sends(whole)}, "", []time.Duration{20 * second}},
		{"a date that is past", []http.HandlerFunc{answers(http.StatusTooManyRequests, "Retry-After", "Sun, 01 Mar 2020 00:00:20 GMT"), sends(whole)}, "", []time.Duration{second}},
		{"too long a wait", []http.HandlerFunc{answers(http.StatusTooManyRequests, "Retry-After", "99999999999")}, "429", nil},
		{"an hour", []http.HandlerFunc{answers(http.StatusTooManyRequests, "Retry-After", "3600")}, "429", nil},
		{"one that stays busy", []http.HandlerFunc{busy}, "503", []time.Duration{second, 2 * second, 4 * second}},
		{"one that forbids", []http.HandlerFunc{answers(http.StatusForbidden)}, "403", nil},
		{"one that breaks off each time", []http.HandlerFunc{sends(3)}, "broke off", []time.Duration{second, 2 * second, 4 * second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, w := testFetcher(t)
			url, _ := serve(t, c.handlers...)
			_, _, err := f.part(t, feed.Part{}, version{}, url)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if diff := cmp.Diff(c.waits, w.list); diff != "" {
				t.Errorf("waits (-want +got):\n%s", diff)
			}
			if left, _ := os.ReadDir(f.temp); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestADownloadIsGivenUpWhenNothingComes(t *testing.T) {
	t.Parallel()
	f, _ := testFetcher(t)
	f.tries, f.idle = 1, 2*time.Second // also for the head of the answer
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begun")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	_, _, err := f.part(t, feed.Part{}, version{}, url)
	if err == nil || !strings.Contains(err.Error(), "nothing came for 2s") {
		t.Errorf("%v", err)
	}
}

func TestMirrors(t *testing.T) {
	t.Parallel()
	good, asked := serve(t, sends(whole))
	busy, _ := serve(t, answers(http.StatusInternalServerError))
	none, _ := serve(t, answers(http.StatusNotFound))
	endless, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := io.WriteString(w, content); err != nil {
				return
			}
		}
	})
	other, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "something else") })
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(content))
	digest := hex.EncodeToString(sum[:])
	for _, c := range []struct {
		name   string
		places []string
		part   feed.Part
		want   string // in the error; "" for success
	}{
		{"the first answers", []string{good, busy}, feed.Part{Path: "file"}, ""},
		{"the second answers", []string{busy, good}, feed.Part{Path: "file"}, ""},
		{"a directory stands in for a server", []string{busy, dir}, feed.Part{Path: "file"}, ""},
		{"a server stands in for a directory", []string{filepath.Join(dir, "gone"), good}, feed.Part{Path: "file"}, ""},
		{"another digest", []string{other, good}, feed.Part{Path: "file", SHA256: strings.ToUpper(digest)}, ""},
		{"another digest everywhere", []string{other, other}, feed.Part{Path: "file", SHA256: digest}, "is not the file that its publisher names"},
		{"more than is allowed", []string{endless, good}, feed.Part{Path: "file"}, ""},
		{"more than is allowed everywhere", []string{endless}, feed.Part{Path: "file"}, "is larger than 1000 bytes"},
		{"a failure is told before an absence", []string{none, busy}, feed.Part{Path: "file"}, "500"},
		{"nowhere", []string{none, dir}, feed.Part{Path: "other"}, "does not have it"},
		{"a path that leads through a file", []string{dir}, feed.Part{Path: "file/inside"}, "does not have it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, _ := testFetcher(t)
			f.max = 1000
			got, _, err := f.part(t, c.part, version{}, c.places...)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if err == nil && got != content {
				t.Errorf("got %q", got)
			}
		})
	}
	t.Run("known by its digest", func(t *testing.T) {
		f, _ := testFetcher(t)
		before := len(*asked)
		if _, _, err := f.part(t, feed.Part{SHA256: digest}, version{Fingerprint: "sha256:" + digest}, good); !errors.Is(err, errUnchanged) {
			t.Errorf("%v, want unchanged", err)
		}
		if len(*asked) != before {
			t.Error("the server was asked for a file whose digest is known")
		}
	})
	t.Run("a place that is down is asked once for the rest", func(t *testing.T) {
		f, w := testFetcher(t)
		m, err := f.mirrors("test", []string{busy})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := m.open(t.Context(), feed.Part{Path: "file"}, version{}, 0); err == nil {
				t.Error("no failure")
			}
		}
		if len(w.list) != 3 {
			t.Errorf("waited %d times, want 3", len(w.list))
		}
	})
}

func TestTheListerOfASource(t *testing.T) {
	t.Parallel()
	f, _ := testFetcher(t)
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "a b"), 0o700), os.WriteFile(filepath.Join(dir, "a b", "index"), []byte(content), 0o600)); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var paths []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths = append(paths, r.URL.EscapedPath())
		mu.Unlock()
		http.StripPrefix("/feeds", http.FileServer(http.Dir(dir))).ServeHTTP(w, r)
	}))
	defer s.Close()
	for _, place := range []string{dir, s.URL + "/feeds"} {
		m, err := f.mirrors("test", []string{place})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := m.Read(t.Context(), "a b/index", 20); err != nil || string(b) != content {
			t.Errorf("%s: %q, %v", place, b, err)
		}
		if _, err := m.Read(t.Context(), "a b/index", 19); err == nil || !strings.Contains(err.Error(), "larger than 19 bytes") {
			t.Errorf("%s: over the limit: %v", place, err)
		}
		if _, err := m.Read(t.Context(), "none", 20); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: not there: %v", place, err)
		}
		names, err := m.List(t.Context(), "a b")
		if isURL(place) {
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("a URL was listed: %v, %v", names, err)
			}
		} else if err != nil || !slices.Equal(names, []string{"index"}) {
			t.Errorf("list: %v, %v", names, err)
		}
	}
	if !slices.Contains(paths, "/feeds/a%20b/index") {
		t.Errorf("asked for %v", paths)
	}
}

func TestTheProxyOfAFeed(t *testing.T) {
	t.Parallel()
	proxy, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "by proxy: "+r.RequestURI) })
	direct, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "direct") })
	f := newFetcher(t.TempDir(), FeedConfig{Proxy: map[string]string{"": proxy, "kev": "none"}}, time.Now)
	for driver, want := range map[string]string{"osv": "by proxy: " + direct + "/x", "kev": "direct"} {
		m, err := f.mirrors(driver, []string{direct})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := m.Read(t.Context(), "x", 200); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v; want %q", driver, b, err, want)
		}
	}
}

func TestAFullDiskIsSaidAndNotTriedAgain(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	f, w := testFetcher(t)
	url, _ := serve(t, sends(whole))
	client, err := f.client("test")
	if err != nil {
		t.Fatal(err)
	}
	d := &download{client: client, address: url, limit: whole, idle: f.idle, now: f.now, file: full, hash: sha256.New()}
	err = f.patiently(t.Context(), f.tries, d.try)
	if !errors.Is(err, errNoSpace) || len(w.list) > 0 {
		t.Errorf("%v after %d waits", err, len(w.list))
	}
}

// Passwords in addresses are not told.
func TestAddressesAreShownWithoutPasswords(t *testing.T) {
	t.Parallel()
	f, _ := testFetcher(t)
	url, _ := serve(t, answers(http.StatusForbidden))
	_, _, err := f.part(t, feed.Part{Path: "x"}, version{}, strings.Replace(url, "http://", "http://u:hunter2@", 1))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
	_, _, err = f.part(t, feed.Part{Path: "x"}, version{}, "http://u:hunter2@127.0.0.1:1")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}
