package analysis

import (
	"encoding/hex"
	"strings"

	"landwaiter.dev/image"
)

// own finds which operating-system package each file belongs to, whether it is as the package brought it, and from the
// owner of files that of language packages. Package lists and tree are compared where links really lead, so that /lib/x
// and /usr/lib/x are one file where they are one.
func (g *merging) own(packages []image.Package) {
	t := g.tree
	t.owner = make([]int32, len(t.files))
	g.verify = &verification{t: t, max: g.limits.Differences}
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
			o := &p.Files[k]
			at, ok := t.place(o.Path, dirs)
			g.verify.file(p.Ref(), o, at, ok)
			if ok && t.owner[at] == 0 && t.ownable(at, o) {
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

// place is where in the tree a path that a package lists is, with the links of its directory followed.
func (t *Tree) place(p image.Path, dirs map[image.Path]image.Path) (int32, bool) {
	if at, ok := t.index[p]; ok {
		return at, true
	}
	dir := p.Dir()
	real, seen := dirs[dir]
	if !seen {
		var err error
		if real, err = t.Resolve(dir); err != nil {
			real = "\x00" // No path: nothing will be found there.
		}
		dirs[dir] = real
	}
	at, ok := t.index[join(real, p.Base())]
	return at, ok
}

// ownable says whether the file that a package lists can be its own. Symlinks, directories and the databases themselves
// belong to nobody, and so does a file whose recorded digest says that it is another one by now.
func (t *Tree) ownable(at int32, o *image.OwnedFile) bool {
	f := &t.files[at]
	if f.Type != image.Regular {
		return false
	}
	t.lack(at, o)
	return !database(f.Path) && !replaced(f, o)
}

// replaced says whether the recorded digest proves that the file is not the one that the package brought.
func replaced(f *image.File, o *image.OwnedFile) bool {
	if o.Digest == "" || o.Config {
		return false
	}
	have := digestOf(f, o.Algorithm)
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
