package analysis

import (
	"archive/tar"
	"bytes"
	"maps"
	"slices"
	"strings"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// linkWant is a hard link whose content cataloguers may want under the link's own name.
type linkWant struct {
	slot, seq     int32
	from          origin
	clone, reread mask
}

// origin is the entry that brought a content: for a link to a link, the file behind both.
type origin struct {
	slot, seq int32
	path      image.Path
}

// hardLink binds the link to the content that its target has now: whatever becomes of the other name, the link is a
// regular file with that content. A target that is not in this layer is left to the merge. False means that the entry
// is left out.
func (w *walk) hardLink(f *image.File, h *tar.Header, slot, seq int32) bool {
	target, err := image.CleanPath(h.Linkname)
	if err != nil || target == "" || target == f.Path {
		w.gap(image.GapFileSkipped, f.Path, "the hard link names no other file")
		return false
	}
	f.Type, f.HardLink, f.Link = image.Regular, true, string(target)
	at, ok := w.index[target]
	if !ok {
		w.unbound[slot] = true
		return true
	}
	t := &w.files[at]
	switch {
	case t.Type == image.Directory:
		w.gap(image.GapFileSkipped, f.Path, "the hard link names a directory")
		return false
	case t.Type == image.Symlink:
		f.Type, f.HardLink, f.Link, f.Size = image.Symlink, false, t.Link, t.Size
		return true
	case w.unbound[at]:
		f.Link = t.Link
		w.unbound[slot] = true
		return true
	}
	bind(f, t)
	from, ok := w.origins[at]
	if !ok {
		from = origin{at, w.seqs[at], t.Path}
	}
	w.origins[slot] = from
	if t.Type != image.Regular || t.SHA256 == nil {
		// A device, or a file whose content was not read: no link is left to resolve.
		f.HardLink, f.Link = false, ""
	}
	if w.task.parts[PartPackages] && t.Type == image.Regular {
		w.wantLink(f, slot, seq, at, from)
	}
	return true
}

// bind gives the link what it shares with its target: all but the name. A set-uid or set-gid bit on either header
// counts, because unpacking a link sets the mode of the file that both names share.
func bind(f, t *image.File) {
	f.Type, f.Size = t.Type, t.Size
	f.Mode = t.Mode | f.Mode&0o6000
	f.UID, f.GID, f.Xattrs = t.UID, t.GID, t.Xattrs
	f.SHA256, f.MD5, f.SHA1 = t.SHA256, t.MD5, t.SHA1
}

func (w *walk) wantLink(f *image.File, slot, seq, at int32, from origin) {
	read := w.readBy[at]
	want := w.r.router.wanted(f.Path, f.Size)
	l := linkWant{slot: slot, seq: seq, from: from}
	l.clone = read & (w.r.router.executables | want&w.r.router.sameContent)
	if sameTail(f.Path, from.path) {
		l.clone |= read & want
	}
	l.reread = want &^ l.clone
	if l.clone|l.reread != 0 {
		w.links = append(w.links, l)
	}
	w.readBy[slot] = read
}

// sameTail says whether two paths agree in their last two elements, which is all that cataloguers read in a name.
func sameTail(a, b image.Path) bool {
	return a.Base() == b.Base() && a.Dir().Base() == b.Dir().Base()
}

// rename is what a found would be had the file the other name.
func rename(f catalog.Found, to image.Path) catalog.Found {
	from := f.Path
	f.Path = to
	f.Packages = slices.Clone(f.Packages)
	for i := range f.Packages {
		switch p := &f.Packages[i]; {
		case p.Location == from:
			p.Location = to
		case p.Location == from.Dir():
			p.Location = to.Dir()
		}
	}
	f.Texts = slices.Clone(f.Texts)
	for i := range f.Texts {
		f.Texts[i].Path = to
	}
	f.Gaps = slices.Clone(f.Gaps)
	for i := range f.Gaps {
		if f.Gaps[i].Path == from {
			f.Gaps[i].Path = to
		}
	}
	return f
}

// busyboxVersion finds the version that the program prints, "v1.36.1".
func busyboxVersion(b []byte) string {
	const mark = "BusyBox v"
	i := bytes.Index(b, []byte(mark))
	if i < 0 {
		return ""
	}
	v := b[i+len(mark)-1:]
	v = v[:min(len(v), 40)]
	end := bytes.IndexAny(v, " (\x00\n")
	if end <= 1 {
		return ""
	}
	return string(v[:end])
}

func xattrNames(records map[string]string, lim *Limits, leftOut func(int)) []string {
	var names []string
	total, skipped := int64(0), 0
	for _, k := range slices.Sorted(maps.Keys(records)) {
		name, ok := strings.CutPrefix(k, "SCHILY.xattr.")
		if !ok {
			if name, ok = strings.CutPrefix(k, "LIBARCHIVE.xattr."); !ok {
				continue
			}
		}
		if total += int64(len(name)); total > lim.XattrBytes || int64(len(names)) >= lim.Xattrs {
			skipped++
			continue
		}
		names = append(names, strings.Clone(name))
	}
	if skipped > 0 {
		leftOut(skipped)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
