package gate

import (
	"cmp"
	"slices"

	"landwaiter.dev/image"
)

// installed are the packages that the gates about packages look at: those of the distribution first, then by path, name
// and version. What a package of the distribution brought along, say its Python modules and its programs, is that package,
// and no second one.
func (c *Context) installed() []*image.Package {
	return c.packages.get(func() []*image.Package {
		list := make([]*image.Package, 0, len(c.Analysis.Packages))
		for i := range c.Analysis.Packages {
			if p := &c.Analysis.Packages[i]; p.OwnedBy == nil {
				list = append(list, p)
			}
		}
		slices.SortStableFunc(list, func(a, b *image.Package) int {
			return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Location, b.Location), cmp.Compare(a.Inner, b.Inner),
				cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Arch, b.Arch))
		})
		return list
	})
}

func rank(p *image.Package) int {
	if p.Type.OS() {
		return 0
	}
	return 1
}
