package catalog

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

const pacmanLocal image.Path = "var/lib/pacman/local"

// maxLicenses bounds the licences of one package; no real one has half as many.
const maxLicenses = 50

// Pacman reads the packages of Arch Linux and its kin. Each has a directory of its own, NAME-VERSION, with a description,
// a list of files and an mtree of them.
func Pacman() Cataloger {
	return Cataloger{
		Name: "pacman", Revision: 1,
		Doc:  "Arch Linux packages, from pacman's local database, with their files, modes and SHA-256",
		Want: Want{Below: map[image.Path][]string{pacmanLocal: {"desc", "files", "mtree"}}},
		Read: readPacman,
		Join: joinPacman,
	}
}

func readPacman(f *File, found *Found) error {
	dir := f.Path.Dir()
	if dir.Dir() != pacmanLocal {
		return nil
	}
	d := &database{file: f, found: found}
	switch f.Path.Base() {
	case "desc":
		return readPacmanDesc(d)
	case "files":
		return readPacmanFiles(d, dir.Base())
	}
	return readMtree(d, dir.Base())
}

// sections walks a file of sections: a line "%NAME%" begins one, an empty line ends it.
func sections(d *database, each func(section string, line []byte)) error {
	l := linesOf(d.file)
	section := ""
	for {
		line, ok := l.next()
		switch {
		case !ok:
			return l.err
		case l.cut:
			d.lose("line %d of %s is too long and was left out", l.number, d.file.Path.Base())
		case len(line) == 0:
			section = ""
		case section == "" && len(line) > 2 && line[0] == '%' && line[len(line)-1] == '%':
			section = string(line[1 : len(line)-1])
		case section != "":
			each(section, line)
		}
	}
}

func readPacmanDesc(d *database) error {
	p := image.Package{Type: image.ALPM}
	err := sections(d, func(section string, line []byte) {
		var to *string
		switch section {
		case "NAME":
			to = &p.Name
		case "VERSION":
			to = &p.Version
		case "BASE":
			to = &p.SourceName
		case "ARCH":
			to = &p.Arch
		case "URL":
			to = &p.Homepage
		case "PACKAGER":
			to = &p.Origin
		case "LICENSE":
			if len(p.Licenses) < maxLicenses {
				p.Licenses = append(p.Licenses, string(line))
			}
			return
		case "SIZE":
			if n, err := strconv.ParseInt(string(line), 10, 64); err == nil && n > 0 {
				p.InstalledSize = n
			}
			return
		default:
			return
		}
		if *to == "" {
			*to = string(line)
		}
	})
	if err != nil {
		return err
	}
	if p.Arch != "" && !isWord(p.Arch) {
		p.Arch = ""
	}
	if p.SourceName = onlyWord(p.SourceName); p.SourceName != "" {
		p.SourceVersion = p.Version
	}
	p.Homepage, p.Origin, p.Licenses = declaredText(p.Homepage), declaredText(p.Origin), declaredTexts(p.Licenses)
	return ignoreFull(d.add(p))
}

// readPacmanFiles reads paths, those of directories with a slash at their end, and of files that users may change the
// MD5 with which they came.
func readPacmanFiles(d *database, owner string) error {
	list := FileList{Package: owner}
	err := sections(d, func(section string, line []byte) {
		file := image.OwnedFile{Size: -1}
		name := line
		switch section {
		case "FILES":
			if line[len(line)-1] == '/' {
				return
			}
		case "BACKUP":
			var sum []byte
			name, sum, _ = bytes.Cut(line, []byte{'\t'})
			file.Config = true
			if isHex(string(sum), 32) {
				file.Algorithm, file.Digest = "md5", string(sum)
			}
		default:
			return
		}
		var ok bool
		if file.Path, ok = d.own("", string(name)); ok && file.Path != "" {
			list.Files = append(list.Files, file)
		}
	})
	d.found.Lists = append(d.found.Lists, list)
	return err
}

func joinPacman(found []Found) ([]image.Package, []image.Gap) {
	lists := map[string][]FileList{}
	for i := range found {
		for _, l := range found[i].Lists {
			lists[l.Package] = append(lists[l.Package], l)
		}
	}
	var packages []image.Package
	at := map[image.Path]int{}
	for i := range found {
		for _, p := range found[i].Packages {
			p.Files = joinFiles(nil, lists[p.Location.Dir().Base()], at)
			packages = append(packages, p)
		}
	}
	slices.SortStableFunc(packages, func(a, b image.Package) int { return strings.Compare(a.Name, b.Name) })
	return packages, nil
}
