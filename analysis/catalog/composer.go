package catalog

import (
	"fmt"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
)

// Composer reads vendor/composer/installed.json, where Composer records the PHP packages that it installed: an object
// with "packages" (Composer 2) or a bare list (Composer 1). composer.lock says what was asked for: see [ComposerLock].
func Composer() Cataloger {
	return Cataloger{
		Name:     "composer",
		Revision: 1,
		Doc:      "Installed PHP packages: vendor/composer/installed.json.",
		Want:     Want{Parents: map[string][]string{"composer": {"installed.json"}}},
		Read:     readComposer,
	}
}

func readComposer(f *File, found *Found) error {
	if f.Path.Dir().Base() != "composer" {
		return nil
	}
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	list := data
	dev := map[string]bool{}
	objectErr := jsonscan.Fields(data, func(key, value []byte) bool {
		switch string(key) {
		case "packages":
			list = value
		case "dev-package-names":
			for _, name := range jsonscan.Strings(value) {
				dev[name] = true
			}
		}
		return true
	})
	bad := 0
	err = jsonscan.Elements(list, func(entry []byte) bool {
		p, ok := composerPackage(entry)
		if !ok {
			bad++
			return true
		}
		p.Location = f.Path
		if dev[p.Name] {
			p.Extra = map[string]string{"dev": "true"}
		}
		found.Packages = append(found.Packages, p)
		return len(found.Packages) < maxListed
	})
	if len(found.Packages) >= maxListed {
		found.Gap(image.GapLimit, fmt.Sprintf("more than %d packages listed: the rest is left out", maxListed))
	}
	if bad > 0 {
		found.Gap(image.GapParserFailed, fmt.Sprintf("%d entries without a valid name and version", bad))
	}
	if err != nil && objectErr != nil {
		return objectErr
	}
	return err
}

// composerPackage reads one entry, field by field.
func composerPackage(entry []byte) (image.Package, bool) {
	p := image.Package{Type: image.Composer}
	var name, version, source string
	var authors []string
	err := jsonscan.Fields(entry, func(key, value []byte) bool {
		switch string(key) {
		case "name":
			name, _ = jsonscan.String(value)
		case "version":
			version, _ = jsonscan.String(value)
		case "license":
			p.Licenses = declaredTexts(jsonscan.Strings(value))
		case "homepage":
			s, _ := jsonscan.String(value)
			p.Homepage = declaredText(s)
		case "source":
			source = npmMember(value, "url")
		case "authors":
			_ = jsonscan.Elements(value, func(v []byte) bool {
				authors = append(authors, npmPerson(v))
				return len(authors) < 50
			})
		}
		return true
	})
	p.Origin = declaredText(strings.Join(declaredTexts(authors), ", "))
	p.Homepage = firstOf(p.Homepage, declaredText(source))
	var okName, okVersion bool
	p.Name, okName = declaredName(name)
	p.Version, okVersion = declaredVersion(version)
	return p, err == nil && okName && okVersion
}
