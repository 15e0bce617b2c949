package analysis

import (
	"archive/tar"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"landwaiter.dev/image"
)

// task says what is to be read from a layer.
type task struct {
	layer  image.Descriptor
	diffID image.Digest
	// parts to make, revisions those that they get; picks, when not nil, are all that is wanted instead.
	parts     map[string]bool
	revisions map[string]string
	picks     map[image.Path][]pick
}

// walk reads one layer. Its fields are what the entries so far have said.
type walk struct {
	r    *Reader
	ctx  context.Context
	lim  *Limits
	task task
	// totals are those of the image.
	totals *totals
	files  []image.File
	// seqs has for each file the number of the entry that it came from, index its place by path.
	seqs  []int32
	index map[image.Path]int32
	// closed has for each directory that another entry replaced the number of that entry.
	closed    map[image.Path]int32
	whiteouts map[image.Path]bool
	opaques   map[image.Path]bool
	kept      []Kept
	links     []linkWant
	readBy    map[int32]mask
	// origins has for each bound hard link where its content came from, unbound those whose target is not in the layer.
	origins  map[int32]origin
	unbound  map[int32]bool
	gaps     *gapList
	parser   *parser
	observer *observer
	entries  int32
	expanded int64
	// nameBytes and xattrBytes are what paths and names of extended attributes take so far.
	nameBytes, xattrBytes int64

	buf             []byte
	slab            []byte
	sha, md5h, sha1 hash.Hash
	// hashing says whether digests are taken, sums which ones besides SHA-256, now which ones of the present file.
	hashing   bool
	sums, now sums
	diffSum   []byte
	tarSize   int64
	// picked has for each file of a second look the number of its last entry.
	picked map[image.Path]int32
	// summed are files of a second look for their digests.
	summed map[image.Path]image.File
}

func (w *walk) gap(kind image.GapKind, path image.Path, format string, args ...any) {
	w.gaps.add(image.Gap{Kind: kind, Path: path, Detail: fmt.Sprintf(format, args...)})
}

// run walks the tar to its end mark.
func (w *walk) run(in io.Reader) error {
	tr := tar.NewReader(in)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = w.ctx.Err()
		}
		if err == nil {
			err = w.entry(h, tr)
		}
		if err != nil {
			return w.failed(err)
		}
	}
}

func (w *walk) failed(err error) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	switch {
	case w.entries == 0 && (errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF)):
		return &Error{Code: CodeCorrupt, Reason: "it is not a tar archive"}
	case errors.Is(err, tar.ErrHeader):
		return &Error{Code: CodeCorrupt, Reason: fmt.Sprintf("the header after entry %d is damaged", w.entries)}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Code: CodeTruncated, Reason: fmt.Sprintf("it ends in the middle of entry %d: the layer is truncated", w.entries+1)}
	}
	return err
}

// entry takes one header and, for a regular file, its content.
func (w *walk) entry(h *tar.Header, body io.Reader) error {
	w.entries++
	if int64(w.entries) > w.lim.LayerEntries {
		return &Error{Code: CodeLimit, Reason: fmt.Sprintf("it has more than %d entries (LANDWAITER_LIMITS_LAYER_ENTRIES)", w.lim.LayerEntries)}
	}
	if w.totals.entries.Add(1) > w.lim.ImageEntries {
		return &Error{Code: CodeLimit, Reason: fmt.Sprintf("the image has more than %d entries (LANDWAITER_LIMITS_IMAGE_ENTRIES)", w.lim.ImageEntries)}
	}
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	sparse := isSparse(h)
	if h.Size > w.lim.LayerBytes && !sparse {
		return &Error{Code: CodeLimit, Reason: fmt.Sprintf("entry %d claims %d bytes, more than LANDWAITER_LIMITS_LAYER_BYTES allows", w.entries, h.Size)}
	}
	path, err := w.clean(h.Name)
	if err != nil {
		if w.task.picks == nil {
			w.gap(image.GapFileSkipped, "", "the name that begins with %.60q was skipped: %v", h.Name, err)
		}
		return nil
	}
	if path == "" {
		if h.Typeflag != tar.TypeDir && w.task.picks == nil {
			w.gap(image.GapFileSkipped, "", "an entry without a name was skipped")
		}
		return nil
	}
	if w.nameBytes += int64(len(path)); w.nameBytes > w.lim.LayerNames {
		return &Error{Code: CodeLimit, Reason: "the paths of its entries take more bytes than LANDWAITER_LIMITS_LAYER_NAMES allows"}
	}
	if w.marker(path) {
		return nil
	}
	if w.task.picks != nil {
		return w.pick(h, path, body)
	}
	w.sums.look(path)
	f := image.File{Path: path, Mode: uint16(h.Mode & 0o7777), UID: h.Uid, GID: h.Gid, ModTime: h.ModTime.UTC(), Xattrs: w.xattrs(h, path)}
	slot, seq := w.slot(path)
	switch h.Typeflag {
	case tar.TypeDir:
		f.Type = image.Directory
	case tar.TypeSymlink:
		f.Type, f.Link, f.Size = image.Symlink, strings.Clone(h.Linkname), int64(len(h.Linkname))
		if len(f.Link) > image.MaxPathLength {
			w.gap(image.GapFileSkipped, path, "the target of the symlink is longer than %d bytes and was cut", image.MaxPathLength)
			f.Link = strings.Clone(f.Link[:image.MaxPathLength])
		}
	case tar.TypeLink:
		if !w.hardLink(&f, h, slot, seq) {
			return nil
		}
	case tar.TypeChar:
		f.Type = image.CharDevice
	case tar.TypeBlock:
		f.Type = image.BlockDevice
	case tar.TypeFifo:
		f.Type = image.FIFO
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		f.Type, f.Size = image.Regular, h.Size
		if w.expanded += h.Size; h.Size > w.lim.LayerBytes || w.expanded > w.lim.LayerBytes || w.expanded < 0 {
			w.expanded -= h.Size
			w.gap(image.GapLimit, path, "the content of the sparse file, %d bytes with its holes, was not read", h.Size)
			break
		}
		if err := w.content(&f, body, slot, seq); err != nil {
			return err
		}
	default:
		f.Type, f.Size = image.UnknownType, h.Size
		w.gap(image.GapFileSkipped, path, "the entry is of the unknown type %q; its content was not read", h.Typeflag)
	}
	w.put(slot, seq, f)
	return nil
}

// clean makes a key of a name, within the limits.
func (w *walk) clean(name string) (image.Path, error) {
	path, err := image.CleanPath(name)
	switch {
	case err != nil:
		return "", err
	case int64(len(path)) > w.lim.PathLength:
		return "", fmt.Errorf("path is longer than %d bytes (LANDWAITER_LIMITS_PATH_LENGTH)", w.lim.PathLength)
	case int64(strings.Count(string(path), "/")) >= w.lim.PathDepth:
		return "", fmt.Errorf("path is more than %d directories deep (LANDWAITER_LIMITS_PATH_DEPTH)", w.lim.PathDepth)
	}
	return path, nil
}

// slot is the place of path in the list, and the number of this entry; put fills the place. A path that comes twice
// has the place that it had.
func (w *walk) slot(path image.Path) (slot, seq int32) {
	if i, ok := w.index[path]; ok {
		delete(w.readBy, i)
		delete(w.origins, i)
		delete(w.unbound, i)
		return i, w.entries
	}
	return int32(len(w.files)), w.entries
}

func (w *walk) put(slot, seq int32, f image.File) {
	if int(slot) == len(w.files) {
		w.index[f.Path] = slot
		w.files = append(w.files, f)
		w.seqs = append(w.seqs, seq)
		return
	}
	if w.files[slot].Type == image.Directory && f.Type != image.Directory {
		w.closed[f.Path] = seq
	}
	w.files[slot], w.seqs[slot] = f, seq
}

// marker takes whiteouts and opaque markers, which act on lower layers alone, wherever they stand.
func (w *walk) marker(path image.Path) bool {
	const prefix = ".wh."
	base := path.Base()
	if !strings.HasPrefix(base, prefix) {
		return strings.HasPrefix(string(path), ".wh..wh.plnk/") || strings.HasPrefix(string(path), ".wh..wh.orph/")
	}
	switch name := base[len(prefix):]; {
	case base == ".wh..wh..opq":
		w.opaques[path.Dir()] = true
	case base == ".wh..wh.aufs", base == ".wh..wh.plnk", base == ".wh..wh.orph":
		// What AUFS keeps for itself.
	case name == "", name == ".", name == "..", strings.HasPrefix(name, prefix):
		if w.task.picks == nil {
			w.gap(image.GapFileSkipped, path, "the name looks like a whiteout and is none; it is listed as a file")
		}
		return false
	default:
		w.whiteouts[path[:len(path)-len(base)]+image.Path(name)] = true
	}
	return true
}

func newWalk(ctx context.Context, r *Reader, t task, sum *totals) *walk {
	w := &walk{
		r: r, ctx: ctx, lim: &r.limits, task: t, totals: sum,
		files: make([]image.File, 0, 1024), index: map[image.Path]int32{}, closed: map[image.Path]int32{}, whiteouts: map[image.Path]bool{}, opaques: map[image.Path]bool{}, readBy: map[int32]mask{}, origins: map[int32]origin{}, unbound: map[int32]bool{}, picked: map[image.Path]int32{}, summed: map[image.Path]image.File{},
		gaps: newGaps(r.limits.Gaps), parser: startParser(ctx, r.catalogers, &r.limits),
		hashing: t.parts[PartFiles], sums: sums{md5: true, sha1: true},
		buf: make([]byte, 64*kib), sha: sha256.New(), md5h: md5.New(), sha1: sha1.New(),
	}
	w.observer = &observer{w: w}
	return w
}

func isSparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for k := range h.PAXRecords {
		if strings.HasPrefix(k, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// xattrs are the sorted names of extended attributes in both of their PAX forms.
func (w *walk) xattrs(h *tar.Header, path image.Path) []string {
	if len(h.PAXRecords) == 0 {
		return nil
	}
	names := xattrNames(h.PAXRecords, w.lim, func(n int) {
		w.gap(image.GapLimit, path, "%d names of extended attributes were left out", n)
	})
	total := int64(0)
	for _, n := range names {
		total += int64(len(n))
	}
	if w.xattrBytes+total > w.lim.LayerXattrs {
		w.gap(image.GapLimit, path, "%d names of extended attributes were left out: the layer has more than LANDWAITER_LIMITS_LAYER_XATTRS allows", len(names))
		return nil
	}
	w.xattrBytes += total
	return names
}
