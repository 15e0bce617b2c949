package sbom

import (
	"io"
	"net/url"
	"strconv"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"landwaiter.dev/image"
)

func encodeCycloneDXJSON(w io.Writer, d *Document) error {
	return encodeCycloneDX(w, d, cdx.BOMFileFormatJSON)
}

func encodeCycloneDXXML(w io.Writer, d *Document) error {
	return encodeCycloneDX(w, d, cdx.BOMFileFormatXML)
}

// encodeCycloneDX writes CycloneDX 1.6: packages as components, those that are only declared with the scope "excluded",
// findings as vulnerabilities, gaps as properties of the document.
func encodeCycloneDX(w io.Writer, d *Document, form cdx.BOMFileFormat) error {
	a := d.Analysis
	// The library converts to a version by copying the whole document; ours has nothing of a later one.
	bom := cdx.NewBOM()
	bom.SpecVersion, bom.JSONSchema, bom.XMLNS = cdx.SpecVersion1_6, "http://cyclonedx.org/schema/bom-1.6.schema.json", "http://cyclonedx.org/schema/bom/1.6"
	bom.SerialNumber = "urn:uuid:" + d.uuid()
	tool, version := d.toolOf()
	root := "image"
	if a.Digest != "" {
		root = string(a.Digest)
	}
	bom.Metadata = &cdx.Metadata{
		Timestamp: d.created(),
		Tools:     &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: tool, Version: version}}},
		Component: &cdx.Component{
			BOMRef: root, Type: cdx.ComponentTypeContainer, Name: clean(d.Name), Version: string(a.Digest), Properties: cycloneProperties(d.facts()),
		},
	}
	licenses := expressions{}
	entries := d.entries(licenses)
	components := make([]cdx.Component, 0, len(entries)+1)
	for i := range entries {
		components = append(components, cycloneEntry(&entries[i], i, licenses))
	}
	if a.Distro.ID != "" {
		components = append(components, cdx.Component{
			BOMRef: "os:" + clean(a.Distro.ID), Type: cdx.ComponentTypeOS, Name: clean(a.Distro.ID), Version: clean(a.Distro.VersionID),
			Description: clean(a.Distro.Name),
		})
	}
	bom.Components = &components
	if d.Matched {
		list := cycloneVulnerabilities(d, entries)
		bom.Vulnerabilities = &list
	}
	var gaps []fact
	for _, g := range d.Gaps {
		gaps = append(gaps, fact{"gap:" + string(g.Kind), GapText(g)})
	}
	bom.Properties = cycloneProperties(gaps)
	e := cdx.NewBOMEncoder(w, form)
	e.SetPretty(d.Indent)
	e.SetEscapeHTML(false)
	return e.Encode(bom)
}

func cycloneProperties(facts []fact) *[]cdx.Property {
	if len(facts) == 0 {
		return nil
	}
	list := make([]cdx.Property, 0, len(facts))
	for _, f := range facts {
		list = append(list, cdx.Property{Name: prefix + clean(f.name), Value: clean(f.value)})
	}
	return &list
}

// cycloneRef names the package at an index of the entries in its document.
func cycloneRef(e *entry, i int) string {
	if e.purl == "" {
		return "package#" + strconv.Itoa(i)
	}
	return e.purl + "#" + strconv.Itoa(i)
}

func cycloneEntry(e *entry, i int, x expressions) cdx.Component {
	known := e.plain()
	c := cdx.Component{
		BOMRef: cycloneRef(e, i), Type: cdx.ComponentTypeLibrary, Group: clean(e.Namespace), Name: clean(e.Name), Version: clean(e.Version),
		PackageURL: e.purl, Publisher: clean(e.Origin), Licenses: cycloneLicenses(e, x, &known),
	}
	known.Origin = c.Publisher
	if e.declared {
		c.Scope = cdx.ScopeExcluded
	}
	if len(e.CPEs) > 0 && isCPE(e.CPEs[0]) {
		c.CPE, known.CPEs = e.CPEs[0], e.CPEs[:1]
	}
	if isURL(e.Homepage) {
		c.ExternalReferences = &[]cdx.ExternalReference{{Type: cdx.ERTypeWebsite, URL: e.Homepage}}
		known.Homepage = e.Homepage
	}
	if e.Location != "" {
		c.Evidence = &cdx.Evidence{Occurrences: &[]cdx.EvidenceOccurrence{{Location: clean(placeText(e.Package))}}}
	}
	c.Properties = cycloneProperties(e.facts(&known))
	return c
}

// placeText is where a package lies, for people: the path, and the place inside an archive after "!".
func placeText(p *image.Package) string {
	if p.Inner == "" {
		return p.Location.Abs()
	}
	return p.Location.Abs() + "!" + p.Inner
}

// cycloneLicenses gives what is declared; where nothing is, what was concluded. known becomes what a reader knows by that.
func cycloneLicenses(e *entry, x expressions, known *image.Package) *cdx.Licenses {
	declared := sayable(e.Licenses)
	var l cdx.Licenses
	switch {
	case len(declared) == 1 && x.valid(declared[0]) && !x.listed(declared[0]):
		ack := cdx.LicenseAcknowledgementDeclared
		l = cdx.Licenses{{Expression: declared[0], Acknowledgement: &ack}}
	case len(declared) > 0:
		for _, s := range declared {
			one := &cdx.License{Name: s, Acknowledgement: cdx.LicenseAcknowledgementDeclared}
			if x.listed(s) {
				one.ID, one.Name = s, ""
			}
			l = append(l, cdx.LicenseChoice{License: one})
		}
	case x.valid(e.License):
		ack := cdx.LicenseAcknowledgementConcluded
		l = cdx.Licenses{{Expression: e.License, Acknowledgement: &ack}}
		x.conclude(known, e.License)
	default:
		return nil
	}
	x.declare(known, declared)
	return &l
}

// sayable are the licences of a list that a form can carry as they are.
func sayable(list []string) []string {
	var good []string
	for _, s := range list {
		if s = clean(s); s != "" {
			good = append(good, s)
		}
	}
	return good
}

// isURL says whether a homepage is an address, as the forms ask.
func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && s == clean(s) && u.String() == s
}
