package catalog

import (
	"encoding/json"
	"fmt"
	"strings"

	"landwaiter.dev/image"
)

// Homebrew reads what Homebrew installed: Cellar/NAME/VERSION has a receipt of the installation.
func Homebrew() Cataloger {
	return Cataloger{
		Name: "homebrew", Revision: 1,
		Doc:  "Homebrew formulae, from the receipts in the Cellar",
		Want: Want{Names: []string{"INSTALL_RECEIPT.json"}},
		Read: readHomebrew,
	}
}

func readHomebrew(f *File, found *Found) error {
	keg := f.Path.Dir()
	if keg.Dir().Dir().Base() != "Cellar" {
		return nil
	}
	text, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	var receipt struct {
		Arch   string `json:"arch"`
		Source struct {
			Tap string `json:"tap"`
		} `json:"source"`
	}
	if err := json.Unmarshal(text, &receipt); err != nil {
		return fmt.Errorf("receipt of Homebrew: %w", err)
	}
	name, okName := declaredName(keg.Dir().Base())
	version, okVersion := declaredVersion(keg.Base())
	if !okName || !okVersion {
		found.Gap(image.GapParserFailed, "a formula was left out because its name or its version is not valid")
		return nil
	}
	p := image.Package{Type: image.Brew, Name: name, Version: version, Location: f.Path, Arch: onlyWord(receipt.Arch)}
	if tap := declaredText(strings.TrimSpace(receipt.Source.Tap)); tap != "" {
		p.Extra = map[string]string{"tap": tap}
	}
	found.Packages = append(found.Packages, p)
	return nil
}
