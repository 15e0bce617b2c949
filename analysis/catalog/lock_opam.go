package catalog

import (
	"regexp"

	"landwaiter.dev/image"
)

// OpamLock reads the lock files that opam writes for OCaml projects: NAME.opam.locked, whose dependencies have one
// version each.
func OpamLock() Cataloger {
	return lockCataloger("opam-lock", "Declared OCaml packages: *.opam.locked.", image.Opam, Want{Suffixes: []string{".opam.locked"}}, nil,
		func(data []byte, p *pins) error {
			for _, m := range opamPinned.FindAllSubmatch(data, maxListed) {
				p.add(string(m[1]), string(m[2]), opamDev.Match(m[3]))
			}
			return nil
		})
}

var (
	// "name" {= "1.2.3" & with-test}
	opamPinned = regexp.MustCompile(`"([A-Za-z0-9_+-]+)"\s*\{=\s*"([^"\s]+)"([^}\n]*)\}`)
	opamDev    = regexp.MustCompile(`with-(?:test|doc|dev-setup)`)
)
