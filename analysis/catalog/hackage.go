package catalog

import (
	"fmt"
	"strings"

	"landwaiter.dev/image"
)

// Hackage reads the package database of GHC: one *.conf for each installed library.
func Hackage() Cataloger {
	return Cataloger{
		Name:     "hackage",
		Revision: 1,
		Doc:      "Installed Haskell packages: *.conf of a package database.",
		Want:     Want{Parents: map[string][]string{"package.db": {"*.conf"}, "/package.conf.d": {"*.conf"}, "/pkgdb": {"*.conf"}}},
		Read:     readPackageConf,
	}
}

func readPackageConf(f *File, found *Found) error {
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	m := debianFields(data, "name", "version", "id", "package-name", "license", "homepage", "maintainer")
	if m["name"] == "" && m["id"] == "" {
		return nil // another program's settings
	}
	p := image.Package{Type: image.Hackage, Location: f.Path, Licenses: declaredTexts([]string{m["license"]}),
		Homepage: declaredText(strings.TrimSpace(m["homepage"])), Origin: declaredText(m["maintainer"])}
	var okName, okVersion bool
	p.Name, okName = declaredName(firstOf(m["package-name"], m["name"])) // a part of a package names the whole
	p.Version, okVersion = declaredVersion(m["version"])
	if !okName || !okVersion {
		return fmt.Errorf("the record has no valid name and version")
	}
	found.Packages = append(found.Packages, p)
	return nil
}
