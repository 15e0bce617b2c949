package catalog

import (
	"bytes"
	"fmt"
	"regexp"

	"landwaiter.dev/image"
)

// Opam reads the state of each switch of OCaml's package manager: .opam-switch/switch-state, whose list "installed" has
// "name.version".
func Opam() Cataloger {
	return Cataloger{
		Name:     "opam",
		Revision: 1,
		Doc:      "Installed OCaml packages: .opam-switch/switch-state.",
		Want:     Want{Parents: map[string][]string{".opam-switch": {"switch-state"}}},
		Read:     readSwitchState,
	}
}

var (
	opamInstalled = regexp.MustCompile(`(?m)^installed:\s*\[([^\]]*)\]`)
	opamID        = regexp.MustCompile(`"([^".\s]+)\.([^"\s]+)"|"[^"]*"`)
)

func readSwitchState(f *File, found *Found) error {
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	list := opamInstalled.FindSubmatch(data)
	if list == nil {
		if bytes.Contains(data, []byte("installed:")) {
			return fmt.Errorf("the list of installed packages does not end")
		}
		return nil // a new switch
	}
	bad := 0
	for _, m := range opamID.FindAllSubmatch(list[1], maxListed) {
		name, okName := declaredName(string(m[1]))
		version, okVersion := declaredVersion(string(m[2]))
		if !okName || !okVersion {
			bad++
			continue
		}
		found.Packages = append(found.Packages, image.Package{Type: image.Opam, Name: name, Version: version, Location: f.Path})
	}
	if bad > 0 {
		found.Gap(image.GapParserFailed, fmt.Sprintf("%d entries without a valid name and version", bad))
	}
	return nil
}
