package catalog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"landwaiter.dev/image"
)

// Bounds of one package database, many times what real ones need. They are constants and not settings, because a
// database beyond them is no database: what lies beyond is a gap.
const (
	maxOwnedText = 128 << 20 // bytes of their paths
	maxListBytes = 16 << 20  // one file list
	maxLine      = 64 << 10
	maxWord      = 512 // a name, version or architecture
	maxLosses    = 10  // gaps with a sentence of their own; more are counted
)

// errFull ends the reading of a database at a bound; the gap has been noted.
var errFull = errors.New("a bound was reached")

// database is what the readers of package databases share: bounds, and an account of what was lost.
type database struct {
	file  *File
	found *Found
	owned int
	text  int
	lost  int
}

// add takes a package that the database holds, or notes why it cannot be taken.
func (d *database) add(p image.Package) error {
	if most := d.file.Limits.Packages; len(d.found.Packages) >= most {
		d.found.Gap(image.GapLimit, fmt.Sprintf("the package database lists more than %d packages; the rest was not read (LANDWAITER_LIMITS_PACKAGES)", most))
		return errFull
	}
	switch {
	case !isWord(p.Name):
		d.lose("a package was left out because its name %.60q is missing or not valid", p.Name)
		return nil
	case !isWord(p.Version):
		d.lose("package %.60q was left out because its version %.60q is missing or not valid", p.Name, p.Version)
		return nil
	}
	p.Location = d.file.Path
	if p.SourceName == "" {
		p.SourceName, p.SourceVersion = p.Name, p.Version
	}
	d.found.Packages = append(d.found.Packages, p)
	return nil
}

// own counts a file that a package owns, dir and base being its path, against the bounds. It says whether the file
// counts: one whose path cannot be a key of the tree is noted and left out.
func (d *database) own(dir, base string) (image.Path, bool) {
	if most := d.file.Limits.OwnedFiles; d.owned >= most || d.text > maxOwnedText {
		if d.owned <= most {
			d.owned = most + 1
			d.found.Gap(image.GapLimit, fmt.Sprintf("the packages own more than %d files; the rest was not read (LANDWAITER_LIMITS_OWNED_FILES)", most))
		}
		return "", false
	}
	p, err := joinPath(dir, base)
	if err != nil {
		d.lose("a package's file %.60q was left out: %v", base, err)
		return "", false
	}
	d.owned++
	d.text += len(p)
	return p, true
}

// lose notes something that the database says and that could not be used.
func (d *database) lose(format string, args ...any) {
	if d.lost++; d.lost <= maxLosses {
		d.found.Gap(image.GapParserFailed, fmt.Sprintf(format, args...))
		return
	}
	for i := len(d.found.Gaps) - 1; i >= 0; i-- {
		if d.found.Gaps[i].Kind == image.GapParserFailed {
			d.found.Gaps[i].Count++
			return
		}
	}
}

// isWord says whether s can be a name or a version: printable, without blanks, of sensible length.
func isWord(s string) bool {
	if s == "" || len(s) > maxWord {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// joinPath makes the key of a file that a database names in two parts, either of which may be empty.
func joinPath(dir, base string) (image.Path, error) {
	if len(dir)+len(base) > image.MaxPathLength {
		return "", image.ErrPathTooLong
	}
	name := base
	if dir != "" {
		name = dir + "/" + base
	}
	return keyOf(name)
}

// keyOf is [image.CleanPath], without its copy for names that are clean already.
func keyOf(name string) (image.Path, error) {
	rel := strings.TrimPrefix(name, "/")
	if rel == "" || rel[0] == '/' || len(rel) > image.MaxPathLength || path.Clean(rel) != rel || strings.HasPrefix(rel, ".") ||
		strings.IndexByte(rel, 0) >= 0 || strings.Count(rel, "/") >= image.MaxPathDepth {
		return image.CleanPath(name)
	}
	return image.Path(rel), nil
}

// lines walks the lines of a file without copying them: from memory, or for a file on disk through a buffer.
type lines struct {
	rest   []byte
	buffer *bufio.Reader
	// number of the current line, from 1; cut when it was longer than maxLine, and its end left out.
	number int
	cut    bool
	err    error
}

func linesOf(f *File) *lines {
	if f.Bytes != nil || f.Size == 0 {
		return &lines{rest: f.Bytes}
	}
	return &lines{buffer: bufio.NewReaderSize(f.Reader(), maxLine)}
}

// next returns the next line without its end, valid until the line after it; false at the end or after an error.
func (l *lines) next() ([]byte, bool) {
	if l.buffer != nil {
		return l.fromBuffer()
	}
	if len(l.rest) == 0 {
		return nil, false
	}
	line := l.rest
	if end := bytes.IndexByte(l.rest, '\n'); end < 0 {
		l.rest = nil
	} else {
		line, l.rest = l.rest[:end], l.rest[end+1:]
	}
	l.number++
	if l.cut = len(line) >= maxLine; l.cut {
		line = line[:maxLine]
	}
	return bytes.TrimSuffix(line, []byte{'\r'}), true
}

func (l *lines) fromBuffer() ([]byte, bool) {
	line, err := l.buffer.ReadSlice('\n')
	l.cut = false
	if err == bufio.ErrBufferFull {
		l.cut = true
		line = bytes.Clone(line)
		for err == bufio.ErrBufferFull {
			_, err = l.buffer.ReadSlice('\n')
		}
	}
	if err != nil && err != io.EOF {
		l.err = fmt.Errorf("reading the package database: %w", err)
		return nil, false
	}
	if err == io.EOF && len(line) == 0 {
		return nil, false
	}
	l.number++
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), true
}

// textOf is the whole content as one string, of which parts can be kept without copying.
func textOf(f *File) (string, error) {
	switch {
	case f.Size > maxListBytes:
		return "", fmt.Errorf("a file list of %d bytes is longer than the limit of %d", f.Size, int64(maxListBytes))
	case f.Bytes != nil || f.Size == 0:
		return string(f.Bytes), nil
	}
	var text strings.Builder
	text.Grow(int(f.Size))
	if _, err := io.Copy(&text, f.Reader()); err != nil {
		return "", fmt.Errorf("reading the file list: %w", err)
	}
	return text.String(), nil
}

// joinDistinct adds the packages of several databases up; a package that two of them hold, as when one is a copy of the
// other, counts once.
func joinDistinct(found []Found) ([]image.Package, []image.Gap) {
	first := map[image.PackageRef]image.Path{}
	var packages []image.Package
	for i := range found {
		for _, p := range found[i].Packages {
			at, known := first[p.Ref()]
			if !known {
				first[p.Ref()] = p.Location
			}
			if !known || at == p.Location {
				packages = append(packages, p)
			}
		}
	}
	return packages, nil
}

// onlyWord is s where it can be a name, else "".
func onlyWord(s string) string {
	if !isWord(s) {
		return ""
	}
	return s
}
