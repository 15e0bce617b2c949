package sbom

import (
	"fmt"
	"io"
	"strings"

	"github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/common"
	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"
	"github.com/spdx/tools-golang/tagvalue"

	"landwaiter.dev/image"
)

// Words of SPDX documents, and the identifiers of what is in ours once.
const (
	spdxUnknown  = "NOASSERTION"
	spdxDocument = "DOCUMENT"
	spdxRoot     = "Image"
	spdxOS       = "OperatingSystem"
	// declaredOnly is the comment of a package that nothing proves to be installed.
	declaredOnly = "declared by a lock file; nothing proves that it is installed"
	// overlap is the comment by which others, too, say that one package's files hold another.
	overlap = "ownership-by-file-overlap: the first package owns the files that prove the second"
)

func encodeSPDXJSON(w io.Writer, d *Document) error {
	b := newSPDXBuilder(d)
	for i := range b.doc.Packages {
		if a := b.annotations[b.doc.Packages[i].PackageSPDXIdentifier]; a != nil {
			b.doc.Packages[i].Annotations = []spdx.Annotation{*a}
		}
	}
	if d.Indent {
		return json.Write(b.doc, w, json.Indent("  "))
	}
	return json.Write(b.doc, w)
}

func encodeSPDXTagValue(w io.Writer, d *Document) error {
	b := newSPDXBuilder(d)
	for _, p := range b.doc.Packages {
		if a := b.annotations[p.PackageSPDXIdentifier]; a != nil {
			a.AnnotationSPDXIdentifier = common.MakeDocElementID("", string(p.PackageSPDXIdentifier))
			b.doc.Annotations = append(b.doc.Annotations, a)
		}
	}
	out := &stickyWriter{w: w}
	if err := tagvalue.Write(b.doc, out); err != nil {
		return err
	}
	return out.err
}

// stickyWriter remembers the error that the library forgets.
type stickyWriter struct {
	w   io.Writer
	err error
}

func (s *stickyWriter) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	s.err = err
	return n, err
}

// spdxBuilder makes an SPDX 2.3 document.
type spdxBuilder struct {
	d           *Document
	doc         *spdx.Document
	annotations map[common.ElementID]*spdx.Annotation
	// refs are the licences that are not on the SPDX list, by LicenseRef.
	refs map[string]string
	x    expressions
}

func newSPDXBuilder(d *Document) *spdxBuilder {
	tool, version := d.toolOf()
	b := &spdxBuilder{
		d: d, annotations: map[common.ElementID]*spdx.Annotation{}, refs: map[string]string{}, x: expressions{},
		doc: &spdx.Document{
			SPDXVersion: spdx.Version, DataLicense: spdx.DataLicense, SPDXIdentifier: spdxDocument, DocumentName: spdxText(orName(d.Name, "image")),
			DocumentNamespace: "https://landwaiter.dev/spdx/" + d.uuid(),
			CreationInfo: &spdx.CreationInfo{
				Created: d.created(), Creators: []common.Creator{{CreatorType: "Tool", Creator: tool + "-" + spdxText(version)}},
			},
		},
	}
	var gaps []string
	for _, g := range d.Gaps {
		gaps = append(gaps, string(g.Kind)+": "+spdxText(GapText(g)))
	}
	b.doc.DocumentComment = strings.Join(gaps, "\n")
	b.root()
	ids := map[image.PackageRef]common.ElementID{}
	entries := d.entries(b.x)
	for i := range entries {
		id := b.entry(&entries[i], i)
		if _, taken := ids[entries[i].Ref()]; !taken {
			ids[entries[i].Ref()] = id
		}
	}
	for i := range entries {
		if o := entries[i].OwnedBy; o != nil && ids[*o] != "" {
			b.relate(ids[*o], "OTHER", spdxID(i), overlap)
		}
	}
	return b
}

// spdxText is a text in one line that ends no text element.
func spdxText(s string) string { return strings.ReplaceAll(clean(s), "</text>", "< /text>") }

func spdxID(i int) common.ElementID { return common.ElementID(fmt.Sprintf("Package-%06d", i)) }

// root adds the image and its distribution.
func (b *spdxBuilder) root() {
	a := b.d.Analysis
	p := spdxPackage(spdxRoot, b.doc.DocumentName)
	p.PackageVersion, p.PrimaryPackagePurpose = string(a.Digest), "CONTAINER"
	if a.Digest != "" {
		p.PackageChecksums = []common.Checksum{{Algorithm: common.SHA256, Value: a.Digest.Hex()}}
	}
	b.annotate(spdxRoot, b.d.facts())
	b.doc.Packages = append(b.doc.Packages, p)
	b.relate(spdxDocument, "DESCRIBES", spdxRoot, "")
	if a.Distro.ID != "" {
		os := spdxPackage(spdxOS, spdxText(a.Distro.ID))
		os.PackageVersion, os.PackageSummary, os.PrimaryPackagePurpose = spdxText(a.Distro.VersionID), spdxText(a.Distro.Name), "OPERATING_SYSTEM"
		b.doc.Packages = append(b.doc.Packages, os)
		b.relate(spdxRoot, "CONTAINS", spdxOS, "")
	}
}

func spdxPackage(id common.ElementID, name string) *spdx.Package {
	return &spdx.Package{
		PackageName: name, PackageSPDXIdentifier: id, PackageDownloadLocation: spdxUnknown, IsFilesAnalyzedTagPresent: true,
		PackageLicenseConcluded: spdxUnknown, PackageLicenseDeclared: spdxUnknown, PackageCopyrightText: spdxUnknown,
	}
}

func (b *spdxBuilder) relate(from common.ElementID, kind string, to common.ElementID, comment string) {
	b.doc.Relationships = append(b.doc.Relationships, &spdx.Relationship{
		RefA: common.MakeDocElementID("", string(from)), RefB: common.MakeDocElementID("", string(to)), Relationship: kind,
		RelationshipComment: comment,
	})
}

// annotate writes facts, one a line.
func (b *spdxBuilder) annotate(id common.ElementID, facts []fact) {
	text := factLines(facts)
	if text == "" {
		return
	}
	tool, version := b.d.toolOf()
	b.annotations[id] = &spdx.Annotation{
		Annotator:      common.Annotator{AnnotatorType: "Tool", Annotator: tool + "-" + spdxText(version)},
		AnnotationDate: b.d.created(), AnnotationType: "OTHER", AnnotationComment: text,
	}
}

// factLines are facts as lines of NAME=VALUE.
func factLines(facts []fact) string {
	var lines []string
	for _, f := range facts {
		if name := spdxText(f.name); !strings.Contains(name, "=") {
			lines = append(lines, prefix+name+"="+spdxText(f.value))
		}
	}
	return strings.Join(lines, "\n")
}

// entry adds a package.
func (b *spdxBuilder) entry(e *entry, i int) common.ElementID {
	known := e.plain()
	id := spdxID(i)
	p := spdxPackage(id, spdxText(e.Name))
	p.PackageVersion = spdxText(e.Version)
	if e.Namespace != "" {
		p.PackageName = spdxText(e.Namespace + ":" + e.Name)
	}
	if e.Location != "" {
		p.PackageSourceInfo = spdxText("from " + placeText(e.Package) + in(e.layer))
	}
	if e.purl != "" {
		p.PackageExternalReferences = append(p.PackageExternalReferences, &spdx.PackageExternalReference{
			Category: common.CategoryPackageManager, RefType: common.TypePackageManagerPURL, Locator: e.purl,
		})
	}
	for _, cpe := range e.CPEs {
		if isCPE(cpe) {
			kind := common.TypeSecurityCPE23Type
			if strings.HasPrefix(cpe, "cpe:/") {
				kind = common.TypeSecurityCPE22Type
			}
			p.PackageExternalReferences = append(p.PackageExternalReferences, &spdx.PackageExternalReference{
				Category: common.CategorySecurity, RefType: kind, Locator: cpe,
			})
			known.CPEs = append(known.CPEs, cpe)
		}
	}
	b.licenses(e, p, &known)
	if origin := spdxText(e.Origin); strings.TrimSpace(origin) == origin && origin != "" && origin != spdxUnknown {
		p.PackageOriginator = &common.Originator{OriginatorType: "Organization", Originator: origin}
		known.Origin = origin
	}
	if isURL(e.Homepage) {
		p.PackageHomePage, known.Homepage = e.Homepage, e.Homepage
	}
	relation := "CONTAINS"
	if e.declared {
		relation, p.PackageComment = "OTHER", declaredOnly
	}
	b.annotate(id, e.facts(&known))
	b.doc.Packages = append(b.doc.Packages, p)
	b.relate(spdxRoot, relation, id, p.PackageComment)
	return id
}

func in(layer string) string {
	if layer == "" {
		return ""
	}
	return " in layer " + layer
}

// licenses writes declared and concluded licences as expressions. A declared text that is none becomes a LicenseRef with
// that text. known becomes what a reader knows by that.
func (b *spdxBuilder) licenses(e *entry, p *spdx.Package, known *image.Package) {
	declared := sayable(e.Licenses)
	if len(declared) > 0 {
		parts := make([]string, len(declared))
		for i, s := range declared {
			if declared[i], parts[i] = s, s; !b.x.valid(s) {
				parts[i] = b.extract(refOf(s), spdxText(s))
			}
			for _, ref := range refsIn(parts[i]) {
				b.extract(ref, ref)
			}
		}
		p.PackageLicenseDeclared = join(parts)
		p.PackageLicenseComments = "declared: " + spdxText(strings.Join(declared, ", "))
		b.x.declare(known, spdxDeclared(p.PackageLicenseDeclared, func(ref string) string { return b.refs[ref] }))
	}
	if b.x.valid(e.License) {
		p.PackageLicenseConcluded = e.License
		for _, ref := range refsIn(e.License) {
			b.extract(ref, ref)
		}
		b.x.conclude(known, e.License)
	}
}

// extract defines a licence that is not on the SPDX list, once.
func (b *spdxBuilder) extract(ref, text string) string {
	if _, known := b.refs[ref]; !known {
		b.refs[ref] = text
		b.doc.OtherLicenses = append(b.doc.OtherLicenses, &spdx.OtherLicense{LicenseIdentifier: ref, ExtractedText: text, LicenseName: text})
	}
	return ref
}

// refsIn lists the LicenseRefs of an expression.
func refsIn(expression string) []string {
	var refs []string
	for _, word := range strings.FieldsFunc(expression, func(r rune) bool { return r == ' ' || r == '(' || r == ')' }) {
		if strings.HasPrefix(word, refPrefix) {
			refs = append(refs, word)
		}
	}
	return refs
}

// spdxDeclared is the list of licences that an expression declares, with the texts of those that are not on the list.
func spdxDeclared(expression string, text func(ref string) string) []string {
	switch expression {
	case "", spdxUnknown, "NONE":
		return nil
	}
	list := split(expression)
	for i, s := range list {
		if strings.HasPrefix(s, refPrefix) {
			list[i] = orName(text(s), s)
		}
	}
	return list
}
