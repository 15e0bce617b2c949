package catalog

import (
	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
)

// CRANLock reads renv.lock. Packages of a repository are listed; those from somebody's source tree are not.
func CRANLock() Cataloger {
	return lockCataloger("cran-lock", "Declared R packages: renv.lock.", image.CRAN, Want{Names: []string{"renv.lock"}}, nil, readRenvLock)
}

func readRenvLock(data []byte, p *pins) error {
	return jsonscan.Fields(data, func(key, packages []byte) bool {
		if string(key) != "Packages" {
			return true
		}
		err := jsonscan.Fields(packages, func(name, entry []byte) bool {
			m := map[string]string{}
			_ = jsonscan.Fields(entry, func(k, v []byte) bool {
				switch string(k) {
				case "Package", "Version", "Source", "Repository":
					m[string(k)], _ = jsonscan.String(v)
				}
				return true
			})
			switch m["Source"] {
			case "Repository", "CRAN", "Bioconductor", "":
				extra(p.add(firstOf(m["Package"], string(name)), m["Version"], false), "repository", firstOf(m["Repository"], m["Source"]))
			}
			return true
		})
		if err != nil {
			p.bad++
		}
		return true
	})
}
