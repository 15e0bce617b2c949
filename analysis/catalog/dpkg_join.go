package catalog

import (
	"landwaiter.dev/image"
)

// joinDPKG gives each package the files that the side files name. A package that both status and status.d describe
// counts once.
func joinDPKG(found []Found) ([]image.Package, []image.Gap) {
	lists := map[string][]FileList{}
	moved := diversions(found)
	total := 0
	for i := range found {
		total += len(found[i].Packages)
		for _, l := range found[i].Lists {
			lists[l.Package] = append(lists[l.Package], l)
		}
	}
	packages := make([]image.Package, 0, total)
	known := make(map[image.PackageRef]bool, total)
	at := map[image.Path]int{}
	for i := range found {
		for _, p := range found[i].Packages {
			if known[p.Ref()] {
				continue
			}
			known[p.Ref()] = true
			p.Files = joinFiles(p.Files, dpkgLists(lists, &p), at)
			moved.apply(&p)
			packages = append(packages, p)
		}
	}
	return packages, nil
}

// dpkgLists finds the side files of a package: dpkg names them "name:arch" where several architectures of a package
// may be installed at once, else "name".
func dpkgLists(lists map[string][]FileList, p *image.Package) []FileList {
	if p.Location.Dir() == dpkgStatusD {
		return lists[string(p.Location)]
	}
	if l := lists[p.Name+":"+p.Arch]; l != nil {
		return l
	}
	return lists[p.Name]
}

// joinFiles unites what several lists say of the files of one package. The map is scratch space.
func joinFiles(own []image.OwnedFile, lists []FileList, at map[image.Path]int) []image.OwnedFile {
	n := len(own)
	for _, l := range lists {
		n = max(n, len(l.Files)+len(own))
	}
	if n == 0 {
		return nil
	}
	clear(at)
	files := make([]image.OwnedFile, 0, n)
	add := func(f image.OwnedFile) {
		i, ok := at[f.Path]
		if !ok {
			at[f.Path] = len(files)
			files = append(files, f)
			return
		}
		files[i] = unite(files[i], f)
	}
	for _, f := range own {
		add(f)
	}
	for _, l := range lists {
		for _, f := range l.Files {
			add(f)
		}
	}
	return files
}

// unite adds to f what g knows besides; of two digests the stronger stays, else the first.
func unite(f, g image.OwnedFile) image.OwnedFile {
	if f.Digest == "" || len(g.Digest) > len(f.Digest) {
		f.Algorithm, f.Digest = g.Algorithm, g.Digest
	}
	if f.Mode == 0 {
		f.Mode = g.Mode
	}
	if f.Size < 0 {
		f.Size = g.Size
	}
	f.User, f.Group = firstOf(f.User, g.User), firstOf(f.Group, g.Group)
	f.Config, f.Optional = f.Config || g.Config, f.Optional || g.Optional
	return f
}
