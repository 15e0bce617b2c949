package catalog

import (
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/execfile"
	"landwaiter.dev/internal/jsonscan"
)

// Package notes (systemd's "Package Metadata for Executable Files"): the section .note.package of an ELF file holds a
// note with JSON that names the package which the file was built for.
const (
	noteSection = ".note.package"
	noteKind    = 0xcafe1a7e
	maxNote     = 64 << 10
	// noteType is the fact by which packages from notes are known: the "type" of the note, "rpm" or "deb".
	noteType = "note-type"
)

// readELFNote makes a package of type generic of each note: what a file says of its origin is no entry of a package
// database, and no distribution's package until the merge finds that one owns the file.
func readELFNote(x *execfile.File, f *File, found *Found) error {
	for _, n := range x.Notes(noteSection, maxNote) {
		if n.Owner != "FDO" || n.Type != noteKind {
			continue
		}
		p, err := parseELFNote([]byte(strings.TrimRight(string(n.Desc), "\x00")))
		if err != nil {
			return err
		}
		if p.Name == "" || p.Version == "" {
			found.Gap(image.GapUnidentified, "a package note without a valid name and version")
			continue
		}
		p.Location = f.Path
		found.Packages = append(found.Packages, p)
	}
	return nil
}

func parseELFNote(data []byte) (image.Package, error) {
	p := image.Package{Type: image.Binary, Extra: map[string]string{noteType: "unknown"}}
	err := jsonscan.Fields(data, func(key, value []byte) bool {
		s, ok := jsonscan.String(value)
		if !ok {
			return true
		}
		switch string(key) {
		case "name":
			p.Name, ok = declaredName(s)
			p.Name = onlyIf(ok, p.Name)
		case "version":
			p.Version, ok = declaredVersion(s)
			p.Version = onlyIf(ok, p.Version)
		case "architecture":
			p.Arch = declaredText(s)
		case "appCpe":
			if strings.HasPrefix(s, "cpe:2.3:") && s == declaredText(s) {
				p.CPEs = []string{s}
			}
		case "type":
			p.Extra[noteType] = firstOf(declaredText(s), "unknown")
		case "os":
			note(p.Extra, "os", s)
		case "osVersion":
			note(p.Extra, "os-version", s)
		case "osCpe":
			note(p.Extra, "os-cpe", s)
		}
		return true
	})
	return p, err
}

// note keeps a text that can be shown.
func note(extra map[string]string, key, s string) {
	if s = declaredText(s); s != "" {
		extra[key] = s
	}
}

func onlyIf(ok bool, s string) string {
	if !ok {
		return ""
	}
	return s
}
