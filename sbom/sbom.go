// Package sbom speaks SBOM documents: it writes what is known of an image in the forms that other tools read, and reads
// theirs into the same nouns. A form is one row of a table; its encoder and its decoder stand side by side.
//
// What a form has no place for is written where the form lets its users write (CycloneDX properties, SPDX annotations, the
// annotations of Syft's locations), under names that begin with "landwaiter:", so that what goes out comes in again.
//
// Documents that come in are hostile: their size, depth and count are bounded, and a component that cannot be read costs
// that component alone, which is a gap of the result.
package sbom

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// Document is an SBOM: what one image or another artefact holds.
type Document struct {
	// Name as its user or its author calls what is described; Reference of a registry, "" when there is none.
	Name, Reference string
	// Analysis that the document is made from, or that it was read into. The latter has neither history nor config.
	Analysis *image.Analysis
	// Gaps to be written: those of the analysis, and others that are known.
	Gaps []image.Gap
	// BaseLayers is how many layers belong to the base image; packages in them are inherited. 0 when that is not known.
	BaseLayers int
	// At is when the document was made.
	At time.Time
	// Tool and Version made the document. To write, Tool may be empty and is Landwaiter.
	Tool, Version string
	// Declared lists the packages that lock files pin too, marked as not installed. Programs that do not look at the mark
	// take them for installed, so this is for documents that are made of documents.
	Declared bool
	// Indent writes JSON and XML laid out for people.
	Indent bool
	// Format that the document was read from, a name of [Formats].
	Format string
	// Matched says that advisories were looked at, and Findings what they said. CycloneDX alone has a place for them,
	// and they are not read.
	Matched  bool
	Findings []advisory.ImageFinding
}

// jsonEncoder writes JSON as a document of ours.
func (d *Document) jsonEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if d.Indent {
		e.SetIndent("", "  ")
	}
	return e
}

// toolName is how documents name us.
const toolName = "landwaiter"

// format is one row of the table of forms.
type format struct {
	name string
	// alias is a second name; "" when there is none.
	alias     string
	mediaType string
	encode    func(io.Writer, *Document) error
	// decode is nil where a form says too little to be read.
	decode func([]byte, *reader) error
}

// formats is that table.
var formats = []format{
	{"cyclonedx-json", "", "application/vnd.cyclonedx+json; version=1.6", encodeCycloneDXJSON, decodeCycloneDXJSON},
	{"cyclonedx-xml", "", "application/vnd.cyclonedx+xml; version=1.6", encodeCycloneDXXML, decodeCycloneDXXML},
	{"spdx-json", "", "application/spdx+json", encodeSPDXJSON, decodeSPDXJSON},
	{"spdx-tag-value", "", "text/spdx; charset=utf-8", encodeSPDXTagValue, decodeSPDXTagValue},
	{"spdx3-json", "", "application/ld+json", encodeSPDX3, decodeSPDX3},
	{"syft-json", "native", "application/vnd.syft+json", encodeSyft, decodeSyft},
	{"github-json", "", "application/json", encodeGitHub, nil},
}

// Formats lists the names of the forms that [Encode] writes.
func Formats() []string {
	names := make([]string, 0, len(formats))
	for i := range formats {
		names = append(names, formats[i].name)
	}
	return names
}

// lookup finds a form by its name or alias.
func lookup(name string) *format {
	for i := range formats {
		if f := &formats[i]; name != "" && (f.name == name || f.alias == name) {
			return f
		}
	}
	return nil
}

// MediaType is the media type of a form by its name or alias, and false for a form that there is not.
func MediaType(name string) (string, bool) {
	if f := lookup(name); f != nil {
		return f.mediaType, true
	}
	return "", false
}

// Encode writes a document in a form, named as in [Formats]; "native" is "syft-json".
func Encode(w io.Writer, name string, d *Document) error {
	f := lookup(name)
	if f == nil {
		return fmt.Errorf("there is no SBOM form %q; use one of %s", name, strings.Join(Formats(), ", "))
	}
	return f.encode(w, d)
}

// entry is a package as all forms need it.
type entry struct {
	*image.Package
	purl string
	// layer is the digest of the layer that brought it; "" when that is not known.
	layer string
	// declared says that nothing proves the package to be installed, inherited that it came with the base image.
	declared, inherited bool
}

// entries lists the packages of a document, those that are only declared last. A declaration that is a licence expression
// means that expression where nothing else is known.
func (d *Document) entries(x expressions) []entry {
	a := d.Analysis
	list := make([]entry, 0, len(a.Packages)+len(a.Declared))
	add := func(p *image.Package, declared bool) {
		if p.License == "" && len(p.Licenses) > 0 {
			with := *p
			x.declare(&with, with.Licenses)
			p = &with
		}
		list = append(list, entry{
			Package: p, purl: image.PURL(p, a.Distro), layer: layerDigest(a, p.Layer), declared: declared,
			inherited: p.Layer < d.BaseLayers,
		})
	}
	for i := range a.Packages {
		add(&a.Packages[i], false)
	}
	if d.Declared {
		for i := range a.Declared {
			add(&a.Declared[i], true)
		}
	}
	return list
}

// layerDigest names a layer by its blob, or by its content where the blob is not known.
func layerDigest(a *image.Analysis, i int) string {
	if i < 0 || i >= len(a.Layers) {
		return ""
	}
	if a.Layers[i].Blob == "" {
		return string(a.Layers[i].DiffID)
	}
	return string(a.Layers[i].Blob)
}

// toolOf gives the name and version of what wrote or writes the document.
func (d *Document) toolOf() (name, version string) {
	if d.Version == "" {
		return toolName, "unknown"
	}
	return toolName, d.Version
}

// uuid names a document by what it is about: equal images have equal documents but for the time.
func (d *Document) uuid() string {
	key := string(d.Analysis.Digest)
	if key == "" {
		var b strings.Builder
		b.WriteString(d.Name)
		for i := range d.Analysis.Packages {
			p := &d.Analysis.Packages[i]
			b.WriteString("\n" + image.PURL(p, d.Analysis.Distro) + " " + placeText(p))
		}
		key = b.String()
	}
	h := image.DigestOf([]byte("landwaiter sbom " + key)).Hex()
	return h[:8] + "-" + h[8:12] + "-5" + h[13:16] + "-a" + h[17:20] + "-" + h[20:32]
}

// created is the time of the document; forms that must have one get the epoch where there is none.
func (d *Document) created() string {
	t := d.At
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format(time.RFC3339)
}

// GapText is a gap as one line for people.
func GapText(g image.Gap) string {
	s := g.Detail
	if g.Path != "" {
		s = g.Path.Abs() + ": " + s
	}
	if g.Count > 0 {
		s += fmt.Sprintf(" (and %d more)", g.Count)
	}
	return strings.ReplaceAll(s, "\n", " ")
}

// readable lists the forms that can be read.
func readable() []string {
	var names []string
	for i := range formats {
		if formats[i].decode != nil {
			names = append(names, formats[i].name)
		}
	}
	return slices.Clip(names)
}
