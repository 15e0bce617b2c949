package report

import (
	"fmt"
	"io"
	"strconv"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// writeCycloneDX writes a CycloneDX 1.6 document: the packages as components, and what is known of them as
// vulnerabilities. Gaps are properties of the document.
func writeCycloneDX(w io.Writer, r *Result, _ Style) error {
	a := r.Analysis
	bom := cdx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + uuidOf(string(a.Digest))
	bom.Metadata = &cdx.Metadata{
		Timestamp: timestamp(r.At),
		Tools: &cdx.ToolsChoice{Components: &[]cdx.Component{{
			Type: cdx.ComponentTypeApplication, Name: "landwaiter", Version: r.Version,
		}}},
		Component: &cdx.Component{
			BOMRef: string(a.Digest), Type: cdx.ComponentTypeContainer, Name: r.Name, Version: string(a.Digest),
		},
	}
	components := make([]cdx.Component, 0, len(a.Packages)+1)
	refs := make(map[string]int, len(a.Packages))
	refOf := func(p *image.Package, i int) string { return image.PURL(p, a.Distro) + "#" + strconv.Itoa(i) }
	for i := range a.Packages {
		p := &a.Packages[i]
		refs[packageKey(p)] = i
		properties := []cdx.Property{
			{Name: "landwaiter:location", Value: p.Location.Abs()},
			{Name: "landwaiter:layer:digest", Value: layerDigest(a, p.Layer)},
		}
		if p.Inner != "" {
			properties = append(properties, cdx.Property{Name: "landwaiter:inner", Value: p.Inner})
		}
		if p.OwnedBy != nil {
			properties = append(properties, cdx.Property{Name: "landwaiter:owned_by", Value: p.OwnedBy.Name + " " + p.OwnedBy.Version})
		}
		c := cdx.Component{
			BOMRef: refOf(p, i), Type: cdx.ComponentTypeLibrary, Group: p.Namespace, Name: p.Name, Version: p.Version,
			PackageURL: image.PURL(p, a.Distro), Properties: &properties,
		}
		if len(p.Licenses) > 0 {
			var l cdx.Licenses
			for _, name := range p.Licenses {
				l = append(l, cdx.LicenseChoice{License: &cdx.License{Name: name}})
			}
			c.Licenses = &l
		}
		components = append(components, c)
	}
	if a.Distro.ID != "" {
		components = append(components, cdx.Component{
			BOMRef: "os:" + a.Distro.ID, Type: cdx.ComponentTypeOS, Name: a.Distro.ID, Version: a.Distro.VersionID, Description: a.Distro.Name,
		})
	}
	bom.Components = &components
	if r.Matched {
		list := cycloneVulnerabilities(r, func(p *image.Package) string {
			i := refs[packageKey(p)]
			return refOf(&a.Packages[i], i)
		})
		bom.Vulnerabilities = &list
	}
	var properties []cdx.Property
	for _, g := range r.Gaps {
		properties = append(properties, cdx.Property{Name: "landwaiter:gap:" + string(g.Kind), Value: gapText(g)})
	}
	if len(properties) > 0 {
		bom.Properties = &properties
	}
	e := cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON)
	e.SetPretty(true)
	return e.EncodeVersion(bom, cdx.SpecVersion1_6)
}

// cycloneVulnerabilities makes one entry of each vulnerability, with the packages that it is in.
func cycloneVulnerabilities(r *Result, ref func(*image.Package) string) []cdx.Vulnerability {
	list := []cdx.Vulnerability{}
	index := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		id := f.ID
		if f.Ignored != "" {
			id += " ignored " + f.Ignored
		}
		at, ok := index[id]
		if !ok {
			v := cdx.Vulnerability{BOMRef: "vulnerability:" + strconv.Itoa(len(list)), ID: f.ID, Description: f.Title, Source: &cdx.Source{Name: source(f)}}
			if f.URL != "" {
				v.Advisories = &[]cdx.Advisory{{URL: f.URL}}
			}
			ratings := []cdx.VulnerabilityRating{{Severity: cycloneSeverity(f.Severity), Method: cdx.ScoringMethodOther, Source: &cdx.Source{Name: f.SeveritySource}}}
			for _, c := range f.CVSS {
				base := c.Base
				ratings = append(ratings, cdx.VulnerabilityRating{Score: &base, Vector: c.Vector, Method: cycloneMethod(c.Version), Source: &cdx.Source{Name: c.Source}})
			}
			v.Ratings = &ratings
			if f.Ignored != "" {
				v.Analysis = &cdx.VulnerabilityAnalysis{State: cdx.IASNotAffected, Detail: f.Ignored}
			}
			if f.KnownExploited != "" {
				v.Properties = &[]cdx.Property{{Name: "landwaiter:known_exploited", Value: f.KnownExploited}}
			}
			v.Affects = &[]cdx.Affects{}
			at = len(list)
			index[id] = at
			list = append(list, v)
		}
		*list[at].Affects = append(*list[at].Affects, cdx.Affects{Ref: ref(&f.Package)})
	}
	return list
}

func source(f *advisory.ImageFinding) string {
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

func layerDigest(a *image.Analysis, i int) string {
	if i < 0 || i >= len(a.Layers) {
		return ""
	}
	return string(a.Layers[i].Blob)
}

// packageKey tells two installed packages apart.
func packageKey(p *image.Package) string {
	return fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%s\x00%s\x00%s", p.Type, p.Namespace, p.Name, p.Version, p.Arch, p.Location, p.Inner)
}

// uuidOf makes a stable UUID of a digest, so that equal images have equal documents but for the time.
func uuidOf(digest string) string {
	h := image.DigestOf([]byte("landwaiter sbom " + digest)).Hex()
	return h[:8] + "-" + h[8:12] + "-5" + h[13:16] + "-a" + h[17:20] + "-" + h[20:32]
}

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func gapText(g image.Gap) string {
	s := g.Detail
	if g.Path != "" {
		s = g.Path.Abs() + ": " + s
	}
	if g.Count > 0 {
		s += fmt.Sprintf(" (and %d more)", g.Count)
	}
	return s
}
