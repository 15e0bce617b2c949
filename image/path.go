package image

import (
	"errors"
	"path"
	"strings"
	"unicode/utf8"
)

// Path is a key into an image's file tree: relative to the root, slash-separated, without ".", ".."
// or empty elements; the root itself is "". It is never a place on the machine that analyses. Names
// are bytes: they need not be UTF-8. Values come from [CleanPath] alone, so that no raw archive name
// reaches the merge.
type Path string

// Limits of a name in a layer. A longer or deeper one is skipped and reported as a gap.
const (
	MaxPathLength = 4096
	MaxPathDepth  = 256
)

// Errors of [CleanPath].
var (
	ErrPathTooLong = errors.New("path is longer than 4,096 bytes")
	ErrPathTooDeep = errors.New("path is more than 256 directories deep")
	ErrPathNUL     = errors.New("path contains a NUL byte")
)

// CleanPath turns a name from an archive or a link target into a key: leading slashes are dropped and
// ".." never leaves the root.
func CleanPath(name string) (Path, error) {
	switch {
	case len(name) > MaxPathLength:
		return "", ErrPathTooLong
	case strings.IndexByte(name, 0) >= 0:
		return "", ErrPathNUL
	}
	p := path.Clean("/" + name)[1:]
	if strings.Count(p, "/") >= MaxPathDepth {
		return "", ErrPathTooDeep
	}
	return Path(p), nil
}

// Base is the last element.
func (p Path) Base() string { return string(p[strings.LastIndexByte(string(p), '/')+1:]) }

// Dir is all but the last element; "" for an entry of the root.
func (p Path) Dir() Path {
	if i := strings.LastIndexByte(string(p), '/'); i >= 0 {
		return p[:i]
	}
	return ""
}

// Abs is the path as people and the /v1 API write it, with a leading slash.
func (p Path) Abs() string { return "/" + string(p) }

// Under says whether p lies below the directory dir; everything but the root lies below "".
func (p Path) Under(dir Path) bool {
	if dir == "" {
		return p != ""
	}
	return len(p) > len(dir) && p[len(dir)] == '/' && p[:len(dir)] == dir
}

// Valid says whether the name is UTF-8, and so can be written in JSON as it is.
func (p Path) Valid() bool { return utf8.ValidString(string(p)) }
