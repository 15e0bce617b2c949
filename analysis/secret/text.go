package secret

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// sniff is how much of a file tells whether it is text.
const sniff = 8 << 10

// magics are beginnings of formats that need not hold a NUL byte in their first bytes.
var magics = [][]byte{
	[]byte("\x7fELF"),
	[]byte("\x1f\x8b\x08"),     // gzip
	[]byte("\x28\xb5\x2f\xfd"), // zstd
	[]byte("\xfd7zXZ"),
	[]byte("BZh91AY&SY"),
	[]byte("PK\x03\x04"),
	[]byte("\x89PNG"),
	[]byte("\xff\xd8\xff"), // JPEG
	[]byte("GIF8"),
	[]byte("%PDF-"),
	[]byte("\xca\xfe\xba\xbe"), // Java class, Mach-O
	[]byte("!<arch>\n"),
}

// IsText says whether a file that begins with head is worth a search: not when a NUL byte stands in its first 8 KiB or it
// begins like a known binary format. UTF-16 with a byte order mark is text. An empty file is text.
func IsText(head []byte) bool {
	if utf16Order(head) != noOrder {
		return true
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, m) {
			return false
		}
	}
	return bytes.IndexByte(head[:min(len(head), sniff)], 0) < 0
}

type byteOrder uint8

const (
	noOrder byteOrder = iota
	littleEndian
	bigEndian
)

// utf16Order reads a byte order mark; that of UTF-32 is none.
func utf16Order(head []byte) byteOrder {
	switch {
	case len(head) < 2:
		return noOrder
	case head[0] == 0xFF && head[1] == 0xFE && (len(head) < 4 || head[2] != 0 || head[3] != 0):
		return littleEndian
	case head[0] == 0xFE && head[1] == 0xFF:
		return bigEndian
	}
	return noOrder
}

// decoder turns UTF-16 into UTF-8, piece by piece. The zero value passes everything on as it is until it has seen a byte
// order mark.
type decoder struct {
	order byteOrder
	begun bool
	held  []byte // of the beginning, or half a code unit
	high  rune   // surrogate that waits for its other half
}

// append decodes p behind dst. Held bytes are given out by the next call, or by one with last set.
func (d *decoder) append(dst, p []byte, last bool) []byte {
	if !d.begun {
		if len(d.held)+len(p) < 4 && !last {
			d.held = append(d.held, p...)
			return dst
		}
		if len(d.held) > 0 {
			p = append(bytes.Clone(d.held), p...)
			d.held = d.held[:0]
		}
		d.begun = true
		if d.order = utf16Order(p); d.order != noOrder {
			p = p[2:]
		}
	}
	if d.order == noOrder {
		return append(dst, p...)
	}
	if len(d.held) == 1 && len(p) > 0 {
		dst = d.unit(dst, d.held[0], p[0])
		d.held, p = d.held[:0], p[1:]
	}
	for ; len(p) >= 2; p = p[2:] {
		dst = d.unit(dst, p[0], p[1])
	}
	if len(p) == 1 {
		d.held = append(d.held, p[0])
	}
	return dst
}

func (d *decoder) unit(dst []byte, a, b byte) []byte {
	r := rune(a) | rune(b)<<8
	if d.order == bigEndian {
		r = rune(b) | rune(a)<<8
	}
	if d.high != 0 {
		high := d.high
		d.high = 0
		if both := utf16.DecodeRune(high, r); both != utf8.RuneError {
			return utf8.AppendRune(dst, both)
		}
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	if 0xD800 <= r && r < 0xDC00 {
		d.high = r
		return dst
	}
	return utf8.AppendRune(dst, r)
}

// reset makes the decoder ready for another file.
func (d *decoder) reset() { *d = decoder{held: d.held[:0]} }
