package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"landwaiter.dev/image"
)

// DirBlobs keeps blobs as compressed files, blobs/ab/abcdef…, each written beside its place and moved there when it is
// whole.
type DirBlobs struct {
	dir   string
	codec *codec
}

var _ Blobs = (*DirBlobs)(nil)

// NewDirBlobs keeps blobs below dir, which it makes.
func NewDirBlobs(dir string) (*DirBlobs, error) {
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of blobs: %w", err)
	}
	return &DirBlobs{dir: dir, codec: c}, nil
}

// path is where a blob lies. Only a digest in canonical form has a place, so no text from outside becomes a path.
func (b *DirBlobs) path(d image.Digest) (string, error) {
	parsed, err := image.ParseDigest(string(d))
	if err != nil {
		return "", err
	}
	return filepath.Join(b.dir, parsed.Hex()[:2], parsed.Hex()), nil
}

// Put implements [Blobs].
func (b *DirBlobs) Put(ctx context.Context, data []byte) (image.Digest, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	d := image.DigestOf(data)
	path, err := b.path(d)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(path); err == nil {
		if time.Since(info.ModTime()) < putAgain || os.Chtimes(path, time.Time{}, time.Now()) == nil {
			return d, nil
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("keeping a blob: %w", err)
	}
	if err := writeWhole(path, b.codec.pack(data)); err != nil {
		return "", fmt.Errorf("keeping a blob: %w", err)
	}
	return d, nil
}

// writeWhole writes a file so that it is there in full or not at all.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close()) // a row may name the blob at once, so it must outlive a power cut
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// Get implements [Blobs].
func (b *DirBlobs) Get(ctx context.Context, d image.Digest) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := b.path(d)
	if err != nil {
		return nil, err
	}
	packed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("blob %.100q: %w", d, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a blob: %w", err)
	}
	return verified(b.codec, packed, d)
}

// Has implements [Blobs].
func (b *DirBlobs) Has(_ context.Context, d image.Digest) (bool, error) {
	path, err := b.path(d)
	if err != nil {
		return false, err
	}
	switch _, err := os.Stat(path); {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, fmt.Errorf("looking for a blob: %w", err)
	}
}

// DeleteOld implements [Blobs]. The times are those of the files.
func (b *DirBlobs) DeleteOld(ctx context.Context, d image.Digest, before time.Time) error {
	path, err := b.path(d)
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err != nil || !info.ModTime().Before(before) {
		return nil
	}
	return b.Delete(ctx, d)
}

// Delete implements [Blobs].
func (b *DirBlobs) Delete(_ context.Context, d image.Digest) error {
	path, err := b.path(d)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a blob: %w", err)
	}
	return nil
}
