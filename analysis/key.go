package analysis

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"

	"landwaiter.dev/analysis/license"
	"landwaiter.dev/image"
)

// mergePart is the name under which an analysis says what merged it.
const mergePart = "merge"

// mergedBy is the revision of the merge itself.
func (o *mergeOptions) mergedBy() string {
	s := fmt.Sprintf("%d-%s", mergeRevision, license.Revision())
	if o.hints {
		s += "-hints"
	}
	return s
}

// Key names what [Reader.Image] would make of an image: equal keys, equal analyses, byte for byte. Who keeps analyses
// by their key need not merge again.
func (r *Reader) Key(ctx context.Context, in Input) image.Digest {
	s := r.settings(ctx)
	o := r.merging(s.malware)
	s.revisions[mergePart] = o.mergedBy()
	doc, err := json.Marshal(struct {
		Schema         int
		Manifest       image.Digest
		Media          string
		Config         image.Digest
		Layers         []image.Descriptor
		DiffIDs        []image.Digest
		Revisions      map[string]string
		Malware        string
		Limits         Limits
		Gaps, Scanning []image.Gap
	}{image.AnalysisSchema, in.Manifest.Digest, in.Manifest.MediaType, in.Config.Digest, in.Manifest.Layers, in.Config.DiffIDs, s.revisions, s.malware, r.limits, in.Gaps, s.gaps})
	if err != nil {
		return "" // Nothing in it can fail; no key is no harm.
	}
	return image.DigestOf(doc)
}

// Verify hashes the blobs of an image whose analysis is kept, where that costs no network: what lies on a disk may have
// changed since.
func (r *Reader) Verify(ctx context.Context, in Input) error {
	if err := fits(in.Manifest, in.Config, &r.limits); err != nil {
		return err
	}
	if in.Remote {
		return nil
	}
	run := &reading{r: r, in: in}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.parallel)
	for _, i := range run.order() {
		group.Go(func() error {
			if err := r.slots.Acquire(ctx, 1); err != nil {
				return context.Cause(ctx)
			}
			defer r.slots.Release(1)
			r.progress(Event{Step: "known", Layer: i, Digest: in.Manifest.Layers[i].Digest, Total: in.Manifest.Layers[i].Size})
			return run.verify(ctx, i)
		})
	}
	return group.Wait()
}
