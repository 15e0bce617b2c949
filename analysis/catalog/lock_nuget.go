package catalog

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
)

// NuGetLock reads what .NET projects pin: packages.lock.json, packages.config, and the build's project.assets.json.
func NuGetLock() Cataloger {
	return lockCataloger("nuget-lock", "Declared .NET packages: packages.lock.json, packages.config, project.assets.json.", image.NuGet,
		Want{Names: []string{"packages.lock.json", "packages.config", "project.assets.json"}}, []string{".nuget"},
		func(data []byte, p *pins) error {
			switch p.file.Path.Base() {
			case "packages.config":
				return readPackagesConfig(data, p)
			case "project.assets.json":
				return readProjectAssets(data, p)
			}
			return readNuGetLock(data, p)
		})
}

// readNuGetLock reads {"dependencies": {framework: {name: {"type": …, "resolved": version}}}}.
func readNuGetLock(data []byte, p *pins) error {
	return jsonscan.Fields(data, func(key, frameworks []byte) bool {
		if string(key) != "dependencies" {
			return true
		}
		_ = jsonscan.Fields(frameworks, func(_, list []byte) bool {
			_ = jsonscan.Fields(list, func(name, entry []byte) bool {
				if npmMember(entry, "type") != "Project" {
					p.add(string(name), npmMember(entry, "resolved"), false)
				}
				return true
			})
			return true
		})
		return true
	})
}

// readProjectAssets reads {"libraries": {"name/version": {"type": "package"}}}.
func readProjectAssets(data []byte, p *pins) error {
	return jsonscan.Fields(data, func(key, libraries []byte) bool {
		if string(key) != "libraries" {
			return true
		}
		_ = jsonscan.Fields(libraries, func(id, entry []byte) bool {
			if npmMember(entry, "type") == "package" {
				name, version, _ := strings.Cut(string(id), "/")
				p.add(name, version, false)
			}
			return true
		})
		return true
	})
}

// readPackagesConfig reads <package id="…" version="…" developmentDependency="true"/>.
func readPackagesConfig(data []byte, p *pins) error {
	d := tolerantXML(data)
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("not well-formed XML: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "package" {
			continue
		}
		attr := map[string]string{}
		for _, a := range start.Attr {
			attr[a.Name.Local] = a.Value
		}
		p.add(attr["id"], attr["version"], attr["developmentDependency"] == "true")
	}
}

// tolerantXML reads XML whatever encoding it claims; names and versions are ASCII in all that matter.
func tolerantXML(data []byte) *xml.Decoder {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return d
}
