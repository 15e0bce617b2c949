package image

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Bounds of the documents that describe an image. Registries stop at 4 MiB a manifest; engines stop at 127 layers.
const (
	MaxManifestSize = 4 << 20
	MaxConfigSize   = 16 << 20
	MaxLayers       = 1000
	MaxHistory      = 10_000
	MaxIndexEntries = 1000
	// MaxBlobSize is the largest size that a descriptor may claim.
	MaxBlobSize = 1 << 40
	// maxElements bounds each list and map of a config.
	maxElements = 100_000
)

// ParseError says why a document is not what it should be.
type ParseError struct {
	Reason ParseReason
	Detail string
}

func (e *ParseError) Error() string { return e.Detail }

// ParseReason is the class of a [ParseError].
type ParseReason string

// The classes of parse errors.
const (
	Malformed   ParseReason = "malformed"   // no JSON, wrong types, invalid digests
	TooBig      ParseReason = "too_big"     // over one of the bounds above
	Unsupported ParseReason = "unsupported" // a known form that is not read, such as schema 1
)

func malformed(format string, args ...any) error {
	return &ParseError{Malformed, fmt.Sprintf(format, args...)}
}

// IsIndex says whether raw is an index (a Docker manifest list, too) and not a manifest. The document's own fields decide,
// then the media type by which it came.
func IsIndex(raw []byte, mediaType string) bool {
	fields, err := object(raw)
	if err != nil {
		return false
	}
	if _, ok := fields["manifests"]; ok {
		return true
	}
	_, layers := fields["layers"]
	_, config := fields["config"]
	return !layers && !config && isIndexType(mediaType)
}

func isIndexType(mediaType string) bool {
	return mediaType == "application/vnd.oci.image.index.v1+json" ||
		mediaType == "application/vnd.docker.distribution.manifest.list.v2+json"
}

// ParseManifest reads an OCI image manifest or a Docker schema 2 manifest. mediaType is what the descriptor or the
// registry said; it counts when the document names none. Unknown fields are ignored, fields given twice are refused,
// since two readers could see two images. Errors are *[ParseError].
func ParseManifest(raw []byte, mediaType string) (*Manifest, error) {
	if len(raw) > MaxManifestSize {
		return nil, &ParseError{TooBig, fmt.Sprintf("the manifest has %d bytes, more than the %d that registries accept", len(raw), MaxManifestSize)}
	}
	fields, err := object(raw)
	if err != nil {
		return nil, malformed("the manifest cannot be read: %v", err)
	}
	version := string(fields["schemaVersion"])
	_, isSchema1 := fields["fsLayers"]
	switch {
	case isSchema1 || version == "1":
		return nil, &ParseError{Unsupported, "the manifest is of the retired schema 1: push the image again with a current tool"}
	case fields["manifests"] != nil && (fields["layers"] != nil || fields["config"] != nil):
		return nil, malformed("the manifest is an index and an image at once")
	case fields["manifests"] != nil:
		return nil, malformed("the document is an index, not a manifest")
	case fields["config"] == nil:
		return nil, malformed("the manifest names no config")
	case fields["layers"] == nil:
		return nil, malformed("the manifest has no list of layers")
	}
	m := &Manifest{Raw: raw, Digest: DigestOf(raw)}
	if m.Config, err = parseDescriptor(fields["config"]); err != nil {
		return nil, malformed("the manifest's config: %v", err)
	}
	layers, err := array(fields["layers"], MaxLayers)
	if err != nil {
		return nil, wrapList(err, "the manifest's layers")
	}
	for i, l := range layers {
		d, err := parseDescriptor(l)
		if err != nil {
			return nil, malformed("layer %d of the manifest: %v", i+1, err)
		}
		m.Layers = append(m.Layers, d)
	}
	if m.MediaType, err = documentType(fields, mediaType); err != nil {
		return nil, err
	}
	if m.MediaType == "" || isIndexType(m.MediaType) {
		m.MediaType = "application/vnd.oci.image.manifest.v1+json"
		if strings.HasPrefix(m.Config.MediaType, "application/vnd.docker.") {
			m.MediaType = "application/vnd.docker.distribution.manifest.v2+json"
		}
	}
	return m, nil
}

// documentType is the media type in the document, else the one by which it came, without parameters.
func documentType(fields map[string]json.RawMessage, given string) (string, error) {
	var own string
	if raw := fields["mediaType"]; raw != nil {
		if err := json.Unmarshal(raw, &own); err != nil {
			return "", malformed("the document's mediaType is no text")
		}
	}
	if own == "" {
		own, _, _ = strings.Cut(given, ";")
		own = strings.TrimSpace(own)
		if !strings.HasPrefix(own, "application/vnd.") {
			own = ""
		}
	}
	return own, nil
}

// parseDescriptor reads one descriptor; digest and size are required.
func parseDescriptor(raw []byte) (Descriptor, error) {
	var d Descriptor
	fields, err := object(raw)
	if err != nil {
		return d, err
	}
	var digest string
	var size json.Number
	for _, f := range []struct {
		name string
		into any
	}{
		{"mediaType", &d.MediaType}, {"digest", &digest}, {"size", &size}, {"urls", &d.URLs}, {"annotations", &d.Annotations},
		{"artifactType", &d.ArtifactType}, {"platform", &d.Platform},
	} {
		if raw := fields[f.name]; raw != nil {
			if err := json.Unmarshal(raw, f.into); err != nil {
				return Descriptor{}, fmt.Errorf("%q has a value of the wrong type", f.name)
			}
		}
	}
	if d.Digest, err = ParseDigest(digest); err != nil {
		return Descriptor{}, err
	}
	n, err := size.Int64()
	switch {
	case size == "":
		return Descriptor{}, fmt.Errorf("the size of %s is missing", d.Digest)
	case err != nil || n < 0 || n > MaxBlobSize:
		return Descriptor{}, fmt.Errorf("%.40s is no possible size", size)
	}
	d.Size = n
	return d, nil
}

// object splits a JSON object into its fields, names exactly as written. Fields given twice and trailing data are
// refused; the depth is bounded by the decoder (10,000).
func object(raw []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, notJSON(err, "object")
	}
	fields := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, notJSON(err, "object")
		}
		name, _ := t.(string)
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("%.40q is given twice", name)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, notJSON(err, "object")
		}
		if string(value) == "null" {
			if name == "layers" || name == "diff_ids" {
				value = json.RawMessage("[]")
			} else {
				continue
			}
		}
		fields[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, notJSON(err, "object")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the end of the JSON object")
	}
	return fields, nil
}

// array splits a JSON array into at most limit elements.
func array(raw []byte, limit int) ([]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return nil, notJSON(err, "list")
	}
	var list []json.RawMessage
	for dec.More() {
		if len(list) == limit {
			return nil, &ParseError{TooBig, fmt.Sprintf("more than %d elements", limit)}
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil, notJSON(err, "list")
		}
		list = append(list, v)
	}
	if _, err := dec.Token(); err != nil {
		return nil, notJSON(err, "list")
	}
	return list, nil
}

func notJSON(err error, what string) error {
	switch err {
	case nil:
		return fmt.Errorf("it is no JSON %s", what)
	case io.EOF, io.ErrUnexpectedEOF:
		return fmt.Errorf("its JSON ends early")
	default:
		return fmt.Errorf("it is no JSON %s: %w", what, err)
	}
}

// wrapList says which list an error of array is about and keeps its class.
func wrapList(err error, what string) error {
	if p, ok := err.(*ParseError); ok {
		return &ParseError{p.Reason, what + ": " + p.Detail}
	}
	return malformed("%s: %v", what, err)
}
