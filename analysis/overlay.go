package analysis

import (
	"cmp"
	"slices"

	"landwaiter.dev/image"
)

// node is a path of the tree while layers are laid on each other, the lowest first.
type node struct {
	path     image.Path
	file     *image.File // nil for a directory that no layer lists
	layer    int
	children []*node
	gone     bool
}

func (n *node) dir() bool { return n.file == nil || n.file.Type == image.Directory }

func (n *node) symlink() bool { return n.file != nil && n.file.Type == image.Symlink }

// overlay applies layers. Markers act on literal paths of lower layers, so each layer's markers come before its files;
// no link is followed.
type overlay struct {
	nodes map[image.Path]*node
	root  *node
	// bound has what hard links to files of lower layers got.
	bound map[*node]*image.File
	gaps  *gapList
	// implied counts directories that no layer lists, of which there may be so many: each costs as much as a listed one,
	// and a few bytes of a name make hundreds of them.
	implied, maxImplied int64
	// over says that nobody waits for the overlay any more; nil for never. What is made of it then is worth nothing.
	over func() bool
}

func newOverlay(size int, maxImplied int64, gaps *gapList) *overlay {
	o := &overlay{nodes: make(map[image.Path]*node, size), root: &node{}, bound: map[*node]*image.File{}, gaps: gaps, maxImplied: maxImplied}
	o.nodes[""] = o.root
	return o
}

func (o *overlay) apply(layer int, r *Report) {
	links := o.lowerTargets(layer, r)
	for _, p := range r.Opaques {
		if n := o.nodes[p]; n != nil {
			for _, c := range n.children {
				o.remove(c)
			}
			n.children = nil
		}
	}
	for _, p := range r.Whiteouts {
		if n := o.nodes[p]; n != nil && p != "" {
			o.remove(n)
		}
	}
	for i := range r.Files {
		if i%4096 == 4095 && o.over != nil && o.over() {
			return
		}
		f := &r.Files[i]
		if target, ok := links[f.Path]; ok {
			if target == nil {
				continue
			}
			f = target
		}
		o.put(f, layer)
	}
}

// lowerTargets finds the content of hard links whose target is in no file of their own layer: it is looked up below,
// by path, before this layer changes anything. A link that leads nowhere has nil.
func (o *overlay) lowerTargets(layer int, r *Report) map[image.Path]*image.File {
	var m map[image.Path]*image.File
	for i := range r.Files {
		f := &r.Files[i]
		if !f.HardLink || f.SHA256 != nil || f.Type != image.Regular {
			continue
		}
		if m == nil {
			m = map[image.Path]*image.File{}
		}
		n := o.nodes[image.Path(f.Link)]
		if n == nil || n.file == nil || n.file.Type != image.Regular {
			m[f.Path] = nil
			o.gaps.add(image.Gap{Kind: image.GapFileSkipped, Path: f.Path, Layer: layer, Detail: "the hard link names a file that is in no layer"})
			continue
		}
		full := *f
		bind(&full, n.file)
		m[f.Path] = &full
	}
	return m
}

func (o *overlay) remove(n *node) {
	if n.gone {
		return
	}
	n.gone = true
	delete(o.nodes, n.path)
	for _, c := range n.children {
		o.remove(c)
	}
}

// put lays one entry over what is there. A directory over a directory keeps what is in it; anything else that changes
// its kind hides all that was below.
func (o *overlay) put(f *image.File, layer int) {
	n := o.nodes[f.Path]
	if n == nil {
		if o.full() {
			return
		}
		n = o.add(f.Path, layer)
	} else if f.Type != image.Directory || !n.dir() {
		n.children = slices.DeleteFunc(n.children, func(c *node) bool {
			if c.layer < layer {
				o.remove(c)
			}
			return c.gone
		})
	}
	n.file, n.layer = f, layer
}

// full says that there are more implied directories than may be; who merges refuses the image.
func (o *overlay) full() bool { return o.implied > o.maxImplied }

// add makes the node and, where no layer lists them, the directories above it. Of a lower layer's file that is now a
// directory's name only the name stays; a symlink stays what it is, for that is how engines unpack below one.
func (o *overlay) add(p image.Path, layer int) *node {
	n := &node{path: p, layer: layer}
	o.nodes[p] = n
	dir := p.Dir()
	parent := o.nodes[dir]
	if parent == nil {
		o.implied++
		parent = o.add(dir, layer)
	} else if !parent.dir() && !parent.symlink() && parent.layer < layer {
		parent.file, parent.layer = nil, layer
	}
	parent.children = append(parent.children, n)
	return n
}

// tree freezes the overlay.
func (o *overlay) tree(links int64) *Tree {
	list := make([]*node, 0, len(o.nodes))
	for p, n := range o.nodes {
		if p != "" {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b *node) int { return cmp.Compare(a.path, b.path) })
	t := &Tree{files: make([]image.File, len(list)), index: make(map[image.Path]int32, len(list)), links: int(links), kept: map[image.Path][]byte{}, implied: map[image.Path]bool{}}
	for i, n := range list {
		if n.file == nil {
			t.files[i] = image.File{Path: n.path, Type: image.Directory, Mode: 0o755}
			t.implied[n.path] = true
		} else {
			t.files[i] = *n.file
		}
		t.files[i].Layer = n.layer
		t.index[n.path] = int32(i)
	}
	return t
}
