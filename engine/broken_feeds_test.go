package engine_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/engine"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// packed is an entry of a bundle as a bad day may make it.
type packed struct {
	name string
	data []byte
	mode fs.FileMode
}

func bundle(t *testing.T, entries ...packed) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(e.mode | 0o644)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(e.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sound gives n good records, the first of them about the package that the image has.
func sound(t *testing.T, n int) (entries []packed) {
	t.Helper()
	for i := range n {
		r := record(fmt.Sprintf("DEBIAN-CVE-2026-%d", 1000+i), "3.0.2-1", object{"upstream": []string{fmt.Sprintf("CVE-2026-%d", 1000+i)}})
		if i > 0 {
			r["affected"] = []object{{"package": object{"ecosystem": "Debian:12", "name": fmt.Sprintf("other-%d", i)}, "versions": []string{"1"}}}
		}
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, packed{name: r["id"].(string) + ".json", data: raw})
	}
	return entries
}

func entryOf(name string, r object) packed {
	raw, _ := json.Marshal(r)
	return packed{name: name, data: raw}
}

// lying says of the last entry of a bundle that it has 100 bytes.
func lying(bundle []byte) []byte {
	b := bytes.Clone(bundle)
	at := bytes.LastIndex(b, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(b[at+24:], 100)
	return b
}

// Each way in which a bundle may be broken: what is refused leaves the old data, what has one bad record among good ones
// lists it and takes the others.
func TestBrokenBundles(t *testing.T) {
	t.Parallel()
	const many = 9
	good := sound(t, many)
	some := bundle(t, good...)
	bomb := packed{name: "DEBIAN-CVE-2026-5000.json", data: slices.Concat([]byte(`{"id":"DEBIAN-CVE-2026-5000","details":"`), bytes.Repeat([]byte("A"), 64<<20), []byte(`"}`))}
	escape := []byte(`{"id":"GHSA-escape-0001","affected":[{"package":{"ecosystem":"Debian:12","name":"openssl"},"versions":["3.0.1-1"]}]}`)
	with := func(extra ...packed) []byte { return bundle(t, slices.Concat(good, extra)...) }
	crc := bytes.Clone(some)
	crc[120] ^= 0xff
	changed := func(i int, f func(object)) object {
		r := object{}
		if err := json.Unmarshal(good[i].data, &r); err != nil {
			t.Fatal(err)
		}
		f(r)
		return r
	}
	type want struct {
		refused string // what the error says; "" when the bundle is taken
		skipped int
		records int64 // of Debian in force
	}
	for _, tc := range []struct {
		name string
		data []byte
		want want
	}{
		{"truncated", some[:len(some)*2/3], want{refused: "truncated"}},
		{"an empty file", nil, want{refused: "empty"}},
		{"an error page", []byte("<!doctype html><title>503</title>"), want{refused: "web page"}},
		{"a damaged entry", crc, want{refused: "DEBIAN-CVE-2026-1000.json"}},
		{"an empty bundle", bundle(t), want{refused: "no record"}},
		{"more than half is gone", bundle(t, good[:4]...), want{refused: "accept_shrink"}},
		{"a bundle in a bundle", bundle(t, packed{name: "all.zip", data: some}), want{refused: "no record"}},
		{"a bomb", with(bomb), want{skipped: 1, records: many}},
		{"a bomb that lies", lying(with(bomb)), want{refused: "5000"}},
		{"deep JSON", with(packed{name: "DEBIAN-CVE-2026-6000.json", data: slices.Concat([]byte(`{"id":"DEBIAN-CVE-2026-6000","database_specific":`), bytes.Repeat([]byte("["), 200_000))}), want{skipped: 1, records: many}},
		{"a cut record", with(packed{name: "DEBIAN-CVE-2026-7000.json", data: []byte(`{"id":"DEBIAN-CVE-2026-7000","affected":[{`)}), want{skipped: 1, records: many}},
		{"not UTF-8", with(packed{name: "DEBIAN-CVE-2026-8000.json", data: []byte("{\"id\":\"DEBIAN-CVE-2026-8000\",\"summary\":\"caf\xe9\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\",\"name\":\"z\"},\"versions\":[\"1\"]}]}")}), want{records: many + 1}},
		{"wrong schemas", with(
			entryOf("a.json", object{"id": "A-1", "schema_version": "9.0.0", "affected": []object{{"package": object{"ecosystem": "Debian:12", "name": "openssl"}, "versions": []string{"3.0.1-1"}}}}),
			entryOf("b.json", object{"id": "A-2", "affected": "openssl"}),
			entryOf("c.json", object{"id": "A-3", "affected": []object{{"package": object{"ecosystem": "Debian:12", "name": 7}}}}),
			entryOf("d.json", object{"id": "A-4", "affected": []object{{"package": object{"ecosystem": "Debian:12", "name": "openssl"}, "ranges": []object{{"type": "ECOSYSTEM", "events": []object{{"fixed": "9"}}}}}}}),
			packed{name: "list.json", data: []byte("[1,2,3]")}, packed{name: "null.json", data: []byte("null")}, packed{name: "noid.json", data: []byte("{}")},
		), want{skipped: 7, records: many}},
		{"names that are paths", with(
			packed{name: "../../../../tmp/feed-escape-1.json", data: escape}, packed{name: "/tmp/feed-escape-2.json", data: escape}, packed{name: "a/../../feed-escape-3.json", data: escape},
			packed{name: `..\feed-escape-4.json`, data: escape}, packed{name: "link.json", data: []byte("/etc/passwd"), mode: fs.ModeSymlink}, packed{name: "nul\x00name.json", data: escape},
		), want{skipped: 6, records: many}},
		{"an id twice", with(
			entryOf("other.json", changed(0, func(r object) { r["summary"], r["modified"] = "again", "2031-01-01T00:00:00Z" })),
			entryOf("wrong-name.json", changed(1, func(r object) { r["id"] = "DEBIAN-CVE-2026-9000" })),
		), want{records: many + 1}},
		{"dates that are none", with(
			entryOf("e.json", changed(1, func(r object) { r["id"], r["modified"] = "A-5", "2999-01-01T00:00:00Z" })),
			entryOf("f.json", changed(2, func(r object) { r["id"], r["modified"] = "A-6", "yesterday" })),
		), want{skipped: 1, records: many + 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			storetest.Stores(t, func(t *testing.T, s *store.Store) {
				f := feeds{t.TempDir()}
				f.raw(t, "osv/Debian/all.zip", some)
				temp := t.TempDir()
				l := loader(t, s, map[string][]string{"osv": {filepath.Join(f.dir, "osv")}})
				l.TempDir = temp
				if err := l.Sync(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
				before := held(t, s)
				f.raw(t, "osv/Debian/all.zip", tc.data)
				err := l.Sync(t.Context(), nil)
				if tc.want.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.want.refused) || !strings.Contains(err.Error(), "Debian")) {
					t.Errorf("got %v, want a refusal of Debian that says %q", err, tc.want.refused)
				}
				if tc.want.refused == "" && err != nil {
					t.Errorf("got %v", err)
				}
				if tc.want.refused != "" {
					if diff := cmp.Diff(before, held(t, s)); diff != "" {
						t.Errorf("the old data (-want +got):\n%s", diff)
					}
				} else if n := int64(len(held(t, s))); n != tc.want.records {
					t.Errorf("%d records in force, want %d", n, tc.want.records)
				}
				if found, _ := judged(t, l); !slices.Equal(found, []string{"CVE-2026-1000"}) {
					t.Errorf("found %v, want what the good records say", found)
				}
				if n := skippedOf(t, s); n != tc.want.skipped {
					t.Errorf("%d records are said to be skipped, want %d", n, tc.want.skipped)
				}
				for _, dir := range []string{temp, f.dir, filepath.Dir(f.dir), "/tmp"} {
					if left, _ := filepath.Glob(filepath.Join(dir, "feed-escape-*")); len(left) > 0 {
						t.Errorf("written: %v", left)
					}
				}
				if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
					t.Errorf("temporary files are left: %v, %v", left, err)
				}
				// The day after is a good one, and nothing of the bad one is in its way.
				f.raw(t, "osv/Debian/all.zip", some)
				if err := l.Sync(t.Context(), nil); err != nil {
					t.Errorf("the next sync: %v", err)
				}
				if diff := cmp.Diff(before, held(t, s)); diff != "" {
					t.Errorf("after the next sync (-want +got):\n%s", diff)
				}
				if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
					t.Errorf("invariants: %v, %v", problems, err)
				}
			})
		})
	}
}

// skippedOf counts the entries of Debian that were skipped or taken with a doubt, as the state of the sources tells.
func skippedOf(t *testing.T, s *store.Store) int {
	t.Helper()
	raw, err := s.Setting(t.Context(), "feeds.sources")
	if err != nil {
		t.Fatal(err)
	}
	var states map[string]struct {
		Skipped int `json:"skipped"`
	}
	if err := json.Unmarshal([]byte(raw), &states); err != nil {
		t.Fatal(err)
	}
	return states["Debian"].Skipped
}

func TestBrokenCataloguesAndScores(t *testing.T) {
	t.Parallel()
	var cut bytes.Buffer
	z := gzip.NewWriter(&cut)
	for i := range 500 {
		fmt.Fprintf(z, "CVE-2026-%d,0.%d,0.5\n", 10_000+i*7919, i)
	}
	_ = z.Close()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s, func(f *fixture, c *engine.Config) {
			c.Feeds.Places["epss"] = []string{filepath.Join(f.feeds.dir, "epss.csv")}
		})
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		f.add(t, "1")
		f.feeds.kev(t, "CVE-2026-9999", "CVE-2026-9998", "CVE-2026-9997")
		f.sync(t, engine.SyncRequest{})
		score := func() float64 {
			t.Helper()
			got, err := s.EPSSAt(t.Context(), []string{"CVE-2026-1000"}, time.Now(), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return got["CVE-2026-1000"].Score
		}
		before, was := held(t, s), score()
		if was != 0.5 {
			t.Fatalf("the score is %v, want 0.5", was)
		}
		for name, data := range map[string]string{
			"cut": `{"vulnerabilities":[{"cveID":"CVE-2026-9999","dateAdded":"2026-`, "without an entry": `{"count":0,"vulnerabilities":[]}`,
			"a web page": "<html>", "shrunk": `{"vulnerabilities":[{"cveID":"CVE-2026-9999","dateAdded":"2026-02-03"}]}`,
		} {
			f.feeds.raw(t, "kev.json", []byte(data))
			f.sync(t, engine.SyncRequest{})
			if got := f.failing(t); !slices.Equal(got, []string{"kev"}) {
				t.Errorf("a catalogue that is %s: failing are %v", name, got)
			}
			if diff := cmp.Diff(before, held(t, s)); diff != "" {
				t.Errorf("a catalogue that is %s (-want +got):\n%s", name, diff)
			}
		}
		f.feeds.kev(t, "CVE-2026-9999", "CVE-2026-9998", "CVE-2026-9997")
		header := "#model_version:v1,score_date:2026-03-02T00:00:00+0000\ncve,epss,percentile\n"
		for _, tc := range []struct {
			name, data string
			failing    []string
			score      float64
		}{
			{"a cut file", string(cut.Bytes()[:cut.Len()/2]), []string{"epss"}, was},
			{"an empty file", "", []string{"epss"}, was},
			{"bad numbers", header + "CVE-2026-1000,NaN,0.5\nCVE-2026-1001,1.7,2\nCVE-2026-1002,,\nnot-a-cve,0.1,0.1\nCVE-2026-1003,0.1\nCVE-2026-1004,0.25,0.5\n", nil, was},
			{"a good one", header + "CVE-2026-1000,0.75,0.9\n", nil, 0.75},
		} {
			f.feeds.raw(t, "epss.csv", []byte(tc.data))
			f.sync(t, engine.SyncRequest{})
			if got := f.failing(t); !slices.Equal(got, tc.failing) {
				t.Errorf("scores, %s: failing are %v, want %v", tc.name, got, tc.failing)
			}
			if got := score(); got != tc.score {
				t.Errorf("scores, %s: the score is %v, want %v", tc.name, got, tc.score)
			}
		}
	})
}
