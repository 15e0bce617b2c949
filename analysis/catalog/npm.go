package catalog

import (
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
)

// NPM reads the package.json of installed packages: those that npm, pnpm or yarn put below a node_modules directory,
// applications, and copies made by hand. A package.json without a name or without a version only configures a
// directory and is no package. Lock files say what was asked for: see [NPMLock].
func NPM() Cataloger {
	return Cataloger{
		Name:     "npm",
		Revision: 1,
		Doc:      "Installed npm packages: package.json with name and version.",
		Want:     Want{Names: []string{"package.json"}},
		Read:     readNPM,
	}
}

func readNPM(f *File, found *Found) error {
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	var m npmManifest
	err = jsonscan.Fields(data, m.field)
	if err != nil {
		return err
	}
	p, ok := m.pkg()
	place := placeOfNPM(f.Path.Dir(), p.Name)
	if !ok {
		if place == npmInstalled {
			found.Gap(image.GapParserFailed, "an installed package without a valid name and version")
		}
		return nil
	}
	switch place {
	case npmNone:
		return nil
	case npmEmbedded:
		p.Embedded = true
	case npmOutside:
		// Extensions of editors have the form of a package and names of their own: "git" is not npm's git.
		if m.editor {
			return nil
		}
	}
	p.Location = f.Path
	found.Packages = append(found.Packages, p)
	return nil
}

// npmManifest is what is taken from package.json. A field of an unexpected type counts as absent; none spoils another.
type npmManifest struct {
	name, version, homepage, repository string
	author                              string
	maintainers                         []string
	licenses                            []string
	editor                              bool
}

func (m *npmManifest) field(key, value []byte) bool {
	switch string(key) {
	case "name":
		m.name, _ = jsonscan.String(value)
	case "version":
		m.version, _ = jsonscan.String(value)
	case "homepage":
		m.homepage, _ = jsonscan.String(value)
	case "repository":
		m.repository = npmMember(value, "url")
	case "author":
		m.author = npmPerson(value)
	case "maintainers", "contributors":
		_ = jsonscan.Elements(value, func(v []byte) bool {
			m.maintainers = append(m.maintainers, npmPerson(v))
			return len(m.maintainers) < 50
		})
	case "license":
		m.licenses = append(m.licenses, npmLicenses(value)...)
	case "licenses":
		m.licenses = append(m.licenses, npmLicenses(value)...)
	case "engines":
		_ = jsonscan.Fields(value, func(k, _ []byte) bool {
			m.editor = m.editor || string(k) == "vscode" || string(k) == "atom"
			return true
		})
	}
	return true
}

// pkg is the package that the fields describe; false without a name and a version that npm could have installed.
func (m *npmManifest) pkg() (image.Package, bool) {
	p := image.Package{
		Type:     image.NPM,
		Licenses: declaredTexts(m.licenses),
		Origin:   declaredText(m.author),
		Homepage: firstOf(declaredText(m.homepage), declaredText(m.repository)),
	}
	if p.Origin == "" {
		p.Origin = declaredText(strings.Join(declaredTexts(m.maintainers), ", "))
	}
	var ok bool
	if p.Name, ok = declaredName(m.name); !ok {
		return p, false
	}
	// npm itself reads "v1.2.3" and "=1.2.3" as 1.2.3 and takes nothing that does not begin with a number.
	p.Version, ok = declaredVersion(strings.TrimLeft(m.version, "v= "))
	return p, ok && p.Version[0] >= '0' && p.Version[0] <= '9'
}

// npmMember is a string, or the named string of an object.
func npmMember(value []byte, member string) string {
	s, ok := jsonscan.String(value)
	if ok {
		return s
	}
	_ = jsonscan.Fields(value, func(k, v []byte) bool {
		if string(k) == member {
			s, _ = jsonscan.String(v)
		}
		return true
	})
	return s
}

// npmPerson is "Name <address> (url)" as a string or an object.
func npmPerson(value []byte) string {
	if s, ok := jsonscan.String(value); ok {
		return s
	}
	return joined(npmMember(value, "name"), npmMember(value, "email"))
}

// npmLicenses takes the forms of twelve years: a string, {"type": …}, and lists of either.
func npmLicenses(value []byte) []string {
	if s := npmMember(value, "type"); s != "" {
		return []string{s}
	}
	var all []string
	_ = jsonscan.Elements(value, func(v []byte) bool {
		s := npmMember(v, "type")
		if s == "" {
			s = npmMember(v, "name")
		}
		all = append(all, s)
		return len(all) < 50
	})
	return all
}

type npmPlace int

const (
	npmNone      npmPlace = iota // test material and the like
	npmInstalled                 // where a package manager puts packages
	npmEmbedded                  // a copy inside an installed package
	npmOutside                   // an application, or a copy made by hand
)

// npmTests are directories whose package.json files are material for tests and generators, not packages.
var npmTests = map[string]bool{
	"test": true, "tests": true, "__tests__": true, "testdata": true, "spec": true, "specs": true,
	"fixture": true, "fixtures": true, "__fixtures__": true, "mock": true, "mocks": true, "__mocks__": true,
	"template": true, "templates": true, "example": true, "examples": true, "benchmark": true, "benchmarks": true,
}

// placeOfNPM says what the package of that name in the directory dir is.
func placeOfNPM(dir image.Path, name string) npmPlace {
	parts := strings.Split(string(dir), "/")
	last := -1
	for i, part := range parts {
		if part == "node_modules" {
			last = i
		}
	}
	below := parts[last+1:]
	if last >= 0 {
		root := 1
		if len(below) > 0 && strings.HasPrefix(below[0], "@") {
			root = 2
		}
		if len(below) <= root {
			if len(below) < root { // node_modules/package.json, node_modules/@scope/package.json
				return npmNone
			}
			return npmInstalled
		}
		below = below[root:]
	}
	// A copy inside a package, or below somebody's directory of fixtures, has the directory's name and is used.
	for _, part := range below {
		if npmTests[strings.ToLower(part)] {
			return npmNone
		}
	}
	if last < 0 {
		return npmOutside
	}
	if strings.HasSuffix("/"+strings.Join(below, "/"), "/"+name) {
		return npmEmbedded
	}
	return npmNone
}
