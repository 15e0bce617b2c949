package analysis

import (
	"encoding/hex"
	"strings"

	"landwaiter.dev/image"
)

// own finds which operating-system package each file belongs to, and from that the owner of language packages. Package
// lists and tree are compared where links really lead, so that /lib/x and /usr/lib/x are one file where they are one.
func (g *merging) own(packages []image.Package) {
	t := g.tree
	t.owner = make([]int32, len(t.files))
	dirs := map[image.Path]image.Path{}
	var candidates []int
	for i := range packages {
		p := &packages[i]
		if !p.Type.OS() {
			candidates = append(candidates, i)
			continue
		}
		if len(p.Files) == 0 {
			continue
		}
		t.refs = append(t.refs, p.Ref())
		for k := range p.Files {
			if at, ok := t.owned(&p.Files[k], dirs); ok && t.owner[at] == 0 {
				t.owner[at] = int32(len(t.refs))
			}
		}
	}
	for _, i := range candidates {
		if ref, ok := t.ownerOf(&packages[i]); ok {
			packages[i].OwnedBy = &ref
		}
	}
}

// owned is the place of a file that a package lists. Symlinks, directories and the databases themselves belong to
// nobody, and so does a file whose recorded digest says that it is another one by now.
func (t *Tree) owned(o *image.OwnedFile, dirs map[image.Path]image.Path) (int32, bool) {
	at, ok := t.index[o.Path]
	if !ok {
		dir := o.Path.Dir()
		real, seen := dirs[dir]
		if !seen {
			var err error
			if real, err = t.Resolve(dir); err != nil {
				real = "\x00" // No path: nothing will be found there.
			}
			dirs[dir] = real
		}
		if at, ok = t.index[join(real, o.Path.Base())]; !ok {
			return 0, false
		}
	}
	f := &t.files[at]
	if f.Type == image.Regular {
		t.lack(at, o)
	}
	if f.Type != image.Regular || database(f.Path) || replaced(f, o) {
		return 0, false
	}
	return at, true
}

// replaced says whether the recorded digest proves that the file is not the one that the package brought.
func replaced(f *image.File, o *image.OwnedFile) bool {
	if o.Digest == "" || o.Config {
		return false
	}
	var have []byte
	switch strings.ToLower(o.Algorithm) {
	case "md5":
		have = f.MD5
	case "sha1":
		have = f.SHA1
	case "sha256":
		have = f.SHA256
	}
	return have != nil && hex.EncodeToString(have) != strings.ToLower(o.Digest)
}

// ownerOf looks at the file that proves the package, and where that is a directory or owned by nobody, at the package's
// own files beside it.
func (t *Tree) ownerOf(p *image.Package) (image.PackageRef, bool) {
	real, err := t.Resolve(p.Location)
	if err != nil {
		return image.PackageRef{}, false
	}
	if ref, ok := t.Owner(real); ok {
		return ref, true
	}
	home := real
	if f, ok := t.Lookup(real); ok && f.Type != image.Directory {
		if home = real.Dir(); !strings.HasSuffix(string(home), "-info") {
			return image.PackageRef{}, false
		}
	}
	for _, name := range []string{"METADATA", "PKG-INFO", "RECORD", "INSTALLER", "top_level.txt", "WHEEL"} {
		if ref, ok := t.Owner(join(home, name)); ok {
			return ref, true
		}
	}
	return image.PackageRef{}, false
}
