package analysis

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/execfile"
	"landwaiter.dev/internal/spool"
)

// content reads a regular file: its digests, and where somebody wants it, its bytes.
func (w *walk) content(f *image.File, body io.Reader, slot, seq int32) error {
	var want mask
	if w.task.parts[PartPackages] {
		want = w.r.router.wanted(f.Path, f.Size)
	}
	head := w.buf[:min(f.Size, int64(len(w.buf)))]
	if _, err := io.ReadFull(body, head); err != nil {
		return err
	}
	exe := execfile.Executable(head)
	if exe && w.task.parts[PartPackages] {
		want |= w.r.router.executables
	}
	keep := w.task.parts[PartKept] && keptFile(f.Path)
	if keep && f.Size > w.lim.KeptBytes {
		w.gap(image.GapLimit, f.Path, "the file has %d bytes, more than LANDWAITER_LIMITS_KEPT_BYTES allows, and was not kept", f.Size)
		keep = false
	}
	box := exe && w.task.parts[PartKept] && maybeBusybox(f.Path, f.Size)
	hold := w.observer.begin(f, head, slot, seq)
	c, err := w.load(f, head, body, want != 0 || keep || box || hold)
	if err == nil {
		err = w.observer.end(f, c)
	}
	if err != nil {
		w.observer.drop()
		if c != nil {
			c.free()
		}
		return err
	}
	if c == nil {
		return nil
	}
	if keep {
		w.kept = append(w.kept, Kept{Path: f.Path, Data: append([]byte{}, c.bytes...)})
	}
	if box {
		if v := busyboxVersion(c.bytes); v != "" {
			w.kept = append(w.kept, Kept{Path: f.Path, Fact: FactBusybox, Data: []byte(v)})
		}
	}
	if want == 0 {
		c.free()
		return nil
	}
	w.readBy[slot] = want
	return w.hand(job{slot: slot, seq: seq, path: f.Path, size: f.Size, mode: f.Mode, names: []asked{{f.Path, want}}, content: c})
}

// hand gives a job to the parser, which owns the content from then on.
func (w *walk) hand(j job) error {
	select {
	case w.parser.jobs <- j:
		return nil
	case <-w.ctx.Done():
		j.content.free()
		return context.Cause(w.ctx)
	}
}

// load takes the content of f, whose beginning is in head, through the digests and, when held, into memory or spool.
// It returns nil when the content is not held.
func (w *walk) load(f *image.File, head []byte, body io.Reader, held bool) (*content, error) {
	w.begin(f)
	var c *content
	var err error
	switch {
	case !held:
	case f.Size <= w.lim.MemoryFile:
		if c, err = w.r.contents.inMemory(w.ctx, f.Size); err != nil {
			return nil, err
		}
		copy(c.bytes, head)
		if _, err = io.ReadFull(body, c.bytes[len(head):]); err != nil {
			c.free()
			return nil, err
		}
		w.take(c.bytes)
		w.end(f)
		return c, nil
	default:
		c, err = w.r.contents.onDisk(w.ctx, f.Size)
		if errors.Is(err, spool.ErrTooLarge) {
			w.gap(image.GapLimit, f.Path, "the file has %d bytes, more than LANDWAITER_LIMITS_SPOOL allows, and was not looked into", f.Size)
			err = nil
		}
		if err != nil {
			return nil, err
		}
	}
	for part := head; len(part) > 0; {
		w.take(part)
		if c != nil {
			if _, err := c.file.Write(part); err != nil {
				c.free()
				return nil, fmt.Errorf("writing to the spool: %w", err)
			}
		}
		n, err := body.Read(w.buf)
		part = w.buf[:n]
		if err != nil && err != io.EOF {
			if c != nil {
				c.free()
			}
			return nil, err
		}
	}
	w.end(f)
	return c, nil
}

func (w *walk) begin(f *image.File) {
	if !w.hashing {
		return
	}
	w.sha.Reset()
	w.md5h.Reset()
	w.sha1.Reset()
	w.now = sums{}
	if systemFile(f.Path) {
		w.now = w.sums
	}
}

// take lets bytes of the present file go by all who look at each.
func (w *walk) take(p []byte) {
	w.observer.write(p)
	if !w.hashing {
		return
	}
	w.sha.Write(p)
	if w.now.md5 {
		w.md5h.Write(p)
	}
	if w.now.sha1 {
		w.sha1.Write(p)
	}
}

func (w *walk) end(f *image.File) {
	if !w.hashing {
		return
	}
	f.SHA256 = w.sum(w.sha)
	if w.now.md5 {
		f.MD5 = w.sum(w.md5h)
	}
	if w.now.sha1 {
		f.SHA1 = w.sum(w.sha1)
	}
}

// sum cuts the room for a digest from a larger piece: tens of thousands of small allocations less.
func (w *walk) sum(h hash.Hash) []byte {
	n := h.Size()
	if cap(w.slab)-len(w.slab) < n {
		w.slab = make([]byte, 0, 16*kib)
	}
	at := len(w.slab)
	w.slab = h.Sum(w.slab)
	return w.slab[at : at+n : at+n]
}
