package catalog

import (
	"bytes"
	"fmt"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
)

// NPMLock reads the lock files of JavaScript's package managers: npm, yarn (both formats), pnpm, bun and deno.
func NPMLock() Cataloger {
	c := lockCataloger("npm-lock", "Declared npm packages: package-lock.json, yarn.lock, pnpm-lock.yaml, bun.lock, deno.lock.", image.NPM,
		Want{Names: []string{"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "deno.lock"}}, nil,
		func(data []byte, p *pins) error {
			switch p.file.Path.Base() {
			case "yarn.lock":
				return readYarnLock(data, p)
			case "pnpm-lock.yaml":
				return readPNPMLock(data, p)
			case "bun.lock":
				return readBunLock(data, p)
			case "deno.lock":
				return readDenoLock(data, p)
			}
			return readPackageLock(data, p)
		})
	c.Revision = 2 // names with a dot in pnpm's files
	return c
}

// maxLockDepth bounds how deep dependencies of dependencies nest in the oldest form of npm's lock file.
const maxLockDepth = 48

// readPackageLock reads all three forms: "packages" by place, else the nested "dependencies" of npm 6.
func readPackageLock(data []byte, p *pins) error {
	var packages, dependencies []byte
	err := jsonscan.Fields(data, func(key, value []byte) bool {
		switch string(key) {
		case "packages":
			packages = value
		case "dependencies":
			dependencies = value
		}
		return true
	})
	if len(packages) > 2 && packages[0] == '{' {
		if e := jsonscan.Fields(packages, func(key, value []byte) bool {
			npmPlaced(p, string(key), value)
			return true
		}); err == nil {
			err = e
		}
		return err
	}
	level := [][]byte{dependencies}
	for depth := 0; len(level) > 0; depth++ {
		if depth == maxLockDepth {
			p.found.Gap(image.GapLimit, fmt.Sprintf("dependencies nested more than %d deep are left out", maxLockDepth))
			break
		}
		var next [][]byte
		for _, object := range level {
			if len(object) == 0 || object[0] != '{' {
				continue
			}
			_ = jsonscan.Fields(object, func(key, value []byte) bool {
				if nested := npmNested(p, string(key), value); nested != nil {
					next = append(next, nested)
				}
				return true
			})
		}
		level = next
	}
	return err
}

// npmEntry is what is taken from an entry of either form.
type npmEntry struct {
	name, version string
	link, dev     bool
	nested        []byte
}

func npmEntryOf(value []byte) npmEntry {
	var e npmEntry
	_ = jsonscan.Fields(value, func(k, v []byte) bool {
		switch string(k) {
		case "name":
			e.name, _ = jsonscan.String(v)
		case "version":
			e.version, _ = jsonscan.String(v)
		case "link":
			e.link = string(v) == "true"
		case "dev":
			e.dev = string(v) == "true"
		case "dependencies":
			e.nested = v
		}
		return true
	})
	return e
}

// npmPlaced reads an entry of "packages": its key is the place in the tree. The root, workspaces and links are edges of
// the project, not packages.
func npmPlaced(p *pins, place string, value []byte) {
	i := strings.LastIndex("/"+place, "/node_modules/")
	e := npmEntryOf(value)
	if i < 0 || e.link {
		return
	}
	name := firstOf(e.name, place[i+len("node_modules/"):])
	p.add(name, e.version, e.dev)
}

// npmNested reads an entry of "dependencies" and returns those inside it.
func npmNested(p *pins, name string, value []byte) []byte {
	e := npmEntryOf(value)
	if alias, ok := strings.CutPrefix(e.version, "npm:"); ok { // "npm:real-name@1.2.3"
		name, e.version, _ = nameAt(alias)
	}
	if strings.Contains(e.version, ":") { // file:, git+https:, a tarball's address
		return e.nested
	}
	p.add(name, e.version, e.dev)
	return e.nested
}

// readBunLock reads "packages": the first element of each list is "name@version".
func readBunLock(data []byte, p *pins) error {
	return jsonscan.Fields(strictJSON(data), func(key, value []byte) bool {
		if string(key) != "packages" {
			return true
		}
		_ = jsonscan.Fields(value, func(_, entry []byte) bool {
			_ = jsonscan.Elements(entry, func(first []byte) bool {
				id, _ := jsonscan.String(first)
				name, version, ok := nameAt(id)
				if !ok || !strings.Contains(version, ":") { // workspace:, file:, github:
					p.add(name, version, false)
				}
				return false
			})
			return true
		})
		return true
	})
}

// readDenoLock reads the npm packages of all versions of the format. Those of JSR are told as a gap.
func readDenoLock(data []byte, p *pins) error {
	jsr := 0
	section := func(key, value []byte) bool {
		switch string(key) {
		case "npm":
			_ = jsonscan.Fields(value, func(k, v []byte) bool {
				if string(k) == "packages" && v[0] == '{' { // version 2
					_ = jsonscan.Fields(v, func(k, _ []byte) bool { return denoPackage(p, string(k)) })
					return true
				}
				if string(k) != "specifiers" {
					denoPackage(p, string(k))
				}
				return true
			})
		case "jsr":
			_ = jsonscan.Fields(value, func(_, _ []byte) bool { jsr++; return true })
		}
		return true
	}
	err := jsonscan.Fields(data, func(key, value []byte) bool {
		if string(key) == "packages" { // version 3
			_ = jsonscan.Fields(value, section)
		}
		return section(key, value)
	})
	if jsr > 0 {
		p.found.Gap(image.GapUnsupportedContent, fmt.Sprintf("%d packages of the JSR registry are not listed", jsr))
	}
	return err
}

// denoPackage reads "name@1.2.3_peer@4.5.6".
func denoPackage(p *pins, id string) bool {
	name, version, _ := nameAt(id)
	version, _, _ = strings.Cut(version, "_")
	p.add(name, version, false)
	return true
}

// strictJSON replaces comments and commas before a closing bracket by blanks; strings stay.
func strictJSON(data []byte) []byte {
	out := bytes.Clone(data)
	comma := -1 // of which only blanks and comments were seen since
	for i := 0; i < len(out); i++ {
		switch c := out[i]; {
		case c == '"':
			for i++; i < len(out) && out[i] != '"'; i++ {
				if out[i] == '\\' {
					i++
				}
			}
			comma = -1
		case c == '/' && i+1 < len(out) && (out[i+1] == '/' || out[i+1] == '*'):
			end := []byte("\n")
			if out[i+1] == '*' {
				end = []byte("*/")
			}
			n := bytes.Index(out[i+2:], end)
			if n < 0 {
				n = len(out) - i - 2 - len(end)
			}
			for stop := min(i+2+n+len(end), len(out)); i < stop; i++ {
				out[i] = ' '
			}
			i--
		case c == ',':
			comma = i
		case c == '}' || c == ']':
			if comma >= 0 {
				out[comma] = ' '
			}
			comma = -1
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			comma = -1
		}
	}
	return out
}
