package sbom

import (
	"strconv"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"landwaiter.dev/advisory"
)

// cycloneVulnerabilities makes one entry of each vulnerability, with the packages that it is in.
func cycloneVulnerabilities(d *Document, entries []entry) []cdx.Vulnerability {
	refs := make(map[packageKey]string, len(entries))
	for i := range entries {
		if e := &entries[i]; !e.declared {
			refs[keyOf(e.Package)] = cycloneRef(e, i)
		}
	}
	list := []cdx.Vulnerability{}
	index := map[string]int{}
	for i := range d.Findings {
		f := &d.Findings[i]
		id := f.ID
		if f.Ignored != "" {
			id += " ignored " + f.Ignored
		}
		if f.VEX != nil && !f.VEX.Unverified {
			id += " " + f.VEX.Status
		}
		at, ok := index[id]
		if !ok {
			v := cdx.Vulnerability{BOMRef: "vulnerability:" + strconv.Itoa(len(list)), ID: f.ID, Description: f.Title, Source: &cdx.Source{Name: sourceOf(f)}}
			if f.URL != "" {
				v.Advisories = &[]cdx.Advisory{{URL: f.URL}}
			}
			ratings := []cdx.VulnerabilityRating{{Severity: cycloneSeverity(f.Severity), Method: cdx.ScoringMethodOther, Source: &cdx.Source{Name: f.SeveritySource}}}
			for _, c := range f.CVSS {
				base := c.Base
				ratings = append(ratings, cdx.VulnerabilityRating{Score: &base, Vector: c.Vector, Method: cycloneMethod(c.Version), Source: &cdx.Source{Name: c.Source}})
			}
			v.Ratings = &ratings
			v.Analysis = cycloneAnalysis(f)
			if f.KnownExploited != "" {
				v.Properties = &[]cdx.Property{{Name: "landwaiter:known_exploited", Value: f.KnownExploited}}
			}
			v.Affects = &[]cdx.Affects{}
			at = len(list)
			index[id] = at
			list = append(list, v)
		}
		*list[at].Affects = append(*list[at].Affects, cdx.Affects{Ref: refs[keyOf(&f.Package)]})
	}
	return list
}

// cycloneStates are the states of an analysis for the statuses of VEX statements.
var cycloneStates = map[string]cdx.ImpactAnalysisState{
	"fixed": cdx.IASResolved, "affected": cdx.IASExploitable, "under_investigation": cdx.IASInTriage, "not_affected": cdx.IASNotAffected,
}

// cycloneAnalysis says why a finding is ignored, or what a VEX statement that counts says of it; nil when nobody judged it.
func cycloneAnalysis(f *advisory.ImageFinding) *cdx.VulnerabilityAnalysis {
	switch said := f.VEX != nil && !f.VEX.Unverified; {
	case f.Ignored != "" && said && f.VEX.Status == "fixed":
		return &cdx.VulnerabilityAnalysis{State: cdx.IASResolved, Detail: f.Ignored}
	case f.Ignored != "":
		return &cdx.VulnerabilityAnalysis{State: cdx.IASNotAffected, Detail: f.Ignored}
	case said:
		return &cdx.VulnerabilityAnalysis{State: cycloneStates[f.VEX.Status], Detail: f.VEX.Action}
	}
	return nil
}

func sourceOf(f *advisory.ImageFinding) string {
	if len(f.Evidence) > 0 {
		return f.Evidence[0].Ecosystem
	}
	return "OSV"
}

func cycloneSeverity(s advisory.Severity) cdx.Severity {
	switch s {
	case advisory.Critical:
		return cdx.SeverityCritical
	case advisory.High:
		return cdx.SeverityHigh
	case advisory.Medium:
		return cdx.SeverityMedium
	case advisory.Low:
		return cdx.SeverityLow
	case advisory.Negligible:
		return cdx.SeverityInfo
	default:
		return cdx.SeverityUnknown
	}
}

func cycloneMethod(version string) cdx.ScoringMethod {
	switch version {
	case "2.0":
		return cdx.ScoringMethodCVSSv2
	case "3.0":
		return cdx.ScoringMethodCVSSv3
	case "3.1":
		return cdx.ScoringMethodCVSSv31
	case "4.0":
		return cdx.ScoringMethodCVSSv4
	default:
		return cdx.ScoringMethodOther
	}
}
