package engine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/archive"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// twoStores runs f on two stores of each database.
func twoStores(t *testing.T, f func(t *testing.T, here, there *store.Store)) {
	t.Helper()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			f(t, d.Open(t), d.Open(t))
		})
	}
}

// noSources is an engine that asks nobody.
func noSources(_ *fixture, c *engine.Config) { c.Feeds.Places = nil }

func archiveKey(t *testing.T) archive.PrivateKey {
	t.Helper()
	key, err := archive.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// export gives all advisory data of an installation as a file, signed.
func (f *fixture) export(t *testing.T, key archive.PrivateKey) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "feeds")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := f.Feeds.Export(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	size, err := out.Seek(0, io.SeekEnd)
	if err == nil {
		err = archive.Sign(out, size, key)
	}
	data, err2 := os.ReadFile(file)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return data
}

func (f *fixture) imported(t *testing.T, data []byte, r engine.ImportFeeds) (engine.SyncResult, error) {
	t.Helper()
	r.Wait, r.Name = true, "feeds-2026.lwf"
	var out []engine.SyncResult
	var err error
	waitFor(t, "end of the sync before", func() bool {
		out, err = f.Feeds.Import(t.Context(), bytes.NewReader(data), r)
		e, ok := errors.AsType[*engine.Error](err)
		return !ok || e.Code != "feed_sync_running"
	})
	if err != nil {
		return engine.SyncResult{}, err
	}
	if len(out) != 1 {
		t.Fatalf("results: %+v", out)
	}
	return out[0], nil
}

func (f *fixture) state(t *testing.T) engine.FeedState {
	t.Helper()
	st, err := f.Feeds.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return st[0]
}

// held are all records and days that a store has in force, by part.
func held(t *testing.T, s *store.Store) map[string]string {
	t.Helper()
	rev, err := s.CurrentRevision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	folders, err := s.Folders(t.Context(), rev.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		for text, err := range s.FolderDocuments(t.Context(), folder, rev.ID) {
			if err != nil {
				t.Fatal(err)
			}
			var r advisory.Record
			if err := json.Unmarshal(text, &r); err != nil {
				t.Fatal(err)
			}
			out[folder+" "+r.ID] = string(text)
		}
	}
	kev, err := s.KEVAt(t.Context(), rev.ID)
	if err != nil {
		t.Fatal(err)
	}
	for cve, day := range kev {
		out["kev "+cve] = day
	}
	return out
}

func TestAdvisoryDataGoesElsewhereAsAFile(t *testing.T) {
	t.Parallel()
	twoStores(t, func(t *testing.T, here, there *store.Store) {
		key := archiveKey(t)
		a := start(t, here, func(f *fixture, c *engine.Config) {
			f.feeds.raw(t, "epss.csv", []byte("#model_version:v1,score_date:2026-02-03T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1000,0.25,0.5\nCVE-2026-7777,0.1,0.1\n"))
			c.Feeds.Places["epss"] = []string{filepath.Join(f.feeds.dir, "epss.csv")}
		})
		debianImage("3.0.1-1").Push(t, a.registry, "app", "1")
		img := a.add(t, "1")
		a.feeds.write(t, "npm", record("GHSA-aaaa-bbbb-cccc", "", object{"affected": []object{{"package": object{"ecosystem": "npm", "name": "a"}, "versions": []string{"1"}}}}))
		a.feeds.kev(t, "CVE-2026-9999", "CVE-2026-1000")
		a.sync(t, engine.SyncRequest{})
		data := a.export(t, key)

		b := start(t, there, noSources, func(_ *fixture, c *engine.Config) { c.Feeds.Trust = []archive.PublicKey{key.Public()} })
		debianImage("3.0.1-1").Push(t, b.registry, "app", "1")
		same := b.add(t, "1")
		b.subscribe(t, "1", notify.VulnUpdate)
		if got := b.vulns(t, same.Digest, engine.Moment{}); len(got) > 0 {
			t.Fatalf("without data there are findings: %v", got)
		}
		r, err := b.imported(t, data, engine.ImportFeeds{})
		if err != nil || !r.OK {
			t.Fatalf("import: %+v, %v", r, err)
		}
		if diff := cmp.Diff(a.vulns(t, img.Digest, engine.Moment{}), b.vulns(t, same.Digest, engine.Moment{})); diff != "" {
			t.Errorf("findings there and here (-there +here):\n%s", diff)
		}
		if diff := cmp.Diff(held(t, here), held(t, there)); diff != "" {
			t.Errorf("data there and here (-there +here):\n%s", diff)
		}
		scores, err := there.EPSSAt(t.Context(), []string{"CVE-2026-1000", "CVE-2026-7777"}, time.Now(), time.Now())
		if err != nil || scores["CVE-2026-1000"].Score != 0.25 || scores["CVE-2026-7777"].Score != 0.1 {
			t.Errorf("scores: %v, %v", scores, err)
		}
		b.hooks.take(t, 2) // analysis_update, and vuln_update of what the import brought

		st := b.state(t)
		var groups []string
		for _, g := range st.Groups {
			groups = append(groups, g.Group)
			if was := a.groupSynced(t, g.Group); !g.LastSync.Equal(was) {
				t.Errorf("%s is of %v, want the day on which it came from its publisher, %v", g.Group, g.LastSync, was)
			}
		}
		if diff := cmp.Diff([]string{"debian:12", "github:npm"}, groups); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
		want := engine.ArchiveState{Name: "feeds-2026.lwf", MadeBy: "test", Revision: a.state(t).Revision, Signer: key.Public().String(), Parts: []string{"Debian", "epss", "kev", "npm"}}
		if st.Archive == nil || st.Archive.MadeAt.IsZero() || st.Archive.ImportedAt.Before(st.Archive.MadeAt) {
			t.Fatalf("archive of the state: %+v", st.Archive)
		}
		want.MadeAt, want.ImportedAt = st.Archive.MadeAt, st.Archive.ImportedAt
		if diff := cmp.Diff(want, *st.Archive); diff != "" {
			t.Errorf("archive of the state (-want +got):\n%s", diff)
		}

		// The same again, and a sync that has nobody to ask: nothing changes, nobody is told.
		before := st.Revision
		if r, err = b.imported(t, data, engine.ImportFeeds{}); err != nil || !r.OK {
			t.Fatalf("second import: %+v, %v", r, err)
		}
		b.sync(t, engine.SyncRequest{})
		if st = b.state(t); st.Revision != before || len(st.Groups) != 2 || len(st.Failing) > 0 {
			t.Errorf("after the same again the state is %+v", st)
		}
		if diff := cmp.Diff(a.vulns(t, img.Digest, engine.Moment{}), b.vulns(t, same.Digest, engine.Moment{})); diff != "" {
			t.Errorf("findings after that (-there +here):\n%s", diff)
		}
		time.Sleep(500 * time.Millisecond)
		if got := b.hooks.take(t, 0); len(got) > 0 {
			t.Errorf("told without a change: %v", types(got))
		}
		// What goes out again is what came in.
		out := b.export(t, key)
		again, err := archive.Open(bytes.NewReader(out), int64(len(out)), "again", archive.Trust{Unsigned: true})
		first, err2 := archive.Open(bytes.NewReader(data), int64(len(data)), "first", archive.Trust{Unsigned: true})
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sections(first), sections(again)); diff != "" {
			t.Errorf("sections exported again (-first +again):\n%s", diff)
		}
		for _, s := range []*store.Store{here, there} {
			if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
				t.Errorf("invariants: %v, %v", problems, err)
			}
		}
		noUploadLeft(t, there)
	})
}

func (f *fixture) groupSynced(t *testing.T, group string) time.Time {
	t.Helper()
	for _, g := range f.state(t).Groups {
		if g.Group == group {
			return g.LastSync
		}
	}
	t.Errorf("there is no group %s", group)
	return time.Time{}
}

func sections(a *archive.Archive) []archive.Section {
	out := slices.Clone(a.Sections)
	for i := range out {
		out[i].Offset = 0
	}
	return out
}

// noUploadLeft fails when pieces of an upload are still there.
func noUploadLeft(t *testing.T, s *store.Store) {
	t.Helper()
	waitFor(t, "removal of the upload", func() bool {
		raw, err := s.Setting(t.Context(), "feeds.upload")
		return err == nil && raw == ""
	})
}

func TestArchivesThatAreNotTakenLeaveTheOldData(t *testing.T) {
	t.Parallel()
	twoStores(t, func(t *testing.T, here, there *store.Store) {
		key := archiveKey(t)
		a := start(t, here)
		good := a.export(t, key)
		a.feeds.write(t, "Debian", record("DEBIAN-CVE-2026-1000", "3.0.2-1", nil), record("DEBIAN-CVE-2026-2000", "", nil), record("DEBIAN-CVE-2026-3000", "", nil))
		a.sync(t, engine.SyncRequest{})
		newer := a.export(t, key)

		b := start(t, there, noSources, func(_ *fixture, c *engine.Config) { c.Feeds.Trust = []archive.PublicKey{key.Public()} })
		if r, err := b.imported(t, newer, engine.ImportFeeds{}); err != nil || !r.OK {
			t.Fatalf("import: %+v, %v", r, err)
		}
		want, rev := held(t, there), b.state(t).Revision
		altered := bytes.Clone(newer)
		altered[len(altered)/2] ^= 1
		var unsigned bytes.Buffer
		if err := a.Feeds.Export(t.Context(), &unsigned); err != nil {
			t.Fatal(err)
		}
		for _, tc := range []struct {
			name, code, text string
			data             []byte
			change           func(*engine.ImportFeeds)
		}{
			{"empty", "archive_refused", "it is empty", nil, nil},
			{"truncated", "archive_refused", "cut off", newer[:len(newer)/2], nil},
			{"altered", "archive_refused", "its digest differs", altered, nil},
			{"altered, unsigned allowed", "archive_refused", "its digest differs", altered, func(r *engine.ImportFeeds) { r.AllowUnsigned = true }},
			{"another version", "archive_refused", "version 2", append([]byte("landwaiter-feeds 2\n"), newer[19:]...), nil},
			{"unsigned", "archive_refused", "nobody signed it", unsigned.Bytes(), nil},
			{"signed by somebody", "archive_refused", "not among the keys", a.export(t, archiveKey(t)), nil},
			{"older", "archive_older", "accept_older", good, nil},
		} {
			r := engine.ImportFeeds{}
			if tc.change != nil {
				tc.change(&r)
			}
			_, err := b.imported(t, tc.data, r)
			e, ok := errors.AsType[*engine.Error](err)
			if !ok || e.Code != tc.code || !strings.Contains(e.Message, tc.text) {
				t.Errorf("%s: got %v, want %s with %q", tc.name, err, tc.code, tc.text)
			}
		}
		// Going back loses two of three records, which is held until somebody says so as well.
		r, err := b.imported(t, good, engine.ImportFeeds{AcceptOlder: true})
		if err != nil || r.OK {
			t.Errorf("more than half is gone: %+v, %v", r, err)
		}
		if diff := cmp.Diff(want, held(t, there)); diff != "" || b.state(t).Revision != rev {
			t.Errorf("data after what was not taken, revision %d (-want +got):\n%s", b.state(t).Revision, diff)
		}
		if got := b.failing(t); !slices.Equal(got, []string{"Debian"}) {
			t.Errorf("failing: %v, want Debian", got)
		}
		if r, err = b.imported(t, good, engine.ImportFeeds{AcceptOlder: true, AcceptShrink: true}); err != nil || !r.OK {
			t.Errorf("accepted: %+v, %v", r, err)
		}
		if n := len(held(t, there)); n != 2 {
			t.Errorf("%d records and days after that, want 2", n)
		}
		if r, err = b.imported(t, unsigned.Bytes(), engine.ImportFeeds{AllowUnsigned: true}); err != nil || !r.OK {
			t.Errorf("unsigned, allowed: %+v, %v", r, err)
		}
		if st := b.state(t); st.Archive.Signer != "" {
			t.Errorf("the state names a signer of an unsigned file: %+v", st.Archive)
		}
		noUploadLeft(t, there)
	})
}

// archiveOf makes an unsigned archive of records of Debian as given, whatever they are.
func archiveOf(t *testing.T, lines ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := archive.NewWriter(&out, archive.Contents{MadeAt: time.Now().UTC(), MadeBy: "somebody"})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Records(archive.Section{Part: "Debian"}, func(yield func([]byte, error) bool) {
		for _, l := range lines {
			if !yield([]byte(l), nil) {
				return
			}
		}
	})
	if err == nil {
		_, err = w.Close(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func debianRecord(id string) string {
	text, _ := json.Marshal(advisory.Record{ID: id, Affected: []advisory.Affected{{Ecosystem: "Debian:12", Package: "openssl", Versions: []string{"1"}}}})
	return string(text)
}

func TestBrokenRecordsOfAnArchiveAreListed(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s, noSources)
		anybody := engine.ImportFeeds{AllowUnsigned: true}
		if r, err := f.imported(t, archiveOf(t, debianRecord("A-1"), debianRecord("A-2")), anybody); err != nil || !r.OK {
			t.Fatalf("%+v, %v", r, err)
		}
		r, err := f.imported(t, archiveOf(t, `{"id":"A-1","affected":7}`, debianRecord("A-2"), debianRecord("A-3"), "rubbish"), anybody)
		if err != nil || !r.OK {
			t.Fatalf("%+v, %v", r, err)
		}
		var problems []string
		for _, g := range f.state(t).Groups {
			problems = append(problems, g.Problems...)
		}
		if len(problems) != 2 || !strings.Contains(problems[0], "A-1") {
			t.Errorf("problems: %q", problems)
		}
		var ids []string
		for name := range held(t, s) {
			ids = append(ids, name)
		}
		slices.Sort(ids)
		if diff := cmp.Diff([]string{"Debian A-1", "Debian A-2", "Debian A-3"}, ids); diff != "" {
			t.Errorf("records; the former of a broken one stays (-want +got):\n%s", diff)
		}
	})
}

// shifted is the machine's clock, moved.
type shifted struct{ by atomic.Int64 }

func (c *shifted) now() time.Time {
	return time.Now().UTC().Add(time.Duration(c.by.Load())).Truncate(time.Microsecond)
}

func (c *shifted) move(d time.Duration) { c.by.Add(int64(d)) }

// Where the sources cannot be reached, what was imported stays in force, and its age is told.
func TestStartWithoutANetwork(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		clock := &shifted{}
		f := start(t, s, func(_ *fixture, c *engine.Config) {
			nobody := []string{"http://127.0.0.1:1/feeds"}
			c.Feeds.Places = map[string][]string{"osv": nobody, "kev": nobody, "epss": nobody}
			c.Now = clock.now
		})
		if r, err := f.imported(t, archiveOf(t, debianRecord("DEBIAN-CVE-2026-1000")), engine.ImportFeeds{AllowUnsigned: true}); err != nil || !r.OK {
			t.Fatalf("%+v, %v", r, err)
		}
		debianImage("1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		if r := f.sync(t, engine.SyncRequest{}); r.OK {
			t.Error("a sync without a network says that all is well")
		}
		want := map[string]string{"CVE-2026-1000": ""}
		if diff := cmp.Diff(want, f.vulns(t, img.Digest, engine.Moment{})); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
		if st := f.state(t); st.Archive == nil || !slices.Contains(st.Archive.Parts, "Debian") {
			t.Errorf("the data is not said to be from the archive: %+v", st.Archive)
		}
		clock.move(8 * 24 * time.Hour)
		v, err := f.Vulns.Of(t.Context(), admin, img.Digest, engine.Moment{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(v.Gaps, func(g image.Gap) bool { return g.Kind == image.GapStaleAdvisories }) {
			t.Errorf("gaps after eight days: %+v", v.Gaps)
		}
	})
}
