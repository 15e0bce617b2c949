package source

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// savedImage is one entry of manifest.json as `docker save` writes it.
type savedImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// dockerArchive is a `docker save` archive, seen as manifest and blobs: by the digest that the manifest has for it, each
// layer's place in the archive.
type dockerArchive struct {
	*archive
	places map[image.Digest]string
}

func (d dockerArchive) manifest(_ context.Context, desc image.Descriptor) ([]byte, string, error) {
	raw, err := readFile(d.archive, blobPath(desc.Digest), image.MaxManifestSize)
	return raw, desc.MediaType, err
}

func (d dockerArchive) blob(_ context.Context, desc image.Descriptor) (io.ReadCloser, error) {
	name, ok := d.places[desc.Digest]
	if !ok {
		name = blobPath(desc.Digest)
	}
	return openStored(d.archive, name, desc)
}

var _ driver = dockerArchive{}

// loadDockerArchive opens the image that tag names in a Docker archive, or its only one.
func loadDockerArchive(ctx context.Context, a *archive, tag string, o Options) (*Image, error) {
	raw, err := readFile(a, "manifest.json", maxListSize)
	if err != nil {
		return nil, err
	}
	var saved []savedImage
	if err := json.Unmarshal(raw, &saved); err != nil {
		return nil, fail(CodeNotAnImage, "the archive's manifest.json cannot be read: %w", err)
	}
	if len(saved) > maxArchiveNames {
		return nil, fail(CodeLimit, "the archive holds more than %d images", maxArchiveNames)
	}
	s, name, err := pickSaved(saved, tag)
	if err != nil {
		return nil, err
	}
	i, err := loadSaved(ctx, a, s)
	if err != nil {
		return nil, err
	}
	if err := i.checkPlatform(o.Platform); err != nil {
		return nil, err
	}
	if r, err := image.ParseReference(name); err == nil && name != "" {
		i.Reference = r
	}
	return i, present(ctx, i)
}

// pickSaved finds the image that tag names and the name by which it was found.
func pickSaved(saved []savedImage, tag string) (savedImage, string, error) {
	var names []string
	for _, s := range saved {
		names = append(names, s.RepoTags...)
		if len(s.RepoTags) == 0 {
			names = append(names, "(no name)")
		}
	}
	if tag == "" {
		switch {
		case len(saved) == 0:
			return savedImage{}, "", fail(CodeNotAnImage, "the archive's manifest.json names no image")
		case len(saved) > 1:
			return savedImage{}, "", fail(CodeTagRequired, "there are several images in the archive: add one of the tags after a colon (%s)", list(names))
		}
		name := ""
		if len(saved[0].RepoTags) > 0 {
			name = saved[0].RepoTags[0]
		}
		return saved[0], name, nil
	}
	var found []savedImage
	var foundNames []string
	for _, s := range saved {
		if n := slices.IndexFunc(s.RepoTags, func(n string) bool { return namesTag(n, tag) }); n >= 0 {
			found, foundNames = append(found, s), append(foundNames, s.RepoTags[n])
		}
	}
	switch len(found) {
	case 0:
		return savedImage{}, "", fail(CodeNotFound, "there is no image %.200q in the archive; there are %s", tag, list(names))
	case 1:
		return found[0], foundNames[0], nil
	}
	if n := slices.Index(foundNames, tag); n >= 0 {
		return found[n], foundNames[n], nil
	}
	return savedImage{}, "", fail(CodeTagRequired, "%.200q names several images in the archive: write one of %s", tag, list(foundNames))
}

// loadSaved opens one image: by the manifest that newer engines put beside it, else by one made from what lies there.
func loadSaved(ctx context.Context, a *archive, s savedImage) (*Image, error) {
	if len(s.Layers) > image.MaxLayers {
		return nil, fail(CodeLimit, "the image has more than %d layers", image.MaxLayers)
	}
	rawConfig, err := readFile(a, s.Config, image.MaxConfigSize)
	if err != nil {
		return nil, err
	}
	if own := hexOf(s.Config); own != "" && own != image.DigestOf(rawConfig).Hex() {
		return nil, fail(CodeDigestMismatch, "the image's config does not match the digest in its name (%.200q)", s.Config)
	}
	d := dockerArchive{archive: a, places: map[image.Digest]string{image.DigestOf(rawConfig): s.Config}}
	if doc, ok := d.ownManifest(ctx, image.DigestOf(rawConfig), len(s.Layers)); ok {
		return loadManifest(ctx, d, doc)
	}
	config, err := image.ParseConfig(rawConfig)
	if err != nil {
		return nil, bad("the image's config is broken", err)
	}
	if len(s.Layers) != len(config.DiffIDs) {
		return nil, fail(CodeNotAnImage, "manifest.json names %d layers and the config %d diff_ids: they do not belong together", len(s.Layers), len(config.DiffIDs))
	}
	raw, err := d.synthesise(ctx, s, config)
	if err != nil {
		return nil, err
	}
	m, err := image.ParseManifest(raw, dockerManifestType)
	if err != nil {
		return nil, bad("the image's layers cannot be described", err)
	}
	return join(d, m, config)
}

// ownManifest looks for the manifest of the config in the layout that newer engines put into the archive. Any doubt ends
// the search: manifest.json alone is enough.
func (d dockerArchive) ownManifest(ctx context.Context, config image.Digest, layers int) (document, bool) {
	raw, err := readFile(d.archive, "index.json", image.MaxManifestSize)
	if err != nil {
		return document{}, false
	}
	x, err := image.ParseIndex(raw)
	if err != nil {
		return document{}, false
	}
	c := &chooser{from: d, seen: map[image.Digest]bool{}}
	if err := c.collect(ctx, x.Manifests, 0); err != nil {
		return document{}, false
	}
	for _, k := range c.candidates {
		doc, err := fetch(ctx, d, k.descriptor)
		if err != nil {
			continue // of another platform, left out of the archive
		}
		m, err := image.ParseManifest(doc.raw, doc.mediaType)
		if err == nil && m.Config.Digest == config && len(m.Layers) == layers {
			return doc, true
		}
	}
	return document{}, false
}

const (
	dockerManifestType = "application/vnd.docker.distribution.manifest.v2+json"
	dockerConfigType   = "application/vnd.docker.container.image.v1+json"
	dockerLayerType    = "application/vnd.docker.image.rootfs.diff.tar"
)

// synthesise makes the Docker schema 2 manifest of what lies in the archive, always the same for the same content. A plain
// layer is named by its diff ID, which the reader of layers verifies; a compressed one by the digest of its bytes.
func (d dockerArchive) synthesise(ctx context.Context, s savedImage, config *image.Config) ([]byte, error) {
	type descriptor struct {
		MediaType string       `json:"mediaType"`
		Size      int64        `json:"size"`
		Digest    image.Digest `json:"digest"`
	}
	m := struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Config        descriptor   `json:"config"`
		Layers        []descriptor `json:"layers"`
	}{
		2, dockerManifestType, descriptor{dockerConfigType, int64(len(config.Raw)), config.Digest}, []descriptor{},
	}
	for n, name := range s.Layers {
		e, err := d.find(name)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fail(CodeNotAnImage, "the image is incomplete: layer %d (%.200q) is not in the archive", n+1, name)
			}
			return nil, fail(CodeNotAnImage, "layer %d (%.200q) cannot be found in the archive: %w", n+1, name, err)
		}
		l := descriptor{dockerLayerType, e.size, config.DiffIDs[n]}
		if how := compressionOf(d.file, e.offset); how != "" && e.size > 0 {
			l.MediaType += "." + how
			if l.Digest, err = hash(ctx, d.section(e)); err != nil {
				return nil, err
			}
		}
		if other, twice := d.places[l.Digest]; !twice {
			d.places[l.Digest] = name
		} else if o, err := d.find(other); err != nil || o != e && o.size != e.size {
			return nil, fail(CodeNotAnImage, "layers %.200q and %.200q claim one digest and differ", other, name)
		}
		m.Layers = append(m.Layers, l)
	}
	return json.Marshal(m)
}

// hash is the digest of a layer's stored bytes.
func hash(ctx context.Context, r *io.SectionReader) (image.Digest, error) {
	h := sha256.New()
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		switch _, err := io.CopyN(h, r, 16<<20); {
		case err == io.EOF:
			return image.DigestOfSum(h.Sum(nil)), nil
		case err != nil:
			return "", fail(CodeNotAnImage, "the archive cannot be read: %w", err)
		}
	}
}

// hexOf is the digest that a config's name in an archive stands for, or "".
func hexOf(name string) string {
	name = strings.TrimSuffix(name[strings.LastIndexByte(name, '/')+1:], ".json")
	if _, err := image.ParseDigest("sha256:" + name); err != nil {
		return ""
	}
	return name
}
