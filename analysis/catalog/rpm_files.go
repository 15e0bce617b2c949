package catalog

import (
	"fmt"
	"math"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/rpmdb"
)

// rpmFileTable is what a header says of its files: arrays of the same length, any of which may be absent.
type rpmFileTable struct {
	bases, dirs, digests, users, groups []string

	dirOf, modes, sizes, flags rpmdb.Integers

	states    []byte
	algorithm string
}

// rpmFiles are the files of a header as its package left them on disk.
func (d *database) rpmFiles(h rpmdb.Header, name string) []image.OwnedFile {
	n := h.Count(rpmdb.BaseNames)
	if n == 0 {
		n = h.Count(rpmdb.OldFilenames)
	}
	if n == 0 {
		return nil
	}
	t := rpmFileTable{
		bases: h.Strings(rpmdb.BaseNames), dirs: h.Strings(rpmdb.DirNames), dirOf: h.Integers(rpmdb.DirIndexes),
		digests: h.Strings(rpmdb.FileDigests), users: h.Strings(rpmdb.FileUsers), groups: h.Strings(rpmdb.FileGroups),
		modes: h.Integers(rpmdb.FileModes), sizes: h.Integers(rpmdb.LongFileSizes), flags: h.Integers(rpmdb.FileFlags),
		states: h.Bytes(rpmdb.FileStates), algorithm: rpmAlgorithm(h.Integers(rpmdb.FileDigestAlgo).At(0)),
	}
	if t.bases == nil {
		t.bases = h.Strings(rpmdb.OldFilenames)
	}
	if t.sizes.Len() == 0 {
		t.sizes = h.Integers(rpmdb.FileSizes)
	}
	if len(t.bases) != n || t.dirOf.Len() != n && t.dirOf.Len() != 0 {
		d.lose("the file list of package %.60q is damaged and was left out", name)
		return nil
	}
	files := make([]image.OwnedFile, 0, min(n, d.file.Limits.OwnedFiles))
	for i := range t.bases {
		if f, ok := t.file(i); ok {
			dir, err := t.dir(i)
			if err != nil {
				d.lose("a file of package %.60q was left out: %v", name, err)
				continue
			}
			if f.Path, ok = d.own(dir, t.bases[i]); ok && f.Path != "" {
				files = append(files, f)
			}
		}
	}
	return files
}

// dir is the directory of file i without its last slash; "" where the name is a whole path.
func (t *rpmFileTable) dir(i int) (string, error) {
	if t.dirOf.Len() == 0 {
		return "", nil
	}
	at := t.dirOf.At(i)
	if at >= uint64(len(t.dirs)) {
		return "", fmt.Errorf("its directory has number %d of %d", at, len(t.dirs))
	}
	dir := t.dirs[at]
	if dir != "" && dir[len(dir)-1] == '/' {
		dir = dir[:len(dir)-1]
	}
	return dir, nil
}

// file is file i without its path; false when the package did not put it on disk. Of a file that another package's lies
// in place of, only the path counts.
func (t *rpmFileTable) file(i int) (image.OwnedFile, bool) {
	f := image.OwnedFile{Size: -1}
	flags := t.flags.At(i)
	f.Config = flags&rpmdb.FlagConfig != 0
	f.Optional = flags&(rpmdb.FlagGhost|rpmdb.FlagMissingOK|rpmdb.FlagDoc) != 0
	if i < len(t.states) {
		switch t.states[i] {
		case rpmdb.StateNotInstalled, rpmdb.StateNetShared:
			return f, false
		case rpmdb.StateReplaced, rpmdb.StateWrongColor:
			return f, true
		}
	}
	f.Mode = uint32(t.modes.At(i))
	if i < len(t.users) {
		f.User = t.users[i]
	}
	if i < len(t.groups) {
		f.Group = t.groups[i]
	}
	if flags&rpmdb.FlagGhost != 0 {
		return f, true // its content is made after the installation
	}
	if i < t.sizes.Len() && f.Mode&0o170000 != 0o040000 {
		f.Size = int64(min(t.sizes.At(i), math.MaxInt64))
	}
	if i < len(t.digests) && t.digests[i] != "" {
		f.Algorithm, f.Digest = t.algorithm, t.digests[i]
	}
	return f, true
}
