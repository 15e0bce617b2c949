package catalog

import (
	"fmt"
	"path"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
	"landwaiter.dev/internal/yamlscan"
)

// DartLock reads pubspec.lock, and .dart_tool/package_config.json where pub notes the packages in its cache.
func DartLock() Cataloger {
	return lockCataloger("pub-lock", "Declared Dart packages: pubspec.lock, package_config.json.", image.Pub,
		Want{Names: []string{"pubspec.lock", "package_config.json"}}, []string{".pub-cache"},
		func(data []byte, p *pins) error {
			if p.file.Path.Base() == "pubspec.lock" {
				return readPubspecLock(data, p)
			}
			return readPackageConfig(data, p)
		})
}

// readPubspecLock reads the mapping "packages": those of a path or of the SDK are no packages of pub.
func readPubspecLock(data []byte, p *pins) error {
	type entry struct{ name, source, version, asked string }
	var e entry
	pin := func() {
		if e.name != "" && e.source != "path" && e.source != "sdk" {
			p.add(e.name, e.version, e.asked == "direct dev")
		}
	}
	in, seen := false, false
	yamlscan.Lines(data, func(l yamlscan.Line) bool {
		switch {
		case l.Indent == 0:
			in = l.Key == "packages"
			seen = seen || in
		case !in:
		case l.Indent == 2:
			pin()
			e = entry{name: l.Key}
		case l.Indent == 4:
			switch l.Key {
			case "source":
				e.source = l.Value
			case "version":
				e.version = l.Value
			case "dependency":
				e.asked = l.Value
			}
		}
		return true
	})
	pin()
	if !seen {
		return fmt.Errorf("the file has no list of packages")
	}
	return nil
}

// readPackageConfig takes the version from the place in pub's cache: …/hosted/pub.dev/name-1.2.3.
func readPackageConfig(data []byte, p *pins) error {
	return jsonscan.Fields(data, func(key, list []byte) bool {
		if string(key) != "packages" {
			return true
		}
		_ = jsonscan.Elements(list, func(entry []byte) bool {
			name, root := npmMember(entry, "name"), npmMember(entry, "rootUri")
			version, ok := strings.CutPrefix(path.Base(root), name+"-")
			if ok && strings.Contains(root, "/hosted/") {
				p.add(name, version, false)
			}
			return true
		})
		return true
	})
}
