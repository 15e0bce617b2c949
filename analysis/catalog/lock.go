package catalog

import (
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// Lock files pin versions of what somebody asked for; they prove nothing installed. Their packages are declared, apart
// from those that are there. Each ecosystem has a cataloguer of its own, made by lockCataloger; they share what follows.
//
// What lies in a directory or a repository beside the project (a workspace, a link, a path, a branch) has no pinned
// version of its ecosystem and is no package here. A lock file inside an installed package's tree says what that
// package's author had, and is not read.

// lockCataloger is a cataloguer of lock files whose packages are of one type.
func lockCataloger(name, doc string, typ image.PackageType, want Want, trees []string, read func(data []byte, p *pins) error) Cataloger {
	return Cataloger{
		Name:     name,
		Revision: 1,
		Doc:      doc,
		Want:     want,
		Read: func(f *File, found *Found) error {
			if insideTree(f.Path.Dir(), trees) {
				return nil
			}
			data, ok, err := metadata(f, found)
			if !ok {
				return err
			}
			p := &pins{file: f, found: found, typ: typ, at: map[string]int{}}
			err = read(data, p)
			p.done()
			return err
		},
	}
}

// installedTrees are directories of installed packages of any ecosystem.
var installedTrees = []string{"node_modules", "site-packages", "dist-packages", "gems"}

// insideTree says whether dir is, or is below, a directory of one of the names.
func insideTree(dir image.Path, names []string) bool {
	for part := range strings.SplitSeq(string(dir), "/") {
		if slices.Contains(installedTrees, part) || slices.Contains(names, part) {
			return true
		}
	}
	return false
}

// pins collects the packages of one lock file.
type pins struct {
	file  *File
	found *Found
	typ   image.PackageType
	at    map[string]int
	bad   int
	full  bool
}

// add pins one package; dev says that only development asks for it. Said twice, it is one package, and not for
// development when one of the two is not. The package may be completed until the next call; nil means that name and
// version are not valid, which done tells.
func (p *pins) add(name, version string, dev bool) *image.Package {
	return p.addIn("", name, version, dev)
}

func (p *pins) addIn(namespace, name, version string, dev bool) *image.Package {
	name, okName := declaredName(name)
	version, okVersion := declaredVersion(version)
	if namespace != "" {
		var ok bool
		namespace, ok = declaredName(namespace)
		okName = okName && ok && literal(namespace)
	}
	if !okName || !okVersion || !literal(name) || !literal(version) {
		p.bad++
		return nil
	}
	key := namespace + "\x00" + name + "\x00" + version
	if i, ok := p.at[key]; ok {
		if !dev {
			delete(p.found.Declared[i].Extra, "dev")
			if len(p.found.Declared[i].Extra) == 0 {
				p.found.Declared[i].Extra = nil
			}
		}
		return &p.found.Declared[i]
	}
	if p.full = len(p.found.Declared) >= maxListed; p.full {
		return nil
	}
	p.at[key] = len(p.found.Declared)
	pkg := image.Package{Type: p.typ, Namespace: namespace, Name: name, Version: version, Location: p.file.Path}
	if dev {
		pkg.Extra = map[string]string{"dev": "true"}
	}
	p.found.Declared = append(p.found.Declared, pkg)
	return &p.found.Declared[len(p.found.Declared)-1]
}

// literal refuses what stands for a name or version instead of being one: ranges, variables, addresses, paths.
func literal(s string) bool {
	return !strings.ContainsAny(s, `^*<>=|$?{}[](),;"'\`) && !strings.HasPrefix(s, ".") && !strings.HasPrefix(s, "/") &&
		!strings.Contains(s, ":") && !strings.HasPrefix(s, "~")
}

// extra notes a fact of the package, when it is printable.
func extra(p *image.Package, key, value string) {
	if p == nil {
		return
	}
	if value = declaredText(value); value == "" {
		return
	}
	if p.Extra == nil {
		p.Extra = map[string]string{}
	}
	p.Extra[key] = value
}

// done tells what was left out.
func (p *pins) done() {
	if p.bad > 0 {
		p.found.Gap(image.GapParserFailed, fmt.Sprintf("%d entries without a valid name and version", p.bad))
	}
	if p.full {
		p.found.Gap(image.GapLimit, fmt.Sprintf("more than %d packages listed: the rest is left out", maxListed))
	}
}

// digitFirst says whether a version begins with a number, as those of a registry do.
func digitFirst(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// nameAt takes "name@version" apart; a scope's "@" in front belongs to the name.
func nameAt(s string) (name, version string, ok bool) {
	if s == "" {
		return "", "", false
	}
	i := strings.IndexByte(s[1:], '@')
	if i < 0 {
		return s, "", false
	}
	return s[:i+1], s[i+2:], true
}
