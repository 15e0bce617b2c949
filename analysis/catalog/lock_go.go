package catalog

import (
	"bytes"
	"strings"

	"landwaiter.dev/image"
)

// GoLock reads go.mod and vendor/modules.txt: the modules that a build would take. The binary says what it took.
func GoLock() Cataloger {
	return lockCataloger("go-lock", "Declared Go modules: go.mod, vendor/modules.txt.", image.Golang,
		Want{Names: []string{"go.mod"}, Parents: map[string][]string{"vendor": {"modules.txt"}}}, []string{"mod", "testdata"},
		func(data []byte, p *pins) error {
			if p.file.Path.Base() == "go.mod" {
				if !insideTree(p.file.Path.Dir(), []string{"vendor"}) {
					readGoMod(data, p)
				}
			} else if p.file.Path.Dir().Base() == "vendor" {
				readVendorModules(data, p)
			}
			return nil
		})
}

// goModule is one side of a replacement; without a version it means all versions, or a directory.
type goModule struct{ path, version string }

// readGoMod takes the required modules, with what replaces them. The file is a list of directives, each with its
// arguments on the line or one line for each in brackets.
func readGoMod(data []byte, p *pins) {
	var required []goModule
	replaced := map[goModule]goModule{}
	block := ""
	for raw := range bytes.Lines(data) {
		if len(raw) > maxLine {
			p.bad++
			continue
		}
		line, _, _ := strings.Cut(string(raw), "//")
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
			continue
		case words[0] == ")":
			block = ""
			continue
		case len(words) == 2 && words[1] == "(":
			block = words[0]
			continue
		}
		directive := block
		if block == "" {
			directive, words = words[0], words[1:]
		}
		for i := range words {
			words[i] = strings.Trim(words[i], "\"`")
		}
		switch directive {
		case "require":
			if len(words) != 2 {
				p.bad++
			} else if len(required) < maxListed {
				required = append(required, goModule{words[0], words[1]})
			}
		case "replace":
			if old, by, ok := goReplacement(words); ok && len(replaced) < maxListed {
				replaced[old] = by
			}
		}
	}
	for _, m := range required {
		by, ok := replaced[m]
		if !ok {
			by, ok = replaced[goModule{path: m.path}]
		}
		p.addGo(m, by, ok)
	}
}

// goReplacement reads "old [version] => new [version]".
func goReplacement(words []string) (old, by goModule, ok bool) {
	var sides [2][]string
	side := 0
	for _, w := range words {
		if w == "=>" {
			side++
		} else if side < 2 {
			sides[side] = append(sides[side], w)
		}
	}
	if side != 1 || len(sides[0]) == 0 || len(sides[0]) > 2 || len(sides[1]) == 0 || len(sides[1]) > 2 {
		return old, by, false
	}
	of := func(side []string) goModule {
		m := goModule{path: side[0]}
		if len(side) == 2 {
			m.version = side[1]
		}
		return m
	}
	return of(sides[0]), of(sides[1]), true
}

// addGo pins m, or what replaces it; a directory in its place is no package.
func (p *pins) addGo(m, by goModule, replaced bool) {
	if !replaced {
		p.addGoVersion(m)
		return
	}
	if by.version == "" {
		return
	}
	extra(p.addGoVersion(by), "replaces", m.path+"@"+m.version)
}

func (p *pins) addGoVersion(m goModule) *image.Package {
	if !strings.HasPrefix(m.version, "v") || !strings.Contains(m.path, ".") {
		p.bad++
		return nil
	}
	return p.add(m.path, m.version, false)
}

// readVendorModules reads "# path version" and "# path version => path version".
func readVendorModules(data []byte, p *pins) {
	for raw := range bytes.Lines(data) {
		text, ok := strings.CutPrefix(string(raw[:min(len(raw), maxLine)]), "# ")
		if !ok {
			continue
		}
		words := strings.Fields(text)
		if old, by, ok := goReplacement(words); ok {
			if old.version != "" { // without one it only repeats a directive
				p.addGo(old, by, true)
			}
			continue
		}
		if len(words) != 2 {
			p.bad++
			continue
		}
		p.addGo(goModule{words[0], words[1]}, goModule{}, false)
	}
}
