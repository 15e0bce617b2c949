package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// satisfies is [image.Platform.Matches] with the variants that mean the same: an arm64 without one is v8, an amd64 v1.
func satisfies(have, want image.Platform) bool {
	return normal(have).Matches(normal(want))
}

func normal(p image.Platform) image.Platform {
	if p.Architecture == "arm64" && p.Variant == "v8" || p.Architecture == "amd64" && p.Variant == "v1" {
		p.Variant = ""
	}
	return p
}

// chooser finds one image among the entries of an index and of the indexes below it.
type chooser struct {
	from       driver
	candidates []candidate
	lookups    int
	// skipped are the entries that turned out to be no images.
	skipped int
	seen    map[image.Digest]bool
}

// candidate is an entry that may be an image.
type candidate struct {
	descriptor image.Descriptor
	platform   *image.Platform // nil: the index does not say
	loaded     *Image
	broken     error
}

// chooseFrom opens the image for the platform asked for. When none is asked for, it is the default platform and, failing
// that, the first image, with a gap that says so.
func chooseFrom(ctx context.Context, from driver, entries []image.Descriptor, o Options) (*Image, error) {
	c := &chooser{from: from, seen: map[image.Digest]bool{}}
	if err := c.collect(ctx, entries, 0); err != nil {
		return nil, err
	}
	if len(c.candidates) == 0 {
		return nil, fail(CodeNotAnImage, "the index holds no image (%d entries of other kinds)", c.skipped)
	}
	want := image.DefaultPlatform
	if o.Platform != nil {
		want = *o.Platform
	}
	for i := range c.candidates {
		if k := &c.candidates[i]; k.platform != nil && satisfies(*k.platform, want) {
			return c.open(ctx, k)
		}
	}
	// An entry without a platform says it in its config.
	for i := range c.candidates[:min(len(c.candidates), maxConfigLookups)] {
		k := &c.candidates[i]
		if k.platform != nil {
			continue
		}
		if k.loaded, k.broken = c.open(ctx, k); k.broken != nil {
			if ctx.Err() != nil || len(c.candidates) == 1 {
				return nil, k.broken
			}
			continue
		}
		if k.platform = &k.loaded.Config.Platform; satisfies(*k.platform, want) {
			return k.loaded, nil
		}
	}
	if o.Platform != nil {
		return nil, fail(CodeNoSuchPlatform, "there is no image for %s; there are %s", want, c.platforms())
	}
	return c.first(ctx)
}

// collect gathers the entries that may be images, indexes within indexes included.
func (c *chooser) collect(ctx context.Context, entries []image.Descriptor, depth int) error {
	if depth >= maxIndexDepth {
		return fail(CodeLimit, "indexes are nested more than %d deep", maxIndexDepth)
	}
	for _, d := range entries {
		switch {
		case d.IsAttestation():
			c.skipped++
		case d.IsIndex():
			if c.seen[d.Digest] {
				continue
			}
			c.seen[d.Digest] = true
			if c.lookups++; c.lookups > maxIndexLookups {
				return fail(CodeLimit, "the index leads to more than %d further indexes", maxIndexLookups)
			}
			doc, err := fetch(ctx, c.from, d)
			if err != nil {
				return err
			}
			x, err := image.ParseIndex(doc.raw)
			if err != nil {
				return bad("an index within the image's index is broken", err)
			}
			if err := c.collect(ctx, x.Manifests, depth+1); err != nil {
				return err
			}
		case strings.Contains(d.MediaType, "manifest") || d.MediaType == "":
			if len(c.candidates) == image.MaxIndexEntries {
				return fail(CodeLimit, "the index leads to more than %d images", image.MaxIndexEntries)
			}
			c.candidates = append(c.candidates, candidate{descriptor: d, platform: d.Platform})
		default:
			c.skipped++
		}
	}
	return nil
}

func (c *chooser) open(ctx context.Context, k *candidate) (*Image, error) {
	if k.loaded != nil {
		return k.loaded, nil
	}
	doc, err := fetch(ctx, c.from, k.descriptor)
	if err != nil {
		return nil, err
	}
	return loadManifest(ctx, c.from, doc)
}

// first opens the first entry that is an image and says that it was chosen for want of the default.
func (c *chooser) first(ctx context.Context) (*Image, error) {
	var broken error
	for n := range c.candidates[:min(len(c.candidates), maxConfigLookups)] {
		k := &c.candidates[n]
		i, err := k.loaded, k.broken
		if i == nil && err == nil {
			i, err = c.open(ctx, k)
		}
		if err != nil {
			var e *Error
			if errors.As(err, &e) && e.Temporary || ctx.Err() != nil {
				return nil, err // which image is taken must not depend on the network's weather
			}
			if broken == nil {
				broken = err
			}
			continue
		}
		platform := i.Config.Platform
		if k.platform != nil {
			platform = *k.platform
		}
		i.Gaps = append(i.Gaps, image.Gap{Kind: image.GapPlatform, Layer: -1, Detail: fmt.Sprintf(
			"there is no image for %s; the one for %s was taken (there are %s)", image.DefaultPlatform, platform, c.platforms())})
		return i, nil
	}
	return nil, broken
}

// platforms lists what there is, for people.
func (c *chooser) platforms() string {
	var names []string
	for _, k := range c.candidates {
		name := "one that does not say"
		if k.platform != nil {
			name = fmt.Sprintf("%.60s", k.platform.String())
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return list(names)
}

// list joins names for people, the first few of many.
func list(names []string) string {
	if len(names) > maxListed {
		return strings.Join(names[:maxListed], ", ") + fmt.Sprintf(" and %d more", len(names)-maxListed)
	}
	return strings.Join(names, ", ")
}
