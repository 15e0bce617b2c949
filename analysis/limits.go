package analysis

import (
	"time"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// Limits bound what an image may cost. The zero value of a field means its default.
type Limits struct {
	LayerStored, LayerBytes, ImageBytes  int64
	Ratio, RatioFrom                     int64
	LayerEntries, ImageEntries, Layers   int64
	PathLength, PathDepth, Implied       int64
	Links, Xattrs, XattrBytes, Gaps      int64
	LayerXattrs, LayerPackages           int64
	LayerNames                           int64
	ZstdWindow                           int64
	Memory, MemoryFile, Spool, KeptBytes int64
	RetrieveBytes, Retrieved             int64
	Matches, Differences                 int64
	ImageTime, FileTime                  int64
	ArchiveDepth, ArchiveEntries         int64
	ArchiveBytes, MetadataBytes          int64
	NestedBytes, Packages, OwnedFiles    int64
}

// Limit is a row of the table of limits.
type Limit struct {
	// Setting is the environment variable that changes it.
	Setting string
	Default int64
	// Unit is "bytes", "seconds", or "" for a count.
	Unit    string
	Meaning string
	// Proof names the hostile input that runs into it.
	Proof string
	// Field is where the limit is in a [Limits].
	Field func(*Limits) *int64
}

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// LimitTable has every limit with its default, its setting and its meaning. Names of files have a ceiling besides, which
// no setting lifts: [image.MaxPathLength] and [image.MaxPathDepth]. Headers of a tar entry (PAX records, GNU long names)
// are bounded by archive/tar at 1 MiB, the nesting of JSON by encoding/json at 10,000.
func LimitTable() []Limit {
	return []Limit{
		{"LANDWAITER_LIMITS_LAYER_STORED", 32 * gib, "bytes", "size of a layer's blob as stored", "size-huge", func(l *Limits) *int64 { return &l.LayerStored }},
		{"LANDWAITER_LIMITS_LAYER_BYTES", 64 * gib, "bytes", "size of a layer's uncompressed tar, and of all its files with the holes of sparse ones", "tar-size-8EiB", func(l *Limits) *int64 { return &l.LayerBytes }},
		{"LANDWAITER_LIMITS_IMAGE_BYTES", 128 * gib, "bytes", "size of all uncompressed layers of an image", "bomb-gzip", func(l *Limits) *int64 { return &l.ImageBytes }},
		{"LANDWAITER_LIMITS_RATIO", 2000, "", "uncompressed bytes for each stored one, in a layer of more than RATIO_FROM bytes", "bomb-zstd", func(l *Limits) *int64 { return &l.Ratio }},
		{"LANDWAITER_LIMITS_RATIO_FROM", 1 * gib, "bytes", "uncompressed size of a layer from which on the ratio counts", "bomb-zstd", func(l *Limits) *int64 { return &l.RatioFrom }},
		{"LANDWAITER_LIMITS_LAYER_ENTRIES", 1_000_000, "", "entries of a layer", "many-files", func(l *Limits) *int64 { return &l.LayerEntries }},
		{"LANDWAITER_LIMITS_IMAGE_ENTRIES", 2_000_000, "", "entries of all layers of an image", "many-files", func(l *Limits) *int64 { return &l.ImageEntries }},
		{"LANDWAITER_LIMITS_LAYER_NAMES", 128 * mib, "bytes", "paths of all entries of a layer", "deep-path", func(l *Limits) *int64 { return &l.LayerNames }},
		{"LANDWAITER_LIMITS_LAYERS", 1000, "", "layers of an image", "layers-130", func(l *Limits) *int64 { return &l.Layers }},
		{"LANDWAITER_LIMITS_PATH_LENGTH", image.MaxPathLength, "bytes", "the path of a file; 4 KiB is the most", "deep-path", func(l *Limits) *int64 { return &l.PathLength }},
		{"LANDWAITER_LIMITS_PATH_DEPTH", image.MaxPathDepth, "", "folders in the path of a file; 256 is the most", "deep-path", func(l *Limits) *int64 { return &l.PathDepth }},
		{"LANDWAITER_LIMITS_IMPLIED", 200_000, "", "folders of an image that no layer lists and names of files imply", "deep-path", func(l *Limits) *int64 { return &l.Implied }},
		{"LANDWAITER_LIMITS_LINKS", 40, "", "symlinks followed on the way to one path", "cyclic-symlinks", func(l *Limits) *int64 { return &l.Links }},
		{"LANDWAITER_LIMITS_XATTRS", 256, "", "extended attributes of a file whose names are kept", "xattr-flood", func(l *Limits) *int64 { return &l.Xattrs }},
		{"LANDWAITER_LIMITS_XATTR_BYTES", 16 * kib, "bytes", "names of extended attributes of a file", "xattr-flood", func(l *Limits) *int64 { return &l.XattrBytes }},
		{"LANDWAITER_LIMITS_LAYER_XATTRS", 16 * mib, "bytes", "names of extended attributes of a layer", "xattr-flood", func(l *Limits) *int64 { return &l.LayerXattrs }},
		{"LANDWAITER_LIMITS_GAPS", 200, "", "gaps of one kind that a layer lists one by one; the rest is counted", "deep-path", func(l *Limits) *int64 { return &l.Gaps }},
		{"LANDWAITER_LIMITS_ZSTD_WINDOW", 128 * mib, "bytes", "window that a zstd frame may ask for", "zstd-window-2GiB", func(l *Limits) *int64 { return &l.ZstdWindow }},
		{"LANDWAITER_LIMITS_MEMORY", 128 * mib, "bytes", "file contents held in memory by the process", "big", func(l *Limits) *int64 { return &l.Memory }},
		{"LANDWAITER_LIMITS_MEMORY_FILE", 8 * mib, "bytes", "content of one file held in memory; a larger one goes to the spool", "big", func(l *Limits) *int64 { return &l.MemoryFile }},
		{"LANDWAITER_LIMITS_SPOOL", 4 * gib, "bytes", "file contents held in temporary files by the process", "weird-files", func(l *Limits) *int64 { return &l.Spool }},
		{"LANDWAITER_LIMITS_KEPT_BYTES", 1000 * kib, "bytes", "a small file that is kept for the merge (os-release, passwd)", "metadata-garbage", func(l *Limits) *int64 { return &l.KeptBytes }},
		{"LANDWAITER_LIMITS_RETRIEVE_BYTES", 1000 * kib, "bytes", "size of a file whose content the settings ask for", "weird-files", func(l *Limits) *int64 { return &l.RetrieveBytes }},
		{"LANDWAITER_LIMITS_RETRIEVED", 64 * mib, "bytes", "contents of all files of a layer that the settings ask for", "many-files", func(l *Limits) *int64 { return &l.Retrieved }},
		{"LANDWAITER_LIMITS_MATCHES", 20_000, "", "places of secrets, and as many of searched texts, that a layer lists", "injection", func(l *Limits) *int64 { return &l.Matches }},
		{"LANDWAITER_LIMITS_DIFFERENCES", 20_000, "", "files of an image that differ from their packages", "many-files", func(l *Limits) *int64 { return &l.Differences }},
		{"LANDWAITER_LIMITS_IMAGE_TIME", 1800, "seconds", "time of the analysis of one image", "bomb-gzip", func(l *Limits) *int64 { return &l.ImageTime }},
		{"LANDWAITER_LIMITS_FILE_TIME", 30, "seconds", "time of one cataloguer on one file", "jar-bombs", func(l *Limits) *int64 { return &l.FileTime }},
		{"LANDWAITER_LIMITS_ARCHIVE_DEPTH", 8, "", "archives inside archives", "jar-bombs", func(l *Limits) *int64 { return &l.ArchiveDepth }},
		{"LANDWAITER_LIMITS_ARCHIVE_ENTRIES", 100_000, "", "entries of an archive inside a layer", "jar-bombs", func(l *Limits) *int64 { return &l.ArchiveEntries }},
		{"LANDWAITER_LIMITS_ARCHIVE_BYTES", 1 * gib, "bytes", "bytes decompressed from one file of a layer", "jar-bombs", func(l *Limits) *int64 { return &l.ArchiveBytes }},
		{"LANDWAITER_LIMITS_METADATA_BYTES", 16 * mib, "bytes", "one metadata file inside an archive or a binary", "auditable-bomb", func(l *Limits) *int64 { return &l.MetadataBytes }},
		{"LANDWAITER_LIMITS_NESTED_BYTES", 128 * mib, "bytes", "a compressed archive inside another, which is unpacked in memory", "jar-bombs", func(l *Limits) *int64 { return &l.NestedBytes }},
		{"LANDWAITER_LIMITS_PACKAGES", 100_000, "", "packages of one database of an operating system", "metadata-garbage", func(l *Limits) *int64 { return &l.Packages }},
		{"LANDWAITER_LIMITS_LAYER_PACKAGES", 300_000, "", "packages of a layer, those that lock files pin included", "metadata-garbage", func(l *Limits) *int64 { return &l.LayerPackages }},
		{"LANDWAITER_LIMITS_OWNED_FILES", 1_000_000, "", "files that the packages of one database own", "metadata-garbage", func(l *Limits) *int64 { return &l.OwnedFiles }},
	}
}

// DefaultLimits are the defaults of the table.
func DefaultLimits() Limits { return Limits{}.complete() }

// complete replaces zeros by defaults.
func (l Limits) complete() Limits {
	for _, row := range LimitTable() {
		if f := row.Field(&l); *f <= 0 {
			*f = row.Default
		}
	}
	return l
}

// inside are the limits that cataloguers keep.
func (l *Limits) inside() catalog.Limits {
	return catalog.Limits{
		ArchiveDepth:   int(l.ArchiveDepth),
		ArchiveEntries: int(l.ArchiveEntries),
		ArchiveBytes:   l.ArchiveBytes,
		MetadataBytes:  l.MetadataBytes,
		NestedBytes:    l.NestedBytes,
		Packages:       int(l.Packages),
		OwnedFiles:     int(l.OwnedFiles),
	}
}

func (l *Limits) fileTime() time.Duration { return time.Duration(l.FileTime) * time.Second }

// gapList collects gaps and counts those of a kind that are too many to list.
type gapList struct {
	list  []image.Gap
	max   int
	seen  map[image.GapKind]int
	index map[image.GapKind]int
}

func newGaps(max int64) *gapList {
	return &gapList{max: int(max), seen: map[image.GapKind]int{}, index: map[image.GapKind]int{}}
}

func (g *gapList) add(gap image.Gap) {
	n := 1 + gap.Count
	if g.seen[gap.Kind] < g.max {
		g.seen[gap.Kind]++
		g.index[gap.Kind] = len(g.list)
		g.list = append(g.list, gap)
		return
	}
	g.list[g.index[gap.Kind]].Count += n
}
