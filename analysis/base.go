package analysis

import (
	"bytes"
	"encoding/json"
	"strings"

	"landwaiter.dev/image"
)

// The keys by which an image says what it was built on (OCI image specification, annotations.md). Builders write them as
// annotations of the manifest; some as labels of the config.
const (
	baseNameKey   = "org.opencontainers.image.base.name"
	baseDigestKey = "org.opencontainers.image.base.digest"
)

// maxBaseName bounds the name of a base, in bytes: longer than any reference.
const maxBaseName = 512

// Base is what an image says of the image that it was built on, by the annotations of its manifest, else by the labels of
// its config; nil when it says nothing that could be true. It is a claim: nothing here was compared with any base.
func Base(manifest []byte, labels map[string]string) *image.BaseImage {
	var m struct {
		Annotations map[string]json.RawMessage `json:"annotations"`
	}
	_ = json.NewDecoder(bytes.NewReader(manifest)).Decode(&m) // a manifest with odd annotations has none
	annotation := func(key string) string {
		var s string
		if json.Unmarshal(m.Annotations[key], &s) != nil {
			return ""
		}
		return s
	}
	if b := baseOf(annotation(baseNameKey), annotation(baseDigestKey)); b != nil {
		return b
	}
	return baseOf(labels[baseNameKey], labels[baseDigestKey])
}

// baseOf keeps of a name and a digest what has the right form.
func baseOf(name, digest string) *image.BaseImage {
	var b image.BaseImage
	if name = strings.TrimSpace(name); len(name) <= maxBaseName {
		if _, err := image.ParseReference(name); err == nil {
			b.Name = name
		}
	}
	if d, err := image.ParseDigest(strings.TrimSpace(digest)); err == nil {
		b.Digest = d
	}
	if b == (image.BaseImage{}) {
		return nil
	}
	return &b
}
