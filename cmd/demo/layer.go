package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"
)

// maxLayer bounds a layer, in bytes: the demo's packages are small.
const maxLayer = 256 << 20

// layerWriter writes the tar file of a layer. A path is written once: packages share folders.
type layerWriter struct {
	tar  *tar.Writer
	seen map[string]bool
	left int64
}

func newLayer(w io.Writer) *layerWriter {
	return &layerWriter{tar: tar.NewWriter(w), seen: map[string]bool{}, left: maxLayer}
}

// add writes one entry under a clean name, its body from r.
func (l *layerWriter) add(h *tar.Header, r io.Reader) error {
	name := clean(h.Name)
	if name == "" || l.seen[name] {
		return nil
	}
	if l.left -= h.Size; l.left < 0 {
		return fmt.Errorf("the layer is larger than %d bytes", maxLayer)
	}
	l.seen[name] = true
	out := *h
	out.Name, out.Format, out.PAXRecords = name, tar.FormatUnknown, nil
	if h.Typeflag == tar.TypeDir {
		out.Name += "/"
	}
	if h.Typeflag == tar.TypeLink {
		out.Linkname = clean(h.Linkname)
	}
	if err := l.tar.WriteHeader(&out); err != nil {
		return err
	}
	if h.Typeflag != tar.TypeReg {
		return nil
	}
	_, err := io.Copy(l.tar, r)
	return err
}

// file writes a regular file, after its folders.
func (l *layerWriter) file(name string, mode int64, body []byte) error {
	var dirs []string
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		dirs = append([]string{dir}, dirs...)
	}
	for _, dir := range dirs {
		if err := l.add(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755, ModTime: epoch}, nil); err != nil {
			return err
		}
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(body)), ModTime: epoch}
	return l.add(h, bytes.NewReader(body))
}

func (l *layerWriter) close() error { return l.tar.Close() }

// epoch is the time of what the demo makes itself: the same input gives the same layer.
var epoch = time.Unix(0, 0)

// clean is the name of an entry as layers have it: relative, without dots; "" for the root and for what leaves it.
func clean(name string) string {
	if name = strings.TrimPrefix(path.Clean("/"+name), "/"); name == "." {
		return ""
	}
	return name
}

// installed writes a layer in which the packages of the .deb files are installed: their files, dpkg's status and its
// lists. Maintainer scripts are not run. It gives the packages in the order of the files.
func installed(w io.Writer, files []string) ([]*deb, error) {
	l := newLayer(w)
	var status strings.Builder
	var debs []*deb
	for _, name := range files {
		d, list, err := l.unpack(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(name), err)
		}
		debs = append(debs, d)
		status.WriteString(d.statusParagraph() + "\n")
		info := "var/lib/dpkg/info/" + d.infoName()
		if err := l.file(info+".list", 0o644, []byte(list)); err != nil {
			return nil, err
		}
		if d.MD5Sums != "" {
			if err := l.file(info+".md5sums", 0o644, []byte(d.MD5Sums)); err != nil {
				return nil, err
			}
		}
	}
	return debs, errors.Join(l.file("var/lib/dpkg/status", 0o644, []byte(status.String())), l.close())
}

// unpack adds the files of one package and gives its list as dpkg keeps it.
func (l *layerWriter) unpack(name string) (*deb, string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	list := "/.\n"
	d, err := readDeb(f, func(h *tar.Header, r io.Reader) error {
		if n := clean(h.Name); n != "" {
			list += "/" + n + "\n"
		}
		return l.add(h, r)
	})
	return d, list, err
}

// statusParagraph is the control paragraph of a package that is installed.
func (d *deb) statusParagraph() string {
	first, rest, _ := strings.Cut(d.Control, "\n")
	return first + "\nStatus: install ok installed\n" + rest
}

// infoName is what dpkg calls the package's files: with the architecture where several may be installed side by side.
func (d *deb) infoName() string {
	if d.field("Multi-Arch") == "same" {
		return d.field("Package") + ":" + d.field("Architecture")
	}
	return d.field("Package")
}
