package engine

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/analysis"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/clock"
	"landwaiter.dev/internal/seal"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// world is an engine that does not run by itself, beside a naive model of it, which keeps every past answer.
type world struct {
	t     rapid.TB
	ctx   context.Context
	e     *Engine
	store *store.Store
	clock *clock.Fake
	dir   string

	// What publishers serve.
	records map[string]map[string]any
	kev     map[string]string
	// kevMore is what the catalogue says of a CVE beside the day.
	kevMore map[string]map[string]any
	// What the engine was told to take up of it.
	synced []*advisory.Record
	known  map[string]string
	// Images by name, with what they hold.
	images map[string]*modelImage
	// layers of images that have some.
	layers map[string][]image.Layer
	past   []snapshot
}

type modelImage struct {
	row      store.Image
	packages []image.Package
}

// snapshot is what the naive model answers from a moment on: findings of each analysed image, by name.
type snapshot struct {
	from    time.Time
	answers map[string][]string
	synced  bool
}

const (
	modelPackages = 4
	modelRecords  = 6
)

func newWorld(t *testing.T, rt rapid.TB, d storetest.Database) *world {
	c := clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	s := d.Open(t, func(o *store.Options) { o.Clock = c })
	w := &world{t: rt, ctx: t.Context(), store: s, clock: c, dir: t.TempDir(), records: map[string]map[string]any{}, kev: map[string]string{},
		known: map[string]string{}, images: map[string]*modelImage{}}
	key, err := seal.FromText("a key for tests only, really")
	if err != nil {
		rt.Fatal(err)
	}
	if _, err := s.EnsureAdmin(w.ctx, "hash"); err != nil {
		rt.Fatal(err)
	}
	w.e, err = New(s, Config{
		HostID: "node", Version: "test", Key: key, Reader: analysis.NewReader(analysis.Options{TempDir: w.dir}), Registry: source.RegistryOptions{},
		Feeds:   FeedConfig{Places: map[string][]string{"osv": {filepath.Join(w.dir, "osv")}, "kev": {filepath.Join(w.dir, "kev.json")}}, Interval: time.Hour},
		TempDir: w.dir, Log: slog.New(slog.DiscardHandler), Now: c.Now,
	})
	if err != nil {
		rt.Fatal(err)
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// publish changes what publishers serve.
func (w *world) publish(rt *rapid.T) {
	n := rapid.IntRange(1, 3).Draw(rt, "changed records")
	for range n {
		i := rapid.IntRange(0, modelRecords-1).Draw(rt, "record")
		id := fmt.Sprintf("DEBIAN-CVE-2026-100%d", i)
		what := rapid.SampledFrom([]string{"gone", "withdrawn", "is", "is", "is", "is"}).Draw(rt, "fate")
		if what == "gone" {
			delete(w.records, id)
			continue
		}
		var affected []any
		for p := range modelPackages {
			if !rapid.Bool().Draw(rt, "affects") {
				continue
			}
			events := []any{map[string]any{"introduced": "0"}}
			if fix := rapid.IntRange(0, 4).Draw(rt, "fix"); fix > 0 {
				events = append(events, map[string]any{"fixed": fmt.Sprintf("%d.0-1", fix)})
			}
			affected = append(affected, map[string]any{
				"package":            map[string]any{"ecosystem": "Debian:12", "name": fmt.Sprintf("p%d", p)},
				"ranges":             []any{map[string]any{"type": "ECOSYSTEM", "events": events}},
				"ecosystem_specific": map[string]any{"urgency": rapid.SampledFrom([]string{"low", "medium", "high"}).Draw(rt, "urgency")},
			})
		}
		r := map[string]any{"id": id, "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z", "upstream": []string{fmt.Sprintf("CVE-2026-100%d", i)}, "affected": affected}
		if what == "withdrawn" {
			r["withdrawn"] = "2026-02-01T00:00:00Z"
		}
		w.records[id] = r
	}
	for i := range modelRecords {
		if rapid.IntRange(0, 9).Draw(rt, "exploited") == 0 {
			w.kev[fmt.Sprintf("CVE-2026-100%d", i)] = "2026-02-03"
		}
	}
}

// sync takes up what is served, and gives the images whose evaluation was put off for it.
func (w *world) sync() []int64 {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, id := range slices.Sorted(maps.Keys(w.records)) {
		f, err := z.Create(id + ".json")
		w.must(err)
		w.must(json.NewEncoder(f).Encode(w.records[id]))
	}
	// One that affects nothing: an empty bundle is refused, and one that lost more than half is held back.
	f, err := z.Create("DEBIAN-CVE-2026-2000.json")
	w.must(err)
	_, err = f.Write([]byte(`{"id": "DEBIAN-CVE-2026-2000", "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "Debian:12", "name": "other"}, "versions": ["1"]}]}`))
	w.must(errors.Join(err, z.Close()))
	catalogue := []any{map[string]any{"cveID": "CVE-1999-0001", "dateAdded": "2026-02-03"}}
	for _, cve := range slices.Sorted(maps.Keys(w.kev)) {
		entry := map[string]any{"cveID": cve, "dateAdded": w.kev[cve]}
		maps.Copy(entry, w.kevMore[cve])
		catalogue = append(catalogue, entry)
	}
	raw, err := json.Marshal(map[string]any{"catalogVersion": "1", "vulnerabilities": catalogue})
	w.must(err)
	folder := filepath.Join(w.dir, "osv", "Debian")
	w.must(errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, "all.zip"), b.Bytes(), 0o600), os.WriteFile(filepath.Join(w.dir, "kev.json"), raw, 0o600)))

	var last int64
	w.must(w.store.Pool().QueryRow("SELECT coalesce(max(id), 0) FROM river_job").Scan(&last))
	results, err := w.e.Feeds.sync.run(w.ctx, syncArgs{AcceptShrink: true})
	w.must(err)
	if len(results) != 1 || !results[0].OK {
		w.t.Fatalf("sync: %+v", results)
	}
	w.synced, w.known = nil, maps.Clone(w.kev)
	for r, err := range feed.ReadOSV(bytes.NewReader(b.Bytes()), int64(b.Len()), "Debian") {
		w.must(err)
		w.synced = append(w.synced, r)
	}
	text := "args::text"
	if w.store.Embedded() {
		text = "json(args)"
	}
	rows, err := w.store.Pool().Query(fmt.Sprintf("SELECT %s FROM river_job WHERE kind = 'evaluate' AND id > %d ORDER BY priority, id", text, last))
	w.must(err)
	defer rows.Close()
	var images []int64
	for rows.Next() {
		var text string
		var args evaluateArgs
		w.must(rows.Scan(&text))
		w.must(json.Unmarshal([]byte(text), &args))
		images = append(images, args.Images...)
	}
	w.must(rows.Err())
	return images
}

// move adds an image, or analyses it again with other packages.
func (w *world) move(rt *rapid.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "image")
	var pkgs []image.Package
	for p := range modelPackages {
		if rapid.Bool().Draw(rt, "holds") {
			v := fmt.Sprintf("%d.0-1", rapid.IntRange(1, 4).Draw(rt, "version"))
			pkgs = append(pkgs, image.Package{Type: image.Deb, Name: fmt.Sprintf("p%d", p), Version: v, SourceName: fmt.Sprintf("p%d", p), SourceVersion: v, Layer: p % 2, Location: "var/lib/dpkg/status"})
		}
	}
	w.analyse(name, pkgs)
}

// analyse adds an image, or analyses it again.
func (w *world) analyse(name string, pkgs []image.Package) {
	w.t.Helper()
	m := w.images[name]
	digest := image.DigestOf([]byte(name))
	if m == nil {
		m = &modelImage{row: store.Image{Account: store.AdminAccount, Digest: digest, ImageID: image.DigestOf([]byte("config " + name)), Status: store.Analyzing}}
		w.must(w.store.Write(w.ctx, func(tx *store.Tx) error { return tx.InsertImage(w.ctx, &m.row) }))
	} else {
		w.must(w.store.Write(w.ctx, func(tx *store.Tx) error {
			_, err := tx.SetStatus(w.ctx, m.row.ID, []store.AnalysisStatus{store.Analyzed}, store.Analyzing, "", "")
			return err
		}))
	}
	a := &image.Analysis{Digest: digest, ID: m.row.ImageID, Packages: pkgs, Distro: image.Distro{ID: "debian", VersionID: "12"}, Layers: w.layers[name]}
	u := &analyze{store: w.store, jobs: w.e.Images.jobs, matcher: w.e.Vulns.matcher, feeds: w.e.Feeds, attested: w.e.attested, notices: w.e.Images.notices, log: w.e.config.Log, now: w.clock.Now}
	doc, err := keepDocument(w.ctx, w.store, a)
	w.must(err)
	kept, err := u.save(w.ctx, doc)
	w.must(err)
	_, err = u.finish(w.ctx, m.row.ID, kept, doc)
	w.must(err)
	m.packages, w.images[name] = pkgs, m
}

// show is a finding as the model compares it.
func show(p *image.Package, f *advisory.Finding) string {
	return fmt.Sprintf("%s %s %s %s %v %s %s", p.Name, p.Version, f.ID, f.Severity, f.Fixes, f.State, f.KnownExploited)
}

// naive looks at everything anew.
func (w *world) naive() map[string][]string {
	out := map[string][]string{}
	for name, m := range w.images {
		list := []string{}
		for i := range m.packages {
			p := &m.packages[i]
			distinct := advisory.DistinctOf(p, image.Distro{ID: "debian", VersionID: "12"})
			var mine []*advisory.Record
			for _, r := range w.synced {
				if slices.ContainsFunc(r.Keys(), func(k advisory.Key) bool { return slices.Contains(distinct.Keys(), k) }) {
					mine = append(mine, r)
				}
			}
			findings, _ := advisory.Match(distinct, mine, w.known)
			for j := range findings {
				list = append(list, show(p, &findings[j]))
			}
		}
		slices.Sort(list)
		out[name] = list
	}
	return out
}

// then is what the model knew at a moment.
func (w *world) then(at time.Time) snapshot {
	var found snapshot
	for _, s := range w.past {
		if !s.from.After(at) {
			found = s
		}
	}
	return found
}

// check asks the engine about a moment past.
func (w *world) check(at time.Time) {
	want := w.then(at)
	for name, m := range w.images {
		v, err := w.e.Vulns.Of(w.ctx, store.AdminAccount, m.row.Digest, Moment{At: at})
		answer, known := want.answers[name]
		if !known {
			if refused, ok := errors.AsType[*Error](err); !ok || refused.Code != "not_known_then" {
				w.t.Fatalf("%s at %s: %v, want not_known_then", name, at, err)
			}
			continue
		}
		w.must(err)
		got := []string{}
		for i := range v.Findings {
			got = append(got, show(&v.Findings[i].Package, &v.Findings[i].Finding))
		}
		slices.Sort(got)
		if diff := cmp.Diff(answer, got); diff != "" {
			w.t.Fatalf("%s at %s (-want +got):\n%s", name, at, diff)
		}
	}
	// The other way round: which images have a vulnerability.
	for i := range modelRecords {
		cve := fmt.Sprintf("CVE-2026-100%d", i)
		found, err := w.e.Queries.ImagesByVulnerability(w.ctx, store.AdminAccount, ByVulnerability{ID: cve, Moment: Moment{At: at}})
		if !want.synced {
			if refused, ok := errors.AsType[*Error](err); !ok || refused.Code != "not_known_then" {
				w.t.Fatalf("images with %s at %s: %v, want not_known_then", cve, at, err)
			}
			continue
		}
		w.must(err)
		expected, got := map[string]int{}, map[string]int{}
		for name, list := range want.answers {
			for _, f := range list {
				if strings.Contains(f, " "+cve+" ") {
					expected[string(w.images[name].row.Digest)]++
				}
			}
		}
		for _, h := range found.Images {
			got[string(h.Image.Digest)] = len(h.Packages)
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			w.t.Fatalf("images with %s at %s (-want +got):\n%s", cve, at, diff)
		}
	}
}

// compare asks for the difference of two moments.
func (w *world) compare(from, to time.Time) {
	before, after := w.then(from), w.then(to)
	for name, m := range w.images {
		old, known := before.answers[name]
		if !known || !from.Before(to) {
			continue
		}
		d, err := w.e.Vulns.Diff(w.ctx, store.AdminAccount, m.row.Digest, Moment{At: from}, Moment{At: to})
		w.must(err)
		got := []string{}
		for i, list := range [][]DiffRow{d.Added, d.Removed, d.Changed} {
			for _, r := range list {
				if len(r.Reasons) == 0 || r.Reasons[0].Kind == WhyUnknown {
					w.t.Fatalf("%s from %s to %s: nothing says why %+v changed", name, from, to, r)
				}
				f := r.After
				if f == nil {
					f = r.Before
				}
				got = append(got, fmt.Sprint("+-~"[i:i+1], f.Package.Name, " ", f.ID))
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(difference3(old, after.answers[name]), got); diff != "" {
			w.t.Fatalf("%s from %s to %s (-want +got):\n%s", name, from, to, diff)
		}
	}
}

// difference3 compares two answers by package and id.
func difference3(before, after []string) []string {
	key := func(s string) string { f := strings.Fields(s); return f[0] + " " + f[2] }
	old := map[string]string{}
	for _, s := range before {
		old[key(s)] = s
	}
	out := []string{}
	for _, s := range after {
		switch was, known := old[key(s)]; {
		case !known:
			out = append(out, "+"+key(s))
		case was != s:
			out = append(out, "~"+key(s))
		}
		delete(old, key(s))
	}
	for k := range old {
		out = append(out, "-"+k)
	}
	slices.Sort(out)
	return out
}

// What was known at any past moment is what a model says that keeps all its answers, over random histories.
func TestAsOfKeepsEveryPastAnswer(t *testing.T) {
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			checks := "6"
			if d.Name != "sqlite" {
				checks = "2"
			}
			if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue { // unless somebody asks for more
				_ = flag.Set("rapid.checks", checks)
				defer flag.Set("rapid.checks", f.DefValue) //nolint:errcheck // it was its value
			}
			rapid.Check(t, func(rt *rapid.T) { history(t, rt, d) })
		})
	}
}

func history(t *testing.T, rt *rapid.T, d storetest.Database) {
	w := newWorld(t, rt, d)
	synced := false
	for range rapid.IntRange(4, 12).Draw(rt, "steps") {
		w.clock.Advance(time.Duration(rapid.IntRange(0, 3).Draw(rt, "minutes")) * time.Minute)
		before := w.naive()
		if rapid.Bool().Draw(rt, "sync") {
			w.publish(rt)
			got := w.sync()
			var want []int64
			for name, list := range w.naive() {
				// The first data concerns whom it finds something for, like all other.
				if !slices.Equal(before[name], list) {
					want = append(want, w.images[name].row.ID)
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("images that are evaluated again after a sync (-want +got):\n%s", diff)
			}
			synced = true
		} else {
			w.move(rt)
		}
		now := w.clock.Now()
		w.past = append(w.past, snapshot{now, w.naive(), synced})
	}
	w.clock.Advance(time.Minute)
	for i, s := range w.past {
		w.check(s.from)
		w.check(s.from.Add(-time.Microsecond))
		w.compare(w.past[rapid.IntRange(0, i).Draw(rt, "from")].from, s.from)
	}
	problems, err := w.store.Check(w.ctx)
	w.must(err)
	if len(problems) > 0 {
		rt.Fatal(problems)
	}
}
