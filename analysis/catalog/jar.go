package catalog

import (
	"bytes"
	"crypto/sha1" // the form in which public indexes know jars
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/zipdir"
)

// Jar reads Java archives and the archives in them, to the depth of Limits.ArchiveDepth. Each archive that tells what
// it is becomes a package; each pom.properties that names something else than its archive becomes an embedded one.
// An archive that cannot be told is a gap with its SHA-1, never a guess: see identifyJar.
//
// Of an archive only the directory, the metadata and nested archives are read. Nested archives that are stored are
// read in place, deflated ones in memory, once.
func Jar() Cataloger {
	return Cataloger{
		Name:     "jar",
		Revision: 2,
		Doc:      "Java archives (jar, war, ear, hpi, jpi …), nested ones too.",
		Want:     Want{Suffixes: jarSuffixes},
		Read:     readJar,
	}
}

var jarSuffixes = []string{".jar", ".war", ".ear", ".hpi", ".jpi", ".par", ".sar", ".nar", ".kar", ".far", ".lpkg", ".rar", ".zap"}

// ambiguousJar are suffixes that other formats use as well: such a file that is no ZIP archive is none of ours.
var ambiguousJar = map[string]bool{".par": true, ".sar": true, ".nar": true, ".kar": true, ".far": true, ".rar": true, ".zap": true}

const (
	// maxJarGaps bounds how many nested archives get a gap of their own; the rest is counted.
	maxJarGaps = 50
)

func readJar(f *File, found *Found) error {
	w := jarWalk{file: f, found: found, left: f.Limits.ArchiveBytes}
	err := w.archive(f.Content, f.Size, f.Path.Base(), "", 0)
	if err != nil && ambiguousJar[strings.ToLower(path.Ext(f.Path.Base()))] {
		return nil
	}
	return err
}

// jarWalk goes through one file and the archives inside.
type jarWalk struct {
	file  *File
	found *Found
	// left is what may still be read out of entries, of all archives together.
	left int64
	over bool // left ran out, and a gap says so
	gaps int
}

// archive reads one archive of which base is the file name and inner the place in the outermost one. An error means
// that it is no archive at all.
func (w *jarWalk) archive(r io.ReaderAt, size int64, base, inner string, depth int) error {
	var classes classRoot
	zip, err := zipdir.Open(r, size, w.file.Limits.ArchiveEntries, func(name []byte) bool {
		classes.add(name)
		return wantInJar(name)
	})
	switch {
	case zip == nil:
		return err
	case errors.Is(err, zipdir.ErrTooMany):
		w.gap(image.GapLimit, inner, fmt.Sprintf("more than %d entries: the rest is not looked at", w.file.Limits.ArchiveEntries))
	case err != nil:
		w.gap(image.GapParserFailed, inner, err.Error())
	}
	a := jarFacts{base: base, classes: classes.String()}
	var nested []*zipdir.Entry
	for i := range zip.Entries {
		e := &zip.Entries[i]
		switch kindInJar([]byte(e.Name)) {
		case jarManifestEntry:
			if data, ok := w.read(zip, e, w.file.Limits.MetadataBytes, inner); ok && a.manifest == nil {
				a.manifest = parseManifest(data)
			}
		case jarPomEntry:
			if data, ok := w.read(zip, e, w.file.Limits.MetadataBytes, inner); ok && len(a.poms) < maxListed {
				a.poms = append(a.poms, parsePom(data, e.Name))
			}
		case jarArchiveEntry:
			nested = append(nested, e)
		}
	}
	w.report(&a, r, size, inner)
	for _, e := range nested {
		w.nested(zip, e, inner, depth)
	}
	return nil
}

// nested reads an archive inside an archive.
func (w *jarWalk) nested(zip *zipdir.Archive, e *zipdir.Entry, outer string, depth int) {
	name, err := image.CleanPath(strings.ToValidUTF8(e.Name, "\uFFFD"))
	if err != nil || name == "" {
		w.gap(image.GapFileSkipped, outer, fmt.Sprintf("the nested archive %.100q has an unusable name", e.Name))
		return
	}
	inner := string(name)
	if outer != "" {
		inner = outer + "!" + inner
	}
	if depth >= w.file.Limits.ArchiveDepth {
		w.gap(image.GapLimit, inner, fmt.Sprintf("archives nested more than %d deep are not opened", w.file.Limits.ArchiveDepth))
		return
	}
	if s, err := zip.Section(e); err == nil && s != nil {
		if w.charge(s.Size(), inner) {
			w.opened(w.archive(s, s.Size(), name.Base(), inner, depth+1), inner)
		}
		return
	}
	if data, ok := w.read(zip, e, w.file.Limits.NestedBytes, inner); ok {
		w.opened(w.archive(bytes.NewReader(data), int64(len(data)), name.Base(), inner, depth+1), inner)
	}
}

func (w *jarWalk) opened(err error, inner string) {
	if err != nil && !ambiguousJar[strings.ToLower(path.Ext(inner))] {
		w.gap(image.GapParserFailed, inner, err.Error())
	}
}

// read returns the content of an entry, or leaves a gap.
func (w *jarWalk) read(zip *zipdir.Archive, e *zipdir.Entry, limit int64, inner string) ([]byte, bool) {
	if !w.charge(min(e.Size, limit), inner) {
		return nil, false
	}
	data, err := zip.Read(e, limit)
	switch {
	case err == nil:
		return data, true
	case errors.Is(err, zipdir.ErrTooLarge):
		w.gap(image.GapLimit, inner, fmt.Sprintf("%.100q of %d bytes is over the limit of %d", e.Name, e.Size, limit))
	case errors.Is(err, zipdir.ErrUnsupported):
		w.gap(image.GapUnsupportedContent, inner, fmt.Sprintf("%.100q is encrypted or compressed by an unknown method", e.Name))
	default:
		w.gap(image.GapParserFailed, inner, err.Error())
	}
	return nil, false
}

// charge takes n bytes from what may still be read.
func (w *jarWalk) charge(n int64, inner string) bool {
	if n > w.left {
		if w.over {
			return false
		}
		w.over = true
		w.gap(image.GapLimit, inner, fmt.Sprintf("the archive holds more than %d bytes to look at: the rest is left out", w.file.Limits.ArchiveBytes))
		return false
	}
	w.left -= n
	return true
}

// gap notes what was not seen inside the file; many of them are counted in the last one.
func (w *jarWalk) gap(kind image.GapKind, inner, detail string) {
	if w.gaps++; w.gaps > maxJarGaps {
		w.found.Gaps[len(w.found.Gaps)-1].Count++
		return
	}
	if inner != "" {
		detail = fmt.Sprintf("%.300s in it: %s", inner, detail)
	}
	w.found.Gap(kind, strings.ToValidUTF8(detail, "\uFFFD"))
}

// report turns what an archive says into packages.
func (w *jarWalk) report(a *jarFacts, r io.ReaderAt, size int64, inner string) {
	own, embedded, ok := identifyJar(a)
	if !ok {
		h := sha1.New()
		if n, err := io.Copy(h, io.NewSectionReader(r, 0, min(size, w.file.Limits.ArchiveBytes))); err == nil && n == size {
			w.gap(image.GapUnidentified, inner, fmt.Sprintf("nothing in the archive or its name tells its coordinates; SHA-1 %s", hex.EncodeToString(h.Sum(nil))))
		} else {
			w.gap(image.GapUnidentified, inner, "nothing in the archive or its name tells its coordinates")
		}
	} else {
		w.add(own, inner)
	}
	for _, p := range embedded {
		p.Embedded = true
		w.add(p, inner)
	}
}

func (w *jarWalk) add(p image.Package, inner string) {
	if len(w.found.Packages) >= maxListed {
		w.gap(image.GapLimit, inner, fmt.Sprintf("more than %d packages in one file: the rest is left out", maxListed))
		return
	}
	p.Type, p.Location, p.Inner = image.Maven, w.file.Path, inner
	w.found.Packages = append(w.found.Packages, p)
}

type jarEntryKind int

const (
	jarOther jarEntryKind = iota
	jarManifestEntry
	jarPomEntry
	jarArchiveEntry
)

func wantInJar(name []byte) bool { return kindInJar(name) != jarOther }

// kindInJar says what an entry is by its name. Applications keep their own META-INF below WEB-INF/classes or
// BOOT-INF/classes.
func kindInJar(name []byte) jarEntryKind {
	switch {
	case len(name) == 0 || name[len(name)-1] == '/':
		return jarOther
	case bytes.HasSuffix(name, []byte("/pom.properties")) && bytes.Contains(name, []byte("META-INF/maven/")):
		return jarPomEntry
	case len(name) == len(manifestName) && strings.EqualFold(string(name), manifestName):
		return jarManifestEntry
	}
	if dot := bytes.LastIndexByte(name[max(0, len(name)-5):], '.'); dot >= 0 {
		ext := strings.ToLower(string(name[max(0, len(name)-5)+dot:]))
		for _, s := range jarSuffixes {
			if s == ext {
				return jarArchiveEntry
			}
		}
	}
	return jarOther
}

const manifestName = "META-INF/MANIFEST.MF"
