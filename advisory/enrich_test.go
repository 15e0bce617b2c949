package advisory

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEnrich(t *testing.T) {
	t.Parallel()
	v3 := CVSS{NVD, "3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, 3.9, 5.9, "CVE-2024-0001"}
	v2 := CVSS{NVD, "2.0", "AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5, 10, 6.4, "CVE-2024-0001"}
	low := CVSS{NVD, "3.1", "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 1.8, 0.3, 1.4, "CVE-2024-0002"}
	vendor := CVSS{"GHSA-1", "3.1", v3.Vector, 9.8, 3.9, 5.9, ""}
	known := map[string]Enrichment{
		"CVE-2024-0001": EnrichmentOf(&Record{ID: "CVE-2024-0001", Details: "It reads. Too much.", Severity: []Score{{"CVSS_V2", v2.Vector}, {"CVSS_V3", v3.Vector}}}),
		"CVE-2024-0002": EnrichmentOf(&Record{ID: "CVE-2024-0002", Details: strings.Repeat("word ", 100), Severity: []Score{{"CVSS_V3", low.Vector}}}),
		"CVE-2024-0003": EnrichmentOf(&Record{ID: "CVE-2024-0003", Details: "Rejected.", Withdrawn: time.Unix(1, 0), Severity: []Score{{"CVSS_V3", v3.Vector}}}),
		"CVE-2024-0004": EnrichmentOf(&Record{ID: "CVE-2024-0004", Severity: []Score{{"CVSS_V2", v2.Vector}}}),
	}
	old := v2
	old.ID = "CVE-2024-0004"
	for _, c := range []struct {
		name     string
		in, want Finding
	}{
		{"nothing said", Finding{IDs: []string{"CVE-2024-0001", "DEBIAN-CVE-2024-0001"}},
			Finding{Severity: Critical, SeveritySource: "CVE-2024-0001: NVD CVSS v3", Title: "It reads.", CVSS: []CVSS{v3, v2}}},
		{"the publisher's word", Finding{IDs: []string{"CVE-2024-0001"}, Severity: Low, SeveritySource: "X: publisher", Title: "T"},
			Finding{Severity: Low, SeveritySource: "X: publisher", Title: "T", CVSS: []CVSS{v3, v2}}},
		{"the publisher's score", Finding{IDs: []string{"CVE-2024-0002", "GHSA-1"}, Severity: Critical, SeveritySource: "GHSA-1: CVSS v3", Title: "T", CVSS: []CVSS{vendor}},
			Finding{Severity: Critical, SeveritySource: "GHSA-1: CVSS v3", Title: "T", CVSS: []CVSS{vendor, low}}},
		{"a word in a summary", Finding{IDs: []string{"CVE-2024-0002"}, Severity: High, SeveritySource: "ALSA-1: summary", Title: "T"},
			Finding{Severity: Low, SeveritySource: "CVE-2024-0002: NVD CVSS v3", Title: "T", CVSS: []CVSS{low}}},
		{"two CVEs, the worst", Finding{IDs: []string{"CVE-2024-0001", "CVE-2024-0002"}, Title: "T"},
			Finding{Severity: Critical, SeveritySource: "CVE-2024-0001: NVD CVSS v3", Title: "T", CVSS: []CVSS{v3, low, v2}}},
		{"version 2 alone", Finding{IDs: []string{"CVE-2024-0004"}, Title: "T"},
			Finding{Severity: High, SeveritySource: "CVE-2024-0004: NVD CVSS v2", Title: "T", CVSS: []CVSS{old}}},
		{"rejected", Finding{IDs: []string{"CVE-2024-0003"}}, Finding{}},
		{"not known", Finding{IDs: []string{"CVE-2024-9999"}, Severity: High, SeveritySource: "X: summary"}, Finding{Severity: High, SeveritySource: "X: summary"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.want.IDs = c.in.IDs
			list := []Finding{c.in}
			Enrich(list, known)
			if d := cmp.Diff(c.want, list[0]); d != "" {
				t.Error(d)
			}
			Enrich(list, known)
			if d := cmp.Diff(c.want, list[0]); d != "" {
				t.Errorf("a second time changes it: %s", d)
			}
		})
	}
	if d := cmp.Diff([]string{"CVE-2024-0001", "CVE-2024-0002"}, CVEs([]Finding{{IDs: []string{"CVE-2024-0002", "GHSA-1"}}, {IDs: []string{"CVE-2024-0001", "CVE-2024-0002"}}})); d != "" {
		t.Error(d)
	}
}
