package image

import "fmt"

// Index is an OCI image index or a Docker manifest list, verified: Digest is the digest of Raw.
type Index struct {
	Raw       []byte
	Digest    Digest
	MediaType string
	Manifests []Descriptor
}

// ParseIndex reads an index. Errors are *[ParseError].
func ParseIndex(raw []byte) (*Index, error) {
	if len(raw) > MaxManifestSize {
		return nil, &ParseError{TooBig, fmt.Sprintf("the index has %d bytes, more than the %d that registries accept", len(raw), MaxManifestSize)}
	}
	fields, err := object(raw)
	if err != nil {
		return nil, malformed("the index cannot be read: %v", err)
	}
	switch {
	case fields["layers"] != nil || fields["config"] != nil || fields["fsLayers"] != nil:
		return nil, malformed("the index is an index and an image at once")
	case fields["manifests"] == nil:
		return nil, malformed("the index has no list of manifests")
	}
	x := &Index{Raw: raw, Digest: DigestOf(raw)}
	entries, err := array(fields["manifests"], MaxIndexEntries)
	if err != nil {
		return nil, wrapList(err, "the index's manifests")
	}
	for i, e := range entries {
		d, err := parseDescriptor(e)
		if err != nil {
			return nil, malformed("entry %d of the index: %v", i+1, err)
		}
		x.Manifests = append(x.Manifests, d)
	}
	if x.MediaType, err = documentType(fields, ""); err != nil {
		return nil, err
	}
	if !isIndexType(x.MediaType) {
		x.MediaType = "application/vnd.oci.image.index.v1+json"
	}
	return x, nil
}

// IsIndex says whether the descriptor claims to point at an index.
func (d *Descriptor) IsIndex() bool { return isIndexType(d.MediaType) }

// IsAttestation says whether the descriptor points at something about an image and not at an image: what builders add
// to an index for the platform unknown/unknown, or an artifact.
func (d *Descriptor) IsAttestation() bool {
	if d.Annotations["vnd.docker.reference.type"] != "" || d.ArtifactType != "" {
		return true
	}
	return d.Platform != nil && d.Platform.OS == "unknown" && d.Platform.Architecture == "unknown"
}
