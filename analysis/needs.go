package analysis

import (
	"strings"

	"landwaiter.dev/image"
)

// needs is what the tree's links lead to that no cataloguer has been asked about: databases behind a link, and release
// files. Each real file is asked for once for each name.
func (r *Reader) needs(t *Tree, reports []*Report) map[image.LayerID][]again {
	n := &needing{r: r, t: t, reports: reports, done: map[int]map[[2]image.Path]bool{}, out: map[image.LayerID][]again{}}
	for _, c := range r.catalogers {
		for _, p := range c.Want.Paths {
			n.path(p, r.router.paths[string(p)])
		}
		for _, d := range c.Want.In {
			n.directory(d)
		}
	}
	for i := range r.router.below {
		n.below(&r.router.below[i])
	}
	for _, p := range releaseFiles {
		n.kept(p)
	}
	n.sums()
	return n.out
}

type needing struct {
	r       *Reader
	t       *Tree
	reports []*Report
	// done has by layer what was asked before.
	done map[int]map[[2]image.Path]bool
	out  map[image.LayerID][]again
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

// below asks for the files below a directory that a link leads to.
func (n *needing) below(route *belowRoute) {
	dir := image.Path(strings.TrimSuffix(route.dir, "/"))
	real, err := n.t.Resolve(dir)
	if err != nil || real == dir || real == "" {
		return
	}
	for _, f := range n.t.below(real) {
		if want := route.names[f.Path.Base()]; want != 0 {
			n.ask(dir+f.Path[len(real):], f.Path, want)
		}
	}
}

func (n *needing) ask(as, real image.Path, want mask) {
	f, ok := n.t.Lookup(real)
	if !ok || f.Type != image.Regular {
		return
	}
	want &^= n.r.router.byName(real)
	done := n.done[f.Layer]
	if done == nil {
		done = borrowedNames(n.reports[f.Layer])
		n.done[f.Layer] = done
	}
	if key := [2]image.Path{as, real}; want != 0 && !done[key] {
		done[key] = true
		id := n.reports[f.Layer].Layer
		n.out[id] = append(n.out[id], again{target: real, as: as, want: want})
	}
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
