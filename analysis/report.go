package analysis

import (
	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// Report is what one layer says, whatever image it is in.
type Report struct {
	Layer image.LayerID
	// Compression that the blob has, Size of the blob and TarSize of what is in it, in bytes.
	Compression   Compression
	Size, TarSize int64
	// Files by path; of a path given twice the last entry.
	Files []image.File
	// Whiteouts are paths that the layer removes from those below, Opaques directories of which it hides all that
	// lower layers have in them. Both by path.
	Whiteouts, Opaques []image.Path
	// Found by path, then by cataloguer.
	Found []catalog.Found
	// Borrowed are files that were read as if they lay elsewhere, because a link in an image leads to them.
	Borrowed []Borrowed
	// Kept by path.
	Kept      []Kept
	Searched  Searched
	Retrieved Retrieved
	Scanned   Scanned
	// Gaps of the reading itself; what a part could not do is with the part.
	Gaps []image.Gap
	// Revisions of the parts that the report holds, by part name.
	Revisions map[string]string

	// again is what a second look at the layer has to add, summed the files that one took digests of.
	again  []again
	summed map[image.Path]image.File
}

// Kept is a small file, or one fact of a file, that the merge may need.
type Kept struct {
	Path image.Path
	// As is the path that led here through links; "" when it is Path itself.
	As image.Path
	// Fact is "" when Data is the whole file, else what Data is: [FactBusybox].
	Fact string
	Data []byte
}

// FactBusybox is the version that a busybox binary prints.
const FactBusybox = "busybox"

// Borrowed is what a file yields when it is read under another name: a database that lies behind a link.
type Borrowed struct {
	As    image.Path
	Found catalog.Found
}

// Searched is what rules found in the texts of a layer, by path, line and rule.
type Searched struct {
	Secrets, Matches []image.TextMatch
	Gaps             []image.Gap
}

// Retrieved are files of a layer that the settings ask for, by path.
type Retrieved struct {
	Files []image.RetrievedFile
	Gaps  []image.Gap
}

// Scanned is what the malware scanner found, by path and signature.
type Scanned struct {
	Findings []image.MalwareFinding
	Gaps     []image.Gap
}

// Part is a piece of a report as it is kept: opaque bytes under a name and the revision that made them.
type Part struct {
	Name, Revision string
	Data           []byte
}
