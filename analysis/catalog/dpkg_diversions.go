package catalog

import (
	"strings"

	"landwaiter.dev/image"
)

// divertedBy begins the name under which a diversion goes through a layer report as a list of two files, the place and
// the place instead; the package that diverts follows. No package's name has a blank.
const divertedBy = "diverted by "

// readDiversions reads dpkg's diversions, three lines each: the path that packages name, the path that dpkg uses in its
// place, and the package whose own file keeps the first, ":" for none.
func readDiversions(d *database) error {
	l := linesOf(d.file)
	for {
		var text [3]string
		for i := range text {
			line, ok := l.next()
			if !ok {
				if i > 0 && l.err == nil {
					d.lose("the last of dpkg's diversions is not whole and was left out")
				}
				return l.err
			}
			if text[i] = string(line); l.cut {
				d.lose("line %d of dpkg's diversions is too long", l.number)
				text[i] = ""
			}
		}
		from, okFrom := d.own("", text[0])
		to, okTo := d.own("", text[1])
		if okFrom && okTo && from != "" && to != "" {
			d.found.Lists = append(d.found.Lists, FileList{Package: divertedBy + text[2], Files: []image.OwnedFile{{Path: from}, {Path: to}}})
		}
	}
}

// diverted has for each path that packages name where the file of all packages but one lies.
type diverted map[image.Path]diversion

type diversion struct {
	to image.Path
	by string
}

func diversions(found []Found) diverted {
	var m diverted
	for i := range found {
		for _, l := range found[i].Lists {
			by, ok := strings.CutPrefix(l.Package, divertedBy)
			if !ok || len(l.Files) != 2 {
				continue
			}
			if m == nil {
				m = diverted{}
			}
			m[l.Files[0].Path] = diversion{l.Files[1].Path, by}
		}
	}
	return m
}

// apply moves the files of p that make room for another's.
func (m diverted) apply(p *image.Package) {
	if len(m) == 0 {
		return
	}
	for i := range p.Files {
		if d, ok := m[p.Files[i].Path]; ok && d.by != p.Name {
			p.Files[i].Path = d.to
		}
	}
}
