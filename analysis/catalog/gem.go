package catalog

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"landwaiter.dev/image"
)

// Gem reads the specifications of installed Ruby gems, default gems of the interpreter included: *.gemspec in a
// directory "specifications" or "specifications/default". A specification is Ruby code, which is never run: the forms
// that RubyGems itself writes are read, and the file's name fills in where code stands in their place.
func Gem() Cataloger {
	return Cataloger{
		Name:     "gem",
		Revision: 1,
		Doc:      "Installed Ruby gems: specifications/*.gemspec.",
		Want:     Want{Suffixes: []string{".gemspec"}},
		Read:     readGem,
	}
}

func readGem(f *File, found *Found) error {
	dir := f.Path.Dir()
	byDefault := dir.Base() == "default" && dir.Dir().Base() == "specifications"
	if dir.Base() != "specifications" && !byDefault {
		return nil // a gem's own source tree, not an installed gem
	}
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	g := parseGemspec(data, f.Path.Base())
	p := image.Package{Type: image.Gem, Location: f.Path, Licenses: declaredTexts(g.licenses),
		Origin: declaredText(strings.Join(declaredTexts(g.authors), ", ")), Homepage: declaredText(g.homepage)}
	var okName, okVersion bool
	p.Name, okName = declaredName(g.name)
	p.Version, okVersion = declaredVersion(g.version)
	if !okName || !okVersion {
		return fmt.Errorf("neither the specification nor its file name gives a gem's name and version")
	}
	if !byDefault { // default gems lie among the library files, gems in a directory of their own
		full := strings.TrimSuffix(f.Path.Base(), ".gemspec")
		for _, name := range g.files {
			if owned, ok := beside(dir.Dir(), "gems/"+full+"/"+name); ok && owned.Under(dir.Dir()) {
				p.Files = append(p.Files, image.OwnedFile{Path: owned, Size: -1})
			}
		}
	}
	if arch, ok := declaredVersion(g.platform); ok && arch != "ruby" {
		p.Arch = arch
	}
	found.Packages = append(found.Packages, p)
	return nil
}

type gemspec struct {
	name, version, platform, homepage string
	licenses, authors, files          []string
}

// Ruby string literals as RubyGems writes them: "x", "x".freeze, 'x', %q{x}.
const rubyString = `(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|%q?[{(\[<]([^})\]>]*)[})\]>])`

var (
	// # stub: name version platform require_paths
	gemStub = regexp.MustCompile(`(?m)^# stub: (\S+) (\S+) (\S+) `)
	// Gem::Specification.new("name", "1.0") do |s|
	gemNew = regexp.MustCompile(`Gem::Specification\.new\(?[ \t]*` + rubyString + `(?:[ \t]*,[ \t]*` + rubyString + `)?`)
	// s.name = "x".freeze, s.version = Gem::Version.new("1.0"), s.licenses = ["MIT".freeze, "Ruby"]
	gemField = regexp.MustCompile(`(?m)^[ \t]*\w+\.(name|version|platform|homepage|licen[sc]es?|authors?|files)[ \t]*=[ \t]*(.*)$`)
	gemText  = regexp.MustCompile(rubyString)
	// name-1.2.3[-platform].gemspec
	gemFile = regexp.MustCompile(`^(.+?)-(\d[0-9A-Za-z.]*)(?:-(.+))?\.gemspec$`)
	// what a version may look like (Gem::Version::VERSION_PATTERN)
	gemVersion = regexp.MustCompile(`^[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$`)
)

// maxGemFields bounds the assignments looked at in one specification.
const maxGemFields = 200

func parseGemspec(data []byte, base string) gemspec {
	var g gemspec
	seen := map[string]bool{}
	for _, m := range gemField.FindAllSubmatchIndex(data, maxGemFields) {
		field, rest := string(data[m[2]:m[3]]), data[m[4]:m[5]]
		if seen[field] {
			continue
		}
		seen[field] = true
		if bytes.HasPrefix(rest, []byte("[")) { // a list may go on over many lines
			rest = rubyList(data[m[4]:])
		}
		texts := rubyTexts(rest)
		if len(texts) == 0 {
			continue
		}
		switch field {
		case "name":
			g.name = texts[0]
		case "version":
			g.version = texts[0]
		case "platform":
			g.platform = texts[0]
		case "homepage":
			g.homepage = texts[0]
		case "files":
			g.files = texts
		case "author", "authors":
			g.authors = texts
		default:
			g.licenses = texts
		}
	}
	if m := gemNew.FindSubmatch(data); m != nil {
		g.name = firstOf(g.name, string(m[1])+string(m[2])+string(m[3]))
		g.version = firstOf(g.version, string(m[4])+string(m[5])+string(m[6]))
	}
	if !gemVersion.MatchString(g.version) || strings.Contains(g.name, "#{") {
		g.version = ""
	}
	if m := gemStub.FindSubmatch(data); m != nil && gemVersion.Match(m[2]) {
		g.name, g.version, g.platform = string(m[1]), string(m[2]), string(m[3])
	}
	if m := gemFile.FindStringSubmatch(base); m != nil && (g.name == "" || g.version == "") {
		g.name, g.version, g.platform = m[1], m[2], m[3]
	}
	return g
}

// rubyList is the text of an array literal, up to its closing bracket.
func rubyList(data []byte) []byte {
	quote := byte(0)
	for i, c := range data {
		switch {
		case quote != 0:
			if c == quote && data[i-1] != '\\' {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == ']':
			return data[:i]
		}
	}
	return nil
}

var rubyEscapes = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\'`, `'`)

// rubyTexts are the string literals of a piece of Ruby, at most 10,000; none when they are computed.
func rubyTexts(data []byte) []string {
	var all []string
	for _, m := range gemText.FindAllSubmatch(data, 10_000) {
		s := string(m[1]) + string(m[2]) + string(m[3])
		if !strings.Contains(s, "#{") {
			all = append(all, rubyEscapes.Replace(s))
		}
	}
	return all
}
