package catalog

import (
	"strings"

	"landwaiter.dev/image"
)

// dpkgListOwner names the package of a side file: as the file in info is named ("libc6:amd64"), or for status.d, where
// the files' names need not be package names, the path of the control file beside it.
func dpkgListOwner(p image.Path, suffix string) string {
	if p.Dir() == dpkgStatusD {
		return strings.TrimSuffix(string(p), suffix)
	}
	return strings.TrimSuffix(p.Base(), suffix)
}

// readDPKGList reads info/NAME.list: one absolute path a line, directories too, each before what is in it. A directory
// belongs to many packages and the list says nothing about it, so those that hold something are left out.
func readDPKGList(d *database, owner string) error {
	text, err := textOf(d.file)
	if err != nil {
		return err
	}
	files := make([]image.OwnedFile, 0, min(strings.Count(text, "\n")/2, 1<<14))
	for len(text) > 0 {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line == "" || line == "/." || holdsNext(line, text) {
			continue
		}
		if path, ok := d.own("", line); ok && path != "" {
			files = append(files, image.OwnedFile{Path: path, Size: -1})
		}
	}
	d.found.Lists = append(d.found.Lists, FileList{Package: owner, Files: files})
	return nil
}

// holdsNext says whether the path that rest begins with lies below dir.
func holdsNext(dir, rest string) bool {
	return len(rest) > len(dir) && rest[len(dir)] == '/' && rest[:len(dir)] == dir
}

// readMD5Sums reads NAME.md5sums: 32 hexadecimal digits, two blanks and a path without its first slash.
func readMD5Sums(d *database, owner string) error {
	text, err := textOf(d.file)
	if err != nil {
		return err
	}
	files := make([]image.OwnedFile, 0, min(strings.Count(text, "\n")+1, 1<<14))
	for n := 1; len(text) > 0; n++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line == "" {
			continue
		}
		sum, name, _ := strings.Cut(line, " ")
		name = strings.TrimLeft(name, " *")
		if !isHex(sum, 32) || name == "" {
			d.lose("line %d of the MD5 sums of %.60q is not valid", n, owner)
			continue
		}
		if path, ok := d.own("", name); ok {
			files = append(files, image.OwnedFile{Path: path, Algorithm: "md5", Digest: sum, Size: -1})
		}
	}
	d.found.Lists = append(d.found.Lists, FileList{Package: owner, Files: files})
	return nil
}

// isHex says whether s is n lower-case hexadecimal digits.
func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// joinDPKG gives each package the files that the side files name. A package that both status and status.d describe
// counts once.
func joinDPKG(found []Found) ([]image.Package, []image.Gap) {
	lists := map[string][]FileList{}
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

// joinFiles unites what several side files say of the files of one package. The map is scratch space.
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
		if files[i].Digest == "" {
			files[i].Algorithm, files[i].Digest = f.Algorithm, f.Digest
		}
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
