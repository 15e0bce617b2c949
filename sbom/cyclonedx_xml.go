package sbom

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"time"
)

func decodeCycloneDXXML(raw []byte, in *reader) error {
	var doc struct {
		XMLName  xml.Name `xml:"bom"`
		Metadata struct {
			Timestamp string `xml:"timestamp"`
			Tools     struct {
				Tool       []cycloneComponent `xml:"tool"`
				Components []cycloneComponent `xml:"components>component"`
			} `xml:"tools"`
			Component cycloneComponent `xml:"component"`
		} `xml:"metadata"`
		Components []cycloneComponent `xml:"components>component"`
		Properties []cycloneProperty  `xml:"properties>property"`
	}
	if err := shallowXML(raw); err != nil {
		return err
	}
	if err := xml.Unmarshal(raw, &doc); err != nil {
		return err
	}
	r := cycloneReader{in, expressions{}}
	r.doc.At, _ = time.Parse(time.RFC3339, doc.Metadata.Timestamp)
	if list := append(doc.Metadata.Tools.Components, doc.Metadata.Tools.Tool...); len(list) > 0 {
		r.doc.Tool, r.doc.Version = list[0].Name, list[0].Version
	}
	r.root(&doc.Metadata.Component)
	r.gapsOf(doc.Properties)
	for i := range doc.Components {
		r.nested(&doc.Components[i], 0)
	}
	return nil
}

func (r cycloneReader) nested(c *cycloneComponent, depth int) {
	r.component(c)
	for i := range c.XMLNested {
		r.nested(&c.XMLNested[i], depth+1)
	}
}

// shallowXML refuses a document whose elements lie deeper than any SBOM's, before it is taken apart.
func shallowXML(raw []byte) error {
	d := xml.NewDecoder(bytes.NewReader(raw))
	for depth := 0; ; {
		t, err := d.RawToken()
		if t == nil {
			return nil // the end, or an error that the reader proper finds again
		}
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth > 4*maxDepth {
				return fmt.Errorf("elements lie more than %d deep in others", 4*maxDepth)
			}
		case xml.EndElement:
			depth--
		}
	}
}
