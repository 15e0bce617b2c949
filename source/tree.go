package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"landwaiter.dev/image"
)

// tree is the files that make up an image on disk: a directory or the entries of an archive. It may be used by several
// at the same time.
type tree interface {
	// open opens a regular file and says its size. The error is fs.ErrNotExist when there is none of that name.
	open(name string) (io.ReadCloser, int64, error)
	io.Closer
}

// directory is a tree on disk. Names and symlinks that lead out of it are refused by the operating system.
type directory struct{ root *os.Root }

func openDirectory(path string) (*directory, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, noSuchPath(path, err)
	}
	return &directory{root}, nil
}

func (d *directory) open(name string) (io.ReadCloser, int64, error) {
	// Looked at before it is opened: opening a pipe would wait for ever.
	info, err := d.root.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%.200q is no regular file", name)
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

func (d *directory) Close() error { return d.root.Close() }

// readFile reads a small file of a tree whole.
func readFile(t tree, name string, limit int64) ([]byte, error) {
	f, size, err := t.open(name)
	if err != nil {
		return nil, missing(name, err)
	}
	defer f.Close()
	if size > limit {
		return nil, fail(CodeLimit, "%.200q has %d bytes, more than the %d allowed", name, size, limit)
	}
	return readAll(f, limit, name)
}

// openStored opens the file of a tree that holds what d names, and refuses another size.
func openStored(t tree, name string, d image.Descriptor) (io.ReadCloser, error) {
	f, size, err := t.open(name)
	if err != nil {
		return nil, missing(string(d.Digest), err)
	}
	if err := sized(d, size); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// missing says that an image lacks a part.
func missing(what string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fail(CodeNotAnImage, "the image is incomplete: %.200s is missing", what)
	}
	return fail(CodeNotAnImage, "the image is incomplete: %.200s cannot be read: %w", what, err)
}
