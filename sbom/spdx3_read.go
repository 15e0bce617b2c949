package sbom

import (
	"encoding/json"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// spdx3Reader collects the elements that packages refer to.
type spdx3Reader struct {
	*reader
	x         expressions
	elements  map[string]*spdx3Element
	declared  map[string]string // expression by package
	concluded map[string]string
	notes     map[string][]string // statements by package
	roots     map[string]bool
	comment   string // of the document
}

// decodeSPDX3 reads SPDX 3.0 as JSON-LD: a graph, or one element alone.
func decodeSPDX3(raw []byte, in *reader) error {
	var doc struct {
		Graph []json.RawMessage `json:"@graph"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	if doc.Graph == nil {
		doc.Graph = []json.RawMessage{raw}
	}
	r := &spdx3Reader{
		reader: in, x: expressions{}, elements: map[string]*spdx3Element{}, declared: map[string]string{}, concluded: map[string]string{},
		notes: map[string][]string{}, roots: map[string]bool{},
	}
	var packages []*spdx3Element
	var others []*spdx3Element
	for _, one := range doc.Graph {
		var e spdx3Element
		if err := json.Unmarshal(one, &e); err != nil {
			if e.Type == "software_Package" || e.Type == "" {
				in.failed(orName(e.Name, e.ID), err.Error())
			}
			continue
		}
		if e.ID != "" && r.elements[e.ID] == nil {
			r.elements[e.ID] = &e
		}
		if e.Type == "software_Package" {
			packages = append(packages, &e)
		} else {
			others = append(others, &e)
		}
	}
	for _, e := range others {
		r.other(e)
	}
	if r.doc.Tool == toolName {
		r.knownLines(r.comment)
	}
	// What the layers are is said of the image, wherever it stands, and packages name them.
	for _, p := range packages {
		if r.isImage(p) {
			r.image(p)
		}
	}
	for _, p := range packages {
		switch {
		case r.isImage(p):
		case p.Purpose == "operatingSystem":
			r.os(p.Name, p.Version, p.Summary)
		default:
			r.pkg(p)
		}
	}
	return nil
}

// other reads an element that is no package.
func (r *spdx3Reader) other(e *spdx3Element) {
	switch e.Type {
	case "CreationInfo":
		if r.doc.At.IsZero() {
			r.doc.At, _ = time.Parse(time.RFC3339, e.Created)
		}
	case "Tool":
		if r.doc.Tool == "" {
			r.doc.Tool, r.doc.Version, _ = strings.Cut(e.Name, "-")
		}
	case "SpdxDocument":
		r.doc.Name, r.comment = e.Name, e.Comment
	case "software_Sbom":
		for _, id := range e.Root {
			r.roots[id] = true
		}
	case "Annotation":
		r.notes[e.Subject] = append(r.notes[e.Subject], e.Statement)
	case "Relationship":
		for _, to := range e.To {
			if license := r.elements[to]; license != nil && license.Expression != "" {
				switch e.Relation {
				case "hasDeclaredLicense":
					r.declared[e.From] = to
				case "hasConcludedLicense":
					r.concluded[e.From] = to
				}
			}
		}
	}
}

// isImage says whether a package is the artefact as a whole.
func (r *spdx3Reader) isImage(p *spdx3Element) bool {
	if p.Purpose == "container" {
		return true
	}
	if u := spdx3PURL(p); u != "" {
		return strings.HasPrefix(u, "pkg:oci/") || strings.HasPrefix(u, "pkg:docker/")
	}
	return r.roots[p.ID]
}

// spdx3PURL is a package's package URL, which may stand in either of two places.
func spdx3PURL(p *spdx3Element) string {
	if p.PURL != "" {
		return p.PURL
	}
	for _, i := range p.Identifiers {
		if i.Kind == "packageUrl" || i.Kind == "packageURL" {
			return i.Identifier
		}
	}
	return ""
}

func (r *spdx3Reader) image(p *spdx3Element) {
	a := r.doc.Analysis
	if r.doc.Name == "" {
		r.doc.Name = p.Name
	}
	if a.Digest == "" && p.Purpose == "container" { // other digests are those of files and archives
		a.Digest = digestIn(p.Version)
		for _, h := range p.Verified {
			if a.Digest == "" && h.Algorithm == "sha256" {
				a.Digest = digestIn("sha256:" + strings.ToLower(h.Value))
			}
		}
	}
	for _, note := range r.notes[p.ID] {
		readFactLines(note, r.fact)
	}
}

// pkg reads a package.
func (r *spdx3Reader) pkg(p *spdx3Element) {
	purl := spdx3PURL(p)
	if purl == "" && p.Version == "" && p.Purpose != "library" {
		return // a file or a folder that holds what others describe
	}
	i := identify(purl, p.Name, p.Version)
	i.declared = p.Comment == declaredOnly
	for _, one := range p.Identifiers {
		if (one.Kind == "cpe23" || one.Kind == "cpe22") && len(i.p.CPEs) < maxValues {
			i.p.CPEs = append(i.p.CPEs, one.Identifier)
		}
	}
	if len(p.Originators) > 0 {
		if agent := r.elements[p.Originators[0]]; agent != nil {
			i.p.Origin = agent.Name
		}
	}
	i.p.Homepage = p.Homepage
	i.sourceInfo(p.SourceInfo)
	r.licenses(p, &i.p)
	for _, note := range r.notes[p.ID] {
		readFactLines(note, i.read)
	}
	r.add(i)
}

func (r *spdx3Reader) licenses(p *spdx3Element, to *image.Package) {
	if e := r.elements[r.declared[p.ID]]; e != nil {
		r.x.declare(to, spdxDeclared(e.Expression, func(ref string) string { return r.text(e, ref) }))
	}
	if e := r.elements[r.concluded[p.ID]]; e != nil {
		r.x.conclude(to, e.Expression)
	}
}

// text is what a LicenseRef of an expression stands for, where that is one line.
func (r *spdx3Reader) text(e *spdx3Element, ref string) string {
	for _, custom := range e.CustomIDs {
		if custom.Key != ref {
			continue
		}
		if t := r.elements[custom.Value]; t != nil {
			if t.Name != "" {
				return t.Name
			}
			if len(t.Text) <= 200 && !strings.ContainsAny(t.Text, "\r\n") {
				return t.Text
			}
		}
	}
	return ""
}
