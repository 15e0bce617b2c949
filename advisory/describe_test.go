package advisory_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

func entry(ecosystem, name string, events ...advisory.Event) advisory.Affected {
	return advisory.Affected{Ecosystem: ecosystem, Package: name, Ranges: []advisory.Range{{Type: "ECOSYSTEM", Events: events}}}
}

func introduced(v string) advisory.Event { return advisory.Event{Introduced: v} }
func fixed(v string) advisory.Event      { return advisory.Event{Fixed: v} }

func TestRangesInWords(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]advisory.Affected{
		"> 1, <= 2":                {Ranges: []advisory.Range{{Events: []advisory.Event{{After: "1"}, {LastAffected: "2"}}}}},
		"< 1.2":                    entry("npm", "a", introduced("0"), fixed("1.2")),
		"*":                        entry("npm", "a", introduced("0")),
		">= 2":                     entry("npm", "a", introduced("2")),
		"< 1.2 || >= 2, < 2.3":     entry("npm", "a", introduced("0"), fixed("1.2"), introduced("2"), fixed("2.3")),
		"<= 1.9 || >= 3, <= 3.1":   entry("npm", "a", introduced("0"), advisory.Event{LastAffected: "1.9"}, introduced("3"), advisory.Event{LastAffected: "3.1"}),
		"= 1.0 || = 1.1":           {Versions: []string{"1.1", "1.0", "1.1"}},
		"none":                     {},
		">= 1, < 2":                entry("npm", "a", introduced("1"), introduced("1.5"), fixed("2"), fixed("3")),
		"< 1 || >= 5, < 6 || >= 7": {Ranges: []advisory.Range{{Events: []advisory.Event{introduced("5"), fixed("6"), introduced("7")}}, {Events: []advisory.Event{introduced("0"), fixed("1")}}}},
	} {
		if got := a.Words(); got != want {
			t.Errorf("%v: %q, want %q", a, got, want)
		}
	}
}

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

var described = []*advisory.Record{
	{ID: "DEBIAN-CVE-2024-0001", Upstream: []string{"CVE-2024-0001"}, Published: day(2), Modified: day(3), Affected: []advisory.Affected{
		{Ecosystem: "Debian:12", Package: "openssl", Ranges: entry("", "", introduced("0"), fixed("3.0.2-1")).Ranges, Word: "low"},
		{Ecosystem: "Debian:11", Package: "openssl", Ranges: entry("", "", introduced("0")).Ranges, State: "wont-fix"},
	}},
	{ID: "ALSA-2024:1", Related: []string{"CVE-2024-0001", "CVE-2024-0002"}, Summary: "Important: openssl security update", Affected: []advisory.Affected{entry("AlmaLinux:9", "openssl-libs", introduced("0"), fixed("1:3.0.7-2.el9"))}},
	{ID: "GHSA-aaaa-bbbb-cccc", Aliases: []string{"CVE-2024-0001"}, Word: "HIGH", Details: "Long.", Links: []advisory.Reference{{Type: "WEB", URL: "https://example.com/x"}, {Type: "WEB", URL: "javascript:alert(1)"}},
		Affected: []advisory.Affected{entry("PyPI", "pyopenssl", introduced("2"), fixed("3"))}},
	{ID: "PYSEC-1", Aliases: []string{"CVE-2024-0001", "GHSA-aaaa-bbbb-cccc"}, Affected: []advisory.Affected{entry("PyPI", "pyopenssl", introduced("2"), fixed("3"))}},
	{ID: "GHSA-wwww-wwww-wwww", Aliases: []string{"CVE-2024-0001"}, Withdrawn: day(9), Affected: []advisory.Affected{entry("npm", "gone", introduced("0"))}},
	{ID: "CVE-2024-0001", Details: "NVD says.", Severity: []advisory.Score{{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}}},
}

func TestWhatIsKnownOfAVulnerability(t *testing.T) {
	t.Parallel()
	got := advisory.Describe([]string{"CVE-2024-0001"}, described, advisory.Wanted{})
	want := []advisory.Description{
		{ID: "CVE-2024-0001", Ecosystem: "AlmaLinux:9", IDs: []string{"CVE-2024-0001"}, Records: []string{"ALSA-2024:1"}, Severity: advisory.High, SeveritySource: "ALSA-2024:1: summary", Text: "Important: openssl security update",
			Affected: []advisory.AffectedPackage{{Name: "openssl-libs", Type: image.RPM, Range: "< 1:3.0.7-2.el9", Fixes: []string{"1:3.0.7-2.el9"}, State: advisory.Fixed}}},
		{ID: "CVE-2024-0001", Ecosystem: advisory.EcosystemCPE, IDs: []string{"CVE-2024-0001"}, Records: []string{"CVE-2024-0001"}, Severity: advisory.High, SeveritySource: "CVE-2024-0001: CVSS v3", Text: "NVD says."},
		{ID: "CVE-2024-0001", Ecosystem: "Debian:11", IDs: []string{"CVE-2024-0001", "DEBIAN-CVE-2024-0001"}, Records: []string{"DEBIAN-CVE-2024-0001"}, Published: day(2), Modified: day(3),
			Affected: []advisory.AffectedPackage{{Name: "openssl", Type: image.Deb, Range: "*", State: advisory.WontFix}}},
		{ID: "CVE-2024-0001", Ecosystem: "Debian:12", IDs: []string{"CVE-2024-0001", "DEBIAN-CVE-2024-0001"}, Records: []string{"DEBIAN-CVE-2024-0001"}, Published: day(2), Modified: day(3), Severity: advisory.Low, SeveritySource: "DEBIAN-CVE-2024-0001: publisher",
			Affected: []advisory.AffectedPackage{{Name: "openssl", Type: image.Deb, Range: "< 3.0.2-1", Fixes: []string{"3.0.2-1"}, State: advisory.Fixed}}},
		{ID: "GHSA-aaaa-bbbb-cccc", Ecosystem: "PyPI", IDs: []string{"CVE-2024-0001", "GHSA-aaaa-bbbb-cccc", "PYSEC-1"}, Records: []string{"GHSA-aaaa-bbbb-cccc", "PYSEC-1"}, Severity: advisory.High, SeveritySource: "GHSA-aaaa-bbbb-cccc: database_specific", Text: "Long.",
			Links:    []advisory.Reference{{Type: "WEB", URL: "https://example.com/x"}},
			Affected: []advisory.AffectedPackage{{Name: "pyopenssl", Type: image.Python, Range: ">= 2, < 3", Fixes: []string{"3"}, State: advisory.Fixed}}},
		{ID: "GHSA-wwww-wwww-wwww", Ecosystem: "npm", IDs: []string{"CVE-2024-0001", "GHSA-wwww-wwww-wwww"}, Records: []string{"GHSA-wwww-wwww-wwww"}, Withdrawn: day(9),
			Affected: []advisory.AffectedPackage{{Name: "gone", Type: image.NPM, Range: "*", State: advisory.NotFixed}}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(advisory.Description{}, "CVSS", "URL"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got[1].CVSS) != 1 || got[1].CVSS[0].Source != advisory.NVD {
		t.Errorf("the score of NVD is %+v", got[1].CVSS)
	}
}

func TestDescriptionsOfOnePackage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ids  []string
		w    advisory.Wanted
		want []string
	}{
		{[]string{"CVE-2024-0001"}, advisory.Wanted{Name: "openssl"}, []string{"CVE-2024-0001 Debian:11", "CVE-2024-0001 Debian:12"}},
		{[]string{"CVE-2024-0001"}, advisory.Wanted{Name: "openssl", Version: "3.0.2-1"}, []string{"CVE-2024-0001 Debian:11"}},
		{[]string{"CVE-2024-0001"}, advisory.Wanted{Name: "PyOpenSSL", Version: "2.5"}, []string{"GHSA-aaaa-bbbb-cccc PyPI"}},
		{[]string{"CVE-2024-0001"}, advisory.Wanted{Name: "PyOpenSSL", Version: "3"}, nil},
		{[]string{"ALSA-2024:1"}, advisory.Wanted{}, []string{"ALSA-2024:1 AlmaLinux:9"}},
		{[]string{"CVE-2024-0002", "PYSEC-1"}, advisory.Wanted{}, []string{"CVE-2024-0002 AlmaLinux:9", "GHSA-aaaa-bbbb-cccc PyPI"}},
		{[]string{"DEBIAN-CVE-2024-0001"}, advisory.Wanted{}, []string{"CVE-2024-0001 Debian:11", "CVE-2024-0001 Debian:12"}},
		{[]string{"CVE-2030-1"}, advisory.Wanted{}, nil},
	} {
		var got []string
		for _, d := range advisory.Describe(c.ids, described, c.w) {
			got = append(got, d.ID+" "+d.Ecosystem)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v of %v (-want +got):\n%s", c.ids, c.w, diff)
		}
	}
}

func TestWhatChangedInARecord(t *testing.T) {
	t.Parallel()
	p := advisory.Package{Type: image.Deb, Ecosystem: "Debian:12", Name: "openssl", Version: "3.0.1-1", SourceName: "openssl"}
	base := func(change func(*advisory.Record)) *advisory.Record {
		r := &advisory.Record{ID: "DEBIAN-CVE-2024-0001", Summary: "one", Affected: []advisory.Affected{
			entry("Debian:12", "openssl", introduced("0"), fixed("3.0.2-1")), entry("Debian:11", "openssl", introduced("0")),
		}}
		if change != nil {
			change(r)
		}
		return r
	}
	for name, c := range map[string]struct {
		change func(*advisory.Record)
		want   []advisory.Difference
	}{
		"nothing": {nil, nil},
		"range": {func(r *advisory.Record) { r.Affected[0].Ranges[0].Events[1].Fixed = "3.0.5-1" },
			[]advisory.Difference{{What: "range", Before: "< 3.0.2-1", After: "< 3.0.5-1"}}},
		"another release":      {func(r *advisory.Record) { r.Affected[1].Ranges[0].Events[0].Introduced = "1" }, nil},
		"withdrawn, with text": {func(r *advisory.Record) { r.Withdrawn, r.Summary = day(4), "two" }, []advisory.Difference{{What: "withdrawn", After: "2026-01-04"}}},
		"state and severity": {func(r *advisory.Record) { r.Affected[0].State, r.Affected[0].Word = "wont-fix", "high" },
			[]advisory.Difference{{What: "state", After: "wont-fix"}, {What: "severity", After: "High"}}},
		"ids":         {func(r *advisory.Record) { r.Aliases = []string{"B", "A"} }, []advisory.Difference{{What: "ids", After: "A, B"}}},
		"text":        {func(r *advisory.Record) { r.Summary = "two" }, []advisory.Difference{{What: "text", Before: "one", After: "two"}}},
		"not of this": {func(r *advisory.Record) { r.Affected = r.Affected[1:] }, []advisory.Difference{{What: "range", Before: "< 3.0.2-1"}}},
	} {
		if diff := cmp.Diff(c.want, advisory.Differences(base(nil), base(c.change), p)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
