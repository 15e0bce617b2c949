package catalog

import (
	"bytes"
	"slices"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
	"landwaiter.dev/internal/tomlscan"
)

// PythonLock reads the lock files of Python's package managers, and the requirements that pin a version.
func PythonLock() Cataloger {
	return lockCataloger("python-lock",
		"Declared Python distributions: poetry.lock, pdm.lock, uv.lock, pylock.toml, Pipfile.lock, pinned requirements.txt.", image.Python,
		Want{
			Names: []string{"poetry.lock", "pdm.lock", "uv.lock", "pylock.toml", "Pipfile.lock", "requirements.txt", "requirements.lock",
				"requirements-dev.txt", "requirements_dev.txt", "requirements-test.txt", "requirements-prod.txt", "requirements-lock.txt",
				"dev-requirements.txt", "test-requirements.txt", "constraints.txt"},
			Parents: map[string][]string{"/requirements": {"base.txt", "common.txt", "prod.txt", "production.txt", "main.txt",
				"dev.txt", "development.txt", "test.txt", "tests.txt"}},
		}, nil,
		func(data []byte, p *pins) error {
			switch p.file.Path.Base() {
			case "poetry.lock", "pdm.lock", "uv.lock", "pylock.toml":
				return readPythonTOML(data, p)
			case "Pipfile.lock":
				return readPipfileLock(data, p)
			}
			return readRequirements(data, p)
		})
}

// readPythonTOML reads the four TOML forms. They agree on a list of tables with name and version, and differ in how
// they say what is no download and what is for development.
func readPythonTOML(data []byte, p *pins) error {
	var e pythonEntry
	err := tomlscan.Tables(data, func(t tomlscan.Table) bool {
		switch t.Name {
		case "package", "packages":
			if t.Array {
				e.pin(p)
				e = newPythonEntry(&t)
			}
		case "package.source":
			e.local = e.local || pythonLocal[t.String("type")]
		case "packages.directory":
			e.local = true
		}
		return true
	})
	e.pin(p)
	return err
}

// pythonLocal are poetry's types of what is no download.
var pythonLocal = map[string]bool{"directory": true, "file": true}

type pythonEntry struct {
	seen, local, dev bool
	name, version    string
}

func newPythonEntry(t *tomlscan.Table) pythonEntry {
	e := pythonEntry{seen: true, name: t.String("name"), version: t.String("version")}
	groups := tomlscan.Strings(t.Fields["groups"]) // poetry 2: main, dev; pdm: default, dev
	e.dev = t.String("category") == "dev" || len(groups) > 0 && !slices.Contains(groups, "main") && !slices.Contains(groups, "default")
	e.local = t.Fields["path"] != nil || string(t.Fields["editable"]) == "true" || t.Fields["directory"] != nil
	_ = tomlscan.Fields(t.Fields["source"], func(key string, _ []byte) bool { // uv
		e.local = e.local || key == "virtual" || key == "editable" || key == "directory" || key == "path"
		return true
	})
	return e
}

func (e *pythonEntry) pin(p *pins) {
	if e.seen && !e.local {
		p.addPython(e.name, e.version, e.dev)
	}
}

// addPython pins a distribution, whose name may not hold just anything.
func (p *pins) addPython(name, version string, dev bool) {
	if !pythonName.MatchString(name) {
		p.bad++
		return
	}
	p.add(name, version, dev)
}

func readPipfileLock(data []byte, p *pins) error {
	return jsonscan.Fields(data, func(section, value []byte) bool {
		if string(section) == "_meta" {
			return true
		}
		_ = jsonscan.Fields(value, func(name, entry []byte) bool {
			version := npmMember(entry, "version")
			if number, ok := strings.CutPrefix(version, "=="); ok {
				p.addPython(string(name), strings.TrimPrefix(number, "="), string(section) == "develop")
			} else if version != "" || len(entry) == 0 || entry[0] != '{' {
				p.bad++ // neither pinned nor from a path or a repository
			}
			return true
		})
		return true
	})
}

// readRequirements takes the lines that pin one version: name[extras]==version. All others ask for a range, a path or
// an address and pin nothing.
func readRequirements(data []byte, p *pins) error {
	base := p.file.Path.Base()
	dev := strings.Contains(base, "dev") || strings.Contains(base, "test")
	data = bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), []byte("\\\r\n"), []byte(" "))
	for raw := range bytes.Lines(bytes.ReplaceAll(data, []byte("\\\n"), []byte(" "))) {
		if len(raw) > maxLine {
			continue
		}
		line, _, _ := strings.Cut(string(raw), ";") // environment marker
		if i := strings.IndexByte(line, '#'); i == 0 || i > 0 && (line[i-1] == ' ' || line[i-1] == '\t') {
			line = line[:i]
		}
		line, _, _ = strings.Cut(line, " --") // --hash
		name, version, ok := strings.Cut(strings.TrimSpace(line), "==")
		name, _, _ = strings.Cut(name, "[")
		name = strings.TrimSpace(name)
		version, _, _ = strings.Cut(strings.TrimSpace(strings.TrimPrefix(version, "=")), " ") // options
		if !ok || !pythonName.MatchString(name) || !literal(version) || version == "" {
			continue
		}
		p.addPython(name, version, dev)
	}
	return nil
}
