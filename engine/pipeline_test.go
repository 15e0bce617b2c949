package engine_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/analysis"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/seal"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/notify"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

const osRelease = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"

func dpkgStatus(version string) string {
	return "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: Somebody\nVersion: " + version + "\n\n"
}

func debianImage(version string) *testkit.ImageBuild {
	return testkit.Image(
		testkit.Layer(testkit.Dir("etc"), testkit.File("etc/os-release", osRelease)),
		testkit.Layer(testkit.File("var/lib/dpkg/status", dpkgStatus(version))),
	)
}

type object = map[string]any

// record is an OSV record about openssl in Debian 12.
func record(id, fixed string, extra object) object {
	events := []object{{"introduced": "0"}}
	if fixed != "" {
		events = append(events, object{"fixed": fixed})
	}
	r := object{
		"schema_version": "1.6.0", "id": id, "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z",
		"summary":  "something about openssl",
		"affected": []object{{"package": object{"ecosystem": "Debian:12", "name": "openssl"}, "ranges": []object{{"type": "ECOSYSTEM", "events": events}}}},
	}
	for k, v := range extra {
		r[k] = v
	}
	return r
}

// feeds is a directory of advisories that a test can change.
type feeds struct{ dir string }

func (f feeds) write(t *testing.T, folder string, records ...object) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, r := range records {
		w, err := z.Create(r["id"].(string) + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.NewEncoder(w).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	f.raw(t, filepath.Join("osv", folder, "all.zip"), b.Bytes())
}

func (f feeds) raw(t *testing.T, name string, data []byte) {
	t.Helper()
	path := filepath.Join(f.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
}

func (f feeds) kev(t *testing.T, cves ...string) {
	t.Helper()
	var list []object
	for _, c := range cves {
		list = append(list, object{"cveID": c, "dateAdded": "2026-02-03"})
	}
	raw, _ := json.Marshal(object{"catalogVersion": "1", "vulnerabilities": list})
	f.raw(t, "kev.json", raw)
}

// hooks records the notices that arrive.
type hooks struct {
	url string
	mu  sync.Mutex
	got []object
}

func newHooks(t *testing.T) *hooks {
	h := &hooks{}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var body struct {
			Data struct {
				Payload object `json:"notification_payload"`
			} `json:"data"`
		}
		_ = json.Unmarshal(raw, &body)
		h.mu.Lock()
		h.got = append(h.got, body.Data.Payload)
		h.mu.Unlock()
	}))
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

// take waits for n notices, and a moment longer for one too many, and gives their types and payloads.
func (h *hooks) take(t *testing.T, n int) []object {
	t.Helper()
	waitFor(t, "notices", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.got) >= n })
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.got
	h.got = nil
	slices.SortFunc(out, func(a, b object) int { return bytes.Compare([]byte(typeOf(a)), []byte(typeOf(b))) })
	return out
}

func typeOf(payload object) string { s, _ := payload["subscription_type"].(string); return s }

func types(list []object) []string {
	out := []string{}
	for _, p := range list {
		out = append(out, typeOf(p))
	}
	return out
}

// waitFor polls: what is waited for happens in the jobs of an engine that runs beside the test.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("no %s after 30 s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// fixture is an engine that runs, with a real registry, feeds and a receiver of notices.
type fixture struct {
	*engine.Engine
	store    *store.Store
	registry *testkit.Registry
	feeds    feeds
	hooks    *hooks
}

type alwaysRight struct{}

func (alwaysRight) Verify(context.Context, string, string) (bool, error) { return true, nil }

func config(t *testing.T, f feeds, hookURL, host string) engine.Config {
	key, err := seal.FromText("a key for tests only, really")
	if err != nil {
		t.Fatal(err)
	}
	return engine.Config{
		HostID: host, BaseURL: "http://127.0.0.1", Version: "test", Roles: engine.Roles(), Key: key, Passwords: alwaysRight{},
		Reader: analysis.NewReader(analysis.Options{TempDir: t.TempDir()}), Registry: source.RegistryOptions{},
		Feeds:         engine.FeedConfig{Places: map[string][]string{"osv": {filepath.Join(f.dir, "osv")}, "kev": {filepath.Join(f.dir, "kev.json")}, "epss": {filepath.Join(f.dir, "epss.csv")}}, Interval: time.Hour},
		WatchInterval: 300 * time.Millisecond, Webhooks: notify.WebhookConfig{URLs: map[string]string{notify.General: hookURL}, AllowPrivate: "127.0.0.1"},
		TempDir: t.TempDir(), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	}
}

func start(t *testing.T, s *store.Store, change ...func(*fixture, *engine.Config)) *fixture {
	t.Helper()
	f := &fixture{store: s, registry: testkit.StartRegistry(t, testkit.RegistryOptions{}), feeds: feeds{t.TempDir()}, hooks: newHooks(t)}
	f.feeds.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.2-1", object{"upstream": []string{"CVE-2026-1000"}}))
	f.feeds.kev(t, "CVE-2026-9999")
	f.feeds.raw(t, "epss.csv", []byte("#model_version:v1,score_date:2026-03-01T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1000,0.5,0.9\n"))
	if _, err := s.EnsureAdmin(t.Context(), "hash"); err != nil {
		t.Fatal(err)
	}
	e := f.restart(t, change...)
	waitFor(t, "first sync", func() bool {
		st, err := e.Feeds.State(t.Context())
		return err == nil && (!st[0].LastFullSync.IsZero() || len(st[0].Failing) > 0)
	})
	return f
}

// restart runs an engine of its own on the same store.
func (f *fixture) restart(t *testing.T, change ...func(*fixture, *engine.Config)) *engine.Engine {
	t.Helper()
	c := config(t, f.feeds, f.hooks.url, "node-1")
	for _, change := range change {
		change(f, &c)
	}
	e, err := engine.New(f.store, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Stop(context.Background()) })
	f.Engine = e
	return e
}

const admin = store.AdminAccount

// add adds a tag and waits until it is analysed and evaluated.
func (f *fixture) add(t *testing.T, tag string) store.Image {
	t.Helper()
	ref, err := image.ParseReference(f.registry.Host + "/app:" + tag)
	if err != nil {
		t.Fatal(err)
	}
	img, err := f.Images.Add(t.Context(), admin, engine.AddImage{Reference: ref, Autosubscribe: true})
	if err != nil {
		t.Fatal(err)
	}
	return f.analysed(t, img.Digest)
}

func (f *fixture) analysed(t *testing.T, d image.Digest) store.Image {
	t.Helper()
	var img store.Image
	waitFor(t, "analysis", func() bool {
		var err error
		img, err = f.Images.Get(t.Context(), admin, d)
		if err == nil && img.Status == store.AnalysisFailed {
			t.Fatalf("analysis failed: %s", img.Error)
		}
		return err == nil && img.Status == store.Analyzed
	})
	waitFor(t, "evaluation", func() bool {
		rows, err := f.store.Evaluations(t.Context(), admin, d, f.registry.Host+"/app:"+img.Tags[0].Tag, "")
		return err == nil && len(rows) > 0
	})
	return img
}

func (f *fixture) subscribe(t *testing.T, tag string, kinds ...string) {
	t.Helper()
	on := true
	for _, kind := range kinds {
		list, err := f.Subscriptions.List(t.Context(), admin, f.registry.Host+"/app:"+tag, kind)
		if err != nil || len(list) != 1 {
			t.Fatalf("subscriptions of type %s: %v, %v", kind, list, err)
		}
		if _, err := f.Subscriptions.Update(t.Context(), admin, list[0].ID, engine.PutSubscription{Active: &on}); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *fixture) sync(t *testing.T, r engine.SyncRequest) engine.SyncResult {
	t.Helper()
	r.Wait = true
	var out []engine.SyncResult
	var err error
	waitFor(t, "end of the sync before", func() bool { // its result is seen a moment before it has ended
		out, err = f.Feeds.Sync(t.Context(), r)
		e, ok := errors.AsType[*engine.Error](err)
		return !ok || e.Code != "feed_sync_running"
	})
	if err != nil || len(out) != 1 {
		t.Fatalf("sync: %v, %v", out, err)
	}
	return out[0]
}

// ids are the vulnerabilities that count, with their fix.
func ids(v *engine.Vulnerabilities) map[string]string {
	out := map[string]string{}
	for _, f := range v.Findings {
		if f.Ignored == "" {
			out[f.ID] = ""
			if len(f.Fixes) > 0 {
				out[f.ID] = f.Fixes[0]
			}
		}
	}
	return out
}

func (f *fixture) vulns(t *testing.T, d image.Digest, m engine.Moment) map[string]string {
	t.Helper()
	v, err := f.Vulns.Of(t.Context(), admin, d, m)
	if err != nil {
		t.Fatal(err)
	}
	return ids(v)
}

func (f *fixture) action(t *testing.T, d image.Digest, m engine.Moment) string {
	t.Helper()
	c, err := f.Checks.Check(t.Context(), admin, engine.CheckRequest{Digest: d, Tag: f.registry.Host + "/app:1", Interactive: true, Moment: m})
	if err != nil {
		t.Fatal(err)
	}
	return c.Evaluations[0].FinalAction
}

func TestTheWholeWayOfAnImage(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		before := time.Now()
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		if diff := cmp.Diff([]string{notify.AnalysisUpdate}, types(f.hooks.take(t, 1))); diff != "" {
			t.Errorf("notices of the analysis (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]string{"CVE-2026-1000": "3.0.2-1"}, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Errorf("vulnerabilities (-want +got):\n%s", diff)
		}
		if got := f.action(t, img.Digest, engine.Moment{}); got != "warn" {
			t.Errorf("the default policy says %q of a vulnerability of unknown severity, want warn", got)
		}
		dayOne := time.Now()
		f.subscribe(t, "1", notify.VulnUpdate, notify.PolicyEval)

		// A sync that brings nothing new tells nothing.
		f.sync(t, engine.SyncRequest{})

		// The vulnerability becomes known as exploited, and a second one comes.
		f.feeds.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.2-1", object{"upstream": []string{"CVE-2026-1000"}}),
			record("DEBIAN-CVE-2026-2000", "", object{"upstream": []string{"CVE-2026-2000"}}))
		f.feeds.kev(t, "CVE-2026-9999", "CVE-2026-1000")
		f.sync(t, engine.SyncRequest{})
		got := f.hooks.take(t, 2)
		if diff := cmp.Diff([]string{notify.PolicyEval, notify.VulnUpdate}, types(got)); diff != "" {
			t.Fatalf("notices of day 2 (-want +got):\n%s", diff)
		}
		if last, now := got[0]["last_eval"].(object)["final_action"], got[0]["curr_eval"].(object)["final_action"]; last != "warn" || now != "stop" {
			t.Errorf("policy_eval tells %v → %v, want warn → stop", last, now)
		}
		diff := got[1]["diff_vulnerability_result"].(object)
		if a, u, r := diff["added"].([]any), diff["updated"].([]any), diff["removed"].([]any); len(a) != 1 || len(u) != 1 || len(r) != 0 {
			t.Errorf("vuln_update tells %d added, %d updated, %d removed; want 1, 1, 0", len(a), len(u), len(r))
		}

		// What was known then can be asked now.
		if diff := cmp.Diff(map[string]string{"CVE-2026-1000": "3.0.2-1"}, f.vulns(t, img.Digest, engine.Moment{At: dayOne})); diff != "" {
			t.Errorf("vulnerabilities of day 1, asked on day 2 (-want +got):\n%s", diff)
		}
		if then, now := f.action(t, img.Digest, engine.Moment{At: dayOne}), f.action(t, img.Digest, engine.Moment{}); then != "warn" || now != "stop" {
			t.Errorf("verdict then %q, now %q; want warn, stop", then, now)
		}
		_, err := f.Vulns.Of(t.Context(), admin, img.Digest, engine.Moment{At: before})
		if e, ok := errors.AsType[*engine.Error](err); !ok || e.Code != "not_known_then" {
			t.Errorf("before the analysis: %v, want not_known_then", err)
		}
		if diff := cmp.Diff(map[string]string{"CVE-2026-1000": "3.0.2-1"}, f.vulns(t, img.Digest, engine.Moment{At: before, Retrospective: true})); diff != "" {
			t.Errorf("retrospective (-want +got):\n%s", diff)
		}

		// The tag moves; the watch sees it and the new image goes the whole way by itself.
		moved := debianImage("3.0.2-1").Push(t, f.registry, "app", "1")
		got = f.hooks.take(t, 3)
		if diff := cmp.Diff([]string{notify.AnalysisUpdate, notify.TagUpdate, notify.VulnUpdate}, types(got)); diff != "" {
			t.Fatalf("notices of the moved tag (-want +got):\n%s", diff)
		}
		if now := got[1]["curr_eval"].([]any); len(now) != 1 || now[0] != string(moved) {
			t.Errorf("tag_update tells %v, want %s", now, moved)
		}
		f.analysed(t, moved)
		if diff := cmp.Diff(map[string]string{"CVE-2026-2000": ""}, f.vulns(t, moved, engine.Moment{})); diff != "" {
			t.Errorf("vulnerabilities of the new image (-want +got):\n%s", diff)
		}

		// Nothing changed since: nothing is told, whatever runs.
		f.sync(t, engine.SyncRequest{Flush: true})
		time.Sleep(time.Second) // several looks of the watch
		if got := f.hooks.take(t, 0); len(got) > 0 {
			t.Errorf("told without a change: %v", types(got))
		}
		if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
			t.Errorf("invariants: %v, %v", problems, err)
		}
	})
}

func TestABrokenFeedLeavesTheOldData(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		want := map[string]string{"CVE-2026-1000": "3.0.2-1"}
		good, err := os.ReadFile(filepath.Join(f.feeds.dir, "osv/Debian/all.zip"))
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string][]byte{
			"truncated": good[:len(good)/2], "empty": nil, "a web page": []byte("<html>sorry</html>"),
		} {
			f.feeds.raw(t, "osv/Debian/all.zip", data)
			r := f.sync(t, engine.SyncRequest{})
			if r.OK {
				t.Errorf("%s: the sync says that all is well", name)
			}
			if got := f.failing(t); !slices.Equal(got, []string{"Debian"}) {
				t.Errorf("%s: failing sources are %v, want Debian", name, got)
			}
			if diff := cmp.Diff(want, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
				t.Errorf("%s: vulnerabilities (-want +got):\n%s", name, diff)
			}
		}
		// A bundle that lost more than half is held until somebody says so.
		two := record("DEBIAN-CVE-2026-3000", "1", nil)
		three := record("DEBIAN-CVE-2026-4000", "1", nil)
		f.feeds.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.2-1", nil), two, three)
		f.sync(t, engine.SyncRequest{})
		f.feeds.write(t, "Debian", two)
		if r := f.sync(t, engine.SyncRequest{}); r.OK {
			t.Error("a feed that lost most of its records was taken")
		}
		if diff := cmp.Diff(want, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Errorf("held: vulnerabilities (-want +got):\n%s", diff)
		}
		if r := f.sync(t, engine.SyncRequest{AcceptShrink: true}); !r.OK {
			t.Errorf("accept_shrink: %+v", r)
		}
		if diff := cmp.Diff(map[string]string{}, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Errorf("accepted: vulnerabilities (-want +got):\n%s", diff)
		}
	})
}

// failing names the sources that failed when they were last asked.
func (f *fixture) failing(t *testing.T) []string {
	t.Helper()
	state, err := f.Feeds.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range state[0].Failing {
		names = append(names, s.Name)
	}
	return names
}

func TestASourceWithoutGroupsTellsItsFailureToo(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		f.feeds.raw(t, "kev.json", []byte(`{"vulnerabilities": [{"cveID"`))
		if r := f.sync(t, engine.SyncRequest{}); r.OK {
			t.Error("a cut catalogue: the sync says that all is well")
		}
		if got := f.failing(t); !slices.Equal(got, []string{"kev"}) {
			t.Errorf("failing sources are %v, want kev", got)
		}
		// A record that is also about a package of another ecosystem does not count there.
		f.feeds.kev(t, "CVE-2026-9999")
		both := record("GHSA-aaaa-bbbb-cccc", "2", nil)
		both["affected"] = []object{
			{"package": object{"ecosystem": "npm", "name": "a"}, "versions": []string{"1"}},
			{"package": object{"ecosystem": "Debian:12", "name": "a"}, "versions": []string{"1"}},
		}
		f.feeds.write(t, "npm", both, record("GHSA-dddd-eeee-ffff", "2", object{"affected": []object{{"package": object{"ecosystem": "npm", "name": "b"}, "versions": []string{"1"}}}}))
		f.sync(t, engine.SyncRequest{})
		if got := f.failing(t); len(got) > 0 {
			t.Errorf("failing sources after a good sync are %v", got)
		}
		state, err := f.Feeds.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int64{}
		for _, g := range state[0].Groups {
			counts[g.Ecosystem] = g.Records
		}
		if diff := cmp.Diff(map[string]int64{"Debian:12": 1, "npm": 2}, counts); diff != "" {
			t.Errorf("records by group (-want +got):\n%s", diff)
		}
	})
}

func TestAnImageThatCannotBeReadFailsWithItsReason(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		bad := debianImage("1")
		bad.Layers[1] = testkit.RawLayer(testkit.Compress(testkit.Tar(testkit.File("a", "b")), "gzip"), image.DigestOf([]byte("another")), "gzip")
		bad.Push(t, f.registry, "app", "bad")
		ref, _ := image.ParseReference(f.registry.Host + "/app:bad")
		img, err := f.Images.Add(t.Context(), admin, engine.AddImage{Reference: ref})
		if err != nil {
			t.Fatal(err)
		}
		waitFor(t, "failure", func() bool {
			img, err = f.Images.Get(t.Context(), admin, img.Digest)
			return err == nil && img.Status == store.AnalysisFailed
		})
		if img.ErrorCode == "" || img.Error == "" {
			t.Errorf("failed without a reason: %q %q", img.ErrorCode, img.Error)
		}
		got := f.hooks.take(t, 1)
		if diff := cmp.Diff([]string{notify.AnalysisUpdate}, types(got)); diff != "" {
			t.Errorf("notices (-want +got):\n%s", diff)
		}
		_, err = f.Content.Analyzed(t.Context(), admin, img.Digest)
		if e, ok := errors.AsType[*engine.Error](err); !ok || e.Class != engine.ClassNotAnalyzed {
			t.Errorf("content: %v", err)
		}
	})
}

func TestForcedRightAfterwardsIsAnalysedAgain(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		ref, _ := image.ParseReference(f.registry.Host + "/app:1")
		for range 5 {
			before := time.Now()
			img, err := f.Images.Add(t.Context(), admin, engine.AddImage{Reference: ref, Force: true})
			if err != nil {
				t.Fatal(err)
			}
			waitFor(t, "analysis", func() bool {
				img, err = f.Images.Get(t.Context(), admin, img.Digest)
				return err == nil && img.Status == store.Analyzed && !img.AnalyzedAt.Before(before)
			})
			if took := time.Since(before); took > 20*time.Second {
				t.Fatalf("the forced analysis took %v", took)
			}
		}
	})
}
