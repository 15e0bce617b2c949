package catalog

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"landwaiter.dev/image"
)

// Flatpak reads applications that flatpak installed, from the description that each exports.
func Flatpak() Cataloger {
	return Cataloger{
		Name: "flatpak", Revision: 1,
		Doc:  "flatpak applications, from the metainfo that they export",
		Want: Want{Suffixes: []string{".metainfo.xml", ".appdata.xml"}},
		Read: readFlatpak,
	}
}

// metainfo is what we want of an AppStream component. The first release is the newest.
type metainfo struct {
	XMLName   xml.Name `xml:"component"`
	ID        string   `xml:"id"`
	Name      []string `xml:"name"`
	License   string   `xml:"project_license"`
	Developer string   `xml:"developer_name"`
	URLs      []struct {
		Type string `xml:"type,attr"`
		URL  string `xml:",chardata"`
	} `xml:"url"`
	Releases []struct {
		Version string `xml:"version,attr"`
	} `xml:"releases>release"`
}

func readFlatpak(f *File, found *Found) error {
	// .../flatpak/app/ID/ARCH/BRANCH/COMMIT/export/share/metainfo/ID.metainfo.xml
	dir, exported := strings.CutSuffix(string(f.Path.Dir()), "/export/share/metainfo")
	if !exported {
		if dir, exported = strings.CutSuffix(string(f.Path.Dir()), "/export/share/appdata"); !exported {
			return nil
		}
	}
	_, place, ok := strings.Cut("/"+dir, "/flatpak/app/")
	parts := strings.Split(place, "/")
	if !ok || len(parts) != 4 {
		return nil
	}
	text, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	var m metainfo
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("the character set %.40q is not supported", charset)
	}
	if err := dec.Decode(&m); err != nil {
		return fmt.Errorf("metainfo: %w", err)
	}
	name, okName := declaredName(parts[0])
	version, okVersion := "", false
	if len(m.Releases) > 0 {
		version, okVersion = declaredVersion(m.Releases[0].Version)
	}
	if !okName || !okVersion {
		found.Gap(image.GapUnidentified, fmt.Sprintf("the flatpak application %.60q does not say its version", parts[0]))
		return nil
	}
	p := image.Package{
		Type: image.Flatpak, Name: name, Version: version, Arch: onlyWord(parts[1]), Location: f.Path,
		Licenses: declaredTexts([]string{m.License}), Origin: declaredText(m.Developer),
		Extra: map[string]string{"branch": declaredText(parts[2])},
	}
	for _, u := range m.URLs {
		if u.Type == "homepage" && p.Homepage == "" {
			p.Homepage = declaredText(u.URL)
		}
	}
	found.Packages = append(found.Packages, p)
	return nil
}
