package catalog

import (
	"regexp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/yamlscan"
)

// HackageLock reads stack.yaml.lock and cabal.project.freeze.
func HackageLock() Cataloger {
	return lockCataloger("hackage-lock", "Declared Haskell packages: stack.yaml.lock, cabal.project.freeze.", image.Hackage,
		Want{Names: []string{"stack.yaml.lock", "cabal.project.freeze"}}, nil,
		func(data []byte, p *pins) error {
			if p.file.Path.Base() == "stack.yaml.lock" {
				readStackLock(data, p)
			} else {
				readCabalFreeze(data, p)
			}
			return nil
		})
}

var (
	// name-1.2.3@sha256:…,123
	stackPinned = regexp.MustCompile(`^(.+)-(\d+(?:\.\d+)*)(?:@|$)`)
	// any.name ==1.2.3
	cabalPinned = regexp.MustCompile(`(?m)(?:^|[\s,:])(?:any\.)?([A-Za-z0-9][A-Za-z0-9-]*)\s*==\s*(\d+(?:\.\d+)*)(?:,|\s|$)`)
)

// readStackLock takes the "hackage" lines of what was completed; those of "original" repeat what was asked for.
func readStackLock(data []byte, p *pins) {
	part := ""
	yamlscan.Lines(data, func(l yamlscan.Line) bool {
		switch l.Key {
		case "completed", "original", "snapshots":
			part = l.Key
		case "hackage":
			if part != "completed" {
				return true
			}
			m := stackPinned.FindStringSubmatch(l.Value)
			if m == nil {
				p.bad++
				return true
			}
			p.add(m[1], m[2], false)
		}
		return true
	})
}

func readCabalFreeze(data []byte, p *pins) {
	for _, m := range cabalPinned.FindAllSubmatch(data, maxListed) {
		p.add(string(m[1]), string(m[2]), false)
	}
}
