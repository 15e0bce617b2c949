package analysis

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// layer reads one layer once and returns what the task asks for: the parts, or the picks as Found, Borrowed and Kept
// of an otherwise empty report. Nothing is believed before the stream has ended and all digests agree.
func (r *Reader) layer(ctx context.Context, t task, open func(context.Context) (io.ReadCloser, error), sum *totals, tick func(int64)) (*Report, error) {
	rc, err := open(ctx)
	if err != nil {
		return nil, ofLayer(err, t.layer.Digest)
	}
	defer rc.Close()
	rep, err := r.read(ctx, t, rc, sum, tick)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, ofLayer(err, t.layer.Digest)
	}
	return rep, nil
}

func (r *Reader) read(ctx context.Context, t task, in io.Reader, sum *totals, tick func(int64)) (*Report, error) {
	b, err := newBlob(in, t.layer, &r.limits, tick)
	if err != nil {
		return nil, err
	}
	kind, err := sniff(b.r)
	if err != nil {
		return nil, b.explain(err, t.layer)
	}
	z, err := decompress(b.r, kind, &r.limits)
	if err != nil {
		return nil, b.explain(err, t.layer)
	}
	defer z.close()
	w := newWalk(ctx, r, t, sum)
	err = w.through(z, kind, b)
	findings := w.parser.finish()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, b.explain(err, t.layer)
	}
	if err := b.finish(t.layer); err != nil {
		return nil, err
	}
	got := t.layer.Digest
	if kind != Plain {
		got = image.DigestOfSum(w.diffSum)
	}
	if got != t.diffID {
		return nil, &Error{Code: CodeDiffIDMismatch, Reason: fmt.Sprintf("uncompressed it is %s and not %.7s%.12s… as the config says", got.Short(), t.diffID, t.diffID.Hex())}
	}
	if z.trailing {
		w.gap(image.GapUnsupportedContent, "", "bytes that follow the end of the gzip stream were not read")
	}
	rep := w.report(findings)
	rep.Layer = image.LayerID{Blob: t.layer.Digest, DiffID: t.diffID}
	rep.Compression, rep.Size = kind, b.n
	return rep, nil
}

// through lets the whole uncompressed layer go by, the tar and what is behind its end.
func (w *walk) through(z *decompressor, kind Compression, b *blob) error {
	before := int64(0)
	// A layer that is stored as it is has one digest, not two.
	hashed := kind != Plain
	s := newStream(w.ctx, z, &w.r.contents.chunks, hashed, func(total int64) error {
		image := w.totals.bytes.Add(total - before)
		before = total
		switch {
		case total > w.lim.LayerBytes:
			return &Error{Code: CodeLimit, Reason: "it decompresses to more than LANDWAITER_LIMITS_LAYER_BYTES allows"}
		case image > w.lim.ImageBytes:
			return &Error{Code: CodeLimit, Reason: "the image decompresses to more than LANDWAITER_LIMITS_IMAGE_BYTES allows"}
		case total > w.lim.RatioFrom && total/max(b.n, 1) > w.lim.Ratio:
			return &Error{Code: CodeLimit, Reason: fmt.Sprintf("it decompresses to more than %d times its size (LANDWAITER_LIMITS_RATIO)", w.lim.Ratio)}
		}
		return nil
	})
	defer s.close()
	err := w.run(s)
	if err == nil {
		var more bool
		if more, err = s.drain(); more {
			w.gap(image.GapUnsupportedContent, "", "what follows the end of the tar archive was not read")
		}
	}
	if s.err != nil && s.err != io.EOF {
		// The walk sees a failed stream through the eyes of the tar reader; the stream knows better.
		err = s.err
		if b.err == nil && w.ctx.Err() == nil {
			err = damaged(err, "it cannot be decompressed")
		}
	}
	if w.tarSize = s.total; hashed {
		w.diffSum = s.hash.Sum(nil)
	}
	return err
}

// report puts in order what the walk and the cataloguers said.
func (w *walk) report(findings []finding) *Report {
	w.dropClosed()
	rep := &Report{TarSize: w.tarSize, Revisions: map[string]string{}}
	for name := range w.task.parts {
		rep.Revisions[name] = w.task.revisions[name]
	}
	alive := func(slot, seq int32) bool { return int(slot) < len(w.seqs) && w.seqs[slot] == seq }
	bySlot := map[int32][]finding{}
	for _, f := range findings {
		if w.task.picks != nil {
			if w.picked[f.found.Path] == f.seq {
				rep.Borrowed = append(rep.Borrowed, Borrowed{As: f.as, Found: f.found})
			}
			continue
		}
		if alive(f.slot, f.seq) {
			rep.Found = append(rep.Found, f.found)
		}
		bySlot[f.slot] = append(bySlot[f.slot], f)
	}
	for _, l := range w.links {
		if !alive(l.slot, l.seq) {
			continue
		}
		for _, f := range bySlot[l.from.slot] {
			if f.seq == l.from.seq && l.clone&(1<<f.cataloger) != 0 {
				rep.Found = append(rep.Found, rename(f.found, w.files[l.slot].Path))
			}
		}
		if l.reread != 0 {
			rep.again = append(rep.again, again{target: l.from.path, as: w.files[l.slot].Path, want: l.reread})
		}
	}
	slices.SortStableFunc(rep.Found, compareFound)
	rep.Kept = append(rep.Kept, w.lastKept()...)
	rep.summed = w.summed
	w.observer.report(rep)
	w.conflicts()
	rep.Files = slices.DeleteFunc(w.files, func(f image.File) bool { return f.Type == 0 })
	slices.SortFunc(rep.Files, func(a, b image.File) int { return cmp.Compare(a.Path, b.Path) })
	rep.Whiteouts = slices.Sorted(maps.Keys(w.whiteouts))
	rep.Opaques = slices.Sorted(maps.Keys(w.opaques))
	rep.Gaps = w.gaps.list
	return rep
}

func compareFound(a, b catalog.Found) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Cataloger, b.Cataloger))
}

// lastKept drops what was kept of entries that were given again, and sorts.
func (w *walk) lastKept() []Kept {
	last := map[string]Kept{}
	for _, k := range w.kept {
		if at, ok := w.index[k.Path]; k.As == "" && (!ok || w.files[at].Type != image.Regular) {
			continue
		}
		last[string(k.Path)+"\x00"+string(k.As)+"\x00"+k.Fact] = k
	}
	return slices.SortedFunc(maps.Values(last), func(a, b Kept) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.As, b.As), cmp.Compare(a.Fact, b.Fact))
	})
}

// dropClosed forgets entries below what was a directory when they came and was replaced later in the same layer.
func (w *walk) dropClosed() {
	if len(w.closed) == 0 {
		return
	}
	for i := range w.files {
		for dir := w.files[i].Path.Dir(); dir != ""; dir = dir.Dir() {
			if at, ok := w.closed[dir]; ok && w.seqs[i] < at {
				delete(w.index, w.files[i].Path)
				w.files[i].Type, w.seqs[i] = 0, -1
				break
			}
		}
	}
}

// conflicts notes files that stand below something that the same layer has as no directory.
func (w *walk) conflicts() {
	for i := range w.files {
		f := &w.files[i]
		if f.Type == 0 {
			continue
		}
		for dir := f.Path.Dir(); dir != ""; dir = dir.Dir() {
			at, ok := w.index[dir]
			if !ok {
				continue
			}
			if t := w.files[at].Type; t != image.Directory && t != image.Symlink {
				w.gap(image.GapFileSkipped, f.Path, "it lies below %.100q, which the same layer has as a file", string(dir))
			}
			break
		}
	}
}
