package sbom

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"landwaiter.dev/image"
)

// Limits of documents that come in.
const (
	// MaxSize is the size in bytes of the largest document.
	MaxSize = 100 << 20
	// maxPackages is how many packages of one document are read.
	maxPackages = 500_000
	// maxDepth is how deep components may lie in others.
	maxDepth = 64
	// maxValues bounds lists inside a component: licences, CPEs, facts.
	maxValues = 1000
	// maxText is the length in bytes of the longest name, version or other text of a component.
	maxText = 16 << 10
	// maxGaps is how many gaps of one kind are listed one by one.
	maxGaps = 100
)

// Errors of [Decode].
var (
	ErrTooBig        = fmt.Errorf("the SBOM is larger than %d MiB", MaxSize>>20)
	ErrNotRecognised = errors.New("this is no SBOM that can be read: known are CycloneDX (JSON, XML), SPDX (JSON, tag-value) and Syft's JSON")
)

// notAnalysed is the gap of everything that comes from an SBOM.
var notAnalysed = image.Gap{
	Kind: image.GapUnsupportedContent, Layer: -1,
	Detail: "file contents, secrets, verification were not analysed: the source is an SBOM",
}

// Decode reads a document of any form and any producer. hint is the name of its form, or "" to recognise it. What cannot be
// used of it is in the gaps of its analysis; an error means that there is no document at all.
func Decode(r io.Reader, hint string) (*Document, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxSize {
		return nil, ErrTooBig
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if hint == "" {
		if hint = recognise(raw); hint == "" {
			return nil, ErrNotRecognised
		}
	}
	f := lookup(hint)
	if f == nil || f.decode == nil {
		return nil, fmt.Errorf("an SBOM of the form %q cannot be read; use one of %s", hint, strings.Join(readable(), ", "))
	}
	in := newReader(f.name)
	if err := f.decode(raw, in); err != nil {
		return nil, fmt.Errorf("the SBOM cannot be read as %s: %w", f.name, err)
	}
	return in.finish(), nil
}

// reader collects what a document says.
type reader struct {
	doc *Document
	// distro that package URLs name, used where the document names none.
	distro image.Distro
	// layers finds a layer by either of its digests.
	layers map[image.Digest]int
	seen   map[packageKey]bool
	gaps   map[image.GapKind]int
	count  int
}

// packageKey tells two packages of one image apart.
type packageKey struct {
	kind                                  image.PackageType
	namespace, name, version, arch, inner string
	location                              image.Path
	declared                              bool
}

// keyOf tells an installed package from others of its image.
func keyOf(p *image.Package) packageKey {
	return packageKey{p.Type, p.Namespace, p.Name, p.Version, p.Arch, p.Inner, p.Location, false}
}

func newReader(name string) *reader {
	return &reader{
		doc: &Document{Format: name, Analysis: &image.Analysis{
			Schema: image.AnalysisSchema, Layers: []image.Layer{}, History: []image.History{}, Packages: []image.Package{},
			Gaps: []image.Gap{}, Revisions: map[string]string{"sbom": name},
		}},
		layers: map[image.Digest]int{}, seen: map[packageKey]bool{}, gaps: map[image.GapKind]int{},
	}
}

// item is a component that is being read.
type item struct {
	p        image.Package
	distro   image.Distro
	declared bool
	// layer is the digest that the component names.
	layer string
	// name and version that the document gives, for gaps and where there is no package URL.
	name, version string
	// kind is the type that the document names otherwise than by a package URL; "" when it names none.
	kind image.PackageType
	// sourceParts is the version of the source package where the document gives it in parts, in any order.
	sourceParts parts
}

// identify begins an item: its package URL, if it is one, decides what it is.
func identify(purl, name, version string, spellings ...string) *item {
	i := &item{name: name, version: version}
	p, d, err := image.ParsePURL(purl)
	if err != nil {
		return i
	}
	respell(&p, append(spellings, name)...)
	if p.Version == "" {
		p.Version = version
		if p.Type.OS() && p.SourceVersion == "" {
			p.SourceVersion = version
		}
	}
	i.p, i.distro = p, d
	return i
}

// notPackages are types of package URLs that name an image or an artefact as a whole.
var notPackages = map[image.PackageType]bool{"oci": true, "docker": true}

// add takes an item into the document. An item that says of no kind of package that it is one is a gap.
func (r *reader) add(i *item) {
	if r.count++; r.count > maxPackages {
		if r.count == maxPackages+1 {
			r.gap(image.Gap{Kind: image.GapLimit, Layer: -1, Detail: fmt.Sprintf("the SBOM lists more than %d packages; the others were left out", maxPackages)})
		}
		return
	}
	p := &i.p
	if v := i.sourceParts.whole(); v != "" {
		p.SourceVersion = v
	}
	if notPackages[p.Type] {
		return
	}
	if p.Type == "" && i.kind != "" {
		p.Type, p.Name, p.Version = i.kind, i.name, i.version
		if p.Type.OS() {
			fillSource(p)
		}
	}
	if p.Type == "" || p.Name == "" {
		r.gap(image.Gap{Kind: image.GapUnidentified, Path: p.Location, Layer: -1, Detail: fmt.Sprintf("component %.200q, version %.100q, has no usable package URL", i.name, i.version)})
		return
	}
	if !sound(p) {
		r.failed(i.name, "a text in it is too long or no text")
		return
	}
	if n, ok := r.layers[digestIn(i.layer)]; ok && i.layer != "" {
		p.Layer = n
	}
	if r.distro.ID == "" && p.Type.OS() {
		r.distro = i.distro
	}
	key := keyOf(p)
	key.declared = i.declared
	if r.seen[key] {
		return
	}
	r.seen[key] = true
	if i.declared {
		r.doc.Analysis.Declared = append(r.doc.Analysis.Declared, *p)
		return
	}
	r.doc.Analysis.Packages = append(r.doc.Analysis.Packages, *p)
}

// fillSource makes a package of an operating system its own source where nothing else is said.
func fillSource(p *image.Package) {
	if p.SourceName == "" {
		p.SourceName = p.Name
	}
	if p.SourceVersion == "" {
		p.SourceVersion = p.Version
	}
}

// sound says whether all texts of a package are of a bearable length and can be kept.
func sound(p *image.Package) bool {
	good := func(s string) bool { return len(s) <= maxText && strings.IndexByte(s, 0) < 0 }
	for _, s := range []string{
		string(p.Type), p.Namespace, p.Name, p.Version, p.Arch, p.SourceName, p.SourceVersion, p.SourceRPM, p.Modularity, p.License,
		p.LicenseSource, p.PURL, p.Origin, p.Homepage, p.Inner,
	} {
		if !good(s) {
			return false
		}
	}
	for k, v := range p.Extra {
		if !good(k) || !good(v) {
			return false
		}
	}
	if p.OwnedBy != nil && !(good(p.OwnedBy.Name) && good(p.OwnedBy.Version) && good(p.OwnedBy.Arch)) {
		return false
	}
	total := 0
	for _, s := range append(p.Licenses[:len(p.Licenses):len(p.Licenses)], p.CPEs...) {
		if total += len(s); total > 64*maxText || strings.IndexByte(s, 0) >= 0 {
			return false
		}
	}
	return len(p.Licenses) <= maxValues && len(p.CPEs) <= maxValues
}

// failed notes a component that could not be read.
func (r *reader) failed(name, why string) {
	r.gap(image.Gap{Kind: image.GapParserFailed, Layer: -1, Detail: fmt.Sprintf("component %.200q of the SBOM was left out: %.300s", name, why)})
}

// gap lists a gap; beyond a number of one kind the last of them counts the others.
func (r *reader) gap(g image.Gap) {
	list := &r.doc.Analysis.Gaps
	if n := r.gaps[g.Kind]; n >= maxGaps {
		for i := len(*list) - 1; i >= 0; i-- {
			if (*list)[i].Kind == g.Kind {
				(*list)[i].Count++
				return
			}
		}
	}
	r.gaps[g.Kind]++
	*list = append(*list, g)
}

// known takes in a gap that the document itself names.
func (r *reader) known(kind, detail string) {
	if !isWord(kind) || len(detail) > maxText || strings.IndexByte(detail, 0) >= 0 || detail == notAnalysed.Detail {
		return
	}
	r.gap(image.Gap{Kind: image.GapKind(kind), Layer: -1, Detail: detail})
}

// knownLines takes in gaps that stand one a line in a comment of ours.
func (r *reader) knownLines(comment string) {
	for line := range strings.SplitSeq(comment, "\n") {
		if kind, detail, ok := strings.Cut(line, ": "); ok {
			r.known(kind, detail)
		}
	}
}

func isWord(s string) bool {
	return s != "" && len(s) <= 100 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// layer takes in a layer, in order from the base. Digests that are none are left out.
func (r *reader) layer(l image.Layer) {
	l.Blob, l.DiffID = digestIn(string(l.Blob)), digestIn(string(l.DiffID))
	a := r.doc.Analysis
	if l.Blob == "" && l.DiffID == "" || len(a.Layers) >= image.MaxLayers || l.Size < 0 || l.TarSize < 0 {
		return
	}
	for _, d := range []image.Digest{l.Blob, l.DiffID} {
		if _, taken := r.layers[d]; d != "" && !taken {
			r.layers[d] = len(a.Layers)
		}
	}
	a.Layers = append(a.Layers, l)
}

// os takes in the distribution that a document names.
func (r *reader) os(id, version, name string) {
	d := &r.doc.Analysis.Distro
	if d.ID != "" || id == "" || len(id) > 200 || len(version) > 200 || len(name) > 1000 {
		return
	}
	d.ID, d.VersionID, d.Name = distroID(id), version, name
}

// finish makes the document of what was collected.
func (r *reader) finish() *Document {
	a := r.doc.Analysis
	if a.Distro.ID == "" {
		a.Distro = r.distro
	}
	if len(a.Layers) == 0 {
		r.doc.BaseLayers = 0
	}
	r.gap(notAnalysed)
	r.doc.Gaps = a.Gaps
	return r.doc
}
