package analysis

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/analysis/license"
	"landwaiter.dev/image"
)

// packages makes the packages of the image: cataloguer by cataloguer from the files that are visible, then each with
// its layer and, for language packages, its owner. Declared are those that a visible lock file pins.
func (g *merging) packages() (all, declared []image.Package) {
	all = []image.Package{}
	var texts []license.Text
	for c := range g.catalogers {
		if g.catalogers[c].Child != nil {
			all = append(all, g.children(&g.catalogers[c])...)
		}
		found := g.visibleFound(g.catalogers[c].Name)
		if len(found) == 0 {
			continue
		}
		for i := range found {
			for _, gap := range found[i].Gaps {
				g.fileGap(gap)
			}
			declared = append(declared, found[i].Declared...)
			texts = append(texts, found[i].Texts...)
		}
		all = append(all, g.join(&g.catalogers[c], found)...)
	}
	slices.SortStableFunc(all, comparePackages)
	slices.SortStableFunc(declared, comparePackages)
	for i := range all {
		g.attribute(&all[i])
	}
	for i := range declared {
		g.attribute(&declared[i])
	}
	g.own(all)
	licenses(g.tree, all, texts)
	licenses(g.tree, declared, nil)
	return all, declared
}

func comparePackages(a, b image.Package) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version),
		cmp.Compare(a.Arch, b.Arch), cmp.Compare(a.Location, b.Location), cmp.Compare(a.Inner, b.Inner))
}

// visibleFound is what the cataloguer found in files that are visible, in path order. A file that was read under
// another name counts only in images whose links lead from that name to it.
func (g *merging) visibleFound(name string) []catalog.Found {
	var out []catalog.Found
	for i, r := range g.reports {
		for _, f := range r.Found {
			if f.Cataloger == name && g.visible(i, f.Path) {
				out = append(out, f)
			}
		}
		for _, b := range r.Borrowed {
			if b.Found.Cataloger != name || !g.visible(i, b.Found.Path) {
				continue
			}
			if real, err := g.tree.Resolve(b.As); err == nil && real == b.Found.Path {
				out = append(out, b.Found)
			}
		}
	}
	slices.SortStableFunc(out, compareFound)
	return out
}

// join makes packages of founds; a panic of the cataloguer is a gap, as it is while reading.
func (g *merging) join(c *catalog.Cataloger, found []catalog.Found) (packages []image.Package) {
	if c.Join == nil {
		for _, f := range found {
			packages = append(packages, f.Packages...)
		}
		return packages
	}
	defer func() {
		if v := recover(); v != nil {
			packages = nil
			g.gap(image.GapParserFailed, "", fmt.Sprintf("the %s cataloguer panicked over the whole image: %.200v", c.Name, v))
		}
	}()
	packages, gaps := c.Join(found)
	for _, gap := range gaps {
		g.fileGap(gap)
	}
	return slices.Clone(packages)
}

// fileGap adds the gap of a file with the layer that the file is from.
func (g *merging) fileGap(gap image.Gap) {
	gap.Layer = -1
	if f, ok := g.tree.Lookup(gap.Path); ok && gap.Path != "" {
		gap.Layer = f.Layer
	}
	g.gaps.add(gap)
}

// attribute finds the layer that brought the package.
func (g *merging) attribute(p *image.Package) {
	if first, ok := g.since.since[keyOf(p)]; ok && p.Type.OS() {
		p.Layer = first
		return
	}
	if real, err := g.tree.Resolve(p.Location); err == nil {
		if f, ok := g.tree.Lookup(real); ok {
			p.Layer = f.Layer
		}
	}
}

// missingDatabases tells what makes an image look cleaner than it is.
func (g *merging) missingDatabases(d image.Distro, packages []image.Package) {
	types := map[image.PackageType]bool{}
	store := false
	for i := range packages {
		if packages[i].Type.OS() {
			types[packages[i].Type] = true
		}
		store = store || packages[i].Type == image.Nix
	}
	for _, t := range databaseTypes {
		if last, had := g.since.last[t]; had && !types[t] {
			g.gaps.add(image.Gap{Kind: image.GapDatabaseRemoved, Layer: last, Detail: fmt.Sprintf("the %s package database, last seen in layer %d, is gone in a later one; its packages may still be there", t, last)})
			types[t] = true
		}
	}
	for _, p := range slices.Concat(releaseFiles, databaseDirs) {
		if _, err := g.tree.Resolve(p); errors.Is(err, ErrTooManyLinks) {
			g.gap(image.GapFileSkipped, p, "links lead from here in a circle, or over more steps than we follow")
		}
	}
	switch {
	case d.ID == "" && len(types) > 0:
		g.gap(image.GapUnknownDistro, "", "there is a package database but nothing that names the distribution")
	case d.ID != "" && d.ID != "busybox" && len(types) == 0 && !store:
		g.gap(image.GapNoPackageDatabase, d.Source, fmt.Sprintf("the image is %.60q and has no package database that we can read", d.ID))
	}
}
