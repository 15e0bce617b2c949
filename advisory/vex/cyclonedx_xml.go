package vex

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
)

// cycloneNamespace is in the namespace of each version of the form.
const cycloneNamespace = "cyclonedx.org/schema/bom"

// readCycloneDXXML reads a document in XML. The decoder knows no entities but the five of XML itself, so nothing grows;
// depth and number of elements are bounded before it is taken apart.
func readCycloneDXXML(raw []byte, in *reader) error {
	var doc cycloneDocument
	if err := xml.Unmarshal(raw, &doc); err != nil {
		return err
	}
	return doc.read(in)
}

// isXML says whether a text begins as XML does.
func isXML(raw []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("<")) }

// shapeXML bounds depth and number of elements and attributes of a document of CycloneDX; [ErrNotRecognised] when it is
// something else.
func shapeXML(raw []byte) error {
	d := xml.NewDecoder(bytes.NewReader(raw))
	depth, values := 0, 0
	var declared error
	for {
		t, err := d.RawToken()
		switch {
		case err != nil && values == 0:
			return ErrNotRecognised // the end, or no XML from the start
		case t == nil:
			return nil // the end, or an error that the reader proper finds again
		case err != nil:
			return err
		}
		switch t := t.(type) {
		case xml.Directive:
			declared = errors.New("it has a document type declaration, which CycloneDX has no use for")
		case xml.EndElement:
			depth--
		case xml.StartElement:
			if values == 0 && !isCycloneRoot(t) {
				return ErrNotRecognised
			}
			if depth++; depth > maxDepth {
				return fmt.Errorf("its elements lie more than %d deep in others", maxDepth)
			}
			if values += 1 + len(t.Attr); values > maxValues {
				return fmt.Errorf("it holds more than %d elements and attributes: part it into several documents", maxValues)
			}
		}
		if declared != nil && values > 0 {
			return declared
		}
	}
}

func isCycloneRoot(t xml.StartElement) bool {
	for _, a := range t.Attr {
		space := a.Name.Space == "" && a.Name.Local == "xmlns" && t.Name.Space == "" || a.Name.Space == "xmlns" && a.Name.Local == t.Name.Space
		if space && strings.Contains(a.Value, cycloneNamespace) {
			return t.Name.Local == "bom"
		}
	}
	return false
}
