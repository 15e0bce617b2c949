package analysis

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// Tree is the file tree of an image, all layers applied. It does not change once made.
type Tree struct {
	files []image.File
	index map[image.Path]int32
	// owner has for each file the package that lists it, as 1 + its place in refs; 0 is nobody.
	owner []int32
	refs  []image.PackageRef
	kept  map[image.Path][]byte
	links int
	// lacking are files that a package records a digest of and that have none of that kind.
	lacking []int32
	// implied marks directories that no layer lists.
	implied map[image.Path]bool
}

// Files by path. Directories that no layer lists are among them.
func (t *Tree) Files() []image.File { return t.files }

// Listed are the files by path that a layer lists.
func (t *Tree) Listed() []image.File {
	if len(t.implied) == 0 {
		return t.files
	}
	list := make([]image.File, 0, len(t.files)-len(t.implied))
	for i := range t.files {
		if !t.implied[t.files[i].Path] {
			list = append(list, t.files[i])
		}
	}
	return list
}

// Lookup returns the entry with exactly this path; no link is followed.
func (t *Tree) Lookup(p image.Path) (*image.File, bool) {
	i, ok := t.index[p]
	if !ok {
		return nil, false
	}
	return &t.files[i], true
}

// Implied says whether p is a directory that no layer lists.
func (t *Tree) Implied(p image.Path) bool { return t.implied[p] }

// Owner is the operating-system package whose database lists the regular file p.
func (t *Tree) Owner(p image.Path) (image.PackageRef, bool) {
	i, ok := t.index[p]
	if !ok || int(i) >= len(t.owner) || t.owner[i] == 0 {
		return image.PackageRef{}, false
	}
	return t.refs[t.owner[i]-1], true
}

// Kept is the content of a small file of the tree that the reports keep (os-release, passwd …), links followed.
func (t *Tree) Kept(p image.Path) ([]byte, bool) {
	if real, err := t.Resolve(p); err == nil {
		b, ok := t.kept[real]
		return b, ok
	}
	return nil, false
}

// Errors of [Tree.Resolve].
var (
	ErrNotFound     = errors.New("no such file in the image")
	ErrTooManyLinks = errors.New("more than 40 symlinks on the way")
)

// Resolve follows the symlinks of the image, those on the way and the last one, and returns where p really is. Absolute
// targets begin at the image's root, which ".." never leaves.
func (t *Tree) Resolve(p image.Path) (image.Path, error) {
	if f, ok := t.Lookup(p); ok && f.Type != image.Symlink {
		return p, nil
	}
	return t.walk(p, true)
}

// ResolveDir follows the symlinks on the way to p but not p itself.
func (t *Tree) ResolveDir(p image.Path) (image.Path, error) {
	if _, ok := t.Lookup(p); ok {
		return p, nil
	}
	dir, err := t.walk(p.Dir(), true)
	if err != nil {
		return "", err
	}
	full := join(dir, p.Base())
	if _, ok := t.Lookup(full); !ok {
		return "", ErrNotFound
	}
	return full, nil
}

func (t *Tree) walk(p image.Path, last bool) (image.Path, error) {
	rest := strings.Split(string(p), "/")
	at, hops := image.Path(""), 0
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			at = at.Dir()
			continue
		}
		next := join(at, name)
		f, ok := t.Lookup(next)
		if !ok {
			return "", ErrNotFound
		}
		if f.Type != image.Symlink || (len(rest) == 0 && !last) {
			at = next
			continue
		}
		if hops++; hops > t.links {
			return "", ErrTooManyLinks
		}
		if len(rest) > image.MaxPathDepth {
			return "", ErrNotFound
		}
		if strings.HasPrefix(f.Link, "/") {
			at = ""
		}
		rest = append(strings.Split(f.Link, "/"), rest...)
	}
	return at, nil
}

func join(dir image.Path, name string) image.Path {
	if dir == "" {
		return image.Path(name)
	}
	return dir + "/" + image.Path(name)
}

// below lists the entries below a directory, by path.
func (t *Tree) below(dir image.Path) []image.File {
	lo, _ := slices.BinarySearchFunc(t.files, dir+"/", func(f image.File, p image.Path) int { return cmp.Compare(f.Path, p) })
	hi := lo
	for hi < len(t.files) && t.files[hi].Path.Under(dir) {
		hi++
	}
	return t.files[lo:hi]
}
