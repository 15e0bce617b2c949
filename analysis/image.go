package analysis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"landwaiter.dev/image"
)

// Input is an image to read: its manifest and config, verified, and where its blobs are.
type Input struct {
	Manifest image.Manifest
	Config   image.Config
	Blobs    Blobs
	// Remote says that blobs cost network: those of known layers are then not opened at all. Elsewhere they are
	// hashed again, because what lies on a disk may have changed.
	Remote bool
	// Gaps that were known before, for example of the choice of platform.
	Gaps []image.Gap
}

// Blobs opens blobs as stored, unverified; it must allow concurrent use. The reader closes what it opens.
type Blobs interface {
	OpenBlob(ctx context.Context, d image.Descriptor) (io.ReadCloser, error)
}

// Known keeps what was said of layers. It decides whose knowledge that is: it answers only where the account at work
// may know the layer. It must allow concurrent use.
type Known interface {
	// Lookup returns what is kept of the parts in these revisions, by name; perhaps not all of them. nil, nil when
	// nothing is.
	Lookup(ctx context.Context, id image.LayerID, revisions map[string]string) (*Report, error)
	// Save keeps a report, all parts that it has; parts kept before under the same name are replaced.
	Save(ctx context.Context, r *Report) error
}

// Image reads an image: the layers that known does not have, or has not in today's revisions, in parallel and the
// largest first, and then merges. It reads all of a layer or fails; its error is an [*Error] when the image is to blame.
func (r *Reader) Image(ctx context.Context, in Input, known Known) (*image.Analysis, *Tree, error) {
	if err := fits(in.Manifest, in.Config, &r.limits); err != nil {
		return nil, nil, err
	}
	limit := time.Duration(r.limits.ImageTime) * time.Second
	tooLong := &Error{Code: CodeLimit, Reason: fmt.Sprintf("the image took longer than %v (LANDWAITER_LIMITS_IMAGE_TIME)", limit)}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, tooLong)
	defer cancel()
	run := &reading{r: r, in: in, known: known, sum: &totals{}, settings: r.settings(ctx)}
	run.in.Gaps = append(slices.Clone(in.Gaps), run.settings.gaps...)
	reports, err := run.layers(ctx)
	if err != nil {
		return nil, nil, err
	}
	r.progress(Event{Step: "merge"})
	a, tree, err := run.merge(reports)
	if err != nil {
		return nil, nil, err
	}
	more, err := run.secondLook(ctx, tree, reports)
	if err != nil || !more {
		return a, tree, err
	}
	return run.merge(reports)
}

func (g *reading) merge(reports []*Report) (*image.Analysis, *Tree, error) {
	return merge(g.in.Manifest, g.in.Config, reports, g.in.Gaps, g.r.merging(g.settings.malware))
}

// fits says whether manifest and config can be one image.
func fits(m image.Manifest, c image.Config, lim *Limits) error {
	if len(m.Layers) != len(c.DiffIDs) {
		return &Error{Code: CodeNotAnImage, Reason: fmt.Sprintf("the manifest has %d layers and the config %d diff_ids", len(m.Layers), len(c.DiffIDs))}
	}
	if int64(len(m.Layers)) > lim.Layers {
		return &Error{Code: CodeLimit, Reason: fmt.Sprintf("the image has %d layers, more than LANDWAITER_LIMITS_LAYERS allows", len(m.Layers))}
	}
	return nil
}

// reading is the reading of one image.
type reading struct {
	r     *Reader
	in    Input
	known Known
	sum   *totals
	// settings hold for all layers of the image.
	settings settings
}

// layers returns a report for each layer. A layer that an image has several times is read once.
func (g *reading) layers(ctx context.Context) ([]*Report, error) {
	layers := g.in.Manifest.Layers
	reports := make([]*Report, len(layers))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(g.r.parallel)
	byID := map[image.LayerID]int{} // of a layer that comes twice, the one that is read
	for _, i := range g.order() {
		byID[g.id(i)] = i
		if gctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := g.r.slots.Acquire(gctx, 1); err != nil {
				return context.Cause(gctx)
			}
			defer g.r.slots.Release(1)
			rep, err := g.layer(gctx, i)
			reports[i] = rep
			return err
		})
	}
	err := group.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	for i := range layers {
		reports[i] = reports[byID[g.id(i)]]
	}
	return reports, nil
}

// order gives each layer that the image has, once, the largest first.
func (g *reading) order() []int {
	layers := g.in.Manifest.Layers
	seen := map[image.LayerID]bool{}
	var order []int
	for i := range layers {
		if id := g.id(i); !seen[id] {
			seen[id] = true
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(layers[b].Size, layers[a].Size) })
	return order
}

func (g *reading) id(i int) image.LayerID {
	return image.LayerID{Blob: g.in.Manifest.Layers[i].Digest, DiffID: g.in.Config.DiffIDs[i]}
}

// layer brings the report of one layer up to date, by as little reading as possible.
func (g *reading) layer(ctx context.Context, i int) (*Report, error) {
	d, id := g.in.Manifest.Layers[i], g.id(i)
	var have *Report
	if g.known != nil {
		var err error
		if have, err = g.known.Lookup(ctx, id, g.settings.revisions); err != nil {
			return nil, fmt.Errorf("looking for what is known of layer %s: %w", d.Digest.Short(), err)
		}
		if have != nil && have.Layer != id {
			have = nil
		}
		if have != nil {
			have = have.only(g.settings.revisions)
		}
	}
	parts := missing(have, g.settings.revisions)
	if len(parts) == 0 {
		g.r.progress(Event{Step: "known", Layer: i, Digest: d.Digest, Total: d.Size})
		if d.Size != have.Size {
			return nil, ofLayer(&Error{Code: CodeDigestMismatch, Reason: fmt.Sprintf("the manifest says %d bytes, the blob has %d", d.Size, have.Size)}, d.Digest)
		}
		if err := g.fits(have); err != nil {
			return nil, ofLayer(err, d.Digest)
		}
		return have, g.verify(ctx, i)
	}
	rep, err := g.r.layer(ctx, task{layer: d, diffID: id.DiffID, parts: parts, revisions: g.settings.revisions}, g.opener(d), g.sum, g.ticker(i))
	if err != nil {
		return nil, err
	}
	if len(rep.again) > 0 {
		if err := g.hardLinks(ctx, i, rep); err != nil {
			return nil, err
		}
	}
	rep = have.with(rep)
	g.r.progress(Event{Step: "done", Layer: i, Digest: d.Digest, Bytes: d.Size, Total: d.Size})
	return rep, g.save(ctx, rep)
}

func (g *reading) save(ctx context.Context, rep *Report) error {
	if g.known == nil {
		return nil
	}
	if err := g.known.Save(ctx, rep); err != nil {
		return fmt.Errorf("keeping what layer %s says: %w", rep.Layer.Blob.Short(), err)
	}
	return nil
}

// fits holds a layer that is known against the limits of today, as if it were read now.
func (g *reading) fits(rep *Report) error {
	lim := &g.r.limits
	bytes, entries := g.sum.bytes.Add(rep.TarSize), g.sum.entries.Add(int64(len(rep.Files)))
	switch {
	case rep.TarSize > lim.LayerBytes:
		return &Error{Code: CodeLimit, Reason: "it decompresses to more than LANDWAITER_LIMITS_LAYER_BYTES allows"}
	case bytes > lim.ImageBytes:
		return &Error{Code: CodeLimit, Reason: "the image decompresses to more than LANDWAITER_LIMITS_IMAGE_BYTES allows"}
	case int64(len(rep.Files)) > lim.LayerEntries:
		return &Error{Code: CodeLimit, Reason: fmt.Sprintf("it has more than %d entries (LANDWAITER_LIMITS_LAYER_ENTRIES)", lim.LayerEntries)}
	case entries > lim.ImageEntries:
		return &Error{Code: CodeLimit, Reason: fmt.Sprintf("the image has more than %d entries (LANDWAITER_LIMITS_IMAGE_ENTRIES)", lim.ImageEntries)}
	}
	return nil
}

// verify hashes the blob of a known layer again where that costs no network.
func (g *reading) verify(ctx context.Context, i int) error {
	d := g.in.Manifest.Layers[i]
	if g.in.Remote {
		return nil
	}
	rc, err := g.in.Blobs.OpenBlob(ctx, d)
	if err != nil {
		return ofLayer(err, d.Digest)
	}
	defer rc.Close()
	b, err := newBlob(cancellable{ctx, rc}, d, &g.r.limits, g.ticker(i))
	if err == nil {
		err = b.finish(d)
	}
	if err != nil {
		return ofLayer(err, d.Digest)
	}
	return nil
}

// cancellable ends a stream with its context.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

func (g *reading) opener(d image.Descriptor) func(context.Context) (io.ReadCloser, error) {
	return func(ctx context.Context) (io.ReadCloser, error) { return g.in.Blobs.OpenBlob(ctx, d) }
}

// ticker tells about progress, not more often than each half megabyte.
func (g *reading) ticker(i int) func(int64) {
	d := g.in.Manifest.Layers[i]
	var seen, told atomic.Int64
	return func(n int64) {
		if at := seen.Add(n); at-told.Load() >= mib/2 || at == d.Size {
			told.Store(at)
			g.r.progress(Event{Step: "read", Layer: i, Digest: d.Digest, Bytes: at, Total: d.Size})
		}
	}
}

// hardLinks takes a second look at a layer for the contents of hard links with telling names.
func (g *reading) hardLinks(ctx context.Context, i int, rep *Report) error {
	extra, err := g.look(ctx, i, rep.again)
	if err != nil {
		return err
	}
	for _, b := range extra.Borrowed {
		rep.Found = append(rep.Found, rename(b.Found, b.As))
	}
	slices.SortStableFunc(rep.Found, compareFound)
	rep.again = nil
	return nil
}

func (g *reading) look(ctx context.Context, i int, list []again) (*Report, error) {
	d := g.in.Manifest.Layers[i]
	return g.r.layer(ctx, task{layer: d, diffID: g.in.Config.DiffIDs[i], picks: picksOf(list)}, g.opener(d), &totals{}, nil)
}

// secondLook reads what links of the merged tree lead to and the first look did not know to be of importance. It adds
// to the reports and says whether anything came of it.
func (g *reading) secondLook(ctx context.Context, tree *Tree, reports []*Report) (bool, error) {
	needs := g.r.needs(tree, reports)
	found := len(needs) > 0
	for i := range reports {
		rep := reports[i]
		list := needs[rep.Layer]
		if len(list) == 0 {
			continue
		}
		delete(needs, rep.Layer)
		if err := g.r.slots.Acquire(ctx, 1); err != nil {
			return false, context.Cause(ctx)
		}
		extra, err := g.look(ctx, i, list)
		g.r.slots.Release(1)
		if err != nil {
			return false, err
		}
		grown := rep.borrow(extra, list)
		for k := range reports {
			if reports[k] == rep {
				reports[k] = grown
			}
		}
		if err := g.save(ctx, grown); err != nil {
			return false, err
		}
	}
	return found, nil
}

// IsImageFault says whether err is the image's fault, so that trying again is of no use.
func IsImageFault(err error) bool {
	var e *Error
	return errors.As(err, &e)
}
