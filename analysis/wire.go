package analysis

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"landwaiter.dev/image"
)

// The wire form of a part: one byte for its version, then a zstd frame of lengths and numbers as varints, strings and
// digests as bytes. Names are bytes that need not be UTF-8, which is why it is not JSON.
const wireVersion = 1

// maxPart bounds a part when it is decoded. Parts come from our own store; the bound is for a store that was damaged.
const maxPart = 1 * gib

var errPart = errors.New("the part is damaged")

type encoder struct{ b []byte }

func (e *encoder) uint(v uint64)        { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)          { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) count(n int)          { e.uint(uint64(n)) }
func (e *encoder) string(s string)      { e.count(len(s)); e.b = append(e.b, s...) }
func (e *encoder) bytes(p []byte)       { e.count(len(p)); e.b = append(e.b, p...) }
func (e *encoder) path(p image.Path)    { e.string(string(p)) }
func (e *encoder) strings(s []string)   { list(e, s, e.string) }
func (e *encoder) paths(s []image.Path) { list(e, s, e.path) }

func (e *encoder) bool(v bool) {
	if v {
		e.b = append(e.b, 1)
	} else {
		e.b = append(e.b, 0)
	}
}

// list writes nil and empty lists alike.
func list[T any](e *encoder, s []T, one func(T)) {
	e.count(len(s))
	for _, v := range s {
		one(v)
	}
}

func (e *encoder) stringMap(m map[string]string) {
	e.count(len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		e.string(k)
		e.string(m[k])
	}
}

func (e *encoder) time(t time.Time) {
	if t.IsZero() {
		e.bool(false)
		return
	}
	e.bool(true)
	e.int(t.Unix())
	e.uint(uint64(t.Nanosecond()))
}

// seal compresses what was written.
func (e *encoder) seal() ([]byte, error) {
	// The window decides what an encoder costs: most layers are small, and so are their parts.
	window := min(max(1<<bits.Len(uint(len(e.b))), zstd.MinWindowSize), 4*mib)
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(true), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return z.EncodeAll(e.b, append(make([]byte, 0, len(e.b)/3+64), wireVersion)), nil
}

// decoder reads the wire form. After the first error it yields zeros; done tells.
type decoder struct {
	b   []byte
	err error
}

func unseal(data []byte) (*decoder, error) {
	if len(data) == 0 || data[0] != wireVersion {
		return nil, fmt.Errorf("%w: not of version %d", errPart, wireVersion)
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPart))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	b, err := z.DecodeAll(data[1:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPart, err)
	}
	return &decoder{b: b}, nil
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errPart
	}
	d.b = nil
}

// done says whether everything was read and nothing was left.
func (d *decoder) done() error {
	if d.err == nil && len(d.b) > 0 {
		d.fail()
	}
	return d.err
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads how many elements follow, each of at least one byte: no more than there are bytes.
func (d *decoder) count() int {
	v := d.uint()
	if v > uint64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(v)
}

func (d *decoder) take(n int) []byte {
	if n > len(d.b) {
		d.fail()
		return nil
	}
	p := d.b[:n:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) byte() byte {
	if p := d.take(1); len(p) == 1 {
		return p[0]
	}
	return 0
}

func (d *decoder) bool() bool {
	v := d.byte()
	if v > 1 {
		d.fail()
	}
	return v == 1
}

func (d *decoder) string() string { return string(d.take(d.count())) }

// bytes copies, so that a digest does not hold the whole part in memory.
func (d *decoder) bytes() []byte {
	n := d.count()
	if n == 0 {
		return nil
	}
	return slices.Clone(d.take(n))
}

// path accepts only what [image.CleanPath] could have made.
func (d *decoder) path() image.Path { return d.checked(d.string()) }

func (d *decoder) checked(s string) image.Path {
	if !isClean(s) {
		d.fail()
		return ""
	}
	return image.Path(s)
}

func (d *decoder) time() time.Time {
	if !d.bool() {
		return time.Time{}
	}
	sec, nano := d.int(), d.uint()
	if nano >= 1e9 {
		d.fail()
		return time.Time{}
	}
	return time.Unix(sec, int64(nano)).UTC()
}

// read reads a list; an empty one is nil. A count that only claims costs
// nothing.
func read[T any](d *decoder, one func() T) []T {
	n := d.count()
	if n == 0 {
		return nil
	}
	// An element takes no less than a few bytes; what a count claims beyond that is grown into.
	out := make([]T, 0, min(n, 4096+len(d.b)/16))
	for range n {
		v := one()
		if d.err != nil {
			return nil
		}
		out = append(out, v)
	}
	return out
}

func (d *decoder) strings() []string { return read(d, d.string) }

func (d *decoder) paths() []image.Path { return read(d, d.path) }

func (d *decoder) stringMap() map[string]string {
	n := d.count()
	if n == 0 {
		return nil
	}
	m := map[string]string{}
	for range n {
		k := d.string()
		m[k] = d.string()
		if d.err != nil {
			return nil
		}
	}
	return m
}
