package catalog

import (
	"bytes"
	"fmt"
	"regexp"

	"landwaiter.dev/image"
)

// GemLock reads Bundler's Gemfile.lock: the gems under "specs:" of each source but those of a path.
func GemLock() Cataloger {
	return lockCataloger("gem-lock", "Declared Ruby gems: Gemfile.lock.", image.Gem,
		Want{Names: []string{"Gemfile.lock", "gems.locked"}}, nil, readGemfileLock)
}

// gemPinned is "    name (1.2.3)" or "    name (1.2.3-x86_64-linux)"; deeper lines are ranges of dependencies.
var gemPinned = regexp.MustCompile(`^    (\S+) \((\d[0-9A-Za-z.]*)(?:-([0-9A-Za-z._-]+))?\)$`)

func readGemfileLock(data []byte, p *pins) error {
	section, specs, seen := "", false, false
	for raw := range bytes.Lines(data) {
		line := bytes.TrimRight(raw, " \t\r\n")
		switch {
		case len(line) == 0 || len(line) > maxLine:
		case line[0] != ' ':
			section, specs = string(line), false
		case string(line) == "  specs:":
			specs, seen = true, true
		case !specs || section == "PATH" || !bytes.HasPrefix(line, []byte("    ")) || line[4] == ' ':
		default:
			m := gemPinned.FindSubmatch(line)
			if m == nil {
				p.bad++
				continue
			}
			if pkg := p.add(string(m[1]), string(m[2]), false); pkg != nil && string(m[3]) != "ruby" {
				pkg.Arch = string(m[3])
			}
		}
	}
	if !seen {
		return fmt.Errorf("the file has no list of specs")
	}
	return nil
}
