package sbom

import (
	"errors"
	"fmt"
	"strings"
)

// decodeSPDXTagValue reads SPDX 2.2 and 2.3 in tag-value form: lines of "Tag: value", where a value in <text>…</text> may
// have several. Tags that say nothing of packages are passed over.
func decodeSPDXTagValue(raw []byte, in *reader) error {
	t := &tagReader{doc: spdxRead{extracted: map[string]string{}}, in: in, at: map[string]int{}}
	rest := string(raw)
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		line = strings.TrimSuffix(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		tag, value, ok := strings.Cut(line, ":")
		if !ok {
			continue // free text outside a value: no tag
		}
		text, begins := strings.CutPrefix(strings.TrimLeft(value, " \t"), "<text>")
		if value = strings.TrimSpace(value); begins {
			if value, ok = strings.CutSuffix(strings.TrimRight(text, " \t"), "</text>"); !ok {
				more, after, ends := strings.Cut(rest, "</text>")
				if !ends {
					return fmt.Errorf("the text of %.100q does not end", tag)
				}
				value = text + "\n" + more
				_, rest, _ = strings.Cut(after, "\n")
			}
		}
		t.tag(strings.TrimSpace(tag), value)
	}
	t.end()
	if !t.versioned {
		return errors.New("it has no SPDXVersion")
	}
	t.doc.read(in)
	return nil
}

// tagReader collects tags into a document.
type tagReader struct {
	doc spdxRead
	in  *reader
	// pkg is the package whose tags come; nil before the first.
	pkg *spdxReadPackage
	// section is what SPDXID and comments belong to.
	section string
	// at finds packages by their identifier, for annotations.
	at        map[string]int
	versioned bool

	license         struct{ id, name, text string }
	subject, remark string
}

func (t *tagReader) tag(tag, value string) {
	switch tag {
	case "SPDXVersion":
		t.versioned = strings.HasPrefix(value, "SPDX-")
	case "DocumentName":
		t.doc.Name = value
	case "DocumentComment":
		t.doc.Comment = value
	case "Created":
		t.doc.Creation.Created = value
	case "Creator":
		t.doc.Creation.Creators = append(t.doc.Creation.Creators, value)
	case "PackageName", "FileName", "SnippetSPDXID", "LicenseID", "Annotator":
		t.end()
		t.section = tag
		switch tag {
		case "PackageName":
			t.pkg = &spdxReadPackage{Name: value}
		case "LicenseID":
			t.license.id = value
		}
	case "Relationship":
		if f := strings.Fields(value); len(f) == 3 && f[1] == "DESCRIBES" {
			t.doc.relationships = append(t.doc.relationships, spdxReadRelationship{f[0], f[1], f[2]})
		}
	case "LicenseName":
		t.license.name = value
	case "ExtractedText":
		t.license.text = value
	case "SPDXREF":
		t.subject = value
	case "AnnotationComment":
		t.remark = value
	default:
		if t.pkg != nil && t.section == "PackageName" {
			t.field(tag, value)
		}
	}
}

// field is a tag of a package.
func (t *tagReader) field(tag, value string) {
	p := t.pkg
	if to := p.text(tag); to != nil {
		*to = value
		return
	}
	switch tag {
	case "PackageChecksum":
		algorithm, sum, _ := strings.Cut(value, ":")
		p.Checksums = append(p.Checksums, spdxReadChecksum{strings.TrimSpace(algorithm), strings.TrimSpace(sum)})
	case "ExternalRef":
		if f := strings.Fields(value); len(f) == 3 {
			p.References = append(p.References, spdxReadReference{f[1], f[2]})
		}
	}
}

// text is the field of a package that a tag fills; nil for a tag that is of another kind or is not read.
func (p *spdxReadPackage) text(tag string) *string {
	switch tag {
	case "SPDXID":
		return &p.ID
	case "PackageVersion":
		return &p.Version
	case "PrimaryPackagePurpose":
		return &p.Purpose
	case "PackageOriginator":
		return &p.Originator
	case "PackageSupplier":
		return &p.Supplier
	case "PackageHomePage":
		return &p.Homepage
	case "PackageSourceInfo":
		return &p.SourceInfo
	case "PackageLicenseConcluded":
		return &p.Concluded
	case "PackageLicenseDeclared":
		return &p.Declared
	case "PackageComment":
		return &p.Comment
	case "PackageSummary":
		return &p.Summary
	}
	return nil
}

// end closes the section whose tags have come.
func (t *tagReader) end() {
	switch t.section {
	case "PackageName":
		if _, taken := t.at[t.pkg.ID]; !taken {
			t.at[t.pkg.ID] = len(t.doc.packages)
		}
		t.doc.packages = append(t.doc.packages, *t.pkg)
		t.pkg = nil
	case "LicenseID":
		t.doc.extract(t.license.id, t.license.name, t.license.text)
		t.license.id, t.license.name, t.license.text = "", "", ""
	case "Annotator":
		if n, ok := t.at[t.subject]; ok {
			p := &t.doc.packages[n]
			p.Annotations = append(p.Annotations, spdxReadAnnotation{t.remark})
		}
		t.subject, t.remark = "", ""
	}
	t.section = ""
}
