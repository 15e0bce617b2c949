package analysis

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// hintsFile is where an image names packages of its own (Anchore's hints, {"packages": [{…}]}).
const hintsFile image.Path = "anchore_hints.json"

// maxHints bounds how many packages an image may name.
const maxHints = 10_000

// hint is one entry of the file, as it is written: single values and lists come under either name.
type hint struct {
	Name, Version, Type, License, Arch, Release, Source, Origin, Location string
	Versions, Licenses, Origins                                           []string
}

// hinted adds the packages that the image's hints file names. They are marked, replace nothing that was found, and close
// no gap: the image only says so.
func (g *merging) hinted(packages []image.Package) []image.Package {
	data, ok := g.tree.Kept(hintsFile)
	if !ok {
		return packages
	}
	layer := 0
	if f, ok := g.tree.Lookup(hintsFile); ok {
		layer = f.Layer
	}
	var doc struct {
		Packages []json.RawMessage `json:"packages"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		g.fileGap(image.Gap{Kind: image.GapParserFailed, Path: hintsFile, Detail: fmt.Sprintf("the hints were left out: %.200v", err)})
		return packages
	}
	have := map[string]bool{}
	for i := range packages {
		have[hintKey(&packages[i])] = true
	}
	added, bad := 0, 0
	for _, raw := range doc.Packages[:min(len(doc.Packages), maxHints)] {
		p, ok := hintedPackage(raw)
		if !ok {
			bad++
			continue
		}
		if key := hintKey(&p); !have[key] {
			have[key] = true
			p.Layer = layer
			packages = append(packages, p)
			added++
		}
	}
	if n := len(doc.Packages) - maxHints; n > 0 {
		g.fileGap(image.Gap{Kind: image.GapLimit, Path: hintsFile, Detail: fmt.Sprintf("%d hints beyond %d were left out", n, maxHints)})
	}
	if bad > 0 {
		g.fileGap(image.Gap{Kind: image.GapParserFailed, Path: hintsFile, Detail: fmt.Sprintf("%d hints have no usable name, version and type", bad)})
	}
	if added > 0 {
		g.fileGap(image.Gap{Kind: image.GapHints, Path: hintsFile, Detail: fmt.Sprintf("%d packages are listed because the image says so; nothing else shows that they are there", added)})
	}
	slices.SortStableFunc(packages, comparePackages)
	return packages
}

// hintKey is what a hint may not name twice: an operating-system package's name, another one's place.
func hintKey(p *image.Package) string {
	if p.Type.OS() {
		return string(p.Type) + "\x00" + p.Name
	}
	return string(p.Type) + "\x00" + p.Name + "\x00" + p.Version + "\x00" + string(p.Location)
}

// hintTypes are the words of the file for the types of packages.
var hintTypes = map[string]struct {
	kind image.PackageType
	// place is the directory that a hint without a location is shown in.
	place string
}{
	"rpm":    {image.RPM, ""},
	"dpkg":   {image.Deb, ""},
	"apkg":   {image.APK, ""},
	"gem":    {image.Gem, "virtual/gempkg"},
	"npm":    {image.NPM, "virtual/npmpkg"},
	"python": {image.Python, "virtual/pypkg/site-packages"},
	"java":   {image.Maven, "virtual/javapkg"},
	"go":     {image.Golang, "virtual/gopkg"},
	"binary": {image.Binary, "virtual/binarypkg"},
}

func hintedPackage(raw json.RawMessage) (image.Package, bool) {
	var h hint
	if json.Unmarshal(raw, &h) != nil {
		return image.Package{}, false
	}
	kind, known := hintTypes[strings.ToLower(h.Type)]
	if h.Version == "" && len(h.Versions) > 0 {
		h.Version = h.Versions[0]
	}
	p := image.Package{
		Type: kind.kind, Name: h.Name, Version: h.Version, Arch: h.Arch, Origin: h.Origin, SourceName: h.Name, SourceVersion: h.Version,
		Licenses: h.Licenses, Location: hintsFile, Extra: map[string]string{"hint": "true"},
	}
	if h.License != "" {
		p.Licenses = []string{h.License}
	}
	if p.Origin == "" {
		p.Origin = strings.Join(h.Origins, ", ")
	}
	switch p.Type {
	case image.RPM:
		rpmHint(&p, &h)
	case image.APK:
		if h.Release != "" {
			p.Version += "-" + strings.TrimPrefix(h.Release, "-")
		}
	case image.Deb:
	default:
		p.SourceName, p.SourceVersion = "", ""
		place := h.Location
		if place == "" {
			if place = kind.place + "/" + h.Name + "-" + h.Version; p.Type == image.Maven {
				place += ".jar"
			}
		}
		path, err := image.CleanPath(place)
		if err != nil || path == "" {
			return p, false
		}
		p.Location = path
	}
	if p.Type == image.Maven {
		p.Extra["maven-version"], p.Extra["implementation-version"], p.Extra["specification-version"] = p.Version, p.Version, p.Version
	}
	return p, known && validHint(p.Name) && validHint(p.Version)
}

// rpmHint completes version and source package; a name like name-version-release.arch.rpm says what is missing.
func rpmHint(p *image.Package, h *hint) {
	if p.Arch == "" {
		p.Arch = "x86_64"
	}
	if p.Arch == "amd64" {
		p.Arch = "x86_64"
	}
	if h.Release != "" {
		p.Version = h.Version + "-" + h.Release
	}
	p.SourceVersion = p.Version
	p.SourceRPM = h.Source
	if p.SourceRPM == "" {
		p.SourceRPM = h.Name + "-" + p.Version + ".src.rpm"
	}
}

func validHint(s string) bool {
	return s != "" && len(s) <= 512 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\uFFFD' })
}
