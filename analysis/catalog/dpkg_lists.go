package catalog

import (
	"strings"

	"landwaiter.dev/image"
)

// dpkgListOwner names the package of a side file: as the file in info is named ("libc6:amd64"), or for status.d, where
// the files' names need not be package names, the path of the control file beside it.
func dpkgListOwner(p image.Path, suffix string) string {
	if p.Dir() == dpkgStatusD {
		return strings.TrimSuffix(string(p), suffix)
	}
	return strings.TrimSuffix(p.Base(), suffix)
}

// readDPKGList reads info/NAME.list: one absolute path a line, directories too, each before what is in it. A directory
// belongs to many packages and the list says nothing about it, so those that hold something are left out.
func readDPKGList(d *database, owner string) error {
	text, err := textOf(d.file)
	if err != nil {
		return err
	}
	files := make([]image.OwnedFile, 0, min(strings.Count(text, "\n")/2, 1<<14))
	for len(text) > 0 {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line == "" || line == "/." || holdsNext(line, text) {
			continue
		}
		if path, ok := d.own("", line); ok && path != "" {
			files = append(files, image.OwnedFile{Path: path, Size: -1})
		}
	}
	d.found.Lists = append(d.found.Lists, FileList{Package: owner, Files: files})
	return nil
}

// holdsNext says whether the path that rest begins with lies below dir.
func holdsNext(dir, rest string) bool {
	return len(rest) > len(dir) && rest[len(dir)] == '/' && rest[:len(dir)] == dir
}

// readMD5Sums reads NAME.md5sums: 32 hexadecimal digits, two blanks and a path without its first slash.
func readMD5Sums(d *database, owner string) error {
	text, err := textOf(d.file)
	if err != nil {
		return err
	}
	files := make([]image.OwnedFile, 0, min(strings.Count(text, "\n")+1, 1<<14))
	for n := 1; len(text) > 0; n++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line == "" {
			continue
		}
		sum, name, _ := strings.Cut(line, " ")
		name = strings.TrimLeft(name, " *")
		if !isHex(sum, 32) || name == "" {
			d.lose("line %d of the MD5 sums of %.60q is not valid", n, owner)
			continue
		}
		if path, ok := d.own("", name); ok {
			files = append(files, image.OwnedFile{Path: path, Algorithm: "md5", Digest: sum, Size: -1})
		}
	}
	d.found.Lists = append(d.found.Lists, FileList{Package: owner, Files: files})
	return nil
}

// readConffiles reads NAME.conffiles: one absolute path a line, before which "remove-on-upgrade" may stand.
func readConffiles(d *database, owner string) error {
	text, err := textOf(d.file)
	if err != nil {
		return err
	}
	list := FileList{Package: owner}
	for line := range strings.SplitSeq(text, "\n") {
		f := image.OwnedFile{Size: -1, Config: true}
		line, f.Optional = strings.CutPrefix(strings.TrimSpace(line), "remove-on-upgrade ")
		if line == "" || line[0] != '/' {
			continue
		}
		var ok bool
		if f.Path, ok = d.own("", line); ok && f.Path != "" {
			list.Files = append(list.Files, f)
		}
	}
	d.found.Lists = append(d.found.Lists, list)
	return nil
}

// isHex says whether s is n lower-case hexadecimal digits.
func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
