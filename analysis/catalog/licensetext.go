package catalog

import (
	"landwaiter.dev/analysis/license"
)

// LicenseText reads the texts of licences: Debian's copyright files, and files that are called LICENSE, COPYING and the
// like. The merge gives them to the packages that they lie beside.
func LicenseText() Cataloger {
	return Cataloger{
		Name:     "license-text",
		Revision: 1,
		Doc:      "Licence texts: usr/share/doc/*/copyright, LICENSE, COPYING and the like.",
		Want:     Want{Match: license.Wanted},
		Read: func(f *File, found *Found) error {
			data, ok, err := metadata(f, found)
			if !ok {
				return err
			}
			if text, ok := license.Classify(f.Path, data); ok {
				found.Texts = append(found.Texts, text)
			}
			return nil
		},
	}
}
