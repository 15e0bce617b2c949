package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// ImportImage is an image as documents: the server analyses what they say and fetches no layer.
type ImportImage struct {
	// Packages is a list of packages: Syft's JSON, CycloneDX or SPDX.
	Packages []byte
	// Manifest and Config of the image, byte for byte as a registry has them; Index is that which the manifest was
	// chosen from, if any.
	Manifest, Config, Index []byte
	// Dockerfile that made the image; nil when it is not known.
	Dockerfile []byte
	// Tags under which the image is listed, at least one.
	Tags []string
	// Annotations to add; an empty text removes one.
	Annotations map[string]string
	// Force makes the image anew where it is known.
	Force bool
}

// ImportOperation gathers the documents of an image on the server.
type ImportOperation struct {
	UUID      string    `json:"uuid"`
	Status    string    `json:"status"`
	Account   string    `json:"account"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	UpdatedAt time.Time `json:"last_update,omitzero"`
}

// document is a request body that is no JSON of ours.
type document struct {
	mediaType string
	data      []byte
}

// Import uploads the documents of an image and asks for its analysis, before which it answers. What was uploaded is given
// up when a step fails.
func (c *Client) Import(ctx context.Context, i ImportImage) (Image, error) {
	if len(i.Packages) == 0 || len(i.Manifest) == 0 || len(i.Config) == 0 || len(i.Tags) == 0 {
		return Image{}, errors.New("an import needs packages, a manifest, a config and a tag")
	}
	var op ImportOperation
	if err := c.do(ctx, http.MethodPost, at("imports", "images"), nil, &op); err != nil {
		return Image{}, err
	}
	img, err := c.fill(ctx, op.UUID, i)
	if err != nil {
		giveUp, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = c.do(giveUp, http.MethodDelete, at("imports", "images", op.UUID), nil, nil) // else it expires
	}
	return img, err
}

// fill uploads to an operation and finishes it.
func (c *Client) fill(ctx context.Context, op string, i ImportImage) (Image, error) {
	contents := map[string]string{}
	for _, part := range []struct {
		kind string
		document
	}{
		{"packages", document{packagesType(i.Packages), i.Packages}},
		{"manifest", document{documentType(i.Manifest, false), i.Manifest}},
		{"image_config", document{"application/json", i.Config}},
		{"parent_manifest", document{documentType(i.Index, true), i.Index}},
		{"dockerfile", document{"text/plain", i.Dockerfile}},
	} {
		if len(part.data) == 0 {
			continue
		}
		var done struct {
			Digest string `json:"digest"`
		}
		if err := c.do(ctx, http.MethodPost, at("imports", "images", op, part.kind), part.document, &done); err != nil {
			return Image{}, err
		}
		contents[part.kind] = done.Digest
	}
	type source struct {
		Operation string            `json:"operation_uuid"`
		Digest    string            `json:"digest"`
		Parent    string            `json:"parent_digest,omitempty"`
		Tags      []string          `json:"tags"`
		Contents  map[string]string `json:"contents"`
	}
	made := source{Operation: op, Digest: digestOf(i.Manifest), Tags: i.Tags, Contents: contents}
	if len(i.Index) > 0 {
		made.Parent = digestOf(i.Index)
	}
	body := map[string]any{"source": map[string]any{"import": made}}
	if len(i.Annotations) > 0 {
		body["annotations"] = annotationTexts(i.Annotations)
	}
	r := at("images")
	if i.Force {
		r = r.flag("force", true)
	}
	return one[Image](c, ctx, http.MethodPost, r, body)
}

// Imports lists the import operations of the account, newest first.
func (c *Client) Imports(ctx context.Context) ([]ImportOperation, error) {
	var list []ImportOperation
	err := c.get(ctx, at("imports", "images"), &list)
	return list, err
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// packagesType is the media type of a list of packages, by its first character; the server looks closer.
func packagesType(b []byte) string {
	switch b = bytes.TrimSpace(b); {
	case bytes.HasPrefix(b, []byte("<")):
		return "application/xml"
	case bytes.HasPrefix(b, []byte("{")):
		return "application/json"
	default:
		return "text/spdx"
	}
}

// documentType is the media type of a manifest or index: what it says, else that of its kind.
func documentType(b []byte, index bool) string {
	var d struct {
		MediaType string `json:"mediaType"`
		Config    struct {
			MediaType string `json:"mediaType"`
		} `json:"config"`
	}
	_ = json.Unmarshal(b, &d) // the server says what is wrong with it
	switch {
	case d.MediaType != "":
		return d.MediaType
	case index:
		return "application/vnd.oci.image.index.v1+json"
	case strings.HasPrefix(d.Config.MediaType, "application/vnd.docker."):
		return "application/vnd.docker.distribution.manifest.v2+json"
	default:
		return "application/vnd.oci.image.manifest.v1+json"
	}
}
