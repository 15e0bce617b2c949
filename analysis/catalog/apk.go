package catalog

import (
	"bytes"
	"strconv"

	"landwaiter.dev/image"
)

// APK reads the packages of Alpine Linux and its kin from apk's installed database, which newer releases keep below usr,
// and some builders of images below var.
func APK() Cataloger {
	return Cataloger{
		Name: "apk", Revision: 1,
		Doc:  "Alpine packages, from apk's installed database, with their files, modes and checksums",
		Want: Want{Paths: []image.Path{"lib/apk/db/installed", "usr/lib/apk/db/installed", "var/lib/apk/db/installed"}},
		Read: readAPK,
		Join: joinDistinct,
	}
}

// apkReader holds the package that is being read. A line is a letter, a colon and a value; an empty line ends the
// package.
type apkReader struct {
	d      *database
	pkg    image.Package
	begun  bool
	odd    bool   // it has a line that is no field
	broken string // why the package cannot be used
	// dir is the directory that the following files lie in; dirOK is false where its path cannot be used.
	dir   string
	dirOK bool
	// at is the index in pkg.Files of the directory or file that the next mode or checksum belongs to, or -1.
	at int
}

func readAPK(f *File, found *Found) error {
	r := apkReader{d: &database{file: f, found: found}, at: -1}
	l := linesOf(f)
	for {
		line, ok := l.next()
		if ok && len(line) > 0 {
			r.line(line, l.cut)
			continue
		}
		if r.begun {
			if err := r.end(); err != nil {
				return ignoreFull(err)
			}
		}
		if !ok {
			return l.err
		}
	}
}

// end takes the package that was read.
func (r *apkReader) end() error {
	p, odd, broken := r.pkg, r.odd, r.broken
	*r = apkReader{d: r.d, at: -1}
	if broken != "" {
		r.d.lose("package %.60q was left out because %s", p.Name, broken)
		return nil
	}
	if odd && p.Name != "" {
		r.d.lose("package %.60q has a line that is no field, which was ignored", p.Name)
	}
	p.Type = image.APK
	if p.SourceName != "" {
		p.SourceVersion = p.Version
	}
	return r.d.add(p)
}

func (r *apkReader) line(line []byte, cut bool) {
	r.begun = true
	if len(line) < 2 || line[1] != ':' {
		r.odd = true
		return
	}
	key, value := line[0], line[2:]
	switch key {
	case 'F':
		r.directory(value, cut)
		return
	case 'R':
		r.entry(value, cut)
		return
	case 'M', 'a':
		r.mode(value)
		return
	case 'Z':
		r.checksum(value)
		return
	}
	var field *string
	switch key {
	case 'P':
		field = &r.pkg.Name
	case 'V':
		field = &r.pkg.Version
	case 'A':
		field = &r.pkg.Arch
	case 'o':
		field = &r.pkg.SourceName
	case 'm':
		field = &r.pkg.Origin
	case 'U':
		field = &r.pkg.Homepage
	case 'L':
		if len(value) > 0 && !cut && r.pkg.Licenses == nil {
			r.pkg.Licenses = []string{string(value)}
		}
		return
	case 'I':
		if n, err := strconv.ParseInt(string(value), 10, 64); err == nil && n > 0 {
			r.pkg.InstalledSize = n
		}
		return
	default:
		return
	}
	switch {
	case cut:
		r.broken = "its field " + string(rune(key)) + " is too long"
	case *field == "":
		*field = string(value)
	}
}

// What apk leaves out: directories and files of root with these modes.
const (
	apkDirMode  = 0o040755
	apkFileMode = 0o100644
)

func (r *apkReader) directory(value []byte, cut bool) {
	r.dir, r.dirOK, r.at = string(value), !cut, -1
	if len(value) == 0 {
		return // the root
	}
	path, ok := r.d.own("", r.dir)
	if r.dirOK = r.dirOK && ok; r.dirOK && path != "" {
		r.add(path, apkDirMode)
	}
}

func (r *apkReader) entry(value []byte, cut bool) {
	r.at = -1
	if !r.dirOK && r.dir != "" || cut {
		return // the directory was noted already
	}
	if path, ok := r.d.own(r.dir, string(value)); ok && path != "" {
		r.add(path, apkFileMode)
	}
}

func (r *apkReader) add(path image.Path, mode uint32) {
	r.at = len(r.pkg.Files)
	r.pkg.Files = append(r.pkg.Files, image.OwnedFile{Path: path, Mode: mode, Size: -1, User: "0", Group: "0"})
}

// mode reads "uid:gid:octal mode", which a checksum of extended attributes may follow. A mode of 777 is that of a
// symlink or, seldom, of a file: the database does not tell, so it goes without type bits.
func (r *apkReader) mode(value []byte) {
	if r.at < 0 {
		return
	}
	user, rest, _ := bytes.Cut(value, []byte{':'})
	group, rest, ok := bytes.Cut(rest, []byte{':'})
	digits, _, _ := bytes.Cut(rest, []byte{':'})
	mode, err := strconv.ParseUint(string(digits), 8, 16)
	if !ok || err != nil || mode > 0o7777 {
		r.d.lose("a mode %.60q in package %.60q is not valid", value, r.pkg.Name)
		return
	}
	f := &r.pkg.Files[r.at]
	f.User, f.Group = apkID(user), apkID(group)
	if f.Mode = f.Mode&^0o7777 | uint32(mode); f.Mode == 0o100777 {
		f.Mode = 0o777
	}
}

// apkID is a user or group number as text; the common one is not copied.
func apkID(b []byte) string {
	if len(b) == 1 && b[0] == '0' {
		return "0"
	}
	return string(b)
}

// checksum reads the sum of a file's content, or of a symlink's target.
func (r *apkReader) checksum(value []byte) {
	if r.at < 0 {
		return
	}
	algorithm, digest := apkChecksum(value)
	if algorithm == "" {
		r.d.lose("a checksum %.60q in package %.60q is not of a known kind", value, r.pkg.Name)
		return
	}
	r.pkg.Files[r.at].Algorithm, r.pkg.Files[r.at].Digest = algorithm, digest
}
