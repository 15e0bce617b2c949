// Package testkit makes what tests talk to: images in every wrapping, a real registry, databases. It is for tests alone
// and never part of the binary. Start at [Layer] and [Image]:
//
//	img := testkit.Image(testkit.Layer(testkit.File("etc/os-release", "ID=debian\n")))
//	dir := img.OCIDir(t, "latest")
package testkit

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"landwaiter.dev/image"
)

// Media types as the OCI image specification and Docker's manifest schema 2 name them.
const (
	OCIIndex       = "application/vnd.oci.image.index.v1+json"
	OCIManifest    = "application/vnd.oci.image.manifest.v1+json"
	OCIConfig      = "application/vnd.oci.image.config.v1+json"
	OCILayer       = "application/vnd.oci.image.layer.v1.tar"
	DockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	DockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	DockerConfig   = "application/vnd.docker.container.image.v1+json"
	DockerLayer    = "application/vnd.docker.image.rootfs.diff.tar"
)

// Object is a JSON object that a test may bend before it is written.
type Object = map[string]any

// ImageBuild is an image to be written. Its zero hooks write an honest one.
type ImageBuild struct {
	Layers   []*LayerBlob
	Platform image.Platform
	// Docker writes Docker's media types instead of OCI's.
	Docker bool
	// EditConfig and EditManifest change the document before it is encoded and hashed.
	EditConfig, EditManifest func(Object)
	// RawConfig and RawManifest, when set, are written as they are.
	RawConfig, RawManifest []byte
}

// Image is an image for linux/amd64 of the layers, the base first.
func Image(layers ...*LayerBlob) *ImageBuild {
	return &ImageBuild{Layers: layers, Platform: image.DefaultPlatform}
}

// For is the same image for another platform.
func (i *ImageBuild) For(p image.Platform) *ImageBuild {
	c := *i
	c.Platform = p
	return &c
}

// Config is the image's config document.
func (i *ImageBuild) Config() []byte {
	if i.RawConfig != nil {
		return i.RawConfig
	}
	history, diffIDs := []any{}, []any{}
	for _, l := range i.Layers {
		history = append(history, Object{"created": Epoch.Format("2006-01-02T15:04:05Z"), "created_by": l.CreatedBy})
		diffIDs = append(diffIDs, l.DiffID)
	}
	c := Object{
		"created": Epoch.Format("2006-01-02T15:04:05Z"), "os": i.Platform.OS, "architecture": i.Platform.Architecture,
		"config":  Object{"Env": []any{"PATH=/usr/bin:/bin"}, "Cmd": []any{"/bin/sh"}},
		"rootfs":  Object{"type": "layers", "diff_ids": diffIDs},
		"history": history,
	}
	if i.Platform.Variant != "" {
		c["variant"] = i.Platform.Variant
	}
	if i.EditConfig != nil {
		i.EditConfig(c)
	}
	return encode(c)
}

// Manifest is the image's manifest document.
func (i *ImageBuild) Manifest() []byte {
	if i.RawManifest != nil {
		return i.RawManifest
	}
	layers := []any{}
	for _, l := range i.Layers {
		layers = append(layers, Object{"mediaType": i.layerType(l), "digest": l.Digest, "size": l.Size})
	}
	config, configType := i.Config(), OCIConfig
	if i.Docker {
		configType = DockerConfig
	}
	m := Object{
		"schemaVersion": 2, "mediaType": i.MediaType(), "layers": layers,
		"config": Object{"mediaType": configType, "digest": image.DigestOf(config), "size": len(config)},
	}
	if i.EditManifest != nil {
		i.EditManifest(m)
	}
	return encode(m)
}

// Digest of the manifest.
func (i *ImageBuild) Digest() image.Digest { return image.DigestOf(i.Manifest()) }

// MediaType of the manifest.
func (i *ImageBuild) MediaType() string {
	if i.Docker {
		return DockerManifest
	}
	return OCIManifest
}

func (i *ImageBuild) layerType(l *LayerBlob) string {
	base, sep := OCILayer, "+"
	if i.Docker {
		base, sep = DockerLayer, "."
	}
	switch {
	case l.MediaType != "":
		return l.MediaType
	case l.Compression == "none":
		return base
	default:
		return base + sep + l.Compression
	}
}

// Blobs are the config and the layers as stored, by digest; Manifest is not among them.
func (i *ImageBuild) Blobs() map[image.Digest][]byte {
	blobs := map[image.Digest][]byte{}
	for _, l := range i.Layers {
		blobs[l.Digest] = l.Blob
	}
	config := i.Config()
	blobs[image.DigestOf(config)] = config
	return blobs
}

// Document is a manifest or index together with all that it points at.
type Document struct {
	Raw       []byte
	MediaType string
	Platform  *image.Platform
	// Below are the documents that an index names; Blobs what a manifest names.
	Below []*Document
	Blobs map[image.Digest][]byte
	// Annotations of the descriptor that points here.
	Annotations map[string]string
}

// Document of the image.
func (i *ImageBuild) Document() *Document {
	p := i.Platform
	return &Document{Raw: i.Manifest(), MediaType: i.MediaType(), Platform: &p, Blobs: i.Blobs()}
}

// Index is an OCI index of the documents, or a Docker manifest list when the media type says so.
func Index(mediaType string, below ...*Document) *Document {
	entries := []any{}
	for _, d := range below {
		entries = append(entries, d.Descriptor())
	}
	raw := encode(Object{"schemaVersion": 2, "mediaType": mediaType, "manifests": entries})
	return &Document{Raw: raw, MediaType: mediaType, Below: below}
}

// Digest of the document.
func (d *Document) Digest() image.Digest { return image.DigestOf(d.Raw) }

// Descriptor that points at the document.
func (d *Document) Descriptor() Object {
	o := Object{"mediaType": d.MediaType, "digest": d.Digest(), "size": len(d.Raw)}
	if d.Platform != nil {
		o["platform"] = d.Platform
	}
	if len(d.Annotations) > 0 {
		o["annotations"] = d.Annotations
	}
	return o
}

// Walk calls visit for the documents below and then for d itself.
func (d *Document) Walk(visit func(*Document)) {
	for _, b := range d.Below {
		b.Walk(visit)
	}
	visit(d)
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	must(err)
	return b
}

// WriteFiles writes files (slash-separated name: content) below a new directory of the test and returns it.
func WriteFiles(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, files[name], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
