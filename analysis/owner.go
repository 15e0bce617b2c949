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

// needs is what the tree's links lead to that no cataloguer has been asked about: databases behind a link, and release
// files. Each real file is asked for once for each name.
func (r *Reader) needs(t *Tree, reports []*Report) map[image.LayerID][]again {
	n := &needing{r: r, t: t, reports: reports, out: map[image.LayerID][]again{}}
	for _, c := range r.catalogers {
		for _, p := range c.Want.Paths {
			n.path(p, r.router.paths[string(p)])
		}
		for _, d := range c.Want.In {
			n.directory(d)
		}
	}
	for _, p := range releaseFiles {
		n.kept(p)
	}
	return n.out
}

type needing struct {
	r       *Reader
	t       *Tree
	reports []*Report
	out     map[image.LayerID][]again
}

// path asks for p where it leads to a file that want has not seen under its own name.
func (n *needing) path(p image.Path, want mask) {
	real, err := n.t.Resolve(p)
	if err != nil || real == p {
		return
	}
	n.ask(p, real, want)
}

func (n *needing) directory(d image.Path) {
	real, err := n.t.Resolve(d)
	if err != nil || real == d || real == "" {
		return
	}
	for _, f := range n.t.below(real) {
		if f.Path.Dir() == real {
			n.ask(join(d, f.Path.Base()), f.Path, n.r.router.in[string(d)])
		}
	}
}

func (n *needing) ask(as, real image.Path, want mask) {
	f, ok := n.t.Lookup(real)
	if !ok || f.Type != image.Regular {
		return
	}
	rep := n.reports[f.Layer]
	want &^= n.r.router.byName(real)
	for _, b := range rep.Borrowed {
		if b.As == as && b.Found.Path == real {
			return
		}
	}
	if want != 0 && !n.asked(rep, as, real) {
		n.out[rep.Layer] = append(n.out[rep.Layer], again{target: real, as: as, want: want})
	}
}

func (n *needing) asked(rep *Report, as, real image.Path) bool {
	for _, a := range n.out[rep.Layer] {
		if a.as == as && a.target == real {
			return true
		}
	}
	return false
}

func (n *needing) kept(p image.Path) {
	real, err := n.t.Resolve(p)
	if err != nil || n.t.kept[real] != nil {
		return
	}
	f, ok := n.t.Lookup(real)
	if !ok || f.Type != image.Regular || f.Size > n.r.limits.KeptBytes || f.Size == 0 || keptFile(real) {
		return
	}
	rep := n.reports[f.Layer]
	n.out[rep.Layer] = append(n.out[rep.Layer], again{target: real, as: p, kept: true})
}
