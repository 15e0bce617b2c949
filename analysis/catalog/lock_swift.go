package catalog

import (
	"fmt"
	"regexp"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
	"landwaiter.dev/internal/yamlscan"
)

// SwiftLock reads Package.resolved of Swift's package manager. Packages are named by the address of their repository
// without scheme and ".git", as advisories name them: github.com/apple/swift-nio.
func SwiftLock() Cataloger {
	return lockCataloger("swift-lock", "Declared Swift packages: Package.resolved.", image.Swift,
		Want{Names: []string{"Package.resolved"}}, []string{".build"}, readPackageResolved)
}

// readPackageResolved reads "pins", which version 1 of the format keeps inside "object". A pin without a version is a
// branch or a commit.
func readPackageResolved(data []byte, p *pins) error {
	read := func(list []byte) {
		_ = jsonscan.Elements(list, func(pin []byte) bool {
			var address, version string
			_ = jsonscan.Fields(pin, func(key, value []byte) bool {
				switch string(key) {
				case "repositoryURL", "location":
					address, _ = jsonscan.String(value)
				case "state":
					version = npmMember(value, "version")
				}
				return true
			})
			if version != "" {
				p.add(repositoryName(address), version, false)
			}
			return true
		})
	}
	return jsonscan.Fields(data, func(key, value []byte) bool {
		switch string(key) {
		case "pins":
			read(value)
		case "object":
			_ = jsonscan.Fields(value, func(k, v []byte) bool {
				if string(k) == "pins" {
					read(v)
				}
				return true
			})
		}
		return true
	})
}

// repositoryName is the address of a repository as a name: host and path.
func repositoryName(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
		if user, rest, ok := strings.Cut(address, "@"); ok && !strings.Contains(user, "/") {
			address = rest
		}
	} else if user, rest, ok := strings.Cut(address, "@"); ok && !strings.Contains(user, "/") { // git@host:path
		address = strings.Replace(rest, ":", "/", 1)
	}
	return strings.TrimSuffix(strings.TrimSuffix(address, "/"), ".git")
}

// PodsLock reads Podfile.lock of CocoaPods. A pod's parts ("Pod/Part") are the pod.
func PodsLock() Cataloger {
	return lockCataloger("cocoapods-lock", "Declared CocoaPods: Podfile.lock.", image.Pods,
		Want{Names: []string{"Podfile.lock"}}, []string{"Pods"}, readPodfileLock)
}

// podPinned is "Name (1.2.3)" or "Name/Part (1.2.3)".
var podPinned = regexp.MustCompile(`^([^\s/()]+)(?:/[^()]*)? \(([^\s()]+)\)$`)

func readPodfileLock(data []byte, p *pins) error {
	type pod struct{ name, version string }
	var pods []pod
	local := map[string]bool{}
	section, name, indent, seen := "", "", -1, false
	yamlscan.Lines(data, func(l yamlscan.Line) bool {
		switch {
		case l.Indent == 0:
			section, indent = l.Key, -1
			seen = seen || section == "PODS"
		case section == "PODS" && l.Item:
			if indent < 0 {
				indent = l.Indent
			}
			if l.Indent > indent { // what the pod itself needs
				return true
			}
			m := podPinned.FindStringSubmatch(l.Key + l.Value)
			if m == nil {
				p.bad++
			} else if len(pods) < maxListed {
				pods = append(pods, pod{m[1], m[2]})
			}
		case section == "EXTERNAL SOURCES" && strings.HasPrefix(l.Key, ":"):
			local[name] = local[name] || l.Key == ":path" || l.Key == ":podspec"
		case section == "EXTERNAL SOURCES":
			name = l.Key
		}
		return true
	})
	for _, pod := range pods {
		if !local[pod.name] {
			p.add(pod.name, pod.version, false)
		}
	}
	if !seen {
		return fmt.Errorf("the file has no list of pods")
	}
	return nil
}
