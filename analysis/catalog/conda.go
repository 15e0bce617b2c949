package catalog

import (
	"errors"
	"fmt"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
)

// Conda reads conda-meta/*.json, one file for each package of an environment, with its files relative to the
// environment's directory.
func Conda() Cataloger {
	return Cataloger{
		Name:     "conda",
		Revision: 1,
		Doc:      "Installed Conda packages: conda-meta/*.json.",
		Want:     Want{Parents: map[string][]string{"conda-meta": {"*.json"}}},
		Read:     readConda,
	}
}

func readConda(f *File, found *Found) error {
	if f.Path.Dir().Base() != "conda-meta" {
		return nil
	}
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	root := f.Path.Dir().Dir()
	m := map[string]string{}
	p := image.Package{Type: image.Conda, Location: f.Path}
	bad := 0
	err = jsonscan.Fields(data, func(key, value []byte) bool {
		switch string(key) {
		case "name", "version", "build", "channel", "subdir", "license", "url":
			m[string(key)], _ = jsonscan.String(value)
		case "files":
			_ = jsonscan.Elements(value, func(v []byte) bool {
				name, _ := jsonscan.String(v)
				file, ok := beside(root, name)
				if !ok || !file.Under(root) && root != "" {
					bad++
					return true
				}
				p.Files = append(p.Files, image.OwnedFile{Path: file, Size: -1})
				return len(p.Files) < maxRecorded
			})
		}
		return true
	})
	var okName, okVersion bool
	p.Name, okName = declaredName(m["name"])
	p.Version, okVersion = declaredVersion(m["version"])
	if !okName || !okVersion {
		if err == nil && m["name"] == "" && m["version"] == "" {
			return nil // another file of conda's
		}
		return errors.Join(errors.New("the record has no valid name and version"), err)
	}
	p.Licenses = declaredTexts([]string{m["license"]})
	if arch, ok := declaredVersion(m["subdir"]); ok {
		p.Arch = arch
	}
	extra(&p, "build", m["build"])
	extra(&p, "channel", m["channel"])
	if bad > 0 {
		found.Gap(image.GapParserFailed, fmt.Sprintf("%d files of the record have no valid path", bad))
	}
	found.Packages = append(found.Packages, p)
	return err
}
