package testkit

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"landwaiter.dev/image"
)

// Epoch is the time of everything that testkit writes, so that equal inputs give equal digests.
var Epoch = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)

// Entry is one entry of a layer's tar. The zero Type is a regular file, or a directory when Path ends in "/".
type Entry struct {
	Path     string
	Data     string
	Link     string // target of a symlink or hard link
	Type     byte   // a type flag of archive/tar
	Mode     int64  // permission bits; 0 means 0644, of a directory 0755
	UID, GID int
	PAX      map[string]string
}

// File is a regular file.
func File(path, data string) Entry { return Entry{Path: path, Data: data} }

// Executable is a regular file with mode 0755.
func Executable(path, data string) Entry { return Entry{Path: path, Data: data, Mode: 0o755} }

// Dir is a directory.
func Dir(path string) Entry { return Entry{Path: strings.TrimSuffix(path, "/") + "/"} }

// Symlink is a symbolic link.
func Symlink(path, target string) Entry {
	return Entry{Path: path, Link: target, Type: tar.TypeSymlink}
}

// Hardlink is another name of an earlier file.
func Hardlink(path, target string) Entry { return Entry{Path: path, Link: target, Type: tar.TypeLink} }

// Whiteout removes path from the layers below.
func Whiteout(path string) Entry {
	i := strings.LastIndexByte(path, '/') + 1
	return Entry{Path: path[:i] + ".wh." + path[i:]}
}

// Tar writes the entries as one tar.
func Tar(entries ...Entry) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{
			Name: e.Path, Linkname: e.Link, Typeflag: e.Type, Mode: e.Mode, Uid: e.UID, Gid: e.GID,
			ModTime: Epoch, Format: tar.FormatPAX, PAXRecords: e.PAX,
		}
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
			if strings.HasSuffix(e.Path, "/") {
				h.Typeflag = tar.TypeDir
			}
		}
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(e.Data))
		}
		if h.Mode == 0 {
			h.Mode = 0o644
			if h.Typeflag == tar.TypeDir {
				h.Mode = 0o755
			}
		}
		must(w.WriteHeader(h))
		if h.Size > 0 {
			_, err := w.Write([]byte(e.Data))
			must(err)
		}
	}
	must(w.Close())
	return b.Bytes()
}

// LayerBlob is a layer as it is stored, beside its plain tar. A test that lies changes a field.
type LayerBlob struct {
	Blob []byte
	Tar  []byte
	// Compression is "gzip", "zstd" or "none".
	Compression string
	// MediaType overrides the one that follows from Compression and the image's family.
	MediaType string
	// Digest, Size and DiffID are what manifest and config will claim.
	Digest, DiffID image.Digest
	Size           int64
	// CreatedBy is the history line.
	CreatedBy string
}

// Layer is a gzip layer of the entries.
func Layer(entries ...Entry) *LayerBlob { return TarLayer(Tar(entries...), "gzip") }

// TarLayer is a layer of a tar that the test wrote, compressed as "gzip", "zstd" or "none".
func TarLayer(plain []byte, compression string) *LayerBlob {
	return RawLayer(Compress(plain, compression), image.DigestOf(plain), compression).withTar(plain)
}

// RawLayer is a layer of any bytes at all that claims the diff ID and compression.
func RawLayer(blob []byte, diffID image.Digest, compression string) *LayerBlob {
	return &LayerBlob{
		Blob: blob, Compression: compression, Digest: image.DigestOf(blob), Size: int64(len(blob)), DiffID: diffID,
		CreatedBy: fmt.Sprintf("layer %s", diffID.Short()),
	}
}

// As is the same tar in another compression.
func (l *LayerBlob) As(compression string) *LayerBlob { return TarLayer(l.Tar, compression) }

func (l *LayerBlob) withTar(plain []byte) *LayerBlob {
	l.Tar = plain
	return l
}

// Compress packs data as "gzip", "zstd" or "none".
func Compress(data []byte, how string) []byte {
	var b bytes.Buffer
	switch how {
	case "none":
		return data
	case "gzip":
		w := gzip.NewWriter(&b)
		_, err := w.Write(data)
		must(err)
		must(w.Close())
	case "zstd":
		w, err := zstd.NewWriter(&b)
		must(err)
		_, err = w.Write(data)
		must(err)
		must(w.Close())
	default:
		panic("testkit: no compression " + how)
	}
	return b.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
