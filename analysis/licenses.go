package analysis

import (
	"cmp"
	"slices"
	"strings"

	"landwaiter.dev/analysis/license"
	"landwaiter.dev/image"
)

// declaredLicense is the LicenseSource of a licence that the package itself declares.
const declaredLicense = "declared"

// licenses gives each package its licence: what it declares, else what the licence texts that belong to it say. Texts are
// those of the files that the image shows, each under the path that the tree has it at. A Debian package declares
// nothing: its names come from its copyright file as well.
func licenses(t *Tree, packages []image.Package, texts []license.Text) {
	l := licensing{tree: t, byPath: make(map[image.Path]*license.Text, len(texts)), inDir: map[image.Path][]*license.Text{}}
	sorted := slices.Clone(texts)
	slices.SortFunc(sorted, func(a, b license.Text) int { return cmp.Compare(a.Path, b.Path) })
	for i := range sorted {
		text := &sorted[i]
		l.byPath[text.Path] = text
		l.inDir[text.Path.Dir()] = append(l.inDir[text.Path.Dir()], text)
	}
	for i := range packages {
		p := &packages[i]
		if e, ok := license.Expression(p.Licenses, p.Type); ok {
			p.License, p.LicenseSource = e, declaredLicense
			if vague(e) { // "BSD" is a family: the text tells which
				if exact, path := l.together(l.beside(p)); exact != "" && !strings.Contains(exact, "LicenseRef-") {
					p.License, p.LicenseSource = exact, path
				}
			}
			continue
		}
		if p.Type != image.Deb {
			p.License, p.LicenseSource = l.together(l.beside(p))
			continue
		}
		if text := l.copyright(p); text != nil {
			p.License, p.LicenseSource = l.together([]*license.Text{text})
			if len(p.Licenses) == 0 {
				p.Licenses = slices.Clone(text.Names)
			}
		}
	}
}

// vague says whether an expression is a single name that SPDX does not have.
func vague(expression string) bool {
	return strings.HasPrefix(expression, "LicenseRef-") && !strings.Contains(expression, " ")
}

// licensing is the way from packages to their texts.
type licensing struct {
	tree   *Tree
	byPath map[image.Path]*license.Text
	inDir  map[image.Path][]*license.Text
}

// copyright is the copyright file of a Debian package. Its directory is often a link to that of another package of the
// same source, and has the architecture in its name where two are installed beside each other.
func (l *licensing) copyright(p *image.Package) *license.Text {
	name, _, _ := strings.Cut(p.Name, ":")
	for _, dir := range []string{name, name + ":" + p.Arch} {
		if strings.Contains(dir, "/") {
			continue
		}
		if real, err := l.tree.Resolve(image.Path("usr/share/doc/" + dir + "/copyright")); err == nil {
			if text := l.byPath[real]; text != nil {
				return text
			}
		}
	}
	return nil
}

// beside lists the licence texts at the place where a package of this type has its own.
func (l *licensing) beside(p *image.Package) []*license.Text {
	switch p.Type {
	case image.ALPM, image.RPM, image.APK:
		return l.below("usr/share/licenses", p.Name)
	case image.Python:
		home := l.home(p.Location)
		if !strings.HasSuffix(string(home), "-info") {
			return nil
		}
		return append(l.in(home), l.below(home, "licenses")...)
	case image.NPM, image.CRAN:
		return l.in(l.home(p.Location))
	case image.Gem:
		// specifications[/default]/NAME.gemspec stands for gems/NAME.
		base := strings.TrimSuffix(p.Location.Base(), ".gemspec")
		dir := p.Location.Dir()
		if dir.Base() == "default" {
			dir = dir.Dir()
		}
		if dir.Base() != "specifications" {
			return nil
		}
		return l.in(join(join(dir.Dir(), "gems"), base))
	case image.Composer:
		// vendor/composer/installed.json stands for all of vendor.
		if dir := p.Location.Dir(); dir.Base() == "composer" && p.Location.Base() == "installed.json" && cleanName(p.Name) {
			return l.in(join(dir.Dir(), p.Name))
		}
	}
	return nil
}

// home is the directory of a package: Location itself when it is one, else the one that it is in.
func (l *licensing) home(location image.Path) image.Path {
	if f, ok := l.tree.Lookup(location); ok && f.Type == image.Directory {
		return location
	}
	return location.Dir()
}

// in lists the texts in a directory, links followed.
func (l *licensing) in(dir image.Path) []*license.Text {
	real, err := l.tree.Resolve(dir)
	if err != nil || real == "" {
		return nil
	}
	return slices.Clone(l.inDir[real])
}

// below lists the texts in dir/name and one directory further down.
func (l *licensing) below(dir image.Path, name string) []*license.Text {
	if !cleanName(name) || strings.Contains(name, "/") {
		return nil
	}
	real, err := l.tree.Resolve(join(dir, name))
	if err != nil {
		return nil
	}
	list := slices.Clone(l.inDir[real])
	for _, f := range l.tree.below(real) {
		if f.Type == image.Directory && f.Path.Dir() == real {
			list = append(list, l.inDir[f.Path]...)
		}
	}
	return list
}

// cleanName says whether a package's name can be a part of a path.
func cleanName(name string) bool { return name != "" && isClean(name) }

// together is what several texts of one package mean, and the path of the first that says something.
func (l *licensing) together(texts []*license.Text) (expression, source string) {
	var all []string
	for _, text := range texts {
		e := l.resolved(text)
		if e == "" {
			continue
		}
		if source == "" {
			source = string(text.Path)
		}
		all = append(all, e)
	}
	if len(all) == 1 {
		return all[0], source
	}
	if e := license.Join(all); e != "" {
		return e, source
	}
	return "", ""
}

// resolved is what a text says, with the common licences that it points to and that only this distribution has.
func (l *licensing) resolved(text *license.Text) string {
	list := []string{text.Expression}
	for _, name := range text.Refs {
		if _, known := license.Common(name); known {
			continue
		}
		real, err := l.tree.Resolve(image.Path("usr/share/common-licenses/" + name))
		if err != nil {
			continue
		}
		if other := l.byPath[real]; other != nil {
			list = append(list, other.Expression)
		}
	}
	if len(list) == 1 {
		return text.Expression
	}
	return license.Join(list)
}
