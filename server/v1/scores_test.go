package v1

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
)

// Scores of NVD stand with the CVE that it scored, those of others with their record; of one version of CVSS the newest
// counts; a CVE that nobody scored is there too.
func TestScores(t *testing.T) {
	t.Parallel()
	nvd, vendor := scores(&advisory.Finding{
		IDs: []string{"CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003", "GHSA-1"},
		CVSS: []advisory.CVSS{
			{Source: "GHSA-1", Version: "3.1", Vector: "a", Base: 9.8, Exploitability: 3.9, Impact: 5.9},
			{Source: advisory.NVD, Version: "4.0", Vector: "b", Base: 9.3, Exploitability: -1, Impact: -1, ID: "CVE-2024-0001"},
			{Source: advisory.NVD, Version: "3.1", Vector: "c", Base: 7.5, Exploitability: 3.9, Impact: 3.6, ID: "CVE-2024-0001"},
			{Source: advisory.NVD, Version: "3.1", Vector: "d", Base: 5.3, Exploitability: 3.9, Impact: 1.4, ID: "CVE-2024-0002"},
			{Source: advisory.NVD, Version: "3.0", Vector: "e", Base: 6.5, Exploitability: 3.9, Impact: 1.4, ID: "CVE-2024-0001"},
			{Source: advisory.NVD, Version: "2.0", Vector: "f", Base: 5, Exploitability: 10, Impact: 2.9, ID: "CVE-2024-0001"},
		},
	})
	none := CVSSScore{Base: -1, Exploitability: -1, Impact: -1}
	if d := cmp.Diff([]ScoreRow{
		{ID: "CVE-2024-0001", CVSSv2: CVSSScore{5, 10, 2.9, "f"}, CVSSv3: CVSSScore{7.5, 3.9, 3.6, "c"}},
		{ID: "CVE-2024-0002", CVSSv2: none, CVSSv3: CVSSScore{5.3, 3.9, 1.4, "d"}},
		{ID: "CVE-2024-0003", CVSSv2: none, CVSSv3: none},
	}, nvd); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]ScoreRow{{ID: "GHSA-1", CVSSv2: none, CVSSv3: CVSSScore{9.8, 3.9, 5.9, "a"}}}, vendor); d != "" {
		t.Error(d)
	}
}

// A finding by CPE says by which, and is in NVD's group.
func TestRowOfAMatchByCPE(t *testing.T) {
	t.Parallel()
	f := &advisory.ImageFinding{Finding: advisory.Finding{ID: "CVE-2024-0001", Evidence: []advisory.Evidence{{Ecosystem: advisory.EcosystemCPE}}}}
	f.Package.CPEs = []string{"cpe:2.3:a:golang:go:1.20:*:*:*:*:*:*:*"}
	f.Distinct.Ecosystem = advisory.EcosystemCPE
	r := &routes{Services: Services{FeedGroup: advisory.FeedGroup}}
	if row := r.vulnerabilityRow(f); row.PackageCPE23 != f.Package.CPEs[0] || row.FeedGroup != "nvdv2:cves" || row.PackageCPE != "cpe:/a:golang:go:1.20" {
		t.Errorf("%+v", row)
	}
	f.Evidence[0].Ecosystem = "Go"
	if row := r.vulnerabilityRow(f); row.PackageCPE23 != "None" || row.PackageCPE != "None" {
		t.Errorf("%+v", row)
	}
}
