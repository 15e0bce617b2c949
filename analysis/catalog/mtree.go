package catalog

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"landwaiter.dev/image"
)

// Bounds of an mtree when it is decompressed: in bytes, of which the largest real ones have about 30 MB, and for each byte
// of the file, where digests keep real ones below 6. An image has one for each package, so that both are needed.
const (
	maxMtree      = 64 << 20
	maxMtreeRatio = 20
)

// readMtree reads a gzipped mtree(5): a path and words "key=value" a line, for which "/set" lines give what holds where
// a line says nothing. Directories belong to many packages and are left out.
func readMtree(d *database, owner string) error {
	z, err := gzip.NewReader(d.file.Reader())
	if err != nil {
		return fmt.Errorf("the mtree is not compressed as pacman does it: %w", err)
	}
	limit := min(maxMtree, max(maxLine, d.file.Size*maxMtreeRatio))
	limited := &io.LimitedReader{R: z, N: limit}
	l := &lines{buffer: bufio.NewReaderSize(limited, maxLine)}
	list := FileList{Package: owner}
	var defaults mtreeEntry
	for {
		line, ok := l.next()
		if !ok {
			break
		}
		name, words, _ := strings.Cut(string(line), " ")
		switch {
		case l.cut:
			d.lose("line %d of the mtree is too long and was left out", l.number)
		case name == "" || name[0] == '#':
		case name == "/set":
			defaults.words(words)
		case name == "/unset":
			defaults = mtreeEntry{}
		default:
			e := defaults
			e.words(words)
			if file, ok := e.file(d, unvis(name)); ok {
				list.Files = append(list.Files, file)
			}
		}
	}
	d.found.Lists = append(d.found.Lists, list)
	if limited.N <= 0 {
		d.found.Gap(image.GapLimit, fmt.Sprintf("the mtree has more than %d bytes; the rest was not read", limit))
		return nil
	}
	return l.err
}

// mtreeEntry is what one line says, the defaults included.
type mtreeEntry struct {
	kind, mode, size, uid, gid, md5, sha256 string
}

func (e *mtreeEntry) words(text string) {
	for word := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "type":
			e.kind = value
		case "mode":
			e.mode = value
		case "size":
			e.size = value
		case "uid":
			e.uid = value
		case "gid":
			e.gid = value
		case "md5", "md5digest":
			e.md5 = value
		case "sha256", "sha256digest":
			e.sha256 = value
		}
	}
}

func (e *mtreeEntry) file(d *database, name string) (image.OwnedFile, bool) {
	f := image.OwnedFile{Size: -1}
	switch e.kind {
	case "file":
		f.Mode = 0o100000
	case "link":
		f.Mode = 0o120000
	default:
		return f, false
	}
	if rest := strings.TrimPrefix(name, "./"); strings.HasPrefix(rest, ".") && !strings.Contains(rest, "/") {
		return f, false // .PKGINFO and its like stay in the package archive
	}
	var ok bool
	if f.Path, ok = d.own("", name); !ok || f.Path == "" {
		return f, false
	}
	if mode, err := strconv.ParseUint(e.mode, 8, 12); err == nil {
		f.Mode |= uint32(mode)
	} else {
		f.Mode = 0
	}
	if e.kind == "file" {
		if n, err := strconv.ParseInt(e.size, 10, 64); err == nil && n >= 0 {
			f.Size = n
		}
		switch {
		case isHex(e.sha256, 64):
			f.Algorithm, f.Digest = "sha256", e.sha256
		case isHex(e.md5, 32):
			f.Algorithm, f.Digest = "md5", e.md5
		}
	}
	f.User, f.Group = decimal(e.uid), decimal(e.gid)
	return f, true
}

// decimal is s when it is a number of a user or group, else "".
func decimal(s string) string {
	if _, err := strconv.ParseUint(s, 10, 32); err != nil {
		return ""
	}
	return s
}

// unvis decodes the octal escapes of vis(3), "\040" for a blank, which mtree uses in names.
func unvis(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
