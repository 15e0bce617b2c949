package advisory

import (
	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/image"
	"strings"
	"testing"
)

func TestOneFindingForEachVulnerability(t *testing.T) {
	t.Parallel()
	bundle := with(about("DSA-1-1", "Debian:12", "x", "0..1.0-2"), func(r *Record) { r.Upstream = []string{"CVE-2024-0001", "CVE-2024-0002"} })
	for _, c := range []struct {
		name    string
		pkg     Package
		records []*Record
		want    []string
		ids     [][]string
		evidenceOf
	}{
		{
			name: "a bundle is one finding for each CVE, with the bundle as evidence",
			pkg:  debian("x", "1.0-1"),
			records: []*Record{bundle, with(about("DEBIAN-CVE-2024-0002", "Debian:12", "x", "0..1.0-3"), func(r *Record) {
				r.Upstream = []string{"CVE-2024-0002"}
			})},
			want:       []string{"CVE-2024-0001 Unknown fixed 1.0-2", "CVE-2024-0002 Unknown fixed 1.0-2,1.0-3"},
			ids:        [][]string{{"CVE-2024-0001"}, {"CVE-2024-0002", "DEBIAN-CVE-2024-0002"}},
			evidenceOf: evidenceOf{{"DSA-1-1"}, {"DEBIAN-CVE-2024-0002", "DSA-1-1"}},
		},
		{
			name:       "a bundle that names no CVE is a finding of its own",
			pkg:        debian("x", "1.0-1"),
			records:    []*Record{about("DSA-2-1", "Debian:12", "x", "0..1.0-2")},
			want:       []string{"DSA-2-1 Unknown fixed 1.0-2"},
			ids:        [][]string{{"DSA-2-1"}},
			evidenceOf: evidenceOf{{"DSA-2-1"}},
		},
		{
			name: "related CVEs of a bundle without upstream",
			pkg:  Package{Type: image.RPM, Ecosystem: "AlmaLinux:9", Name: "x", Version: "1-1.el9"},
			records: []*Record{with(about("ALSA-2024:1", "AlmaLinux:9", "x", "0..1-2.el9"), func(r *Record) {
				r.Related, r.Summary = []string{"CVE-2024-0001", "CVE-2024-0002"}, "Important: x security update"
			})},
			want:       []string{"CVE-2024-0001 High fixed 1-2.el9", "CVE-2024-0002 High fixed 1-2.el9"},
			ids:        [][]string{{"CVE-2024-0001"}, {"CVE-2024-0002"}},
			evidenceOf: evidenceOf{{"ALSA-2024:1"}, {"ALSA-2024:1"}},
		},
		{
			name: "records that share an alias are one, under the GHSA id",
			pkg:  python("x", "1.0"),
			records: []*Record{
				with(about("PYSEC-2024-1", "PyPI", "x", "0..2.0"), func(r *Record) { r.Aliases = []string{"CVE-2024-0001"} }),
				with(about("GHSA-aaaa-bbbb-cccc", "PyPI", "x", "0..1.5"), func(r *Record) { r.Aliases = []string{"CVE-2024-0001"} }),
				with(about("PYSEC-2024-2", "PyPI", "x", "0..2.0"), func(r *Record) { r.Aliases = []string{"CVE-2024-0002"} }),
				about("PYSEC-2024-3", "PyPI", "x", "0.."),
			},
			want:       []string{"CVE-2024-0002 Unknown fixed 2.0", "GHSA-aaaa-bbbb-cccc Unknown fixed 1.5,2.0", "PYSEC-2024-3 Unknown not-fixed"},
			ids:        [][]string{{"CVE-2024-0002", "PYSEC-2024-2"}, {"CVE-2024-0001", "GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1"}, {"PYSEC-2024-3"}},
			evidenceOf: evidenceOf{{"PYSEC-2024-2"}, {"GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1"}, {"PYSEC-2024-3"}},
		},
		{
			name: "a record that names two others joins them",
			pkg:  python("x", "1.0"),
			records: []*Record{
				with(about("A-1", "PyPI", "x", "0.."), func(r *Record) { r.Aliases = []string{"CVE-2024-0001"} }),
				with(about("B-1", "PyPI", "x", "0.."), func(r *Record) { r.Aliases = []string{"CVE-2024-0002"} }),
				with(about("C-1", "PyPI", "x", "0.."), func(r *Record) { r.Aliases = []string{"A-1", "B-1"} }),
			},
			want:       []string{"CVE-2024-0001 Unknown not-fixed"},
			ids:        [][]string{{"A-1", "B-1", "C-1", "CVE-2024-0001", "CVE-2024-0002"}},
			evidenceOf: evidenceOf{{"A-1", "B-1", "C-1"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			findings, problems := Match(c.pkg, append(c.records, c.records...), nil)
			var ids [][]string
			var evidence evidenceOf
			for _, f := range findings {
				ids = append(ids, f.IDs)
				var from []string
				for _, e := range f.Evidence {
					from = append(from, e.Record)
				}
				evidence = append(evidence, from)
			}
			if diff := cmp.Diff(c.want, outline(findings)) + cmp.Diff(c.ids, ids) + cmp.Diff(c.evidenceOf, evidence); diff != "" || problems != nil {
				t.Errorf("problems %v\n%s", problems, diff)
			}
		})
	}
}

// evidenceOf are the evidence's records, by finding.
type evidenceOf [][]string

func TestSeverityLadder(t *testing.T) {
	t.Parallel()
	high, medium4 := Score{"CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}, Score{"CVSS_V4", "CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N"}
	base := func(change func(*Record)) *Record { return with(about("X-1", "PyPI", "x", "0.."), change) }
	for _, c := range []struct {
		name    string
		records []*Record
		want    Severity
		source  string
	}{
		{"nothing", []*Record{base(func(*Record) {})}, Unknown, ""},
		{"summary", []*Record{base(func(r *Record) { r.Summary = "Moderate: x update" })}, Medium, "X-1: summary"},
		{"a colon is no severity", []*Record{base(func(r *Record) { r.Summary = "x: high load" })}, Unknown, ""},
		{"v2 has no critical", []*Record{base(func(r *Record) { r.Severity = []Score{{"CVSS_V2", "AV:N/AC:L/Au:N/C:C/I:C/A:C"}} })}, High, "X-1: CVSS v2"},
		{"v3 before summary", []*Record{base(func(r *Record) { r.Summary, r.Severity = "Low: x", []Score{high} })}, High, "X-1: CVSS v3"},
		{"v4 before v3", []*Record{base(func(r *Record) { r.Severity = []Score{high, medium4} })}, Medium, "X-1: CVSS v4"},
		{"word before score", []*Record{base(func(r *Record) { r.Severity, r.Word = []Score{high}, "LOW" })}, Low, "X-1: database_specific"},
		{"the package's word first", []*Record{base(func(r *Record) { r.Word, r.Affected[0].Word = "LOW", "unimportant" })}, Negligible, "X-1: publisher"},
		{"a word that is none", []*Record{base(func(r *Record) { r.Word, r.Affected[0].Word = "LOW", "not yet assigned" })}, Low, "X-1: database_specific"},
		{"Ubuntu's priority", []*Record{base(func(r *Record) { r.Severity = []Score{{"Ubuntu", "medium"}, high} })}, Medium, "X-1: publisher"},
		{"the worst of one rung", []*Record{
			base(func(r *Record) { r.Word, r.Aliases = "LOW", []string{"CVE-2024-0001"} }),
			with(about("X-2", "PyPI", "x", "0.."), func(r *Record) { r.Word, r.Aliases = "HIGH", []string{"CVE-2024-0001"} }),
		}, High, "X-2: database_specific"},
	} {
		findings, _ := Match(python("x", "1"), c.records, nil)
		if len(findings) != 1 || findings[0].Severity != c.want || findings[0].SeveritySource != c.source {
			t.Errorf("%s: %+v, want %s by %q", c.name, findings, c.want, c.source)
		}
	}
}

// TestStatementsAreEvidence: what a source says without an id of its own joins under the vulnerability, whoever numbered
// that, and its record is no name of it.
func TestStatementsAreEvidence(t *testing.T) {
	t.Parallel()
	statement := func(vulnerability string, aliases ...string) *Record {
		return with(about(StatementID("TRACKER", "x", vulnerability), "Debian:12", "x", "0..1.0-2"), func(r *Record) { r.Aliases = aliases })
	}
	for _, c := range []struct {
		records  []*Record
		id       string
		ids      []string
		evidence int
	}{
		{[]*Record{statement("CVE-2024-0001"), about("DEBIAN-CVE-2024-0001", "Debian:12", "x", "0..")}, "CVE-2024-0001", []string{"CVE-2024-0001", "DEBIAN-CVE-2024-0001"}, 2},
		{[]*Record{statement("CVE-2024-0001", "XSA-1")}, "CVE-2024-0001", []string{"CVE-2024-0001", "XSA-1"}, 1},
		{[]*Record{statement("XSA-375")}, "XSA-375", []string{"XSA-375"}, 1},
		{[]*Record{statement("TEMP-0841856-B18BAF")}, "TEMP-0841856-B18BAF", []string{"TEMP-0841856-B18BAF"}, 1},
	} {
		findings, _ := Match(debian("x", "1.0-1"), c.records, nil)
		if len(findings) != 1 || findings[0].ID != c.id || len(findings[0].Evidence) != c.evidence || cmp.Diff(c.ids, findings[0].IDs) != "" {
			t.Errorf("%s: %+v", c.id, findings)
		}
	}
}

func TestLinksAndTitlesWithoutHelpOfTheRecord(t *testing.T) {
	t.Parallel()
	alpine := Package{Type: image.APK, Ecosystem: "Alpine:v3.10", Name: "x", Version: "1.0-r0", SourceName: "x"}
	for _, c := range []struct {
		pkg        Package
		record     *Record
		url, title string
	}{
		{debian("x", "1.0-1"), about("DEBIAN-CVE-2024-0001", "Debian:12", "x", "0.."), "https://security-tracker.debian.org/tracker/CVE-2024-0001", ""},
		{debian("x", "1.0-1"), about("DSA-1-1", "Debian:12", "x", "0.."), "https://security-tracker.debian.org/tracker/DSA-1-1", ""},
		{alpine, about("ALPINE-CVE-2024-0001", "Alpine:v3.10", "x", "0.."), "https://security.alpinelinux.org/vuln/CVE-2024-0001", ""},
		{python("x", "1"), about("GHSA-aaaa-bbbb-cccc", "PyPI", "x", "0.."), "https://github.com/advisories/GHSA-aaaa-bbbb-cccc", ""},
		{python("x", "1"), about("PYSEC-1", "PyPI", "x", "0.."), "https://osv.dev/vulnerability/PYSEC-1", ""},
		{python("x", "1"), with(about("PYSEC-1", "PyPI", "x", "0.."), func(r *Record) {
			r.Aliases, r.Details = []string{"CVE-2024-0001"}, "First. Second."
		}), "https://nvd.nist.gov/vuln/detail/CVE-2024-0001", "First."},
		{python("x", "1"), with(about("PYSEC-1", "PyPI", "x", "0.."), func(r *Record) {
			r.Links, r.Details = []Reference{{"WEB", "https://example.org/x"}}, strings.Repeat("words ", 100)
		}), "https://example.org/x", strings.Repeat("words ", 39) + "words …"},
	} {
		findings, _ := Match(c.pkg, []*Record{c.record}, nil)
		if len(findings) != 1 || findings[0].URL != c.url || findings[0].Title != c.title {
			t.Errorf("%s: %+v, want %s %q", c.record.ID, findings, c.url, c.title)
		}
	}
}
