package sbom

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// facts lists what is known of the image as a whole and has no place in the forms.
func (d *Document) facts() []fact {
	a := d.Analysis
	var list []fact
	add := func(name, value string) {
		if value != "" {
			list = append(list, fact{name, value})
		}
	}
	add("reference", d.Reference)
	add("digest", string(a.Digest))
	add("id", string(a.ID))
	add("media_type", a.MediaType)
	if a.Platform.OS != "" {
		add("platform", a.Platform.String())
	}
	if !a.Created.IsZero() {
		add("created", a.Created.UTC().Format(time.RFC3339Nano))
	}
	add("size", number(a.Size))
	add("compressed_size", number(a.CompressedSize))
	for _, l := range a.Layers {
		raw, _ := json.Marshal(l) // texts and numbers always can
		add("layer", string(raw))
	}
	add("base:layers", number(int64(d.BaseLayers)))
	if a.Base != nil {
		add("base:name", a.Base.Name)
		add("base:digest", string(a.Base.Digest))
	}
	add("distro:codename", a.Distro.Codename)
	add("distro:like", strings.Join(a.Distro.Like, " "))
	add("distro:source", locationText(a.Distro.Source))
	return list
}

// fact takes in a fact about the image that is being read.
func (r *reader) fact(name, value string) {
	a := r.doc.Analysis
	switch name {
	case "reference":
		r.doc.Reference = value
	case "digest":
		a.Digest = digestIn(value)
	case "id":
		a.ID = digestIn(value)
	case "media_type":
		a.MediaType = value
	case "platform":
		if p, err := image.ParsePlatform(value); err == nil {
			a.Platform = p
		}
	case "created":
		a.Created, _ = time.Parse(time.RFC3339Nano, value)
	case "size":
		a.Size = parseSize(value)
	case "compressed_size":
		a.CompressedSize = parseSize(value)
	case "layer":
		var l image.Layer
		if json.Unmarshal([]byte(value), &l) == nil {
			r.layer(l)
		}
	case "base:layers":
		if n, err := strconv.Atoi(value); err == nil && n > 0 && n <= image.MaxLayers {
			r.doc.BaseLayers = n
		}
	case "base:name":
		r.base().Name = value
	case "base:digest":
		r.base().Digest = digestIn(value)
	case "distro:codename":
		a.Distro.Codename = value
	case "distro:like":
		a.Distro.Like = strings.Fields(value)
	case "distro:source":
		a.Distro.Source, _ = image.CleanPath(value)
	}
}

func (r *reader) base() *image.BaseImage {
	if r.doc.Analysis.Base == nil {
		r.doc.Analysis.Base = &image.BaseImage{}
	}
	return r.doc.Analysis.Base
}

// digestIn is the digest that a text is or ends with ("repository@sha256:…"); "" when there is none.
func digestIn(s string) image.Digest {
	d, err := image.ParseDigest(s[strings.LastIndexByte(s, '@')+1:])
	if err != nil {
		return ""
	}
	return d
}
