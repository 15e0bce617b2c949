package source

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"landwaiter.dev/image"
)

// archive is a tree in a tar file: an index of where each entry's bytes lie, made in one pass over the headers. Names are
// keys; nothing is ever looked up on this machine.
type archive struct {
	file    archiveFile
	entries map[image.Path]archiveEntry
}

// archiveFile is the tar: read once from front to end, then by place.
type archiveFile interface {
	io.ReadSeekCloser
	io.ReaderAt
}

// archiveEntry is where a regular file's bytes lie, or the key that a link leads to.
type archiveEntry struct {
	offset, size int64
	isLink       bool
	link         image.Path
}

// openArchive opens FILE[:TAG] of an archive; its content decides between Docker's form and a layout unless the name did.
func openArchive(ctx context.Context, n imageName, o Options) (*Image, error) {
	a, err := indexFile(ctx, n.path, o.TempDir)
	if err != nil {
		return nil, err
	}
	i, err := a.load(ctx, n, o)
	if err != nil {
		a.Close()
		return nil, err
	}
	return i, nil
}

func (a *archive) load(ctx context.Context, n imageName, o Options) (*Image, error) {
	isDocker, isLayout := a.has("manifest.json"), a.has("index.json")
	switch {
	case n.form != formOCIArchive && isDocker:
		return loadDockerArchive(ctx, a, n.tag, o)
	case n.form != formDockerArchive && isLayout:
		return loadLayout(ctx, a, n.tag, o)
	case n.form == formDockerArchive && isLayout:
		return nil, fail(CodeNotAnImage, "the archive has no manifest.json; it is an OCI archive: name it with oci-archive:")
	case n.form == formOCIArchive && isDocker:
		return nil, fail(CodeNotAnImage, "the archive has no index.json; it is a Docker archive: name it with docker-archive:")
	default:
		return nil, fail(CodeNotAnImage, "the file is a tar but no image: it has neither manifest.json (docker save) nor index.json (OCI)")
	}
}

// indexFile opens an archive, unpacked to a temporary file first when it is compressed.
func indexFile(ctx context.Context, name, tempDir string) (*archive, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, noSuchPath(name, err)
	case info.IsDir():
		return nil, fail(CodeNotAnImage, "%.200q is a directory: name it with oci-dir: or dir:", name)
	case !info.Mode().IsRegular():
		return nil, fail(CodeNotAnImage, "%.200q is no regular file", name)
	case info.Size() == 0:
		return nil, fail(CodeNotAnImage, "the file is empty")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, noSuchPath(name, err)
	}
	f, err = spool(ctx, f, tempDir)
	if err != nil {
		return nil, err
	}
	a, err := indexArchive(ctx, f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return a, nil
}

// indexArchive reads the headers of a tar file. The data between them is skipped by seeking.
func indexArchive(ctx context.Context, f archiveFile) (*archive, error) {
	a := &archive{file: f, entries: map[image.Path]archiveEntry{}}
	tr := tar.NewReader(f)
	for count := 0; ; count++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if count == maxArchiveEntries {
			return nil, fail(CodeLimit, "the archive has more than %d entries", maxArchiveEntries)
		}
		h, err := tr.Next()
		switch {
		case err == io.EOF:
			return a, nil
		case errors.Is(err, io.ErrUnexpectedEOF) && count == 0:
			return nil, fail(CodeNotAnImage, "the file is no tar archive, or cut off at its very beginning")
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fail(CodeNotAnImage, "the archive is cut off: it ends in the middle of entry %d", count+1)
		case err != nil && count == 0:
			return nil, fail(CodeNotAnImage, "the file is no tar archive: %w", err)
		case err != nil:
			return nil, fail(CodeNotAnImage, "the archive is broken after entry %d: %w", count, err)
		}
		if err := a.add(h); err != nil {
			return nil, err
		}
	}
}

// add notes one entry. The tar reader stands at its first byte, since it reads no further than a header.
func (a *archive) add(h *tar.Header) error {
	key, err := image.CleanPath(h.Name)
	if err != nil || key == "" {
		return nil // no name that anything could ask for
	}
	switch h.Typeflag {
	case tar.TypeReg:
		if h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.map"] != "" {
			return nil
		}
		offset, err := a.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return fail(CodeNotAnImage, "the archive cannot be read: %w", err)
		}
		a.entries[key] = archiveEntry{offset: offset, size: h.Size}
	case tar.TypeSymlink, tar.TypeLink:
		target := h.Linkname
		if h.Typeflag == tar.TypeSymlink && !path.IsAbs(target) {
			target = path.Join("/", path.Dir(string(key)), target)
		}
		if link, err := image.CleanPath(target); err == nil {
			a.entries[key] = archiveEntry{isLink: true, link: link}
		}
	}
	return nil
}

// find follows links to a regular file. The error is fs.ErrNotExist when there is none.
func (a *archive) find(name string) (archiveEntry, error) {
	key, err := image.CleanPath(name)
	if err != nil {
		return archiveEntry{}, err
	}
	for range maxLinks {
		e, ok := a.entries[key]
		switch {
		case !ok:
			return archiveEntry{}, fs.ErrNotExist
		case !e.isLink:
			return e, nil
		}
		key = e.link
	}
	return archiveEntry{}, fmt.Errorf("more than %d links", maxLinks)
}

func (a *archive) has(name string) bool {
	_, err := a.find(name)
	return err == nil
}

func (a *archive) open(name string) (io.ReadCloser, int64, error) {
	e, err := a.find(name)
	if err != nil {
		return nil, 0, err
	}
	return io.NopCloser(a.section(e)), e.size, nil
}

func (a *archive) section(e archiveEntry) *io.SectionReader {
	return io.NewSectionReader(a.file, e.offset, e.size)
}

func (a *archive) Close() error { return a.file.Close() }
