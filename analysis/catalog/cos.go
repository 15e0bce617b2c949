package catalog

import (
	"encoding/json"
	"fmt"
	"io"

	"landwaiter.dev/image"
)

const cosPackages image.Path = "etc/cos-package-info.json"

// COS reads the list of packages of Google's Container-Optimized OS, which is built of Gentoo packages and has no
// database of them.
func COS() Cataloger {
	return Cataloger{
		Name: "cos", Revision: 1,
		Doc:  "packages of Container-Optimized OS, from its list",
		Want: Want{Paths: []image.Path{cosPackages}},
		Read: readCOS,
	}
}

func readCOS(f *File, found *Found) error {
	var list struct {
		Installed []struct {
			Category string `json:"category"`
			Name     string `json:"name"`
			Version  string `json:"version"`
			Ebuild   string `json:"ebuild_version"`
		} `json:"installedPackages"`
	}
	if err := decodeInventory(f, &list); err != nil {
		return err
	}
	d := &database{file: f, found: found}
	for _, e := range list.Installed {
		p := image.Package{Type: image.Ebuild, Name: e.Name, Version: firstOf(e.Ebuild, e.Version)}
		if e.Category != "" {
			p.Name = e.Category + "/" + e.Name
		}
		if err := d.add(p); err != nil {
			return ignoreFull(err)
		}
	}
	return nil
}

// decodeInventory reads a JSON list of packages that a system was built of.
func decodeInventory(f *File, into any) error {
	if f.Size > maxListBytes {
		return fmt.Errorf("a list of packages of %d bytes is longer than the limit of %d", f.Size, int64(maxListBytes))
	}
	text := f.Bytes
	if text == nil && f.Size > 0 {
		text = make([]byte, f.Size)
		if _, err := io.ReadFull(f.Reader(), text); err != nil {
			return fmt.Errorf("reading the list of packages: %w", err)
		}
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("the list of packages is not the JSON that we know: %w", err)
	}
	return nil
}
