package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layerFile is a layer as a tar file, and how its history says that it was made.
type layerFile struct{ Path, CreatedBy string }

// builtImage is an image as a registry stores it.
type builtImage struct {
	Manifest []byte
	Blobs    map[v1.Hash][]byte // config and layers
}

// Layers counts them.
func (b *builtImage) Layers() int { return len(b.Blobs) - 1 }

// Size of the blobs, in bytes.
func (b *builtImage) Size() int64 {
	var n int64
	for _, blob := range b.Blobs {
		n += int64(len(blob))
	}
	return n
}

// buildImage makes an OCI image of layers, the lowest first.
func buildImage(layers []layerFile) (*builtImage, error) {
	config := v1.ConfigFile{
		OS: "linux", Architecture: runtime.GOARCH, Author: "landwaiter demo", Created: v1.Time{Time: epoch},
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Entrypoint:   []string{"/usr/local/bin/shop"},
			ExposedPorts: map[string]struct{}{"8080/tcp": {}},
			User:         "65534",
			Labels:       map[string]string{"org.opencontainers.image.title": "shop"},
		},
	}
	built := &builtImage{Blobs: map[v1.Hash][]byte{}}
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1}
	for _, l := range layers {
		plain, err := os.ReadFile(l.Path)
		if err != nil {
			return nil, err
		}
		packed, err := compressed(plain)
		if err != nil {
			return nil, err
		}
		manifest.Layers = append(manifest.Layers, built.add(types.OCILayer, packed))
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, hashOf(plain))
		config.History = append(config.History, v1.History{CreatedBy: l.CreatedBy, Created: v1.Time{Time: epoch}})
	}
	for _, said := range []string{"EXPOSE 8080", "USER 65534", `ENTRYPOINT ["/usr/local/bin/shop"]`} {
		config.History = append(config.History, v1.History{CreatedBy: "/bin/sh -c #(nop) " + said, Created: v1.Time{Time: epoch}, EmptyLayer: true})
	}
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	manifest.Config = built.add(types.OCIConfigJSON, raw)
	built.Manifest, err = json.Marshal(manifest)
	return built, err
}

// add keeps a blob and describes it.
func (b *builtImage) add(mediaType types.MediaType, blob []byte) v1.Descriptor {
	h := hashOf(blob)
	b.Blobs[h] = blob
	return v1.Descriptor{MediaType: mediaType, Digest: h, Size: int64(len(blob))}
}

func hashOf(b []byte) v1.Hash {
	sum := sha256.Sum256(b)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

func compressed(plain []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(plain); err != nil {
		return nil, err
	}
	err := z.Close() // writes the end
	return b.Bytes(), err
}
