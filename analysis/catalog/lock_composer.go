package catalog

import (
	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
)

// ComposerLock reads composer.lock.
func ComposerLock() Cataloger {
	return lockCataloger("composer-lock", "Declared PHP packages: composer.lock.", image.Composer,
		Want{Names: []string{"composer.lock"}}, []string{"vendor"}, readComposerLock)
}

func readComposerLock(data []byte, p *pins) error {
	return jsonscan.Fields(data, func(key, list []byte) bool {
		section := string(key)
		if section != "packages" && section != "packages-dev" {
			return true
		}
		err := jsonscan.Elements(list, func(entry []byte) bool {
			pkg, ok := composerPackage(entry)
			if !ok {
				p.bad++
				return true
			}
			if composerPath(entry) {
				return true
			}
			if pin := p.add(pkg.Name, pkg.Version, section == "packages-dev"); pin != nil {
				pin.Licenses, pin.Origin, pin.Homepage = pkg.Licenses, pkg.Origin, pkg.Homepage
			}
			return true
		})
		if err != nil && string(list) != "null" {
			p.bad++
		}
		return true
	})
}

// composerPath says whether the package is a directory beside the project.
func composerPath(entry []byte) (local bool) {
	_ = jsonscan.Fields(entry, func(key, value []byte) bool {
		if string(key) == "dist" {
			local = npmMember(value, "type") == "path"
		}
		return true
	})
	return local
}
