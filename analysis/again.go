package analysis

import (
	"archive/tar"
	"io"

	"landwaiter.dev/image"
)

// again asks for a second look at a layer: the content of target, under another name. Most layers never need one; it is
// for contents whose importance shows only after they went by (a hard link to them with a telling name, a link from
// another layer).
type again struct {
	target, as image.Path
	want       mask
	kept, sums bool
}

// pick is an [again] on its way through the layer.
type pick struct {
	as         image.Path
	want       mask
	kept, sums bool
}

func picksOf(list []again) map[image.Path][]pick {
	m := map[image.Path][]pick{}
	for _, a := range list {
		m[a.target] = append(m[a.target], pick{a.as, a.want, a.kept, a.sums})
	}
	return m
}

// pick reads a file of a second look, once for all names that it has to go by.
func (w *walk) pick(h *tar.Header, path image.Path, body io.Reader) error {
	picks := w.task.picks[path]
	if len(picks) == 0 || (h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse) {
		return nil
	}
	if w.expanded += h.Size; w.expanded > w.lim.LayerBytes || w.expanded < 0 {
		return nil // The first look has the gap.
	}
	w.picked[path] = w.entries
	f := image.File{Path: path, Size: h.Size, Mode: uint16(h.Mode & 0o7777), Type: image.Regular}
	w.hashing = false
	held := false
	for _, p := range picks {
		w.hashing = w.hashing || p.sums
		held = held || p.want != 0 || p.kept
	}
	head := w.buf[:min(f.Size, int64(len(w.buf)))]
	if _, err := io.ReadFull(body, head); err != nil {
		return err
	}
	c, err := w.load(&f, head, body, held)
	if err == nil && w.hashing {
		w.summed[path] = f
	}
	if err != nil || c == nil {
		return err
	}
	j := job{seq: w.entries, path: path, size: f.Size, mode: f.Mode, content: c}
	for _, p := range picks {
		if p.kept && f.Size <= w.lim.KeptBytes && c.bytes != nil {
			w.kept = append(w.kept, Kept{Path: path, As: p.as, Data: append([]byte{}, c.bytes...)})
		}
		if p.want != 0 {
			j.names = append(j.names, asked{p.as, p.want})
		}
	}
	return w.hand(j)
}
