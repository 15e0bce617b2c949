package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// publisher serves a directory of feeds, counts what it is asked for, and can fail or be slow.
type publisher struct {
	feeds
	url     string
	asked   atomic.Int64
	failing atomic.Bool
	// broken is the path of one file that cannot be had; "" is none.
	broken atomic.Value
	// slow, while it is not nil, is what answers wait for.
	slow chan struct{}
}

func newPublisher(t *testing.T) *publisher {
	p := &publisher{feeds: feeds{t.TempDir()}}
	files := http.FileServer(http.Dir(p.dir))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if p.slow != nil {
			<-p.slow
		}
		if p.failing.Load() || r.URL.Path == p.broken.Load() {
			http.Error(w, "out of order", http.StatusForbidden)
			return
		}
		if data, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(r.URL.Path))); err == nil {
			w.Header().Set("ETag", `"`+image.DigestOf(data).Hex()+`"`)
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	p.url = srv.URL
	p.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.2-1", object{"upstream": []string{"CVE-2026-1000"}}))
	p.kev(t, "CVE-2026-9999")
	return p
}

// requests are those since it was called last.
func (p *publisher) requests() int64 { return p.asked.Swap(0) }

// scanner is what a scan has of a data directory.
func (p *publisher) scanner(t *testing.T, dir string, c *shifted) *engine.Local {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &engine.Local{
		Store: s, Log: slog.New(slog.DiscardHandler), Now: c.now, TempDir: t.TempDir(),
		Feeds: engine.FeedConfig{Places: map[string][]string{"osv": {p.url + "/osv"}, "kev": {p.url + "/kev.json"}}},
	}
}

func debianAnalysis() *image.Analysis {
	return &image.Analysis{
		Distro:   image.Distro{ID: "debian", VersionID: "12", Name: "Debian GNU/Linux"},
		Packages: []image.Package{{Type: image.Deb, Name: "openssl", Version: "3.0.1-1", Arch: "amd64", SourceName: "openssl", SourceVersion: "3.0.1-1"}},
	}
}

// judged gives the ids found, and the kinds of the gaps.
func judged(t *testing.T, l *engine.Local) (found, gaps []string) {
	t.Helper()
	j, err := l.Judge(t.Context(), debianAnalysis())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range j.Findings {
		found = append(found, f.ID)
	}
	for _, g := range j.Gaps {
		gaps = append(gaps, string(g.Kind))
	}
	return found, gaps
}

func TestAScanAsksForNewerDataWhenItsIsOld(t *testing.T) {
	t.Parallel()
	p, clock := newPublisher(t), &shifted{}
	l := p.scanner(t, t.TempDir(), clock)
	prepare := func(offline bool) int64 {
		t.Helper()
		if err := l.Prepare(t.Context(), debianAnalysis(), offline); err != nil {
			t.Fatal(err)
		}
		return p.requests()
	}
	if n := prepare(false); n != 2 {
		t.Errorf("the first scan made %d requests, want one for each file", n)
	}
	if n := prepare(false); n != 0 {
		t.Errorf("a second one made %d requests, want none", n)
	}
	p.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.2-1", nil), record("DEBIAN-CVE-2026-2000", "", nil))
	clock.move(7 * time.Hour)
	if n := prepare(true); n != 0 {
		t.Errorf("--offline made %d requests", n)
	}
	if n := prepare(false); n != 2 {
		t.Errorf("after seven hours %d requests, want one for each file", n)
	}
	if found, gaps := judged(t, l); !slices.Equal(found, []string{"CVE-2026-1000", "CVE-2026-2000"}) || len(gaps) > 0 {
		t.Errorf("found %v with gaps %v", found, gaps)
	}

	// What cannot be refreshed counts as it is, with a gap, and is not tried with each scan.
	p.failing.Store(true)
	clock.move(7 * time.Hour)
	if n := prepare(false); n == 0 {
		t.Error("nothing was asked")
	}
	found, gaps := judged(t, l)
	if !slices.Equal(found, []string{"CVE-2026-1000", "CVE-2026-2000"}) || !slices.Contains(gaps, string(image.GapStaleAdvisories)) {
		t.Errorf("after a refresh that failed: found %v with gaps %v", found, gaps)
	}
	if n := prepare(false); n != 0 {
		t.Errorf("right after a refresh that failed: %d requests, want none", n)
	}
	p.failing.Store(false)
	clock.move(20 * time.Minute)
	if n := prepare(false); n == 0 {
		t.Error("after twenty minutes nothing was asked")
	}
	if _, gaps := judged(t, l); len(gaps) > 0 {
		t.Errorf("gaps after a refresh: %v", gaps)
	}

	// A clock that went back makes no data young for ever.
	clock.move(-30 * 24 * time.Hour)
	if n := prepare(false); n == 0 {
		t.Error("after the clock went back nothing was asked")
	}
	if n := prepare(false); n != 0 {
		t.Errorf("a second time %d requests, want none", n)
	}
}

func TestAScanThatHasNoDataFailsWhenItGetsNone(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	p.failing.Store(true)
	l := p.scanner(t, t.TempDir(), &shifted{})
	if err := l.Prepare(t.Context(), debianAnalysis(), false); err == nil || !strings.Contains(err.Error(), "could not be loaded") {
		t.Errorf("got %v", err)
	}
}

func TestTwoScansLoadDataAtOnce(t *testing.T) {
	t.Parallel()
	p, clock, dir := newPublisher(t), &shifted{}, t.TempDir()
	p.slow = make(chan struct{})
	scans := []*engine.Local{p.scanner(t, dir, clock), p.scanner(t, dir, clock), p.scanner(t, dir, clock)}
	var all sync.WaitGroup
	for _, l := range scans {
		all.Go(func() {
			if err := l.Prepare(t.Context(), debianAnalysis(), false); err != nil {
				t.Errorf("a scan beside another: %v", err)
			}
		})
	}
	waitFor(t, "request", func() bool { return p.asked.Load() > 0 })
	time.Sleep(300 * time.Millisecond) // the others wait meanwhile
	close(p.slow)
	all.Wait()
	if n := p.requests(); n != 2 {
		t.Errorf("%d requests by all of them, want one for each file", n)
	}
	for _, l := range scans {
		if found, _ := judged(t, l); !slices.Equal(found, []string{"CVE-2026-1000"}) {
			t.Errorf("found %v", found)
		}
	}
	// Old data is used while another one refreshes it, and whoever waits can be stopped.
	clock.move(7 * time.Hour)
	release, err := scans[0].Store.LockSyncing()
	if err != nil {
		t.Fatal(err)
	}
	if err := scans[1].Prepare(t.Context(), debianAnalysis(), false); err != nil || p.requests() != 0 {
		t.Errorf("beside a scan that refreshes: %v", err)
	}
	other := debianAnalysis()
	other.Packages = append(other.Packages, image.Package{Type: image.NPM, Name: "a", Version: "1"})
	short, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	if err := scans[1].Prepare(short, other, false); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stopped while waiting: %v", err)
	}
	_ = release()
	// A server's directory is the server's.
	release, err = scans[0].Store.LockData()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = release() }()
	if err := scans[1].Prepare(t.Context(), debianAnalysis(), false); err != nil || p.requests() != 0 {
		t.Errorf("beside a server: %v", err)
	}
}

// A source that nothing depends on and that fails is tried again after a while, not with each scan.
func TestAScanLeavesASourceThatFailsAloneForAWhile(t *testing.T) {
	t.Parallel()
	p, clock := newPublisher(t), &shifted{}
	p.raw(t, "debian.json", []byte(`{"openssl": {"CVE-2026-4000": {"releases": {"bookworm": {"status": "open", "repositories": {"bookworm": "3.0.1-1"}, "urgency": "high"}}}}}`))
	p.raw(t, "epss.csv", []byte("#model_version:v1,score_date:2026-03-01T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1000,0.5,0.9\nCVE-2026-7777,0.1,0.2\n"))
	l := p.scanner(t, t.TempDir(), clock)
	l.Feeds.Places["debian"], l.Feeds.Places["epss"] = []string{p.url + "/debian.json"}, []string{p.url + "/epss.csv"}
	prepare := func() int64 {
		t.Helper()
		if err := l.Prepare(t.Context(), debianAnalysis(), false); err != nil {
			t.Fatal(err)
		}
		return p.requests()
	}
	p.broken.Store("/epss.csv")
	if n := prepare(); n < 4 {
		t.Errorf("the first scan made %d requests", n)
	}
	p.broken.Store("/debian.json")
	clock.move(20 * time.Minute)
	prepare()
	p.broken.Store("")
	scores := func() map[string]store.EPSS {
		t.Helper()
		j, err := l.Judge(t.Context(), debianAnalysis())
		if err != nil {
			t.Fatal(err)
		}
		return j.Scores
	}
	if got := scores(); len(got) != 1 || got["CVE-2026-1000"].Score != 0.5 {
		t.Errorf("scores %+v", got)
	}

	// A source that never came, whose name is that of an ecosystem, too.
	l = p.scanner(t, t.TempDir(), clock)
	l.Feeds.Places["debian"] = []string{p.url + "/debian.json"}
	p.raw(t, "debian.json", []byte("{"))
	prepare()
	if found, _ := judged(t, l); !slices.Equal(found, []string{"CVE-2026-1000"}) {
		t.Errorf("without the source that failed: %v", found)
	}
	for range 2 {
		if n := prepare(); n != 0 {
			t.Errorf("right after it failed %d requests, want none", n)
		}
	}
	clock.move(20 * time.Minute)
	if n := prepare(); n == 0 {
		t.Error("after twenty minutes nothing was asked")
	}
}
