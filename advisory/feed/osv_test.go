package feed

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

func TestOSVIsNotAskedForWhatItHasNot(t *testing.T) {
	t.Parallel()
	parts, err := osvParts(t.Context(), nil, []string{"Debian:12", "Amazon Linux:2", "Oracle Linux:9", "Debian:13"})
	if err != nil || len(parts) != 1 || parts[0].Name != "Debian" {
		t.Errorf("%+v, %v", parts, err)
	}
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
