package feed

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// entry is a file of a bundle made for a test.
type entry struct{ name, content string }

func bundleOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		w, err := z.Create(e.name)
		if err == nil {
			_, err = w.Write([]byte(e.content))
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

func record(id, modified string) entry {
	return entry{id + ".json", fmt.Sprintf(`{"id":%q,"modified":%q,"affected":[{"package":{"ecosystem":"npm","name":"hoek"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}`, id, modified)}
}

// result is all that a bundle yielded.
type result struct {
	ids      []string
	problems []string
	refused  string
}

func readAll(data []byte) (r result) {
	for record, err := range ReadOSV(bytes.NewReader(data), int64(len(data)), "npm") {
		var refused *Refused
		var problem *Problem
		switch {
		case errors.As(err, &refused):
			r.refused = refused.Error()
		case errors.As(err, &problem):
			r.problems = append(r.problems, problem.Error())
		}
		if record != nil {
			r.ids = append(r.ids, record.ID)
		}
	}
	return r
}

func TestBundlesThatAreRefused(t *testing.T) {
	t.Parallel()
	good := bundleOf(t, record("GHSA-1", "2024-01-01T00:00:00Z"), record("GHSA-2", "2024-01-01T00:00:00Z"))
	damaged := bytes.Clone(good)
	damaged[bytes.Index(damaged, []byte("GHSA-1.json"))+len("GHSA-1.json")+12] ^= 0x55
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty file", nil, "it is empty"},
		{"error page", []byte("\n<!DOCTYPE html><html>502 Bad Gateway</html>"), "it is a web page"},
		{"no zip", []byte("not a zip file at all"), "it is not a zip file"},
		{"truncated", good[:len(good)/2], "it is truncated or damaged"},
		{"no entries", bundleOf(t), "there is no record among its 0 entries"},
		{"a zip in a zip", bundleOf(t, entry{"all.zip", string(good)}), "there is no record among its 1 entries"},
		{"nothing but trouble", bundleOf(t, entry{"a.json", "{"}, entry{"b.json", "[]"}), "there is no record among its 2 entries"},
		{"bad checksum", damaged, `the entry "GHSA-1.json" is damaged`},
		{"lying size", lying(t, 1<<20, 100), `the entry "GHSA-bomb.json" is damaged or its size is not what it claims to be`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := readAll(c.data)
			if want := "npm/all.zip was refused: " + c.want; !strings.HasPrefix(got.refused, want) {
				t.Errorf("%q, want %q…", got.refused, want)
			}
		})
	}
}

// lying makes a bundle with one good record and an entry of size bytes whose headers claim another.
func lying(t *testing.T, size, claimed int) []byte {
	t.Helper()
	bomb := entry{"GHSA-bomb.json", `{"id":"` + strings.Repeat("A", size) + `"}`}
	data := bundleOf(t, record("GHSA-1", "2024-01-01T00:00:00Z"), bomb)
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range r.File {
		header := f.FileHeader
		if f.Name == bomb.name {
			header.UncompressedSize64 = uint64(claimed)
		}
		raw, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		to, err := w.CreateRaw(&header)
		if err != nil {
			t.Fatal(err)
		}
		var content bytes.Buffer
		if _, err := content.ReadFrom(raw); err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(content.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestOneBadEntryCostsNoOther(t *testing.T) {
	t.Parallel()
	const day = "2024-01-01T00:00:00Z"
	of := func(id, rest string) entry {
		return entry{id + ".json", `{"id":"` + id + `","modified":"` + day + `"` + rest + `}`}
	}
	for _, c := range []struct {
		name     string
		entry    entry
		problem  string // "" for none
		accepted bool
	}{
		{"cut off", entry{"X-1.json", `{"id":"X-1","aff`}, "it is not a record", false},
		{"deep", entry{"X-1.json", `{"id":"X-1","x":` + strings.Repeat("[", 200000)}, "exceeded max depth", false},
		{"a list", entry{"X-1.json", "[1,2,3]"}, "it is not a JSON object", false},
		{"null", entry{"X-1.json", "null"}, "it is not a JSON object", false},
		{"empty", entry{"X-1.json", ""}, "it is not a JSON object", false},
		{"no id", entry{"X-1.json", `{"modified":"` + day + `"}`}, "it has no id", false},
		{"id with markup", of("X-1<b>", ""), "is not usable", false},
		{"unknown schema", of("X-1", `,"schema_version":"9.0.0"`), `schema version "9.0.0" is unknown`, false},
		{"affected is a word", of("X-1", `,"affected":"hoek"`), `the value of "affected" is a string`, false},
		{"name is a number", of("X-1", `,"affected":[{"package":{"ecosystem":"npm","name":7}}]`), "is a number", false},
		{"event is a number", of("X-1", `,"affected":[{"package":{"ecosystem":"npm","name":"hoek"},"ranges":[{"type":"SEMVER","events":[{"introduced":0}]}]}]`), "is a number", false},
		{"a range without beginning", of("X-1", `,"affected":[{"package":{"ecosystem":"npm","name":"hoek"},"ranges":[{"type":"SEMVER","events":[{"fixed":"1.0.0"}]}]}]`), "does not say where it begins", false},
		{"an empty event", of("X-1", `,"affected":[{"package":{"ecosystem":"npm","name":"hoek"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":null}]}]}]`), "event without a version", false},
		{"no version", of("X-1", `,"affected":[{"package":{"ecosystem":"npm","name":"hoek"},"ranges":[{"type":"SEMVER","events":[{"introduced":"not a version"}]}]}]`), `"not a version", which is none`, false},
		{"one bad range of two packages", of("X-1", `,"affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"type":"SEMVER","events":[{"fixed":"1.0.0"}]}]},{"package":{"ecosystem":"npm","name":"b"},"versions":["1"]}]`), "the rest is taken", true},
		{"a name with a line break", of("X-1", `,"affected":[{"package":{"ecosystem":"npm","name":"a\nb"},"versions":["1"]}]`), "has no usable name", false},
		{"no date", entry{"X-1.json", strings.Replace(record("X-1", day).content, day, "yesterday", 1)}, `modified is no date ("yesterday")`, true},
		{"withdrawn on no date", of("X-1", `,"withdrawn":"yes"`), "withdrawn is no date", false},
		{"far future", record("X-1", "2999-01-01T00:00:00Z"), "", true},
		{"not UTF-8", entry{"X-1.json", strings.Replace(record("X-1", day).content, `"modified"`, "\"summary\":\"caf\xe9\",\"modified\"", 1)}, "", true},
		{"a free-form part of another form", of("X-1", `,"database_specific":"none","affected":[{"package":{"ecosystem":"npm","name":"a"},"versions":["1"],"ecosystem_specific":[1],"database_specific":{"severity":{"deep":1}}}]`), "", true},
		{"too large", entry{"X-1.json", `{"id":"` + strings.Repeat("A", maxEntry) + `"}`}, "it is larger than 8 MiB", false},
		{"up", entry{"../../X-1.json", "{}"}, "its name is not that of a record", false},
		{"absolute", entry{"/tmp/X-1.json", "{}"}, "its name is not that of a record", false},
		{"backslashes", entry{`..\X-1.json`, "{}"}, "its name is not that of a record", false},
		{"NUL", entry{"X\x00-1.json", "{}"}, "its name is not that of a record", false},
		{"no JSON file", entry{"README", "hello"}, "it is not a JSON file", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := readAll(bundleOf(t, record("GHSA-1", day), c.entry, record("GHSA-2", day)))
			want := []string{"GHSA-1", "GHSA-2"}
			if c.accepted {
				want = []string{"GHSA-1", "X-1", "GHSA-2"}
			}
			if diff := cmp.Diff(want, got.ids); diff != "" || got.refused != "" {
				t.Errorf("refused %q, problems %q\n%s", got.refused, got.problems, diff)
			}
			if (len(got.problems) == 1) != (c.problem != "") || !strings.Contains(strings.Join(got.problems, ""), c.problem) {
				t.Errorf("problems %q, want one with %q", got.problems, c.problem)
			}
		})
	}
}

func TestLinksAndDirectoriesAreNoRecords(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	link := &zip.FileHeader{Name: "link.json"}
	link.SetMode(os.ModeSymlink | 0o777)
	for _, h := range []*zip.FileHeader{link, {Name: "folder/"}} {
		w, err := z.CreateHeader(h)
		if err == nil && h == link {
			_, err = w.Write([]byte("/etc/passwd"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	good := record("GHSA-1", "2024-01-01T00:00:00Z")
	w, err := z.Create(good.name)
	if err == nil {
		_, err = w.Write([]byte(good.content))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	got := readAll(b.Bytes())
	if diff := cmp.Diff([]string{"GHSA-1"}, got.ids) + cmp.Diff([]string{`"link.json": it is not a regular file; skipped`}, got.problems); diff != "" || got.refused != "" {
		t.Errorf("refused %q\n%s", got.refused, diff)
	}
}

func TestTheLaterOfTwoRecordsHolds(t *testing.T) {
	t.Parallel()
	old, newer := record("X-1", "2024-01-01T00:00:00Z"), record("X-1", "2024-02-01T00:00:00Z")
	newer.name = "another-name.json"
	if got := readAll(bundleOf(t, old, newer)); !cmp.Equal([]string{"X-1", "X-1"}, got.ids) {
		t.Errorf("the later one last: %+v", got)
	}
	if got := readAll(bundleOf(t, newer, old)); !cmp.Equal([]string{"X-1"}, got.ids) || len(got.problems) != 1 {
		t.Errorf("the earlier one is skipped: %+v", got)
	}
	if got := readAll(bundleOf(t, old, old)); !cmp.Equal([]string{"X-1"}, got.ids) || len(got.problems) != 1 {
		t.Errorf("the same one is skipped: %+v", got)
	}
}

func TestReadingEndsWhenNobodyListens(t *testing.T) {
	t.Parallel()
	data := bundleOf(t, record("A-1", "2024-01-01T00:00:00Z"), record("A-2", "2024-01-01T00:00:00Z"))
	for range ReadOSV(bytes.NewReader(data), int64(len(data)), "npm") {
		break
	}
}

// fixtures are the real records of testdata/osv as one bundle.
func fixtures(t testing.TB) []byte {
	t.Helper()
	files, err := filepath.Glob("testdata/osv/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	var entries []entry
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry{filepath.Base(f), string(b)})
	}
	return bundleOf(t, entries...)
}

func TestRealRecordsHoldWhatTheySay(t *testing.T) {
	t.Parallel()
	records := map[advisory.Key][]*advisory.Record{}
	data := fixtures(t)
	for r, err := range ReadOSV(bytes.NewReader(data), int64(len(data)), "mixed") {
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back := new(advisory.Record)
		if err := json.Unmarshal(b, back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Errorf("%s does not survive JSON:\n%s", r.ID, diff)
		}
		for _, k := range r.Keys() {
			records[k] = append(records[k], back)
		}
	}
	bookworm, bullseye := image.Distro{ID: "debian", VersionID: "12"}, image.Distro{ID: "debian", VersionID: "11"}
	alma, alpine := image.Distro{ID: "almalinux", VersionID: "9.1"}, image.Distro{ID: "alpine", VersionID: "3.10.2"}
	for _, c := range []struct {
		pkg    image.Package
		distro image.Distro
		want   []string
	}{
		{image.Package{Type: image.Deb, Name: "libexpat1", Version: "2.4.0-1", SourceName: "expat", SourceVersion: "2.4.0-1"}, bookworm, []string{"CVE-2013-0340 Unknown 2.4.1-1"}},
		{image.Package{Type: image.Deb, Name: "libexpat1", Version: "2.5.0-1", SourceName: "expat", SourceVersion: "2.5.0-1"}, bookworm, nil},
		{image.Package{Type: image.Deb, Name: "pcs", Version: "0.10.8-1"}, bullseye, []string{"CVE-2022-1049 Unknown 0.10.8-1+deb11u1", "CVE-2022-2735 Unknown 0.10.8-1+deb11u1"}},
		{image.Package{Type: image.Deb, Name: "pcs", Version: "0.10.8-1"}, bookworm, nil},
		{image.Package{Type: image.APK, Name: "libcrypto1.1", Version: "1.1.1c-r0", SourceName: "openssl"}, alpine, []string{"CVE-2019-1549 Unknown 1.1.1d-r0"}},
		{image.Package{Type: image.RPM, Name: "nodejs-nodemon", Version: "2.0.20-1.module_el9.1.0+1+aaaaaaaa", Modularity: "nodejs:18:9010020221118120946:rhel9"}, alma, []string{"CVE-2025-22150 Medium 3.0.1-1.module_el9.5.0+136+92f38f3c", "CVE-2025-23085 Medium 3.0.1-1.module_el9.5.0+136+92f38f3c"}},
		{image.Package{Type: image.RPM, Name: "device-mapper-multipath", Version: "0.8.7-7.el9"}, alma, []string{"CVE-2022-3787 High 0.8.7-12.el9_1.1", "CVE-2022-41974 High 0.8.7-12.el9_1.1"}},
		{image.Package{Type: image.Golang, Name: "gopkg.in/yaml.v2", Version: "v2.2.2"}, image.Distro{}, []string{"GHSA-wxc4-f4m6-wwqv Unknown 2.2.8"}},
		{image.Package{Type: image.Golang, Name: "stdlib", Version: "go1.22.2 X:nocoverageredesign"}, image.Distro{}, []string{"CVE-2024-34158 Unknown 1.22.7"}},
		{image.Package{Type: image.Golang, Name: "stdlib", Version: "go1.23rc1"}, image.Distro{}, []string{"CVE-2024-34158 Unknown 1.23.1"}},
		{image.Package{Type: image.Golang, Name: "stdlib", Version: "go1.23.1"}, image.Distro{}, nil},
		{image.Package{Type: image.Golang, Name: "k8s.io/kubernetes", Version: "v1.20.0"}, image.Distro{}, nil}, // withdrawn
		{image.Package{Type: image.Python, Name: "JSON_Logic", Version: "0.6.3"}, image.Distro{}, []string{"CVE-2021-4329 Critical"}},
		{image.Package{Type: image.Cargo, Name: "odbc", Version: "0.17.0"}, image.Distro{}, []string{"RUSTSEC-2022-0039 Unknown unmaintained"}},
		{image.Package{Type: image.Cargo, Name: "libcrux-psq", Version: "0.0.6"}, image.Distro{}, []string{"GHSA-435g-fcv3-8j26 Negligible 0.0.7"}},
		{image.Package{Type: image.NPM, Name: "moment", Version: "2.29.1"}, image.Distro{}, []string{"GHSA-8hfj-j24r-96c4 High 2.29.2"}},
		{image.Package{Type: image.Composer, Name: "Symfony/Symfony", Version: "v6.3.7"}, image.Distro{}, []string{"CVE-2023-46735 Unknown 6.3.8"}},
		{image.Package{Type: image.Composer, Name: "symfony/symfony", Version: "6.2.9"}, image.Distro{}, nil},
		{image.Package{Type: image.Gem, Name: "rexml", Version: "3.2.3"}, image.Distro{}, []string{"GHSA-8cr8-4vfw-mr7h Unknown 3.2.3.1"}},
		{image.Package{Type: image.Gem, Name: "rexml", Version: "3.2.3.1"}, image.Distro{}, nil},
	} {
		p := advisory.DistinctOf(&c.pkg, c.distro)
		var list []*advisory.Record
		for _, k := range p.Keys() {
			list = append(list, records[k]...)
		}
		findings, problems := advisory.Match(p, list, nil)
		var got []string
		for _, f := range findings {
			line := f.ID + " " + f.Severity.String()
			if len(f.Fixes) > 0 || f.Informational != "" {
				line += " " + strings.Join(f.Fixes, ",") + f.Informational
			}
			got = append(got, line)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || problems != nil {
			t.Errorf("%s %s: problems %v\n%s", c.pkg.Name, c.pkg.Version, problems, diff)
		}
	}
}

func TestModuleStreamsComeFromTheTitle(t *testing.T) {
	t.Parallel()
	for summary, want := range map[string]string{
		"Important: nodejs:18 security, bug fix, and enhancement update": "nodejs:18",
		"Moderate: python38:3.8 and python38-devel:3.8 security update":  "python38:3.8,python38-devel:3.8",
		"Important: container-tools:rhel8 security update":               "container-tools:rhel8",
		"Important: varnish security update":                             advisory.UnnamedModule,
		"":                                                               advisory.UnnamedModule,
	} {
		if got := modulesOf(summary); got != want {
			t.Errorf("%q: %q, want %q", summary, got, want)
		}
	}
}

func TestABombTakesNoMemory(t *testing.T) {
	data := lying(t, 64<<20, 100)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	readAll(data)
	runtime.ReadMemStats(&after)
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 4*maxEntry {
		t.Errorf("%d MiB were allocated", grown>>20)
	}
}

// FuzzRecord: what parses survives JSON, is filed under printable keys, and can be matched.
func FuzzRecord(f *testing.F) {
	files, _ := filepath.Glob("testdata/osv/*.json")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"id":"X-1","affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"events":[{"introduced":"0"},{"limit":"*"},{"fixed":"1","last_affected":"2"}]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRecord(data)
		if r == nil {
			if err == nil {
				t.Fatal("neither a record nor a reason")
			}
			return
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back advisory.Record
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		for _, k := range r.Keys() {
			if !printable(k.Name, 4*maxName) || !printable(k.Ecosystem, maxID) {
				t.Fatalf("filed under %q", k)
			}
			advisory.Match(advisory.Package{Type: image.Python, Ecosystem: k.Ecosystem, Name: k.Name, Version: "1.0"}, []*advisory.Record{r}, nil)
			advisory.Match(advisory.Package{Type: image.Deb, Ecosystem: k.Ecosystem, Name: k.Name, Version: "1.0"}, []*advisory.Record{r}, nil)
		}
	})
}

// FuzzBundle: no bytes panic, and a bundle is either refused or has a record.
func FuzzBundle(f *testing.F) {
	f.Add(bundleOf(f, record("A-1", "2024-01-01T00:00:00Z")))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r := readAll(data); r.refused == "" && len(r.ids) == 0 {
			t.Fatalf("%+v", r)
		}
	})
}
