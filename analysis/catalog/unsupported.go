package catalog

import (
	"fmt"

	"landwaiter.dev/image"
)

// unreadDatabases are package databases that we know and do not read. An image that has one is not empty.
var unreadDatabases = map[image.Path]string{
	"var/lib/rpm/data.mdb":          "rpm in LMDB format",
	"usr/lib/sysimage/rpm/data.mdb": "rpm in LMDB format",
	"var/db/xbps/pkgdb-0.38.plist":  "xbps (Void Linux)",
	"var/db/pkg/local.sqlite":       "pkg (FreeBSD)",
	"var/guix/db/db.sqlite":         "Guix",
	"usr/share/clear/versionstamp":  "swupd (Clear Linux)",
	"var/lib/eopkg/info/files.db":   "eopkg (Solus)",
}

// Unsupported notes package databases that are known and not read.
func Unsupported() Cataloger {
	var want Want
	for p := range unreadDatabases {
		want.Paths = append(want.Paths, p)
	}
	return Cataloger{
		Name: "unsupported", Revision: 1,
		Doc:  "no packages: a gap for each package database that is known and not read",
		Want: want,
		Read: func(f *File, found *Found) error {
			found.Gap(image.GapUnsupportedContent, fmt.Sprintf("the package database of %s is not read: its packages are not known", unreadDatabases[f.Path]))
			return nil
		},
	}
}
