package feed

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// place is a source for a test: files by path. Without listable it is like a URL.
type place struct {
	files    map[string]string
	listable bool
	asked    []string
}

func (s *place) Read(_ context.Context, path string, limit int64) ([]byte, error) {
	s.asked = append(s.asked, path)
	text, ok := s.files[path]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	if int64(len(text)) > limit {
		return nil, errors.New("too large")
	}
	return []byte(text), nil
}

func (s *place) List(_ context.Context, dir string) ([]string, error) {
	if !s.listable {
		return nil, errors.ErrUnsupported
	}
	seen := map[string]bool{}
	var names []string
	for p := range s.files {
		if dir != "" {
			var ok bool
			if p, ok = strings.CutPrefix(p, dir+"/"); !ok {
				continue
			}
		}
		name, _, _ := strings.Cut(p, "/")
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	if names == nil {
		return nil, fs.ErrNotExist
	}
	return names, nil
}

func TestAlpineParts(t *testing.T) {
	t.Parallel()
	mirror := &place{listable: true, files: map[string]string{
		"v3.18/main.json": "", "v3.18/community.json": "", "v3.2/main.json": "", "edge/main.json": "", "last-update": "", "v3.19/other.json": "", "../v3.1/main.json": "",
	}}
	all := []Part{{Name: "alpine/v3.18/main", Path: "v3.18/main.json"}, {Name: "alpine/v3.18/community", Path: "v3.18/community.json"}, {Name: "alpine/v3.2/main", Path: "v3.2/main.json"}}
	for _, c := range []struct {
		wanted []string
		source *place
		want   []Part
		err    error
	}{
		{nil, mirror, all, nil},
		{[]string{"Debian:12", "Alpine:v3.18", "Alpine:v3.18", "Alpine:../x", "Alpine"}, &place{}, all[:2], nil},
		{[]string{"Alpine:v3.19"}, mirror, []Part{{Name: "alpine/v3.19/main", Path: "v3.19/main.json"}, {Name: "alpine/v3.19/community", Path: "v3.19/community.json"}}, nil},
		{[]string{}, mirror, nil, nil},
		{nil, &place{}, nil, errors.ErrUnsupported},
	} {
		parts, err := alpineParts(t.Context(), c.source, c.wanted)
		if diff := cmp.Diff(c.want, parts); diff != "" || !errors.Is(err, c.err) {
			t.Errorf("%q: %v\n%s", c.wanted, err, diff)
		}
	}
}

func TestAlpine(t *testing.T) {
	t.Parallel()
	records, problems, refused := gather(ReadAlpine, fixture(t, "alpine/v3.10/community.json"), "alpine/v3.10/community")
	if problems != nil || refused != "" {
		t.Errorf("problems %q, refused %q", problems, refused)
	}
	const source = "ALPINE-SECDB-v3.10-community::"
	want := []string{
		source + "botan::CVE-2018-12435\n  Alpine:v3.10 botan < 2.7.0-r0", source + "botan::CVE-2018-20187\n  Alpine:v3.10 botan < 2.9.0-r0",
		source + "botan::CVE-2018-9127\n  Alpine:v3.10 botan < 2.5.0-r0", source + "botan::CVE-2018-9860\n  Alpine:v3.10 botan < 2.6.0-r0",
		source + "cfengine::CVE-2019-9929\n  Alpine:v3.10 cfengine < 3.12.2-r0",
		source + "chicken::CVE-2016-6830\n  Alpine:v3.10 chicken < 4.11.1-r0", source + "chicken::CVE-2016-6831\n  Alpine:v3.10 chicken < 4.11.1-r0",
		source + "chicken::CVE-2017-6949\n  Alpine:v3.10 chicken < 4.12.0-r3", source + "chicken::CVE-2017-9334\n  Alpine:v3.10 chicken < 4.12.0-r2",
	}
	if diff := cmp.Diff(want, spokenAll(records)); diff != "" {
		t.Error(diff)
	}
	alpine := image.Distro{ID: "alpine", VersionID: "3.10.9"}
	libs := image.Package{Type: image.APK, Name: "chicken-libs", Version: "4.12.0-r2", SourceName: "chicken", SourceVersion: "4.12.0-r2"}
	if diff := cmp.Diff([]string{"CVE-2017-6949 fixed 4.12.0-r3 (" + source + "chicken::CVE-2017-6949)"}, matched(libs, alpine, records...)); diff != "" {
		t.Error(diff)
	}
}

// secdb makes a file of v3.18/main with one package.
func secdb(secfixes string) []byte {
	return []byte(`{"distroversion":"v3.18","reponame":"main","packages":[{"pkg":{"name":"xen","secfixes":` + secfixes + `}}]}`)
}

func TestAlpineEntriesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	const source = "ALPINE-SECDB-v3.18-main::xen::"
	records, problems, refused := gather(ReadAlpine, secdb(`{
		"0": ["CVE-2020-29486 XSA-352", "CVE-2022-0001"],
		"4.14.1-r4": ["CVE-2021-28688 XSA-371", "XSA-375", "CVE-2022-0001", "CVE-2022-0002", ""],
		"4.17.0-r1": ["CVE-2022-0002 (+ regression fix)", "CVE_2022-0003,CVE-2022-0004 XSA-1", "not a name", "GHSA-cr5q-6q9f-rq6q"],
		"4.9.0-r0": ["CVE-2022-0002"],
		"4.8": {}, "soon": ["CVE-2022-0005"], "4.7": "CVE-2022-0006"}`), "alpine/v3.18/main")
	var got []string
	for _, r := range records {
		got = append(got, spoken(r)+" "+strings.Join(r.Aliases, ","))
	}
	want := []string{
		source + "CVE-2020-29486\n  Alpine:v3.18 xen [not-affected] XSA-352",
		source + "CVE-2021-28688\n  Alpine:v3.18 xen < 4.14.1-r4 XSA-371",
		source + "CVE-2022-0001\n  Alpine:v3.18 xen < 4.14.1-r4 ",
		source + "CVE-2022-0002\n  Alpine:v3.18 xen < 4.17.0-r1 ",
		source + "CVE-2022-0003\n  Alpine:v3.18 xen < 4.17.0-r1 ",
		source + "CVE-2022-0004\n  Alpine:v3.18 xen < 4.17.0-r1 ",
		source + "GHSA-cr5q-6q9f-rq6q\n  Alpine:v3.18 xen < 4.17.0-r1 ",
		source + "XSA-375\n  Alpine:v3.18 xen < 4.14.1-r4 ",
	}
	if diff := cmp.Diff(want, got); diff != "" || refused != "" {
		t.Errorf("refused %q\n%s", refused, diff)
	}
	if diff := cmp.Diff([]string{
		source + `CVE-2022-0005: the fixed version "soon" is none; skipped`,
		`xen: "", which "4.14.1-r4" fixes, names no vulnerability; skipped`,
		`xen: "not a name", which "4.17.0-r1" fixes, names no vulnerability; skipped`,
		`xen: what "4.7" fixes is no list; skipped`,
	}, problems); diff != "" {
		t.Error(diff)
	}
	xen := image.Package{Type: image.APK, Name: "xen-libs", Version: "4.14.1-r3", SourceName: "xen"}
	findings, _ := advisory.Match(advisory.DistinctOf(&xen, image.Distro{ID: "alpine", VersionID: "3.18.4"}), records, nil)
	names := map[string][]string{}
	for _, f := range findings {
		names[f.ID] = f.IDs
	}
	if names["CVE-2020-29486"] != nil || names["XSA-375"] == nil || cmp.Diff([]string{"CVE-2021-28688", "XSA-371"}, names["CVE-2021-28688"]) != "" {
		t.Errorf("%q", names)
	}
}

// TestAlpineSaysOneThingTwice: OSV's record and the one of secdb are one finding.
func TestAlpineSaysOneThingTwice(t *testing.T) {
	t.Parallel()
	osv, err := parseRecord(fixture(t, "osv/ALPINE-CVE-2019-1549.json"))
	if err != nil {
		t.Fatal(err)
	}
	release, pkg, fixed := "", osv.Affected[0].Package, osv.Affected[0].Ranges[0].Events[1].Fixed
	for _, a := range osv.Affected {
		release = strings.TrimPrefix(a.Ecosystem, "Alpine:")
	}
	records, problems, refused := gather(ReadAlpine, []byte(`{"distroversion":"`+release+`","reponame":"main","packages":[{"pkg":{"name":"`+pkg+`","secfixes":{"`+fixed+`":["CVE-2019-1549"]}}}]}`),
		"alpine/"+release+"/main")
	if problems != nil || refused != "" {
		t.Fatalf("problems %q, refused %q", problems, refused)
	}
	p := image.Package{Type: image.APK, Name: pkg, Version: "1.1.1a-r0", SourceName: pkg}
	want := "CVE-2019-1549 fixed " + fixed + " (ALPINE-CVE-2019-1549) (ALPINE-SECDB-" + release + "-main::" + pkg + "::CVE-2019-1549)"
	if diff := cmp.Diff([]string{want}, matched(p, image.Distro{ID: "alpine", VersionID: strings.TrimPrefix(release, "v") + ".1"}, append(records, osv)...)); diff != "" {
		t.Error(diff)
	}
}

func TestAlpineFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	good := secdb(`{"4.17.0-r1": ["CVE-2022-0002"]}`)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":            {nil, "it is empty"},
		"page":             {[]byte("<html>"), "it is a web page"},
		"cut":              {good[:len(good)-9], "it is cut off or not JSON"},
		"no fix":           {secdb(`{}`), "it lists no fix"},
		"other release":    {[]byte(strings.Replace(string(good), "v3.18", "v3.17", 1)), `it says that it is "alpine/v3.17/main"`},
		"other repository": {[]byte(strings.Replace(string(good), `"main"`, `"../x"`, 1)), `it says that it is "alpine/v3.18/../x"`},
		"kind":             {[]byte(`{"packages": 5}`), `it is cut off or not JSON: the value of "packages" is a number`},
		"large":            {secdb(`{"` + strings.Repeat("x", maxSecDB) + `":[]}`), "it is larger than 16 MiB"},
	} {
		if _, _, refused := gather(ReadAlpine, c.data, "alpine/v3.18/main"); !strings.HasPrefix(refused, "alpine/v3.18/main was refused: "+c.want) {
			t.Errorf("%s: %q, want %q", name, refused, c.want)
		}
	}
}

func FuzzAlpine(f *testing.F) {
	files, err := filepath.Glob("testdata/alpine/*/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"distroversion":"v3.10","reponame":"community","packages":[{"pkg":{"name":"a","secfixes":{"0":["CVE-2020-0001 X-1",""],"1-r0":{}}}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRecords(t, ReadAlpine, data, "alpine/v3.10/community") })
}
