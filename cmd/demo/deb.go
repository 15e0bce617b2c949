package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxControl bounds what is read of one control file, in bytes.
const maxControl = 4 << 20

// deb is what a Debian package says of itself.
type deb struct {
	// Fields of the control paragraph, as lines with a line break at the end.
	Control string
	// MD5Sums of its files, as it brings them; "" when it has none.
	MD5Sums string
}

// field gives a field of the control paragraph; "" when it is not there.
func (d *deb) field(name string) string {
	for line := range strings.Lines(d.Control) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(key, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// readDeb reads a .deb: an ar archive of debian-binary, control.tar and data.tar, in this order. visit sees each entry of
// the data and may read it until it returns.
func readDeb(r io.Reader, visit func(*tar.Header, io.Reader) error) (*deb, error) {
	in := bufio.NewReader(r)
	magic := make([]byte, len(arMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != arMagic {
		return nil, errors.New("this is no Debian package: it does not begin as an ar archive")
	}
	var d *deb
	for {
		name, size, err := arHeader(in)
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the Debian package ends before its data")
		}
		if err != nil {
			return nil, err
		}
		body := io.LimitReader(in, size)
		switch {
		case strings.HasPrefix(name, "control.tar"):
			if d, err = readControl(name, body); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		case strings.HasPrefix(name, "data.tar"):
			if d == nil {
				return nil, errors.New("the Debian package has no control file before its data")
			}
			if err := eachEntry(name, body, visit); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return d, nil
		}
		// What is left of the member, and the byte that makes its size even.
		if _, err := io.Copy(io.Discard, body); err != nil {
			return nil, err
		}
		if size%2 == 1 {
			if _, err := in.Discard(1); err != nil {
				return nil, errors.New("the Debian package is cut short")
			}
		}
	}
}

const arMagic = "!<arch>\n"

// arHeader reads the 60 bytes before a member: its name, four fields that we do not need, and its size.
func arHeader(r io.Reader) (string, int64, error) {
	var h [60]byte
	if _, err := io.ReadFull(r, h[:]); errors.Is(err, io.ErrUnexpectedEOF) {
		return "", 0, errors.New("the Debian package is cut short")
	} else if err != nil {
		return "", 0, err
	}
	size, err := strconv.ParseInt(strings.TrimSpace(string(h[48:58])), 10, 64)
	if err != nil || size < 0 || string(h[58:]) != "`\n" {
		return "", 0, errors.New("the Debian package has a broken member header")
	}
	return strings.TrimSuffix(strings.TrimSpace(string(h[:16])), "/"), size, nil
}

// readControl reads the files of control.tar that an installed package leaves in dpkg's database.
func readControl(name string, r io.Reader) (*deb, error) {
	d := &deb{}
	err := eachEntry(name, r, func(h *tar.Header, body io.Reader) error {
		into := map[string]*string{"control": &d.Control, "md5sums": &d.MD5Sums}[strings.TrimPrefix(h.Name, "./")]
		if into == nil {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(body, maxControl+1))
		if err == nil && len(text) > maxControl {
			err = fmt.Errorf("%s is larger than %d bytes", h.Name, maxControl)
		}
		*into = string(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.Control = string(bytes.TrimSpace([]byte(d.Control))) + "\n"
	if d.field("Package") == "" || d.field("Version") == "" {
		return nil, errors.New("the control file names no package and version")
	}
	return d, nil
}

// eachEntry walks a tar file, compressed as its name says.
func eachEntry(name string, r io.Reader, visit func(*tar.Header, io.Reader) error) error {
	plain, err := decompress(name, r)
	if err != nil {
		return err
	}
	defer plain.Close()
	for t := tar.NewReader(plain); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			// A tar file may end before its stream does; what is cut short shows at the end of that.
			_, err := io.Copy(io.Discard, io.LimitReader(plain, maxLayer))
			return err
		}
		if err != nil {
			return err
		}
		if err := visit(h, t); err != nil {
			return err
		}
	}
}

func decompress(name string, r io.Reader) (io.ReadCloser, error) {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "tar":
		return io.NopCloser(r), nil
	case "gz":
		return gzip.NewReader(r)
	case "xz":
		x, err := xz.NewReader(r)
		return io.NopCloser(x), err
	case "zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return nil, errors.New("its compression is none that this program knows")
}
