package analysis

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"landwaiter.dev/image"
)

// ImportRevision is the revision of what [Imported] makes, and "import" its part name in [image.Analysis.Revisions].
const ImportRevision = "1"

// Bounds of what is taken from a document that somebody else wrote.
const (
	maxImportedPackages = 500_000
	maxImportedText     = 16 << 10 // bytes of one field
	maxImportedGaps     = 1000
)

// Imported makes the analysis of an image whose layers were never here: packages and distribution are what a document
// says, the rest comes from manifest and config. Its layers have no diff ID, since nobody read them, and gaps say what
// nobody looked at. The document is foreign: what cannot be kept of it is left out and said. Errors are *[Error].
func Imported(m image.Manifest, c image.Config, document *image.Analysis) (*image.Analysis, error) {
	limits := DefaultLimits()
	if err := fits(m, c, &limits); err != nil {
		return nil, err
	}
	i := &importing{gaps: newGaps(maxImportedGaps), layer: layersOfDocument(m, c, document)}
	for _, what := range []string{
		"the image was imported as a document: its layers were not read, and its packages are what the document says",
		"the image was imported: its files are not known",
		"the image was imported: it was not searched for secrets, texts or malware",
		"the image was imported: its files were not compared with what their packages say",
	} {
		i.gap(image.GapNotRead, what)
	}
	if document.Digest != "" && document.Digest != m.Digest {
		i.gap(image.GapNotRead, fmt.Sprintf("the document names another image: %.90q", document.Digest))
	}
	for _, g := range document.Gaps {
		if text(g.Detail) && g.Path.Valid() {
			i.gaps.add(image.Gap{Kind: image.GapUnsupportedContent, Path: g.Path, Layer: -1, Detail: g.Detail, Count: max(g.Count, 0)})
		}
	}
	a := &image.Analysis{
		Schema: image.AnalysisSchema, Digest: m.Digest, ID: m.Config.Digest, MediaType: m.MediaType,
		Platform: c.Platform, Created: c.Created, Config: c.Container, History: append([]image.History{}, c.History...),
		Dockerfile: Dockerfile(c.History, c.Container), Distro: i.distro(document.Distro), Base: Base(m.Raw, c.Container.Labels),
		Packages: i.packages(document.Packages, "packages"), Declared: i.packages(document.Declared, "declared packages"),
		Revisions: map[string]string{"import": ImportRevision},
	}
	made, aligned := alignHistory(c.History, len(m.Layers))
	if !aligned {
		i.gap(image.GapHistory, "the config's history does not fit its layers: which command made which layer is not known")
	}
	for n, l := range m.Layers {
		a.Layers = append(a.Layers, image.Layer{LayerID: image.LayerID{Blob: l.Digest}, MediaType: l.MediaType, Size: l.Size, CreatedBy: made[n]})
		a.CompressedSize += l.Size
	}
	a.Size = a.CompressedSize // of the tree nothing is known
	if len(a.Declared) == 0 {
		a.Declared = nil
	}
	a.Gaps = sortedGaps(append([]image.Gap{}, i.gaps.list...))
	return a, nil
}

// importing is an import on its way.
type importing struct {
	gaps *gapList
	// layer gives for a layer of the document the index of the image's layer; nothing where they cannot be told.
	layer map[int]int
}

func (i *importing) gap(kind image.GapKind, detail string) {
	i.gaps.add(image.Gap{Kind: kind, Layer: -1, Detail: detail})
}

// layersOfDocument finds the document's layers among those of the image, by blob digest or diff ID.
func layersOfDocument(m image.Manifest, c image.Config, document *image.Analysis) map[int]int {
	at := map[image.Digest]int{}
	for n := range m.Layers {
		for _, d := range []image.Digest{m.Layers[n].Digest, c.DiffIDs[n]} {
			if _, twice := at[d]; !twice {
				at[d] = n
			}
		}
	}
	layer := map[int]int{}
	for n, l := range document.Layers {
		for _, d := range []image.Digest{l.DiffID, l.Blob} {
			if found, ok := at[d]; ok && d != "" {
				layer[n] = found
				break
			}
		}
	}
	return layer
}

func (i *importing) distro(d image.Distro) image.Distro {
	out := image.Distro{ID: d.ID, VersionID: d.VersionID, Codename: d.Codename, Name: d.Name}
	if out.ID == "redhat" { // as some tools call it
		out.ID = "rhel"
	}
	like := d.Like[:min(len(d.Like), 16)]
	if !text(out.ID, out.VersionID, out.Codename, out.Name) || !text(like...) || !d.Source.Valid() || len(d.Source) > image.MaxPathLength {
		i.gap(image.GapUnknownDistro, "what the document says of the distribution cannot be text of an os-release file")
		return image.Distro{}
	}
	out.Like, out.Source = like, d.Source
	return out
}

// packages keeps what has a name and holds text alone.
func (i *importing) packages(list []image.Package, what string) []image.Package {
	out := make([]image.Package, 0, len(list))
	skipped := 0
	for n := range list {
		p := list[n]
		path, err := image.CleanPath(string(p.Location))
		switch {
		case err != nil || p.Name == "" || p.Type == "" || !packageText(&p) || len(out) == maxImportedPackages:
			skipped++
			continue
		case len(i.layer) == 0:
			p.Layer = -1
		default:
			at, ok := i.layer[p.Layer]
			if p.Layer = at; !ok {
				p.Layer = -1
			}
		}
		p.Location, p.Files = path, nil
		out = append(out, p)
	}
	if skipped > 0 {
		i.gap(image.GapUnidentified, fmt.Sprintf("%d %s of the document have no name, or text that is none, or are too many: they were left out", skipped, what))
	}
	return out
}

// packageText says whether every text of a package can be kept.
func packageText(p *image.Package) bool {
	ok := text(string(p.Type), p.Name, p.Namespace, p.Version, p.Arch, p.SourceName, p.SourceVersion, p.SourceRPM, p.Modularity, p.Origin,
		p.Homepage, p.PURL, p.LicenseSource, p.Inner, string(p.Location)) && len(p.Licenses) <= 1000 && len(p.CPEs) <= 1000 && len(p.Extra) <= 1000
	ok = ok && text(p.License) && text(p.Licenses...) && text(p.CPEs...)
	for k, v := range p.Extra {
		ok = ok && text(k, v)
	}
	return ok && (p.OwnedBy == nil || text(string(p.OwnedBy.Type), p.OwnedBy.Name, p.OwnedBy.Version, p.OwnedBy.Arch))
}

// text says whether values are UTF-8 of a length that a package may have, without NUL, which no database keeps.
func text(values ...string) bool {
	for _, s := range values {
		if len(s) > maxImportedText || !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return false
		}
	}
	return true
}
