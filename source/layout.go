package source

import (
	"context"
	"encoding/json"
	"io"
	"slices"

	"landwaiter.dev/image"
)

// layout is an OCI image layout (OCI image specification, image-layout.md), on disk or in an archive.
type layout struct{ tree }

// blobPath is where a layout keeps content. The digest was parsed, so that it is nothing but hexadecimal digits.
func blobPath(d image.Digest) string { return "blobs/sha256/" + d.Hex() }

func (l layout) manifest(_ context.Context, d image.Descriptor) ([]byte, string, error) {
	raw, err := readFile(l.tree, blobPath(d.Digest), image.MaxManifestSize)
	return raw, d.MediaType, err
}

func (l layout) blob(_ context.Context, d image.Descriptor) (io.ReadCloser, error) {
	return openStored(l.tree, blobPath(d.Digest), d)
}

func openLayout(ctx context.Context, path, tag string, o Options) (*Image, error) {
	dir, err := openDirectory(path)
	if err != nil {
		return nil, err
	}
	i, err := loadLayout(ctx, dir, tag, o)
	if err != nil {
		dir.Close()
		return nil, err
	}
	return i, nil
}

// loadLayout opens the image that tag names in a layout, or its only one.
func loadLayout(ctx context.Context, t tree, tag string, o Options) (*Image, error) {
	l := layout{t}
	if raw, err := readFile(t, "oci-layout", 1<<16); err == nil {
		var v struct {
			Version string `json:"imageLayoutVersion"`
		}
		if json.Unmarshal(raw, &v) == nil && v.Version != "" && v.Version[0] != '1' {
			return nil, fail(CodeUnsupported, "the layout has version %.20q; versions 1.x are read", v.Version)
		}
	}
	raw, err := readFile(t, "index.json", image.MaxManifestSize)
	if err != nil {
		return nil, err
	}
	x, err := image.ParseIndex(raw)
	if err != nil {
		return nil, bad("index.json is broken", err)
	}
	entries, err := tagged(x.Manifests, tag)
	if err != nil {
		return nil, err
	}
	i, err := loadEntries(ctx, l, entries, o)
	if err != nil {
		return nil, err
	}
	i.Reference = nameOf(entries[0])
	return i, present(ctx, i)
}

// loadEntries opens what the entries of one tag stand for: one document, or images for several platforms side by side.
func loadEntries(ctx context.Context, from driver, entries []image.Descriptor, o Options) (*Image, error) {
	if len(entries) > 1 {
		return chooseFrom(ctx, from, entries, o)
	}
	doc, err := fetch(ctx, from, entries[0])
	if err != nil {
		return nil, err
	}
	return load(ctx, from, doc, o)
}

// The annotations by which a layout's index names what it holds: a tag or full name (OCI image specification,
// annotations.md), and the full name that containerd and Docker write.
const (
	refNameAnnotation    = "org.opencontainers.image.ref.name"
	containerdAnnotation = "io.containerd.image.name"
)

// namesOf are the names of an entry, as written.
func namesOf(d image.Descriptor) []string {
	var names []string
	for _, key := range []string{containerdAnnotation, refNameAnnotation} {
		if n := d.Annotations[key]; n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// nameOf is the reference by which a registry knows the entry, when it is named in full.
func nameOf(d image.Descriptor) image.Reference {
	for _, n := range namesOf(d) {
		if slices.ContainsFunc([]byte(n), func(b byte) bool { return b == '/' || b == ':' }) {
			if r, err := image.ParseReference(n); err == nil {
				return r
			}
		}
	}
	return image.Reference{}
}

// tagged are the entries that tag names. Without a tag all entries must share their name.
func tagged(entries []image.Descriptor, tag string) ([]image.Descriptor, error) {
	var found []image.Descriptor
	var names []string // each once, in order
	for _, d := range entries {
		own := namesOf(d)
		label := "(no name)"
		if len(own) > 0 {
			label = own[len(own)-1]
		}
		if !d.IsAttestation() && !slices.Contains(names, label) {
			names = append(names, label)
		}
		if tag == "" || slices.ContainsFunc(own, func(n string) bool { return namesTag(n, tag) }) || string(d.Digest) == tag {
			found = append(found, d)
		}
	}
	switch {
	case len(entries) == 0:
		return nil, fail(CodeNotAnImage, "index.json names no image")
	case len(found) == 0:
		return nil, fail(CodeNotFound, "there is no image %.200q in it; there are %s", tag, list(names))
	case tag == "" && len(names) > 1:
		return nil, fail(CodeTagRequired, "there are several images in it: add one of the tags after a colon (%s)", list(names))
	}
	return found, nil
}

// namesTag says whether what the user wrote after the path means the name: the same text, the same reference, or its tag.
func namesTag(name, asked string) bool {
	if name == asked {
		return true
	}
	n, err := image.ParseReference(name)
	if err != nil {
		return false
	}
	if a, err := image.ParseReference(asked); err == nil && a == n {
		return true
	}
	return n.Tag == asked && name != n.Repository
}

var _ driver = layout{}
