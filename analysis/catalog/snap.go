package catalog

import (
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	"landwaiter.dev/image"
)

// snapBase is where the base snaps of Ubuntu Core list the Debian packages that they were made of.
const snapBase image.Path = "usr/share/snappy/dpkg.yaml"

// Snap reads unpacked snaps, and the list of Debian packages of base snaps, which have no dpkg database.
func Snap() Cataloger {
	return Cataloger{
		Name: "snap", Revision: 1,
		Doc:  "unpacked snaps, and the Debian packages that a base snap was made of",
		Want: Want{Paths: []image.Path{snapBase, "meta/snap.yaml"}, Parents: map[string][]string{"/meta": {"snap.yaml"}}},
		Read: readSnap,
	}
}

func readSnap(f *File, found *Found) error {
	if f.Path == snapBase {
		return readSnapBase(&database{file: f, found: found})
	}
	// snap/NAME/REVISION/meta/snap.yaml, or the root of an image that was made of one snap
	if parts := strings.Split(string(f.Path), "/"); f.Path != "meta/snap.yaml" && (len(parts) != 5 || parts[0] != "snap") {
		return nil
	}
	text, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	var s struct {
		Name          string   `json:"name"`
		Version       any      `json:"version"`
		License       string   `json:"license"`
		Architectures []string `json:"architectures"`
		Base          string   `json:"base"`
		Type          string   `json:"type"`
	}
	if err := yaml.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("snap.yaml: %w", err)
	}
	name, okName := declaredName(s.Name)
	version, okVersion := "", false
	switch v := s.Version.(type) {
	case string:
		version, okVersion = declaredVersion(v)
	case float64:
		version, okVersion = declaredVersion(yamlNumber(text))
	}
	if !okName || !okVersion {
		found.Gap(image.GapParserFailed, fmt.Sprintf("a snap was left out because its name %.60q or its version is missing or not valid", s.Name))
		return nil
	}
	p := image.Package{Type: image.Snap, Name: name, Version: version, Location: f.Path, Licenses: declaredTexts([]string{s.License})}
	if len(s.Architectures) == 1 {
		p.Arch = onlyWord(s.Architectures[0])
	}
	for key, value := range map[string]string{"base": declaredText(s.Base), "type": declaredText(s.Type)} {
		if value != "" {
			if p.Extra == nil {
				p.Extra = map[string]string{}
			}
			p.Extra[key] = value
		}
	}
	found.Packages = append(found.Packages, p)
	return nil
}

// yamlNumber is the version as it stands in the text where YAML takes it for a number, for which 1.10 is 1.1.
func yamlNumber(text []byte) string {
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "version:"); ok {
			value, _, _ = strings.Cut(value, " #")
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// readSnapBase reads the list below "packages:", one "- name[:arch]=version" a line.
func readSnapBase(d *database) error {
	l := linesOf(d.file)
	in := false
	for {
		line, ok := l.next()
		if !ok {
			break
		}
		text := strings.TrimSpace(string(line))
		item, isItem := strings.CutPrefix(text, "- ")
		switch {
		case text == "" || text[0] == '#':
		case !isItem && line[0] != ' ':
			in = text == "packages:"
		case in && isItem:
			name, version, _ := strings.Cut(strings.Trim(strings.TrimSpace(item), `"'`), "=")
			name, arch, _ := strings.Cut(name, ":")
			if l.cut {
				version = ""
			}
			if err := d.add(image.Package{Type: image.Deb, Name: name, Version: version, Arch: arch}); err != nil {
				return ignoreFull(err)
			}
		}
	}
	if len(d.found.Packages) > 0 {
		d.found.Gap(image.GapUnsupportedContent, unnamedSource)
	}
	return l.err
}
