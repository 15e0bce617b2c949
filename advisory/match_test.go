package advisory

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/image"
)

// about makes a record of one package; the ranges are written as "introduced..fixed", "introduced..=last affected" or
// "introduced..".
func about(id, ecosystem, name string, ranges ...string) *Record {
	a := Affected{Ecosystem: ecosystem, Package: name}
	for _, text := range ranges {
		from, to, _ := strings.Cut(text, "..")
		events := []Event{{Introduced: from}}
		if last, ok := strings.CutPrefix(to, "="); ok {
			events = append(events, Event{LastAffected: last})
		} else if to != "" {
			events = append(events, Event{Fixed: to})
		}
		a.Ranges = append(a.Ranges, Range{Type: "ECOSYSTEM", Events: events})
	}
	return &Record{ID: id, Affected: []Affected{a}}
}

func with(r *Record, change func(*Record)) *Record {
	change(r)
	return r
}

func python(name, version string) Package {
	return Package{Type: image.Python, Ecosystem: "PyPI", Name: name, Version: version}
}

func debian(name, version string) Package {
	return Package{Type: image.Deb, Ecosystem: "Debian:12", Name: "lib" + name, Version: version, SourceName: name, SourceVersion: version}
}

// outline is a finding in one line: id, severity, state and fixes.
func outline(findings []Finding) []string {
	lines := []string{}
	for _, f := range findings {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", f.ID, f.Severity, f.State, strings.Join(f.Fixes, ","))))
	}
	return lines
}

func TestAffectedVersions(t *testing.T) {
	t.Parallel()
	several := &Record{ID: "PYSEC-1", Affected: []Affected{{Ecosystem: "PyPI", Package: "x", Ranges: []Range{{Type: "ECOSYSTEM", Events: []Event{
		// Events out of order, two lines of development.
		{Fixed: "2.2"}, {Introduced: "2.0"}, {Fixed: "1.5"}, {Introduced: "1.0"},
	}}}, Versions: []string{"0.1", "3.0rc1"}}}}
	limited := &Record{ID: "PYSEC-2", Affected: []Affected{{Ecosystem: "PyPI", Package: "x", Ranges: []Range{{Type: "ECOSYSTEM", Events: []Event{
		{Introduced: "0"}, {Limit: "2.0"},
	}}}}}}
	for _, c := range []struct {
		version string
		record  *Record
		want    []string // nil: not affected
	}{
		{"1.0", about("A", "PyPI", "x", "0..2.0"), []string{"A Unknown fixed 2.0"}},
		{"2.0", about("A", "PyPI", "x", "0..2.0"), nil},
		{"2.0rc1", about("A", "PyPI", "x", "0..2.0"), []string{"A Unknown fixed 2.0"}},
		{"0.9", about("A", "PyPI", "x", "1.0..2.0"), nil},
		{"1.0.0", about("A", "PyPI", "x", "1.0..2.0"), []string{"A Unknown fixed 2.0"}},
		{"9", about("A", "PyPI", "x", "0.."), []string{"A Unknown not-fixed"}},
		{"1.5", about("A", "PyPI", "x", "0..=1.5"), []string{"A Unknown unknown"}}, // whether anything mends it is not said
		{"1.5", with(about("A", "PyPI", "x", "0..=1.5"), func(r *Record) { r.Affected[0].State = string(WontFix) }), []string{"A Unknown wont-fix"}},
		{"1.5", with(about("A", "PyPI", "x", "0..=1.5"), func(r *Record) { r.Affected = append(r.Affected, about("", "PyPI", "x", "1.5..").Affected...) }), []string{"A Unknown not-fixed"}},
		{"1.6", about("A", "PyPI", "x", "0..=1.5"), nil},
		{"1.2", several, []string{"PYSEC-1 Unknown fixed 1.5"}},
		{"1.5", several, nil},
		{"2.1", several, []string{"PYSEC-1 Unknown fixed 2.2"}},
		{"0.1", several, []string{"PYSEC-1 Unknown not-fixed"}},
		{"3.0rc1", several, []string{"PYSEC-1 Unknown not-fixed"}},
		{"3.0", several, nil},
		{"1.9", limited, []string{"PYSEC-2 Unknown not-fixed"}},
		{"2.0", limited, nil},
		{"1.0", about("A", "PyPI", "y", "0.."), nil},
		{"1.0", about("A", "npm", "x", "0.."), nil},
		{"1.0", with(about("A", "PyPI", "x", "0.."), func(r *Record) { r.Withdrawn = time.Unix(1, 0) }), nil},
		{"1.0", with(about("A", "PyPI", "x", "0.."), func(r *Record) { r.Affected[0].State = string(NotAffected) }), nil},
		{"1.0", with(about("A", "PyPI", "x", "0.."), func(r *Record) { r.Affected[0].State = string(WontFix) }), []string{"A Unknown wont-fix"}},
		{"1.0", with(about("A", "PyPI", "x", "0..2.0"), func(r *Record) { r.Affected[0].State = string(WontFix) }), []string{"A Unknown fixed 2.0"}},
	} {
		findings, problems := Match(python("x", c.version), []*Record{c.record}, nil)
		if c.want == nil {
			c.want = []string{}
		}
		if diff := cmp.Diff(c.want, outline(findings)); diff != "" || problems != nil {
			t.Errorf("%s by %s: %v\n%s", c.version, c.record.ID, problems, diff)
		}
	}
}

func TestModulesAreComparedInsideTheirStream(t *testing.T) {
	t.Parallel()
	fix := "1:18.20.2-2.module_el9.4.0+99+a01f7676"
	record := func(module string) *Record {
		r := about("ALSA-1", "AlmaLinux:9", "nodejs", "0.."+fix)
		r.Related, r.Affected[0].Module = []string{"CVE-2024-0001"}, module
		return r
	}
	pkg := func(version, label string) Package {
		return Package{Type: image.RPM, Ecosystem: "AlmaLinux:9", Name: "nodejs", Version: version, Modularity: label}
	}
	const built = "1:18.12.0-1.module_el9.1.0+10+aaaaaaaa"
	for _, c := range []struct {
		name     string
		pkg      Package
		record   *Record
		found    int
		problems int
	}{
		{"its own stream", pkg(built, "nodejs:18:9010020221118120946:rhel9"), record("nodejs:18"), 1, 0},
		{"one of two streams", pkg(built, "nodejs:18:9010020221118120946:rhel9"), record("nodejs:20,nodejs:18"), 1, 0},
		{"another stream", pkg(built, "nodejs:18:9010020221118120946:rhel9"), record("nodejs:20"), 0, 0},
		{"a longer name", pkg(built, "nodejs:180:9010020221118120946:rhel9"), record("nodejs:18"), 0, 0},
		{"outside of modules", pkg("1:16.0-1.el9", ""), record("nodejs:18"), 0, 0},
		{"a record outside of modules", pkg(built, "nodejs:18:9010020221118120946:rhel9"), about("ALSA-2", "AlmaLinux:9", "nodejs", "0.."), 0, 0},
		{"a record without a stream", pkg(built, "nodejs:18:9010020221118120946:rhel9"), record(UnnamedModule), 0, 1},
		{"a package without a label", pkg(built, ""), record("nodejs:18"), 0, 1},
	} {
		findings, problems := Match(c.pkg, []*Record{c.record}, nil)
		if len(findings) != c.found || len(problems) != c.problems {
			t.Errorf("%s: %v, problems %v", c.name, outline(findings), problems)
		}
	}
}

func TestWhatCannotBeComparedIsAProblem(t *testing.T) {
	t.Parallel()
	odd := about("PYSEC-1", "PyPI", "x", "0..no-version")
	odd.Affected[0].Versions = []string{"1.0"}
	for _, c := range []struct {
		version  string
		record   *Record
		found    int
		problems int
	}{
		{"(devel)", about("A", "PyPI", "x", "0..2.0"), 0, 1},
		{"", about("A", "PyPI", "x", "0..2.0"), 0, 1},
		{"1.0", about("A", "PyPI", "x", "0..no-version"), 0, 1},
		{"1.0", odd, 1, 0}, // listed all the same
		{"(devel)", about("A", "PyPI", "y", "0.."), 0, 0},
	} {
		findings, problems := Match(python("x", c.version), []*Record{c.record}, nil)
		if len(findings) != c.found || len(problems) != c.problems {
			t.Errorf("%q: %v, problems %v", c.version, outline(findings), problems)
		}
	}
	records := []*Record{about("A", "PyPI", "x", "0..2.0"), about("B", "PyPI", "x", "0..3.0"), about("C", "PyPI", "x", "0..")}
	if _, problems := Match(python("x", "unknown"), records, nil); len(problems) != 1 {
		t.Errorf("a version that is none is told once, not for each record: %q", problems)
	}
	if findings, problems := Match(Package{Type: image.Deb, Name: "x", Version: "1"}, []*Record{about("A", "", "x", "0..")}, nil); findings != nil || problems != nil {
		t.Errorf("a package without an ecosystem has %v, %v", findings, problems)
	}
}

func TestAFindingTellsAll(t *testing.T) {
	t.Parallel()
	ghsa := with(about("GHSA-aaaa-bbbb-cccc", "PyPI", "x", "0..2.0"), func(r *Record) {
		r.Aliases, r.Summary, r.Word = []string{"CVE-2024-0001"}, "x reads\n too much", "CRITICAL"
		r.Published = time.Date(2024, 3, 2, 0, 0, 0, 0, time.UTC)
		r.Severity = []Score{{"CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}
		r.Links = []Reference{{"WEB", "https://example.org/"}, {"ADVISORY", "javascript:GHSA-aaaa-bbbb-cccc"}, {"ADVISORY", "https://github.com/advisories/GHSA-aaaa-bbbb-cccc"}}
	})
	pysec := with(about("PYSEC-2024-1", "PyPI", "x", "1.0..2.0"), func(r *Record) {
		r.Aliases, r.Details = []string{"CVE-2024-0001"}, "Another sentence. And more."
		r.Published = time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	})
	nvd := with(about("CVE-2024-0001", "PyPI", "x", "0..2.0"), func(r *Record) {
		r.Severity = []Score{{"CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}}
	})
	got, problems := Match(python("x", "1.1"), []*Record{pysec, nvd, ghsa}, map[string]string{"CVE-2024-0001": "2024-04-01", "CVE-2024-0002": "2020-01-01"})
	want := []Finding{{
		ID: "GHSA-aaaa-bbbb-cccc", IDs: []string{"CVE-2024-0001", "GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1"},
		Severity: Critical, SeveritySource: "GHSA-aaaa-bbbb-cccc: database_specific",
		Fixes: []string{"2.0"}, State: Fixed, Title: "x reads too much", URL: "https://github.com/advisories/GHSA-aaaa-bbbb-cccc",
		Published: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), KnownExploited: "2024-04-01",
		CVSS: []CVSS{
			{"GHSA-aaaa-bbbb-cccc", "3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, 3.9, 5.9, ""},
			{NVD, "3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5, 3.9, 3.6, "CVE-2024-0001"},
		},
		Evidence: []Evidence{
			{"CVE-2024-0001", "PyPI", "x", "1.1", ">= 0, < 2.0", "2.0", "", "", ""},
			{"GHSA-aaaa-bbbb-cccc", "PyPI", "x", "1.1", ">= 0, < 2.0", "2.0", "", "", ""},
			{"PYSEC-2024-1", "PyPI", "x", "1.1", ">= 1.0, < 2.0", "2.0", "", "", ""},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" || problems != nil {
		t.Errorf("problems %v\n%s", problems, diff)
	}
}

func TestRecordsAndFindingsSurviveJSON(t *testing.T) {
	t.Parallel()
	r := with(about("GHSA-aaaa-bbbb-cccc", "PyPI", "x", "0..2.0"), func(r *Record) {
		r.Modified, r.Word, r.Informational = time.Date(2024, 1, 2, 3, 4, 5, 678, time.UTC), "HIGH", "unsound"
		r.Affected[0].Module, r.Affected[0].Arches = "a:1", []string{"x86_64"}
	})
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Record
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*r, back); diff != "" {
		t.Error(diff)
	}
	if empty, _ := json.Marshal(Record{ID: "X"}); string(empty) != `{"id":"X"}` {
		t.Errorf("an empty record takes %s", empty)
	}
	findings, _ := Match(python("x", "1"), []*Record{r}, nil)
	b, err = json.Marshal(findings)
	if err != nil {
		t.Fatal(err)
	}
	var again []Finding
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(findings, again); diff != "" {
		t.Error(diff)
	}
}
