package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

type reader = func(io.ReaderAt, int64, string) iter.Seq2[*advisory.Record, error]

// gather reads all of a part. A problem is "entry: reason".
func gather(read reader, data []byte, part string) (records []*advisory.Record, problems []string, refused string) {
	for record, err := range read(bytes.NewReader(data), int64(len(data)), part) {
		var r *Refused
		var p *Problem
		switch {
		case refused != "":
			refused = "something followed: " + refused
		case errors.As(err, &r):
			refused = r.Error()
		case errors.As(err, &p):
			problems = append(problems, p.Entry+": "+p.Reason)
		case err != nil:
			refused = "an error of no kind: " + err.Error()
		}
		if record != nil {
			records = append(records, record)
		}
	}
	return records, problems, refused
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// spoken is what a record says, a line for each entry: "Debian:12 zlib < 1.2 wont-fix (low) module [arches]".
func spoken(r *advisory.Record) string {
	var b strings.Builder
	fmt.Fprint(&b, r.ID)
	for _, a := range r.Affected {
		fmt.Fprintf(&b, "\n  %s %s", a.Ecosystem, a.Package)
		for _, rng := range a.Ranges {
			for _, e := range rng.Events {
				if e.Fixed != "" {
					fmt.Fprintf(&b, " < %s", e.Fixed)
				}
			}
		}
		for _, s := range []string{a.State, a.Word, a.Module, strings.Join(a.Arches, "+")} {
			if s != "" {
				fmt.Fprintf(&b, " [%s]", s)
			}
		}
	}
	return b.String()
}

func spokenAll(records []*advisory.Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, spoken(r))
	}
	return out
}

// matched is what Match makes of records: "id state fixes (evidence)".
func matched(p image.Package, d image.Distro, records ...*advisory.Record) []string {
	findings, problems := advisory.Match(advisory.DistinctOf(&p, d), records, nil)
	var out []string
	for _, f := range findings {
		line := f.ID + " " + string(f.State)
		if len(f.Fixes) > 0 {
			line += " " + strings.Join(f.Fixes, ",")
		}
		for _, e := range f.Evidence {
			line += " (" + e.Record + ")"
		}
		out = append(out, line)
	}
	for _, p := range problems {
		out = append(out, "problem: "+p)
	}
	return out
}

func TestDebianTracker(t *testing.T) {
	t.Parallel()
	records, problems, refused := gather(ReadDebian, fixture(t, "debian/tracker.json"), "debian")
	if problems != nil || refused != "" {
		t.Errorf("problems %q, refused %q", problems, refused)
	}
	want := []string{
		"DEBIAN-TRACKER::bash::TEMP-0841856-B18BAF\n  Debian:12 bash [unimportant]",
		"DEBIAN-TRACKER::chromium::CVE-2022-0456" +
			"\n  Debian:12 chromium < 98.0.4758.80-1 [not yet assigned]" +
			"\n  Debian:11 chromium < 98.0.4758.80-1~deb11u1 [not yet assigned]" +
			"\n  Debian:10 chromium [wont-fix] [end-of-life]" +
			"\n  Debian:9 chromium [wont-fix] [end-of-life]",
		"DEBIAN-TRACKER::expat::CVE-2013-0340\n  Debian:12 expat < 2.4.1-1 [unimportant]\n  Debian:11 expat [unimportant]",
		"DEBIAN-TRACKER::prototypejs::CVE-2007-2383" +
			"\n  Debian:10 prototypejs [not-affected] [unimportant]" +
			"\n  Debian:8 prototypejs [not-affected] [unimportant]" +
			"\n  Debian:9 prototypejs [not-affected] [unimportant]",
		"DEBIAN-TRACKER::sope::CVE-2025-53603" +
			"\n  Debian:12 sope < 5.8.0-1+deb12u1 [not yet assigned]" +
			"\n  Debian:11 sope < 5.0.1-2+deb11u1 [not yet assigned]" +
			"\n  Debian:13 sope < 5.12.1-2 [not yet assigned]",
		"DEBIAN-TRACKER::zlib::CVE-2023-45853\n  Debian:12 zlib [wont-fix] [not yet assigned]\n  Debian:13 zlib < 1:1.3.dfsg-3.1 [not yet assigned]",
	}
	if diff := cmp.Diff(want, spokenAll(records)); diff != "" {
		t.Error(diff)
	}
}

// TestDebianSaysOneThingTwice: OSV's record and the tracker's statement are one finding, with both as evidence.
func TestDebianSaysOneThingTwice(t *testing.T) {
	t.Parallel()
	statements, _, _ := gather(ReadDebian, fixture(t, "debian/tracker.json"), "debian")
	osv, err := parseRecord(fixture(t, "osv/DEBIAN-CVE-2013-0340.json"))
	if err != nil {
		t.Fatal(err)
	}
	records := append(statements, osv)
	bookworm := image.Distro{ID: "debian", VersionID: "12"}
	expat := image.Package{Type: image.Deb, Name: "libexpat1", Version: "2.4.0-1", SourceName: "expat", SourceVersion: "2.4.0-1"}
	if diff := cmp.Diff([]string{"CVE-2013-0340 fixed 2.4.1-1 (DEBIAN-CVE-2013-0340) (DEBIAN-TRACKER::expat::CVE-2013-0340)"}, matched(expat, bookworm, records...)); diff != "" {
		t.Error(diff)
	}
	findings, _ := advisory.Match(advisory.DistinctOf(&expat, bookworm), records, nil)
	if len(findings) != 1 {
		t.Fatalf("%d findings", len(findings))
	}
	f := findings[0]
	if diff := cmp.Diff([]string{"CVE-2013-0340", "DEBIAN-CVE-2013-0340"}, f.IDs); diff != "" {
		t.Errorf("a statement is no name of the vulnerability:\n%s", diff)
	}
	if f.Severity != advisory.Negligible || f.SeveritySource != "DEBIAN-TRACKER::expat::CVE-2013-0340: publisher" {
		t.Errorf("severity %s by %q", f.Severity, f.SeveritySource)
	}
	expat.Version, expat.SourceVersion = "2.5.0-1", "2.5.0-1"
	if got := matched(expat, bookworm, records...); got != nil {
		t.Errorf("fixed, and found: %q", got)
	}
}

// TestDebianDeniesWhatOSVHolds: the tracker's word about the release stands against a range of OSV's.
func TestDebianDeniesWhatOSVHolds(t *testing.T) {
	t.Parallel()
	records, _, _ := gather(ReadDebian, fixture(t, "debian/tracker.json"), "debian")
	osv, err := parseRecord([]byte(`{"id":"DEBIAN-CVE-2007-2383","affected":[{"package":{"ecosystem":"Debian:10","name":"prototypejs"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	p := image.Package{Type: image.Deb, Name: "prototypejs", Version: "1.7.1-3"}
	want := []string{"CVE-2007-2383 not-affected (DEBIAN-CVE-2007-2383) (DEBIAN-TRACKER::prototypejs::CVE-2007-2383)"}
	if diff := cmp.Diff(want, matched(p, image.Distro{ID: "debian", VersionID: "10"}, append(records, osv)...)); diff != "" {
		t.Error(diff)
	}
}

func TestDebianFindings(t *testing.T) {
	t.Parallel()
	records, _, _ := gather(ReadDebian, fixture(t, "debian/tracker.json"), "debian")
	deb := func(name, version string) image.Package {
		return image.Package{Type: image.Deb, Name: name, Version: version, SourceName: name, SourceVersion: version}
	}
	for _, c := range []struct {
		pkg     image.Package
		release string
		want    []string
	}{
		{deb("zlib", "1:1.2.13.dfsg-1"), "12", []string{"CVE-2023-45853 wont-fix (DEBIAN-TRACKER::zlib::CVE-2023-45853)"}},
		{deb("zlib", "1.3.dfsg-4"), "13", []string{"CVE-2023-45853 fixed 1:1.3.dfsg-3.1 (DEBIAN-TRACKER::zlib::CVE-2023-45853)"}}, // the epoch decides
		{deb("zlib", "1:1.3.dfsg+really1.3.1-1"), "13", nil},
		{deb("bash", "5.2.15-2+b7"), "12", []string{"TEMP-0841856-B18BAF not-fixed (DEBIAN-TRACKER::bash::TEMP-0841856-B18BAF)"}},
		{deb("sope", "5.8.0-1"), "12", []string{"CVE-2025-53603 fixed 5.8.0-1+deb12u1 (DEBIAN-TRACKER::sope::CVE-2025-53603)"}},
		{deb("sope", "5.8.0-1"), "14", nil},
	} {
		if diff := cmp.Diff(c.want, matched(c.pkg, image.Distro{ID: "debian", VersionID: c.release}, records...)); diff != "" {
			t.Errorf("%s %s on %s:\n%s", c.pkg.Name, c.pkg.Version, c.release, diff)
		}
	}
	bash := deb("bash", "5.2.15-2+b7")
	findings, _ := advisory.Match(advisory.DistinctOf(&bash, image.Distro{ID: "debian", VersionID: "12"}), records, nil)
	if len(findings) != 1 || findings[0].URL != "https://security-tracker.debian.org/tracker/TEMP-0841856-B18BAF" || findings[0].Severity != advisory.Negligible {
		t.Errorf("%+v", findings)
	}
}

func TestDebianEntriesThatAreBroken(t *testing.T) {
	t.Parallel()
	records, problems, refused := gather(ReadDebian, []byte(`{
		"a": {"CVE-2024-0001": {"releases": {"bookworm": {"status": "maybe"}, "trixie": {"status": "undetermined"}}},
		      "CVE-2024-0002": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "no version"}}},
		      "CVE-2024-0003": {"releases": {"bookworm": "open"}},
		      "CVE-2024-0004": [], "CVE-2024-0005": {"description": 5, "releases": {}},
		      "CVE 2024": {"releases": {"bookworm": {"status": "open"}}},
		      "CVE-2024-0006": {"releases": {"zurg": {"status": "open"}, "sid": {"status": "open"}}},
		      "CVE-2024-0007": {}},
		"b\u0007": {"CVE-2024-0001": {"releases": {"bookworm": {"status": "open"}}}},
		"c": {"CVE-2024-0001": {"releases": {"bookworm": {"status": "open", "nodsa_reason": "postponed", "urgency": null}}}}}`), "debian")
	if diff := cmp.Diff([]string{"DEBIAN-TRACKER::a::CVE-2024-0001\n  Debian:13 a [under-investigation]", "DEBIAN-TRACKER::c::CVE-2024-0001\n  Debian:12 c"}, spokenAll(records)); diff != "" || refused != "" {
		t.Errorf("refused %q\n%s", refused, diff)
	}
	want := []string{
		`DEBIAN-TRACKER::a::CVE-2024-0001: bookworm: the status "maybe" is not known; the rest is taken`,
		`DEBIAN-TRACKER::a::CVE-2024-0002: bookworm: the fixed version "no version" is none; nothing is left of it, skipped`,
		`DEBIAN-TRACKER::a::CVE-2024-0003: it is not what it should be: the value of "" is a string; skipped`,
		`DEBIAN-TRACKER::a::CVE-2024-0004: it is not what it should be: the value of "" is a array; skipped`,
		`DEBIAN-TRACKER::a::CVE-2024-0005: it is not what it should be: the value of "description" is a number; skipped`,
		"a CVE 2024: its name or id is not usable; skipped",
		"b\a CVE-2024-0001: its name or id is not usable; skipped",
		`release "zurg": no release of Debian is known here by this name; what is said of it was skipped`,
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
}

func TestDebianFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	whole := fixture(t, "debian/tracker.json")
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":            {nil, "it is empty"},
		"nothing":          {[]byte("{}"), "it lists no vulnerability"},
		"no vulnerability": {[]byte(`{"a": {}}`), "it lists no vulnerability"},
		"page":             {[]byte("\n<!DOCTYPE html>"), "it is a web page"},
		"list":             {[]byte(`[1]`), `it is not what it should be: "" is no object`},
		"package":          {[]byte(`{"a": 5}`), `it is not what it should be: "a" is no object`},
		"cut":              {whole[:len(whole)/2], "it is cut off"},
		"cut at the end":   {bytes.TrimRight(whole, "}\n "), "it is cut off"},
		"two":              {append(bytes.Clone(whole), whole...), "something follows its end"},
		"damaged":          {bytes.Replace(whole, []byte(`"releases"`), []byte(`"releases`), 2), "it is damaged"},
		"deep":             {[]byte(`{"a": {"CVE-2024-0001": ` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}}`), "it is damaged"},
		"one long entry":   {[]byte(`{"a": {"CVE-2024-0001": "` + strings.Repeat("x", 2*maxEntry) + `"}}`), "one entry of it is larger"},
		"one long name":    {[]byte(`{"` + strings.Repeat("x", 2*maxEntry) + `": {}}`), "one entry of it is larger"},
		"gzip, cut":        {zipped(t, string(whole))[:500], "it is cut off"},
	} {
		_, _, refused := gather(ReadDebian, c.data, "debian")
		if !strings.HasPrefix(refused, debianFile+" was refused: "+c.want) {
			t.Errorf("%s: %q, want %q", name, refused, c.want)
		}
	}
	if records, _, refused := gather(ReadDebian, zipped(t, string(whole)), "debian"); len(records) != 6 || refused != "" {
		t.Errorf("compressed: %d records, refused %q", len(records), refused)
	}
}

// fuzzRecords checks what any reader of records yields: names that can be kept, and records that can be matched.
func fuzzRecords(t *testing.T, read reader, data []byte, part string) {
	t.Helper()
	records, _, refused := gather(read, data, part)
	if strings.HasPrefix(refused, "something followed") || strings.HasPrefix(refused, "an error of no kind") {
		t.Fatal(refused)
	}
	for _, r := range records {
		if !printable(r.ID, 4*maxName) || strings.ContainsAny(r.ID, " ") {
			t.Fatalf("the id %q", r.ID)
		}
		if b, err := json.Marshal(r); err != nil || !json.Valid(b) {
			t.Fatal(err)
		}
		for _, k := range r.Keys() {
			if !printable(k.Name, maxName) || !printable(k.Ecosystem, maxID) {
				t.Fatalf("filed under %q", k)
			}
			for _, kind := range []image.PackageType{image.Deb, image.RPM, image.APK} {
				advisory.Match(advisory.Package{Type: kind, Ecosystem: k.Ecosystem, Name: k.Name, Version: "1.0-1"}, []*advisory.Record{r}, nil)
			}
		}
	}
}

func FuzzDebian(f *testing.F) {
	f.Add(fixture(f, "debian/tracker.json"))
	f.Add([]byte(`{"a":{"CVE-2024-0001":{"releases":[]}},"b":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRecords(t, ReadDebian, data, "debian") })
}
