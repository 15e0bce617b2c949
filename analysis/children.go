package analysis

import (
	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// children makes packages of the names of directories, for stores that say no more of what is in them.
func (g *merging) children(c *catalog.Cataloger) []image.Package {
	real, err := g.tree.Resolve(c.Children)
	if err != nil || real == "" {
		return nil
	}
	var packages []image.Package
	for _, f := range g.tree.below(real) {
		if f.Type != image.Directory || len(f.Path) > len(real)+1+maxChildName || f.Path.Dir() != real {
			continue
		}
		if p, ok := c.Child(f.Path.Base()); ok {
			p.Location = f.Path
			packages = append(packages, p)
		}
	}
	return packages
}

// maxChildName is the longest name that a file system gives a directory, in bytes.
const maxChildName = 255
