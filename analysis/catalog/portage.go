package catalog

import (
	"regexp"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

const portageDB image.Path = "var/db/pkg"

// Portage reads the packages of Gentoo: a directory for each, CATEGORY/NAME-VERSION, with a small file for each fact.
func Portage() Cataloger {
	return Cataloger{
		Name: "portage", Revision: 1,
		Doc:  "Gentoo packages, from portage's database, with their files and MD5 sums",
		Want: Want{Below: map[image.Path][]string{portageDB: {"CONTENTS", "PF", "SLOT", "LICENSE", "repository", "SIZE", "HOMEPAGE"}}},
		Read: readPortage,
		Join: joinPortage,
	}
}

// portageVersion is the end of a package's directory name: a version of the package manager specification (PMS 3.2)
// with its revision.
var portageVersion = regexp.MustCompile(`-(\d+(?:\.\d+)*[a-z]?(?:_(?:alpha|beta|pre|rc|p)\d*)*(?:-r\d+)?)$`)

// readPortage yields the package that the directory names with the one fact that the file holds; the join puts the
// facts together.
func readPortage(f *File, found *Found) error {
	dir := f.Path.Dir()
	if dir.Dir().Dir() != portageDB {
		return nil
	}
	d := &database{file: f, found: found}
	full := dir.Base()
	at := portageVersion.FindStringIndex(full)
	if at == nil {
		if f.Path.Base() == "CONTENTS" {
			d.lose("a package was left out because the name of its directory, %.60q, has no version", full)
		}
		return nil // portage's own "-MERGING-" directories, too
	}
	p := image.Package{Type: image.Ebuild, Name: dir.Dir().Base() + "/" + full[:at[0]], Version: full[at[0]+1:]}
	if strings.HasPrefix(full, "-MERGING-") {
		return nil
	}
	if f.Path.Base() == "CONTENTS" {
		files, err := readContents(d)
		p.Files = files
		if err != nil {
			return err
		}
		return ignoreFull(d.add(p))
	}
	text, ok, err := shortText(f)
	if err != nil || !ok {
		return err
	}
	switch f.Path.Base() {
	case "SLOT":
		p.Extra = map[string]string{"slot": declaredText(text)}
	case "repository":
		p.Extra = map[string]string{"repository": declaredText(text)}
	case "LICENSE":
		if l := declaredText(text); l != "" {
			p.Licenses = []string{l}
		}
	case "HOMEPAGE":
		first, _, _ := strings.Cut(text, " ")
		p.Homepage = declaredText(first)
	case "SIZE":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
			p.InstalledSize = n
		}
	}
	return ignoreFull(d.add(p))
}

// shortText is the content of a file of one line; false when it is too long to be one.
func shortText(f *File) (string, bool, error) {
	if f.Size > maxLine {
		return "", false, nil
	}
	text, err := textOf(f)
	return strings.TrimSpace(text), err == nil, err
}

// readContents reads CONTENTS: "obj PATH MD5 TIME", "sym PATH -> TARGET TIME", "dir PATH"; paths may hold blanks.
func readContents(d *database) ([]image.OwnedFile, error) {
	l := linesOf(d.file)
	var files []image.OwnedFile
	for {
		line, ok := l.next()
		if !ok {
			return files, l.err
		}
		kind, rest, _ := strings.Cut(string(line), " ")
		f := image.OwnedFile{Size: -1}
		switch {
		case l.cut:
			d.lose("line %d of CONTENTS is too long and was left out", l.number)
			continue
		case kind == "obj":
			var sum string
			rest, _, _ = lastWord(rest) // the time
			if rest, sum, ok = lastWord(rest); !ok || !isHex(sum, 32) {
				d.lose("line %d of CONTENTS is not valid and was left out", l.number)
				continue
			}
			f.Algorithm, f.Digest = "md5", sum
			f.Config = strings.HasPrefix(rest, "/etc/") // what portage protects unless told otherwise
		case kind == "sym":
			if rest, _, ok = strings.Cut(rest, " -> "); !ok {
				d.lose("line %d of CONTENTS is not valid and was left out", l.number)
				continue
			}
		case kind == "fif", kind == "dev":
		default:
			continue // directories belong to many packages
		}
		if f.Path, ok = d.own("", rest); ok && f.Path != "" {
			files = append(files, f)
		}
	}
}

// joinPortage puts the facts of each package together. One counts when it has CONTENTS or PF: portage writes both.
func joinPortage(found []Found) ([]image.Package, []image.Gap) {
	at := map[image.Path]int{}
	var packages []image.Package
	var whole []bool
	for i := range found {
		for _, p := range found[i].Packages {
			dir := p.Location.Dir()
			n, ok := at[dir]
			if !ok {
				n = len(packages)
				at[dir] = n
				packages = append(packages, image.Package{
					Type: p.Type, Name: p.Name, Version: p.Version, SourceName: p.SourceName, SourceVersion: p.SourceVersion,
				})
				whole = append(whole, false)
			}
			q := &packages[n]
			switch p.Location.Base() {
			case "CONTENTS":
				q.Location, q.Files, whole[n] = p.Location, p.Files, true
			case "PF":
				if whole[n] = true; q.Location == "" {
					q.Location = p.Location
				}
			}
			if p.Licenses != nil {
				q.Licenses = p.Licenses
			}
			q.Homepage, q.InstalledSize = firstOf(q.Homepage, p.Homepage), max(q.InstalledSize, p.InstalledSize)
			for k, v := range p.Extra {
				if q.Extra == nil {
					q.Extra = map[string]string{}
				}
				q.Extra[k] = v
			}
		}
	}
	kept := packages[:0]
	for i := range packages {
		if whole[i] {
			kept = append(kept, packages[i])
		}
	}
	return kept, nil
}
