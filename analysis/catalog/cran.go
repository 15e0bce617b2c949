package catalog

import (
	"bytes"
	"fmt"
	"strings"

	"landwaiter.dev/image"
)

// CRAN reads the DESCRIPTION of installed R packages. A line "Built:" tells an installed package from a source tree.
func CRAN() Cataloger {
	return Cataloger{
		Name:     "cran",
		Revision: 1,
		Doc:      "Installed R packages: DESCRIPTION with a Built line.",
		Want:     Want{Names: []string{"DESCRIPTION"}},
		Read:     readDescription,
	}
}

func readDescription(f *File, found *Found) error {
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	m := debianFields(data, "Package", "Version", "Built", "License", "Author", "Maintainer", "URL", "Repository", "Priority")
	if m["Built"] == "" || m["Package"] == "" {
		return nil
	}
	p := image.Package{Type: image.CRAN, Location: f.Path, Licenses: declaredTexts([]string{m["License"]}),
		Origin: firstOf(declaredText(m["Maintainer"]), declaredText(m["Author"]))}
	home, _, _ := strings.Cut(m["URL"], ",")
	p.Homepage = declaredText(home)
	var okName, okVersion bool
	p.Name, okName = declaredName(m["Package"])
	p.Version, okVersion = declaredVersion(m["Version"])
	if !okName || !okVersion {
		return fmt.Errorf("an installed package without a valid name and version")
	}
	extra(&p, "repository", m["Repository"])
	extra(&p, "priority", m["Priority"]) // base, recommended
	found.Packages = append(found.Packages, p)
	return nil
}

// debianFields takes the named "Key: value" lines, with their continuations as one line.
func debianFields(data []byte, keys ...string) map[string]string {
	m := map[string]string{}
	for _, k := range keys {
		m[k] = ""
	}
	key, known := "", false
	for raw := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
		if len(raw) > maxLine {
			continue
		}
		line := strings.TrimRight(string(raw), "\r\n")
		if line != "" && (line[0] == ' ' || line[0] == '\t') {
			if known && len(m[key]) < maxTextLength {
				m[key] = strings.TrimSpace(m[key] + " " + strings.TrimSpace(line))
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		key = name
		if _, known = m[key]; known && ok && m[key] == "" {
			m[key] = strings.TrimSpace(value)
		} else {
			known = false
		}
	}
	return m
}
