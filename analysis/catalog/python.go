package catalog

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"

	"landwaiter.dev/image"
)

// Python reads installed distributions: what pip, apt and others leave beside the modules, *.dist-info directories
// (PyPA's "Recording installed projects") and the older *.egg-info, a directory or a plain file. Lock files and
// requirements say what was asked for, not what is there: see [PythonLock].
func Python() Cataloger {
	return Cataloger{
		Name:     "python",
		Revision: 1,
		Doc:      "Installed Python distributions: *.dist-info, *.egg-info, *.egg.",
		Want: Want{
			Parents: map[string][]string{
				".dist-info": {"METADATA", "RECORD"},
				".egg-info":  {"PKG-INFO", "installed-files.txt"},
				"EGG-INFO":   {"PKG-INFO"},
			},
			Suffixes: []string{".egg-info", ".egg"},
		},
		Read: readPython,
		Join: joinPython,
	}
}

func readPython(f *File, found *Found) error {
	location := f.Path.Dir()
	switch f.Path.Base() {
	case "RECORD", "installed-files.txt":
		return readPythonFiles(f, found)
	case "METADATA", "PKG-INFO":
	default:
		location = f.Path // a plain *.egg-info file, or a zipped egg
	}
	data, ok, err := pythonMetadata(f, found)
	if !ok {
		return err
	}
	p, err := parsePythonMetadata(data)
	if err != nil {
		return err
	}
	p.Location = location
	p.Embedded = strings.Contains("/"+string(location), "/_vendor/")
	found.Packages = append(found.Packages, p)
	return nil
}

// pythonName is a valid distribution name (PyPA core metadata, "Name").
var pythonName = regexp.MustCompile(`^(?i)[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?$`)

// parsePythonMetadata reads core metadata: e-mail headers up to the first blank line. Name and version must be there.
func parsePythonMetadata(data []byte) (image.Package, error) {
	h := pythonHeaders(data)
	p := image.Package{
		Type:     image.Python,
		Origin:   firstOf(joined(h.Get("author"), h.Get("author-email")), joined(h.Get("maintainer"), h.Get("maintainer-email"))),
		Homepage: known(h.Get("home-page")),
		Licenses: pythonLicenses(h),
	}
	if p.Homepage == "" {
		for _, v := range h["project-url"] {
			label, url, _ := strings.Cut(v, ",")
			switch strings.ToLower(strings.TrimSpace(label)) {
			case "homepage", "home", "source", "repository", "source code":
				p.Homepage = firstOf(p.Homepage, declaredText(url))
			}
		}
	}
	var ok bool
	if p.Name, ok = declaredName(h.Get("name")); !ok || !pythonName.MatchString(p.Name) {
		return p, fmt.Errorf("the metadata has no valid name: %.100q", h.Get("name"))
	}
	if p.Version, ok = declaredVersion(h.Get("version")); !ok {
		return p, fmt.Errorf("the metadata of %s has no valid version: %.100q", p.Name, h.Get("version"))
	}
	return p, nil
}

// headers are the wanted ones by lower-case name.
type headers map[string][]string

func (h headers) Get(name string) string {
	if v := h[name]; len(v) > 0 {
		return known(v[0])
	}
	return ""
}

// known is declaredText without setuptools' word for "not given".
func known(s string) string {
	if s = declaredText(s); strings.EqualFold(s, "UNKNOWN") || strings.EqualFold(s, "None") {
		return ""
	}
	return s
}

var pythonWanted = map[string]bool{
	"name": true, "version": true, "author": true, "author-email": true, "maintainer": true, "maintainer-email": true,
	"home-page": true, "project-url": true, "license": true, "license-expression": true, "classifier": true,
}

// pythonHeaders collects the wanted headers, of each at most 100, unfolded.
func pythonHeaders(data []byte) headers {
	h := headers{}
	var name string // of the header that a folded line continues; "" when it is not wanted
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if name != "" {
				last := &h[name][len(h[name])-1]
				if len(*last) <= maxTextLength {
					*last += "\n" + string(bytes.TrimSpace(line))
				}
			}
			continue
		}
		key, value, ok := bytes.Cut(line, []byte(":"))
		name = strings.ToLower(string(key[:min(len(key), 32)]))
		if !ok || !pythonWanted[name] || len(h[name]) >= 100 || name == "classifier" && !bytes.Contains(value, []byte("License ::")) {
			name = ""
			continue
		}
		h[name] = append(h[name], string(bytes.TrimSpace(value)))
	}
	return h
}

// pythonLicenses prefers the expression, then the field when it is a name and not a text, then the classifiers.
func pythonLicenses(h headers) []string {
	if e := h.Get("license-expression"); e != "" {
		return []string{e}
	}
	if l := h["license"]; len(l) > 0 && !strings.Contains(l[0], "\n") && known(l[0]) != "" {
		return []string{known(l[0])}
	}
	var list []string
	for _, c := range h["classifier"] {
		name := strings.TrimSpace(c[strings.LastIndex(c, "::")+2:])
		if name != "OSI Approved" {
			list = append(list, name)
		}
	}
	return declaredTexts(list)
}

// joinPython gives each distribution the files that its RECORD or installed-files.txt lists.
func joinPython(found []Found) ([]image.Package, []image.Gap) {
	lists := map[string][]image.OwnedFile{}
	for _, f := range found {
		for _, l := range f.Lists {
			lists[l.Package] = l.Files
		}
	}
	var packages []image.Package
	for _, f := range found {
		for _, p := range f.Packages {
			p.Files = lists[string(p.Location)]
			packages = append(packages, p)
		}
	}
	return packages, nil
}

// beside is a path as a list in dir writes it: relative to base, or absolute.
func beside(base image.Path, name string) (image.Path, bool) {
	if !path.IsAbs(name) {
		name = string(base) + "/" + name
	}
	p, err := image.CleanPath(name)
	return p, err == nil && p != ""
}
