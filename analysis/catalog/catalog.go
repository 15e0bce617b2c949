// Package catalog holds the cataloguers: one file each, listed in [All], each turning one kind of file (a package
// database, a package's own metadata, an archive, a binary) into packages.
//
// A cataloguer is asked once for each file of a layer that it wants, while the layer streams by; it sees one file and
// nothing else, never the disk. What a file yields is a [Found]; it counts in an image when, and only when, that file
// is visible in the image's merged tree. A cataloguer whose packages come from several files (dpkg's status and its
// file lists) gives a Join, which the merge calls with all visible Founds.
//
// To add one: write NAME.go with a Cataloger value and its test with a fixture, a hostile fixture and a fuzz target
// where the parser is ours, and add it to [All].
package catalog

import (
	"io"

	"landwaiter.dev/analysis/license"
	"landwaiter.dev/image"
)

// Cataloger turns one kind of file into packages. Name and Revision are part of the key under which a layer's packages
// are stored: raise Revision whenever Read yields something else for the same bytes.
type Cataloger struct {
	Name     string
	Revision int
	// Doc is one sentence for the list of cataloguers.
	Doc  string
	Want Want
	// Read takes what the file says. The file is valid until Read returns. An error makes a gap of kind
	// parser_failed for the file; what was yielded before stays. A panic is treated alike.
	Read func(f *File, found *Found) error
	// Join makes the packages of an image from all visible Founds of this cataloguer, in path order. It is pure and
	// must not change its input. Nil means that the packages of the Founds simply add up.
	Join func(found []Found) ([]image.Package, []image.Gap)
	// Children is a directory of the merged tree whose subdirectories are packages by their names alone, and Child reads
	// such a name. Such a cataloguer may want no file and have no Read.
	Children image.Path
	Child    func(base string) (image.Package, bool)
}

// Want says as data which files a cataloguer is asked for, so that the walk does a few map look-ups for each file and
// not one call for each cataloguer. A file is wanted when any of the conditions holds.
type Want struct {
	// Paths are exact.
	Paths []image.Path
	// Names are exact base names.
	Names []string
	// Suffixes of the base name, with their dot and in lower case: ".jar". Compared without regard to case.
	Suffixes []string
	// Prefixes of the base name, of three bytes or more: "libcrypto.so". Compared as they are.
	Prefixes []string
	// In are directories whose direct children are wanted.
	In []image.Path
	// Parents are suffixes of the parent directory's name, with the wanted base names:
	// {".dist-info": {"METADATA", "RECORD"}}. A name "*.json" means all that end like that; a suffix that ends in "/*" is
	// that of the parent's parent: {"/plugins/*": {"*.php"}}.
	Parents map[string][]string
	// Below are directories, with base names that are wanted at any depth below them:
	// {"var/db/pkg": {"CONTENTS", "LICENSE"}}.
	Below map[image.Path][]string
	// Executables asks for regular files that begin like an ELF, PE or Mach-O file.
	Executables bool
	// SameContent says that the same bytes under another name mean the same, so that of hard links with telling names one
	// is read. It is so for Executables.
	SameContent bool
	// Match is for what data cannot say. It is called for every file of an image: it must cost next to nothing.
	Match func(path image.Path, size int64) bool
}

// File is one regular file of a layer.
type File struct {
	Path image.Path
	Size int64
	Mode uint16
	// Content gives random access; it comes from memory, or for large files from a spool on disk.
	Content io.ReaderAt
	// Bytes is the whole content when it is in memory, else nil.
	Bytes []byte
	// Limits bound what a reader may do inside the file.
	Limits Limits
}

// Reader is a sequential view of the content, from the start.
func (f *File) Reader() *io.SectionReader { return io.NewSectionReader(f.Content, 0, f.Size) }

// Limits bound the work inside one file; they come from the table in the analysis package.
type Limits struct {
	// ArchiveDepth is how deep archives may nest, ArchiveEntries how many entries one may hold, ArchiveBytes how much
	// may be decompressed from one file in all.
	ArchiveDepth   int
	ArchiveEntries int
	ArchiveBytes   int64
	// MetadataBytes bounds one metadata file (a manifest inside a jar, a METADATA).
	MetadataBytes int64
	// Packages bounds the packages of one database, OwnedFiles the files that they own.
	Packages, OwnedFiles int
	// NestedBytes bounds one compressed archive inside another, which has to be unpacked in memory.
	NestedBytes int64
}

// Found is what one file yields.
type Found struct {
	// Cataloger and Path are set by the caller of Read.
	Cataloger string
	Path      image.Path
	// Packages that the file describes. The layer report keeps their Files, which JSON by itself leaves out.
	Packages []image.Package
	// Declared are packages that the file pins (a lock file) and that nothing proves to be installed.
	Declared []image.Package
	// Lists are files of packages that a side file of a database names (dpkg info/*.list).
	Lists []FileList
	// Texts are licences that the file is the text of.
	Texts []license.Text
	// Gaps of this file; Path and Layer are set by the caller where empty.
	Gaps []image.Gap
}

// FileList names the files of one package that is described elsewhere.
type FileList struct {
	// Package as the side file names it: dpkg "name" or "name:arch"; Python the .dist-info directory.
	Package string
	Files   []image.OwnedFile
}

// Gap notes something that the file would have said.
func (f *Found) Gap(kind image.GapKind, detail string) {
	f.Gaps = append(f.Gaps, image.Gap{Kind: kind, Detail: detail})
}
