package feed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
		{image.Package{Type: image.Gem, Name: "rexml", Version: "3.2.3"}, image.Distro{}, []string{"GHSA-8cr8-4vfw-mr7h High 3.2.3.1"}},
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
	f.Add([]byte(`{"id":"X-2","affected":[{"package":{"ecosystem":"Maven","name":"g:a"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"last_affected":"2"}]}],"database_specific":{"fixedin":[">=2.1",">=2-redhat-1,2-redhat-"],"patched_versions":">=3 || ~2.0.1"}}]}`))
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

func TestAStretchThatEndsBeforeItBegins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, events string
		versions     string // listed as affected
		doubt        string // what the problem says; "" for none
		spared, held string // versions
	}{
		{"the last of three", `{"introduced":"1"},{"last_affected":"1.2.9"},{"introduced":"2"},{"last_affected":"2.5.6"},{"introduced":"3.0"},{"last_affected":"3.0.0.M2"}`, "",
			"a range of \"g:x\" begins at \"3.0\" and ends at \"3.0.0.M2\", which is before that; the rest is taken", "3.2.0 5.3.39 3.0 3.0.0.M2 2.5.7", "1.0 2.5.6"},
		{"listed all the same", `{"introduced":"3.0"},{"last_affected":"3.0.0.M2"}`, `"3.0.0.M1"`, "ends at", "3.0 4", "3.0.0.M1"},
		{"a fix before it", `{"introduced":"1"},{"fixed":"2"},{"introduced":"5"},{"fixed":"4"}`, "", "ends at", "3 4 5 6", "1 1.5"},
		{"between two", `{"introduced":"3.0"},{"fixed":"3.0.0.M2"},{"introduced":"4"},{"fixed":"4.5"}`, "", "ends at", "3.0 3.5 4.5", "4 4.4"},
		{"nothing is left", `{"introduced":"3.0"},{"last_affected":"3.0.0.M2"}`, "", "nothing is left of it, skipped", "", ""},
		{"in another order", `{"introduced":"2"},{"fixed":"1.5"},{"introduced":"1"},{"fixed":"2.5"}`, "", "", "1.7 2.5", "1.2 2.2"},
		{"ends first", `{"fixed":"2.5"},{"introduced":"2"},{"fixed":"1.5"},{"introduced":"1"}`, "", "", "1.7 2.5", "1.2 2.2"},
		{"where it begins", `{"introduced":"2"},{"fixed":"2.0"},{"introduced":"3"},{"fixed":"4"}`, "", "", "2 2.5", "3"},
	} {
		r, err := parseRecord([]byte(`{"id":"V-1","affected":[{"package":{"ecosystem":"Maven","name":"g:x"},"ranges":[{"type":"ECOSYSTEM","events":[` + c.events + `]}],"versions":[` + c.versions + `]}]}`))
		if c.doubt == "" && err != nil || c.doubt != "" && (err == nil || !strings.Contains(err.Error(), c.doubt)) {
			t.Errorf("%s: problem %v", c.name, err)
		}
		if r == nil {
			if c.held != "" {
				t.Errorf("%s: there is no record", c.name)
			}
			continue
		}
		for want, versions := range map[int]string{0: c.spared, 1: c.held} {
			for version := range strings.FieldsSeq(versions) {
				p := advisory.Package{Type: image.Maven, Ecosystem: "Maven", Namespace: "g", Name: "x", Version: version}
				if findings, _ := advisory.Match(p, []*advisory.Record{r}, nil); len(findings) != want {
					t.Errorf("%s: %s has %d findings", c.name, version, len(findings))
				}
			}
		}
	}
}

func TestWhatGoRecordsSayOfSystems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ imports, want string }{
		{`[{"path":"a","goos":["windows"],"symbols":["F"]}]`, ">= 0, < 2.0.0 (only on windows)"},
		{`[{"path":"a","goos":["windows"]},{"path":"b","goos":["windows","darwin"]}]`, ">= 0, < 2.0.0 (only on windows or darwin)"},
		{`[{"path":"a","goos":["js"],"goarch":["wasm"]}]`, ">= 0, < 2.0.0 (only on js)"},
		{`[{"path":"a","goarch":["386"]},{"path":"b","goarch":["arm"]}]`, ">= 0, < 2.0.0 (only on 386 or arm)"},
		{`[{"path":"a","goarch":["386","arm","mips","mipsle","ppc"]}]`, ">= 0, < 2.0.0 (only on 386 or arm or mips or 2 others)"},
		{`[{"path":"a","goos":["windows"]},{"path":"b"}]`, ">= 0, < 2.0.0"},
		{`[{"path":"a","goos":["windows"]},{"path":"b","goos":[]}]`, ">= 0, < 2.0.0"},
		{`[{"path":"a","goos":"windows"},7,{"path":"b","goos":[1,{}]}]`, ">= 0, < 2.0.0"},
		{`[{"path":"a","goos":["win\ndows","<script>"]}]`, ">= 0, < 2.0.0"},
		{`[]`, ">= 0, < 2.0.0"},
		{`{"goos":["windows"]}`, ">= 0, < 2.0.0"},
	} {
		r, err := parseRecord([]byte(`{"id":"GO-1","affected":[{"package":{"ecosystem":"Go","name":"stdlib"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.5.0"}]}],"ecosystem_specific":{"imports":` + c.imports + `}},` +
			`{"package":{"ecosystem":"Go","name":"stdlib"},"ranges":[{"type":"SEMVER","events":[{"introduced":"1.5.0"},{"fixed":"2.0.0"}]}],"ecosystem_specific":{"imports":` + c.imports + `}}]}`))
		if err != nil {
			t.Fatal(c.imports, err)
		}
		findings, _ := advisory.Match(advisory.Package{Type: image.Golang, Ecosystem: "Go", Name: "stdlib", Version: "1.0.0"}, []*advisory.Record{r}, nil)
		if len(findings) != 1 || findings[0].Evidence[0].Range != c.want {
			t.Errorf("%s: %+v", c.imports, findings)
		}
	}
}

func TestScoresOfRubySec(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		specific string
		want     advisory.Severity
	}{
		{`{"cvss_score":{"cvss_v3":8.6}}`, advisory.High},
		{`{"cvss_score":{"cvss_v3":8.6,"cvss_v4":1.7}}`, advisory.Low},
		{`{"cvss_score":{"cvss_v2":7.5}}`, advisory.High},
		{`{"cvss_score":{"cvss_v3":9.8,"cvss_v2":5.0}}`, advisory.Critical},
		{`{"cvss_score":{"cvss_v3":9.8},"severity":"LOW"}`, advisory.Low},
		{`{"cvss_score":{"cvss_v3":"9.8"}}`, advisory.Unknown},
		{`{"cvss_score":{"cvss_v3":98,"cvss_v4":-1}}`, advisory.Unknown},
		{`{"cvss_score":{"cvss_v3":null}}`, advisory.Unknown},
		{`{"cvss_score":9.8}`, advisory.Unknown},
		{`{"cvss_score":[9.8]}`, advisory.Unknown},
	} {
		for _, at := range []string{`"affected":[{"package":{"ecosystem":"RubyGems","name":"x"},"versions":["1"],"database_specific":%s}]`, `"database_specific":%s,"affected":[{"package":{"ecosystem":"RubyGems","name":"x"},"versions":["1"]}]`} {
			r, err := parseRecord(fmt.Appendf(nil, `{"id":"RUBYSEC-1",`+at+`}`, c.specific))
			if err != nil {
				t.Fatal(c.specific, err)
			}
			findings, _ := advisory.Match(advisory.Package{Type: image.Gem, Ecosystem: "RubyGems", Name: "x", Version: "1"}, []*advisory.Record{r}, nil)
			if len(findings) != 1 || findings[0].Severity != c.want || (findings[0].SeveritySource == "") != (c.want == advisory.Unknown) {
				t.Errorf("%s: %+v", c.specific, findings)
			}
		}
	}
}
