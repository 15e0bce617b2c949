package sbom

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// cycloneNamespace begins the XML namespace of every version.
const cycloneNamespace = "http://cyclonedx.org/schema/bom"

// cycloneComponent is as much of a component as is read, in both forms; versions 1.2 to 1.6 agree in it.
type cycloneComponent struct {
	Type       string                `json:"type" xml:"type,attr"`
	Group      string                `json:"group" xml:"group"`
	Name       string                `json:"name" xml:"name"`
	Version    string                `json:"version" xml:"version"`
	Publisher  string                `json:"publisher" xml:"publisher"`
	Author     string                `json:"author" xml:"author"`
	Supplier   struct{ Name string } `json:"supplier" xml:"supplier"`
	PURL       string                `json:"purl" xml:"purl"`
	CPE        string                `json:"cpe" xml:"cpe"`
	Scope      string                `json:"scope" xml:"scope"`
	Describe   string                `json:"description" xml:"description"`
	Properties []cycloneProperty     `json:"properties" xml:"properties>property"`
	References []struct {
		Type string `json:"type" xml:"type,attr"`
		URL  string `json:"url" xml:"url"`
	} `json:"externalReferences" xml:"externalReferences>reference"`
	Evidence struct {
		Occurrences []struct {
			Location string `json:"location" xml:"location"`
		} `json:"occurrences" xml:"occurrences>occurrence"`
	} `json:"evidence" xml:"evidence"`

	Choices []struct {
		cycloneExpression
		License *cycloneLicense `json:"license"`
	} `json:"licenses" xml:"-"`
	Nested []json.RawMessage `json:"components" xml:"-"`

	XMLLicenses    []cycloneLicense    `json:"-" xml:"licenses>license"`
	XMLExpressions []cycloneExpression `json:"-" xml:"licenses>expression"`
	XMLNested      []cycloneComponent  `json:"-" xml:"components>component"`
}

type cycloneProperty struct {
	Name  string `json:"name" xml:"name,attr"`
	Value string `json:"value" xml:",chardata"`
}

type cycloneLicense struct {
	ID              string `json:"id" xml:"id"`
	Name            string `json:"name" xml:"name"`
	Acknowledgement string `json:"acknowledgement" xml:"acknowledgement,attr"`
}

type cycloneExpression struct {
	Expression      string `json:"expression" xml:",chardata"`
	Acknowledgement string `json:"acknowledgement" xml:"acknowledgement,attr"`
}

// cycloneReader reads components into a document.
type cycloneReader struct {
	*reader
	expressions
}

func decodeCycloneDXJSON(raw []byte, in *reader) error {
	var doc struct {
		Metadata   json.RawMessage   `json:"metadata"`
		Components []json.RawMessage `json:"components"`
		Properties json.RawMessage   `json:"properties"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	r := cycloneReader{in, expressions{}}
	r.metadata(doc.Metadata)
	var properties []cycloneProperty
	if json.Unmarshal(doc.Properties, &properties) == nil {
		r.gapsOf(properties)
	}
	r.list(doc.Components, 0)
	return nil
}

// metadata reads what the document says of itself; each part that is not as it should be is left out alone.
func (r cycloneReader) metadata(raw json.RawMessage) {
	var m struct {
		Timestamp json.RawMessage `json:"timestamp"`
		Tools     json.RawMessage `json:"tools"`
		Component json.RawMessage `json:"component"`
	}
	_ = json.Unmarshal(raw, &m)
	var at string
	if json.Unmarshal(m.Timestamp, &at) == nil {
		r.doc.At, _ = time.Parse(time.RFC3339, at)
	}
	type tool struct{ Name, Version string }
	var list []tool
	if json.Unmarshal(m.Tools, &list) != nil {
		var choice struct{ Components []tool }
		_ = json.Unmarshal(m.Tools, &choice)
		list = choice.Components
	}
	if len(list) > 0 {
		r.doc.Tool, r.doc.Version = list[0].Name, list[0].Version
	}
	var c cycloneComponent
	if len(m.Component) > 0 {
		if err := json.Unmarshal(m.Component, &c); err != nil {
			r.failed("metadata.component", err.Error())
		}
	}
	r.root(&c)
}

// list reads components in JSON one by one.
func (r cycloneReader) list(raw []json.RawMessage, depth int) {
	if depth > maxDepth && len(raw) > 0 {
		r.gap(image.Gap{Kind: image.GapLimit, Layer: -1, Detail: fmt.Sprintf("components of the SBOM lie more than %d deep in others", maxDepth)})
		return
	}
	for _, one := range raw {
		var c cycloneComponent
		if err := json.Unmarshal(one, &c); err != nil {
			r.failed(orName(c.Name, c.PURL), err.Error())
			continue
		}
		r.component(&c)
		r.list(c.Nested, depth+1)
	}
}

// root reads the component that the document is about.
func (r cycloneReader) root(c *cycloneComponent) {
	r.doc.Name = c.Name
	r.doc.Analysis.Digest = digestIn(c.Version)
	for _, p := range c.Properties {
		if name, ok := strings.CutPrefix(p.Name, prefix); ok {
			r.fact(name, p.Value)
			continue
		}
		switch p.Name {
		case "aquasecurity:trivy:ImageID":
			r.doc.Analysis.ID = digestIn(p.Value)
		case "aquasecurity:trivy:RepoDigest":
			r.doc.Analysis.Digest = digestIn(p.Value)
		case "aquasecurity:trivy:DiffID":
			r.layer(image.Layer{LayerID: image.LayerID{DiffID: digestIn(p.Value)}})
		case "aquasecurity:trivy:Size":
			r.doc.Analysis.Size = parseSize(p.Value)
		}
	}
}

func (r cycloneReader) gapsOf(properties []cycloneProperty) {
	for _, p := range properties {
		if kind, ok := strings.CutPrefix(p.Name, prefix+"gap:"); ok {
			r.known(kind, p.Value)
		}
	}
}

// component reads a component: the distribution, a package, or something else that is passed over.
func (r cycloneReader) component(c *cycloneComponent) {
	switch c.Type {
	case "operating-system":
		r.os(c.Name, c.Version, c.Describe)
		return
	case "", "library", "application", "framework", "platform", "firmware", "device-driver":
	default: // containers, files, keys, models, data: no packages
		return
	}
	if c.PURL == "" && c.Version == "" && c.Type == "application" {
		return // a lock file or a folder that holds what follows
	}
	spellings := []string{c.Name}
	if c.Group != "" {
		spellings = []string{c.Group + "/" + c.Name, c.Name}
	}
	i := identify(c.PURL, c.Name, c.Version, spellings...)
	i.declared = c.Scope == "excluded"
	i.p.Origin = orName(c.Publisher, orName(c.Supplier.Name, c.Author))
	if c.CPE != "" {
		i.p.CPEs = []string{c.CPE}
	}
	for _, ref := range c.References {
		if ref.Type == "website" {
			i.p.Homepage = ref.URL
			break
		}
	}
	for n, o := range c.Evidence.Occurrences {
		if n == 0 {
			location, inner, _ := strings.Cut(o.Location, "!")
			i.p.Location, _ = image.CleanPath(location)
			i.p.Inner = inner
		}
	}
	r.licenses(c, &i.p)
	for n, p := range c.Properties {
		if n >= 10*maxValues {
			break
		}
		if name, ok := strings.CutPrefix(p.Name, prefix); ok {
			i.read(name, p.Value)
		} else {
			i.foreign(p.Name, p.Value)
		}
	}
	r.add(i)
}

// licenses reads a list of licences or an expression, which is declared unless the document says that it was concluded.
func (r cycloneReader) licenses(c *cycloneComponent, p *image.Package) {
	for _, one := range c.Choices {
		if one.License != nil {
			c.XMLLicenses = append(c.XMLLicenses, *one.License)
		} else if one.Expression != "" {
			c.XMLExpressions = append(c.XMLExpressions, one.cycloneExpression)
		}
	}
	var declared []string
	for _, l := range c.XMLLicenses {
		if s := orName(l.ID, l.Name); s != "" {
			declared = append(declared, s)
		}
	}
	for _, e := range c.XMLExpressions {
		if e.Acknowledgement != "concluded" {
			declared = append(declared, e.Expression)
		}
	}
	r.declare(p, declared)
	for _, e := range c.XMLExpressions {
		if e.Acknowledgement == "concluded" {
			r.conclude(p, e.Expression)
		}
	}
}

func orName(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
