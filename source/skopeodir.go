package source

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"landwaiter.dev/image"
)

// skopeoDir is the directory form of skopeo and podman ("dir:"): manifest.json as it came from the registry, each blob
// under the hexadecimal digits of its digest, further manifests as DIGITS.manifest.json.
type skopeoDir struct{ tree }

func (s skopeoDir) manifest(_ context.Context, d image.Descriptor) ([]byte, string, error) {
	name := d.Digest.Hex() + ".manifest.json"
	if f, _, err := s.open(name); errors.Is(err, fs.ErrNotExist) {
		name = d.Digest.Hex()
	} else if err == nil {
		f.Close()
	}
	raw, err := readFile(s.tree, name, image.MaxManifestSize)
	return raw, d.MediaType, err
}

func (s skopeoDir) blob(_ context.Context, d image.Descriptor) (io.ReadCloser, error) {
	return openStored(s.tree, d.Digest.Hex(), d)
}

func openSkopeoDir(ctx context.Context, path string, o Options) (*Image, error) {
	dir, err := openDirectory(path)
	if err != nil {
		return nil, err
	}
	i, err := loadSkopeoDir(ctx, skopeoDir{dir}, o)
	if err != nil {
		dir.Close()
		return nil, err
	}
	return i, nil
}

func loadSkopeoDir(ctx context.Context, s skopeoDir, o Options) (*Image, error) {
	raw, err := readFile(s.tree, "manifest.json", image.MaxManifestSize)
	if err != nil {
		return nil, err
	}
	i, err := load(ctx, s, document{raw: raw}, o)
	if err != nil {
		return nil, err
	}
	return i, present(ctx, i)
}

var _ driver = skopeoDir{}
