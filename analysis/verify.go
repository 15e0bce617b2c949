package analysis

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// verification compares the files of operating-system packages with what the databases record of them. Links on the
// way to a file are followed, so that /lib/x and /usr/lib/x are one file where they are one.
type verification struct {
	t   *Tree
	out image.Verification
	max int64
	// left counts differences beyond max, lacking files whose digest was recorded and not taken.
	left, lacking int
}

// file compares one file of a package; at is its place in the tree when found.
func (v *verification) file(ref image.PackageRef, o *image.OwnedFile, at int32, found bool) {
	if !found {
		// dpkg lists directories and links by name alone; only what it has a digest of is verified.
		if !o.Optional && (o.Digest != "" || o.Mode != 0) {
			v.differ(ref, o, image.FileMissing, "the package lists it and the image has no such file")
		}
		return
	}
	f := &v.t.files[at]
	want := o.Mode & 0o170000
	if want != 0 && want != f.TypeBits() {
		if v.differ(ref, o, image.FileChanged, fmt.Sprintf("the package has a %s, the image a %s", typeName(want), typeName(f.TypeBits()))) {
			v.out.Differences[len(v.out.Differences)-1].Symlink = f.Type == image.Symlink
		}
		return
	}
	if f.Type == image.Regular && !v.content(ref, o, f) {
		return
	}
	// A database that records no more than nine bits cannot tell that a set-ID bit was added; a mode that it records
	// without a type may be that of a symlink, which has none.
	if o.Mode != 0 && f.Type != image.Symlink && o.Mode&0o7777 != uint32(f.Mode) && !o.Config {
		v.differ(ref, o, image.FileModeChanged, fmt.Sprintf("mode %04o, the package has %04o", f.Mode, o.Mode&0o7777))
	}
}

// content compares digests, or sizes where there are no digests; true when nothing differs.
func (v *verification) content(ref image.PackageRef, o *image.OwnedFile, f *image.File) bool {
	if o.Digest == "" {
		v.out.Uncompared++
		return v.size(ref, o, f)
	}
	have := digestOf(f, o.Algorithm)
	if have == nil {
		v.out.Uncompared++
		v.lacking++
		return v.size(ref, o, f)
	}
	v.out.Compared++
	if hex.EncodeToString(have) == strings.ToLower(o.Digest) {
		return true
	}
	v.differ(ref, o, image.FileChanged, fmt.Sprintf("%s %.12s…, the package has %.12s…", o.Algorithm, hex.EncodeToString(have), o.Digest))
	return false
}

// size compares what both sides know and is not 0. Of a file that may be missing the database need not know it.
func (v *verification) size(ref image.PackageRef, o *image.OwnedFile, f *image.File) bool {
	if o.Optional || o.Size <= 0 || f.Size == 0 || o.Size == f.Size {
		return true
	}
	v.differ(ref, o, image.FileChanged, fmt.Sprintf("%d bytes, the package has %d", f.Size, o.Size))
	return false
}

func (v *verification) differ(ref image.PackageRef, o *image.OwnedFile, status image.FileStatus, detail string) (listed bool) {
	if int64(len(v.out.Differences)) >= v.max {
		v.left++
		return false
	}
	v.out.Differences = append(v.out.Differences, image.FileDifference{Path: o.Path, Package: ref, Status: status, Config: o.Config, Detail: detail})
	return true
}

// done sorts what was found. Files without our digest, and those beyond the limit, are gaps.
func (v *verification) done(g *merging) image.Verification {
	if v.out.Differences == nil {
		v.out.Differences = []image.FileDifference{}
	}
	slices.SortFunc(v.out.Differences, func(a, b image.FileDifference) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Package.Name, b.Package.Name), cmp.Compare(a.Package.Arch, b.Package.Arch), cmp.Compare(a.Status, b.Status))
	})
	if v.lacking > 0 {
		g.gap(image.GapNotCompared, "", fmt.Sprintf("%d files of packages were not compared: of their kind of digest none was taken", v.lacking))
	}
	if v.left > 0 {
		g.gap(image.GapLimit, "", fmt.Sprintf("%d more files that differ from their packages are not listed (LANDWAITER_LIMITS_DIFFERENCES)", v.left))
	}
	return v.out
}

// digestOf is the digest of that kind that was taken of the file; nil when none was.
func digestOf(f *image.File, algorithm string) []byte {
	switch strings.ToLower(algorithm) {
	case "md5":
		return f.MD5
	case "sha1":
		return f.SHA1
	case "sha256":
		return f.SHA256
	}
	return nil
}

func typeName(bits uint32) string {
	switch bits {
	case 0o040000:
		return "directory"
	case 0o120000:
		return "symlink"
	case 0o020000, 0o060000:
		return "device"
	case 0o010000:
		return "FIFO"
	case 0o140000:
		return "socket"
	}
	return "file"
}
