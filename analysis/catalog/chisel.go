package catalog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"

	"landwaiter.dev/image"
)

const chiselManifest image.Path = "var/lib/chisel/manifest.wall"

// Bounds of a manifest: decompressed, and the memory that decompression may take. Real ones have a few megabytes.
const (
	maxChisel       = 64 << 20
	maxChiselMemory = 16 << 20
)

// Chisel reads the manifest of images that were cut out of Ubuntu's packages, slice by slice: they have no dpkg database.
func Chisel() Cataloger {
	return Cataloger{
		Name: "chisel", Revision: 1,
		Doc:  "Debian packages of which chisel put slices into the image, with their files, modes and SHA-256",
		Want: Want{Paths: []image.Path{chiselManifest}},
		Read: readChisel,
	}
}

// chiselLine is one line of the manifest, which has a kind of its own for packages, slices, paths and contents.
type chiselLine struct {
	Wall    string `json:"jsonwall"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Arch    string `json:"arch"`

	Path   string   `json:"path"`
	Mode   string   `json:"mode"`
	Slices []string `json:"slices"`
	SHA256 string   `json:"sha256"`
	Final  string   `json:"final_sha256"`
	Size   int64    `json:"size"`
	Link   string   `json:"link"`
}

// unnamedSource is the gap of lists that name binary packages alone, where advisories speak of source packages.
const unnamedSource = "the list of packages does not say from which source packages they were built: " +
	"vulnerabilities of a source package with another name are not found"

func readChisel(f *File, found *Found) error {
	z, err := zstd.NewReader(f.Reader(), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxChiselMemory))
	if err != nil {
		return fmt.Errorf("the manifest of slices: %w", err)
	}
	defer z.Close()
	limited := &io.LimitedReader{R: z, N: maxChisel}
	c := chiselReader{d: &database{file: f, found: found}, files: map[string][]image.OwnedFile{}}
	l := &lines{buffer: bufio.NewReaderSize(limited, maxLine)}
	for {
		line, ok := l.next()
		if !ok {
			break
		}
		if err := c.line(line, l); err != nil {
			return ignoreFull(err)
		}
	}
	if limited.N <= 0 {
		found.Gap(image.GapLimit, fmt.Sprintf("the manifest of slices has more than %d bytes; the rest was not read", int64(maxChisel)))
	} else if l.err != nil {
		err = l.err
	}
	for i := range found.Packages {
		found.Packages[i].Files = c.files[found.Packages[i].Name]
	}
	if len(found.Packages) > 0 {
		found.Gap(image.GapUnsupportedContent, unnamedSource)
	}
	return err
}

type chiselReader struct {
	d     *database
	files map[string][]image.OwnedFile // by package
}

func (c *chiselReader) line(line []byte, l *lines) error {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	var v chiselLine
	if err := json.Unmarshal(line, &v); err != nil || l.cut {
		if l.number == 1 {
			return errors.New("the manifest of slices does not begin as one")
		}
		c.d.lose("line %d of the manifest of slices was left out: it is no JSON that we understand", l.number)
		return nil
	}
	switch {
	case l.number == 1:
		if !strings.HasPrefix(v.Wall, "1.") {
			return fmt.Errorf("the manifest of slices is of version %.20q, and 1 is what we know", v.Wall)
		}
	case v.Kind == "package":
		return c.d.add(image.Package{Type: image.Deb, Name: v.Name, Version: v.Version, Arch: onlyWord(v.Arch)})
	case v.Kind == "path":
		c.path(&v)
	}
	return nil
}

// path gives a file to the package of its first slice, "package_slice". Directories are left out.
func (c *chiselReader) path(v *chiselLine) {
	if len(v.Slices) == 0 || strings.HasSuffix(v.Path, "/") {
		return
	}
	name, _, _ := strings.Cut(v.Slices[0], "_")
	f := image.OwnedFile{Size: -1}
	var ok bool
	if f.Path, ok = c.d.own("", v.Path); !ok || f.Path == "" {
		return
	}
	mode, err := strconv.ParseUint(v.Mode, 8, 16)
	switch sum := firstOf(v.Final, v.SHA256); {
	case v.Link != "":
		f.Mode = 0o120777
	case isHex(sum, 64):
		f.Algorithm, f.Digest = "sha256", sum
		if err == nil {
			f.Mode = 0o100000 | uint32(mode)&0o7777
		}
		if v.Final == "" {
			f.Size = v.Size
		}
	}
	c.files[name] = append(c.files[name], f)
}
