package sbom

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"landwaiter.dev/image"
)

// spdx3Context names the model that gives the names of an SPDX 3.0.1 document their meaning.
const spdx3Context = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"

// spdx3Creation is the blank node that says when and by what all elements were made.
const spdx3Creation = "_:creation"

// spdx3Element is an element of the graph, with the fields of all the kinds that we write and read.
type spdx3Element struct {
	Type     string          `json:"type"`
	Blank    string          `json:"@id,omitempty"`
	ID       string          `json:"spdxId,omitempty"`
	Creation json.RawMessage `json:"creationInfo,omitempty"`
	Name     string          `json:"name,omitempty"`
	Summary  string          `json:"summary,omitempty"`
	Comment  string          `json:"comment,omitempty"`

	// CreationInfo
	Spec         string   `json:"specVersion,omitempty"`
	Created      string   `json:"created,omitempty"`
	CreatedBy    []string `json:"createdBy,omitempty"`
	CreatedUsing []string `json:"createdUsing,omitempty"`

	// SpdxDocument, software_Sbom
	Root    []string `json:"rootElement,omitempty"`
	Element []string `json:"element,omitempty"`
	Profile []string `json:"profileConformance,omitempty"`
	Kind    []string `json:"software_sbomType,omitempty"`

	// software_Package
	Version     string            `json:"software_packageVersion,omitempty"`
	PURL        string            `json:"software_packageUrl,omitempty"`
	Purpose     string            `json:"software_primaryPurpose,omitempty"`
	SourceInfo  string            `json:"software_sourceInfo,omitempty"`
	Homepage    string            `json:"software_homePage,omitempty"`
	Identifiers []spdx3Identifier `json:"externalIdentifier,omitempty"`
	Verified    []spdx3Hash       `json:"verifiedUsing,omitempty"`
	Originators []string          `json:"originatedBy,omitempty"`

	// Relationship
	From     string   `json:"from,omitempty"`
	Relation string   `json:"relationshipType,omitempty"`
	To       []string `json:"to,omitempty"`

	// simplelicensing_LicenseExpression, simplelicensing_SimpleLicensingText
	Expression string          `json:"simplelicensing_licenseExpression,omitempty"`
	CustomIDs  []spdx3KeyValue `json:"simplelicensing_customIdToUri,omitempty"`
	Text       string          `json:"simplelicensing_licenseText,omitempty"`

	// Annotation
	Annotation string `json:"annotationType,omitempty"`
	Subject    string `json:"subject,omitempty"`
	Statement  string `json:"statement,omitempty"`
}

type spdx3Identifier struct {
	Type       string `json:"type"`
	Kind       string `json:"externalIdentifierType"`
	Identifier string `json:"identifier"`
}

type spdx3Hash struct {
	Type      string `json:"type"`
	Algorithm string `json:"algorithm"`
	Value     string `json:"hashValue"`
}

type spdx3KeyValue struct {
	Type  string `json:"type"`
	Key   string `json:"key"`
	Value string `json:"value"`
}

// spdx3Builder makes an SPDX 3.0.1 document.
type spdx3Builder struct {
	d     *Document
	base  string
	graph []spdx3Element
	// agents and licenses are elements that packages share, by name and expression.
	agents, licenses map[string]string
	// customs are LicenseRefs that are defined, with their text.
	customs map[string]string
	x       expressions
	next    int
}

// encodeSPDX3 writes SPDX 3.0.1 as JSON-LD. Its place for what we alone know are annotations.
func encodeSPDX3(w io.Writer, d *Document) error {
	b := &spdx3Builder{
		d: d, base: "https://landwaiter.dev/spdx/" + d.uuid(), agents: map[string]string{}, licenses: map[string]string{}, customs: map[string]string{},
		x: expressions{},
	}
	root := b.root()
	for _, e := range d.entries(b.x) {
		b.entry(&e, root)
	}
	return d.jsonEncoder(w).Encode(struct {
		Context string         `json:"@context"`
		Graph   []spdx3Element `json:"@graph"`
	}{spdx3Context, b.finish(root)})
}

// add puts an element into the graph and gives its identifier.
func (b *spdx3Builder) add(kind string, e spdx3Element) string {
	b.next++
	e.ID, e.Creation = fmt.Sprintf("%s#%s-%d", b.base, kind, b.next), json.RawMessage(`"`+spdx3Creation+`"`)
	b.graph = append(b.graph, e)
	return e.ID
}

func (b *spdx3Builder) relate(from, kind, comment string, to ...string) {
	b.add("Relationship", spdx3Element{Type: "Relationship", From: from, Relation: kind, To: to, Comment: comment})
}

func (b *spdx3Builder) annotate(subject string, facts []fact) {
	if text := factLines(facts); text != "" {
		b.add("Annotation", spdx3Element{Type: "Annotation", Annotation: "other", Subject: subject, Statement: text})
	}
}

// root adds the image and its distribution.
func (b *spdx3Builder) root() string {
	a := b.d.Analysis
	p := spdx3Element{Type: "software_Package", Name: clean(orName(b.d.Name, "image")), Version: string(a.Digest), Purpose: "container"}
	if a.Digest != "" {
		p.Verified = []spdx3Hash{{"Hash", "sha256", a.Digest.Hex()}}
	}
	id := b.add("Image", p)
	b.annotate(id, b.d.facts())
	if a.Distro.ID != "" {
		os := b.add("OperatingSystem", spdx3Element{
			Type: "software_Package", Name: clean(a.Distro.ID), Version: clean(a.Distro.VersionID), Summary: clean(a.Distro.Name), Purpose: "operatingSystem",
		})
		b.relate(id, "contains", "", os)
	}
	return id
}

// entry adds a package.
func (b *spdx3Builder) entry(e *entry, root string) {
	known := e.plain()
	p := spdx3Element{Type: "software_Package", Name: clean(e.Name), Version: clean(e.Version), PURL: e.purl, Purpose: "library"}
	if e.Namespace != "" {
		p.Name = clean(e.Namespace + ":" + e.Name)
	}
	if e.Location != "" {
		p.SourceInfo = clean("from " + placeText(e.Package) + in(e.layer))
	}
	if isURL(e.Homepage) {
		p.Homepage, known.Homepage = e.Homepage, e.Homepage
	}
	for _, cpe := range e.CPEs {
		if isCPE(cpe) {
			kind := "cpe23"
			if strings.HasPrefix(cpe, "cpe:/") {
				kind = "cpe22"
			}
			p.Identifiers = append(p.Identifiers, spdx3Identifier{"ExternalIdentifier", kind, cpe})
			known.CPEs = append(known.CPEs, cpe)
		}
	}
	if origin := clean(e.Origin); strings.TrimSpace(origin) != "" {
		p.Originators, known.Origin = []string{b.agent(origin)}, origin
	}
	relation := "contains"
	if e.declared {
		relation, p.Comment = "other", declaredOnly
	}
	id := b.add("Package", p)
	b.relate(root, relation, p.Comment, id)
	b.license(e, id, &known)
	b.annotate(id, e.facts(&known))
}

// agent is the element of whoever made packages.
func (b *spdx3Builder) agent(name string) string {
	if b.agents[name] == "" {
		b.agents[name] = b.add("Agent", spdx3Element{Type: "Agent", Name: name})
	}
	return b.agents[name]
}

// license relates a package to the expressions that it declares and that were concluded.
func (b *spdx3Builder) license(e *entry, id string, known *image.Package) {
	if declared := sayable(e.Licenses); len(declared) > 0 {
		parts := make([]string, len(declared))
		for i, s := range declared {
			if parts[i] = s; !b.x.valid(s) {
				parts[i] = refOf(s)
				b.customs[parts[i]] = s
			}
		}
		expression := join(parts)
		b.relate(id, "hasDeclaredLicense", "", b.expression(expression))
		b.x.declare(known, spdxDeclared(expression, func(ref string) string { return b.customs[ref] }))
	}
	if b.x.valid(e.License) {
		b.relate(id, "hasConcludedLicense", "", b.expression(e.License))
		b.x.conclude(known, e.License)
	}
}

// expression is the element of an expression, with the texts of its LicenseRefs.
func (b *spdx3Builder) expression(s string) string {
	if b.licenses[s] != "" {
		return b.licenses[s]
	}
	e := spdx3Element{Type: "simplelicensing_LicenseExpression", Expression: s}
	for _, ref := range refsIn(s) {
		text := orName(b.customs[ref], ref)
		b.customs[ref] = text
		key := "text " + ref
		if b.licenses[key] == "" {
			b.licenses[key] = b.add("LicenseText", spdx3Element{Type: "simplelicensing_SimpleLicensingText", Name: text, Text: text})
		}
		e.CustomIDs = append(e.CustomIDs, spdx3KeyValue{"DictionaryEntry", ref, b.licenses[key]})
	}
	b.licenses[s] = b.add("License", e)
	return b.licenses[s]
}

// finish adds what says of the whole who made it and what it is about.
func (b *spdx3Builder) finish(root string) []spdx3Element {
	tool, version := b.d.toolOf()
	maker := b.add("Agent", spdx3Element{Type: "SoftwareAgent", Name: tool})
	using := b.add("Tool", spdx3Element{Type: "Tool", Name: tool + "-" + clean(version)})
	elements := make([]string, 0, len(b.graph))
	for i := range b.graph {
		elements = append(elements, b.graph[i].ID)
	}
	sbom := b.add("Sbom", spdx3Element{Type: "software_Sbom", Root: []string{root}, Element: elements, Kind: []string{"analyzed"}})
	var gaps []string
	for _, g := range b.d.Gaps {
		gaps = append(gaps, string(g.Kind)+": "+clean(GapText(g)))
	}
	b.add("Document", spdx3Element{
		Type: "SpdxDocument", Name: clean(orName(b.d.Name, "image")), Root: []string{sbom}, Element: append(elements[:len(elements):len(elements)], sbom),
		Profile: []string{"core", "software", "simpleLicensing"}, Comment: strings.Join(gaps, "\n"),
	})
	creation := spdx3Element{
		Type: "CreationInfo", Blank: spdx3Creation, Spec: "3.0.1", Created: b.d.created(), CreatedBy: []string{maker}, CreatedUsing: []string{using},
	}
	return append([]spdx3Element{creation}, b.graph...)
}
