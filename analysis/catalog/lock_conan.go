package catalog

import (
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
)

// ConanLock reads conan.lock of both generations of the C and C++ package manager.
func ConanLock() Cataloger {
	return lockCataloger("conan-lock", "Declared C and C++ packages: conan.lock.", image.Conan,
		Want{Names: []string{"conan.lock"}}, []string{".conan", ".conan2"}, readConanLock)
}

func readConanLock(data []byte, p *pins) error {
	return jsonscan.Fields(data, func(key, value []byte) bool {
		switch string(key) {
		case "requires", "build_requires", "python_requires": // Conan 2: lists of references
			for _, ref := range jsonscan.Strings(value) {
				pinConan(p, ref, string(key) != "requires")
			}
		case "graph_lock": // Conan 1: {"nodes": {"0": {"ref": …, "context": "host"}}}
			_ = jsonscan.Fields(value, func(k, nodes []byte) bool {
				if string(k) != "nodes" {
					return true
				}
				_ = jsonscan.Fields(nodes, func(_, node []byte) bool {
					ref, context, local := npmMember(node, "ref"), npmMember(node, "context"), npmMember(node, "path")
					if ref == "" { // the oldest ones name the binary: reference:id
						ref, _, _ = strings.Cut(npmMember(node, "pref"), ":")
					}
					if ref != "" && local == "" {
						pinConan(p, ref, context == "build")
					}
					return true
				})
				return true
			})
		}
		return true
	})
}

// pinConan reads name/version[@user/channel][#revision[%time]].
func pinConan(p *pins, ref string, build bool) {
	ref, _, _ = strings.Cut(ref, "#")
	id, whose, _ := strings.Cut(ref, "@")
	name, version, _ := strings.Cut(id, "/")
	pkg := p.add(name, version, build)
	if user, channel, ok := strings.Cut(whose, "/"); ok && user != "_" {
		extra(pkg, "user", user)
		extra(pkg, "channel", channel)
	}
}
