package sbom

import (
	"encoding/json"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// spdxRead is as much of an SPDX 2.2 or 2.3 document as is read, in both forms.
type spdxRead struct {
	Name     string `json:"name"`
	Comment  string `json:"comment"`
	Creation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	packages      []spdxReadPackage
	relationships []spdxReadRelationship
	extracted     map[string]string
}

type spdxReadPackage struct {
	ID         string `json:"SPDXID"`
	Name       string `json:"name"`
	Version    string `json:"versionInfo"`
	Purpose    string `json:"primaryPackagePurpose"`
	Originator string `json:"originator"`
	Supplier   string `json:"supplier"`
	Homepage   string `json:"homepage"`
	SourceInfo string `json:"sourceInfo"`
	Concluded  string `json:"licenseConcluded"`
	Declared   string `json:"licenseDeclared"`
	Comment    string `json:"comment"`
	Summary    string `json:"summary"`

	Checksums   []spdxReadChecksum   `json:"checksums"`
	References  []spdxReadReference  `json:"externalRefs"`
	Annotations []spdxReadAnnotation `json:"annotations"`
}

type spdxReadChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdxReadReference struct {
	Type    string `json:"referenceType"`
	Locator string `json:"referenceLocator"`
}

type spdxReadAnnotation struct {
	Comment string `json:"comment"`
}

type spdxReadRelationship struct {
	From string `json:"spdxElementId"`
	Kind string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

func decodeSPDXJSON(raw []byte, in *reader) error {
	var doc struct {
		Name          json.RawMessage   `json:"name"`
		Comment       json.RawMessage   `json:"comment"`
		Creation      json.RawMessage   `json:"creationInfo"`
		Describes     json.RawMessage   `json:"documentDescribes"`
		Packages      []json.RawMessage `json:"packages"`
		Relationships []json.RawMessage `json:"relationships"`
		Extracted     []json.RawMessage `json:"hasExtractedLicensingInfos"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	s := spdxRead{extracted: map[string]string{}}
	_ = json.Unmarshal(doc.Name, &s.Name)
	_ = json.Unmarshal(doc.Comment, &s.Comment)
	_ = json.Unmarshal(doc.Creation, &s.Creation)
	var describes []string
	_ = json.Unmarshal(doc.Describes, &describes)
	for _, id := range describes {
		s.relationships = append(s.relationships, spdxReadRelationship{"SPDXRef-DOCUMENT", "DESCRIBES", id})
	}
	for _, one := range doc.Packages {
		var p spdxReadPackage
		if err := json.Unmarshal(one, &p); err != nil {
			in.failed(orName(p.Name, p.ID), err.Error())
			continue
		}
		s.packages = append(s.packages, p)
	}
	for _, one := range doc.Relationships {
		var r spdxReadRelationship
		if json.Unmarshal(one, &r) == nil && r.Kind == "DESCRIBES" {
			s.relationships = append(s.relationships, r)
		}
	}
	for _, one := range doc.Extracted {
		var l struct {
			ID   string `json:"licenseId"`
			Name string `json:"name"`
			Text string `json:"extractedText"`
		}
		if json.Unmarshal(one, &l) == nil {
			s.extract(l.ID, l.Name, l.Text)
		}
	}
	s.read(in)
	return nil
}

// extract notes what a LicenseRef stands for: its name, or a text of one line.
func (s *spdxRead) extract(id, name, text string) {
	text = strings.TrimSpace(text)
	if name == "" || name == spdxUnknown || name == id {
		name = ""
		if len(text) <= 200 && !strings.ContainsAny(text, "\r\n") {
			name = text
		}
	}
	s.extracted[id] = name
}

// read takes the document in.
func (s *spdxRead) read(r *reader) {
	r.doc.Name = s.Name
	r.doc.At, _ = time.Parse(time.RFC3339, s.Creation.Created)
	ours := false
	for _, c := range s.Creation.Creators {
		if tool, ok := strings.CutPrefix(c, "Tool: "); ok && r.doc.Tool == "" {
			r.doc.Tool, r.doc.Version, _ = strings.Cut(tool, "-")
			ours = r.doc.Tool == toolName
		}
	}
	if ours {
		r.knownLines(s.Comment)
	}
	described := map[string]bool{}
	for _, rel := range s.relationships {
		described[rel.To] = true
	}
	x := expressions{}
	// What the layers are is said of the image, wherever it stands, and packages name them.
	for i := range s.packages {
		if p := &s.packages[i]; p.isImage(described[p.ID]) {
			s.image(r, p)
		}
	}
	for i := range s.packages {
		switch p := &s.packages[i]; {
		case p.isImage(described[p.ID]):
		case p.Purpose == "OPERATING-SYSTEM" || p.Purpose == "OPERATING_SYSTEM":
			r.os(p.Name, p.Version, p.Summary)
		default:
			s.pkg(r, p, x)
		}
	}
}

// purl is the package URL of a package; "" when it has none.
func (p *spdxReadPackage) purl() string {
	for _, ref := range p.References {
		if ref.Type == "purl" {
			return ref.Locator
		}
	}
	return ""
}

// isImage says whether a package is the artefact as a whole that the document describes. Others describe a package of an
// ecosystem: that is one like any other.
func (p *spdxReadPackage) isImage(described bool) bool {
	if p.Purpose == "CONTAINER" {
		return true
	}
	if u := p.purl(); u != "" {
		return strings.HasPrefix(u, "pkg:oci/") || strings.HasPrefix(u, "pkg:docker/")
	}
	return described
}

// image reads the package that stands for the image. The first of them gives the name and the digest.
func (s *spdxRead) image(r *reader, p *spdxReadPackage) {
	if a := r.doc.Analysis; a.Digest == "" && p.isImage(false) { // other digests are those of files and archives
		a.Digest = digestIn(p.Version)
		for _, c := range p.Checksums {
			if a.Digest == "" && c.Algorithm == "SHA256" {
				a.Digest = digestIn("sha256:" + strings.ToLower(c.Value))
			}
		}
		if _, version, ok := strings.Cut(p.purl(), "@"); ok && a.Digest == "" {
			version, _, _ = strings.Cut(version, "?")
			a.Digest = digestIn(strings.Replace(version, "%3A", ":", 1))
		}
	}
	for _, annotation := range p.Annotations {
		readFactLines(annotation.Comment, r.fact)
		for line := range strings.SplitSeq(annotation.Comment, "\n") {
			if d, ok := strings.CutPrefix(line, "DiffID: "); ok {
				r.layer(image.Layer{LayerID: image.LayerID{DiffID: digestIn(d)}})
			} else if d, ok := strings.CutPrefix(line, "ImageID: "); ok {
				r.doc.Analysis.ID = digestIn(d)
			}
		}
	}
}

// readFactLines reads what [factLines] wrote.
func readFactLines(text string, take func(name, value string)) {
	for line := range strings.SplitSeq(text, "\n") {
		if line, ok := strings.CutPrefix(line, prefix); ok {
			if name, value, ok := strings.Cut(line, "="); ok {
				take(name, value)
			}
		}
	}
}

// pkg reads a package.
func (s *spdxRead) pkg(r *reader, p *spdxReadPackage, x expressions) {
	purl := p.purl()
	if purl == "" && p.Version == "" && (p.Purpose == "APPLICATION" || p.Purpose == "SOURCE" || p.Purpose == "FILE") {
		return // a lock file or a folder that holds what others describe
	}
	i := identify(purl, p.Name, p.Version)
	i.declared = p.Comment == declaredOnly
	for _, ref := range p.References {
		if (ref.Type == "cpe23Type" || ref.Type == "cpe22Type") && len(i.p.CPEs) < maxValues {
			i.p.CPEs = append(i.p.CPEs, ref.Locator)
		}
	}
	i.p.Origin = spdxAgent(p.Originator)
	if i.p.Origin == "" {
		i.p.Origin = spdxAgent(p.Supplier)
	}
	if p.Homepage != spdxUnknown && p.Homepage != "NONE" {
		i.p.Homepage = p.Homepage
	}
	i.sourceInfo(p.SourceInfo)
	x.declare(&i.p, spdxDeclared(p.Declared, func(ref string) string { return s.extracted[ref] }))
	if p.Concluded != spdxUnknown && p.Concluded != "NONE" {
		x.conclude(&i.p, p.Concluded)
	}
	for _, annotation := range p.Annotations {
		readFactLines(annotation.Comment, i.read)
		for line := range strings.SplitSeq(annotation.Comment, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				i.foreign("aquasecurity:trivy:"+name, value)
			}
		}
	}
	r.add(i)
}

// spdxAgent is the name in "Organization: NAME".
func spdxAgent(s string) string {
	if s == spdxUnknown || s == "NONE" {
		return ""
	}
	for _, kind := range []string{"Organization: ", "Person: ", "Tool: "} {
		if name, ok := strings.CutPrefix(s, kind); ok {
			return name
		}
	}
	return s
}

// sourceInfo reads where a package lies: our own words, and Syft's ("acquired package info from …: PATH, PATH").
func (i *item) sourceInfo(s string) {
	if place, ok := strings.CutPrefix(s, "from /"); ok {
		place, _, _ = strings.Cut(place, " in layer ")
		location, inner, _ := strings.Cut(place, "!")
		i.p.Location, _ = image.CleanPath(location)
		i.p.Inner = inner
		return
	}
	if strings.HasPrefix(s, "acquired package info from ") {
		if _, places, ok := strings.Cut(s, ": "); ok {
			first, _, _ := strings.Cut(places, ", ")
			i.p.Location, i.p.Inner = splitPlace(first)
		}
	}
}
