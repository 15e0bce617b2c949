package rpmdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Header is one package's rpm header: tagged values in a store. It refers to the blob that it was parsed from and is
// valid no longer; the strings that its methods return are copies.
type Header struct {
	entries []byte // 16 bytes each: tag, type, offset, count
	store   []byte
}

// Types of values.
const (
	typeInt16       = 3
	typeInt32       = 4
	typeInt64       = 5
	typeString      = 6
	typeStringArray = 8
	typeI18N        = 9
)

const (
	headerEntry = 16
	// maxEntries is rpm's own limit for the index of a header.
	maxEntries = 0xffff
)

// headerMagic stands before a header in a package file, and not in a database.
var headerMagic = []byte{0x8e, 0xad, 0xe8, 0x01}

var be = binary.BigEndian

// ParseHeader reads the index of a header; values are looked at when they are asked for.
func ParseHeader(blob []byte) (Header, error) {
	if bytes.HasPrefix(blob, headerMagic) && len(blob) >= 8 {
		blob = blob[8:]
	}
	if len(blob) < 8 {
		return Header{}, errors.New("rpm header: shorter than its own head")
	}
	entries, length := int64(be.Uint32(blob)), int64(be.Uint32(blob[4:]))
	rest := blob[8:]
	switch {
	case entries == 0 || entries > maxEntries:
		return Header{}, fmt.Errorf("rpm header: an index of %d entries is not valid", entries)
	case entries*headerEntry+length > int64(len(rest)):
		return Header{}, fmt.Errorf("rpm header: %d entries and %d bytes do not fit into %d bytes", entries, length, len(blob))
	}
	split := entries * headerEntry
	return Header{entries: rest[:split], store: rest[split : split+length]}, nil
}

// find returns the values of a tag: the store from its offset on, and how many there are. Where a tag is given twice
// the later one counts: rpm appends what it changes.
func (h Header) find(tag Tag, types ...uint32) (data []byte, count int) {
	for e := len(h.entries) - headerEntry; e >= 0; e -= headerEntry {
		entry := h.entries[e : e+headerEntry]
		if Tag(be.Uint32(entry)) != tag {
			continue
		}
		offset, n := be.Uint32(entry[8:]), be.Uint32(entry[12:])
		for _, t := range types {
			if be.Uint32(entry[4:]) == t && int64(offset) < int64(len(h.store)) && int64(n) <= int64(len(h.store)) {
				return h.store[offset:], int(n)
			}
		}
	}
	return nil, 0
}

// String is the value of a string tag; "" when there is none.
func (h Header) String(tag Tag) string {
	data, n := h.find(tag, typeString, typeI18N, typeStringArray)
	end := bytes.IndexByte(data, 0)
	if n == 0 || end < 0 {
		return ""
	}
	return string(data[:end])
}

// Count is how many strings an array has by the index; nothing has been looked at.
func (h Header) Count(tag Tag) int {
	_, n := h.find(tag, typeStringArray)
	return n
}

// Strings are the values of a string array; nil when it is absent or does not lie in the header. They share one
// allocation.
func (h Header) Strings(tag Tag) []string {
	data, n := h.find(tag, typeStringArray)
	if n == 0 || n > len(data) {
		return nil
	}
	end := 0
	for range n {
		i := bytes.IndexByte(data[end:], 0)
		if i < 0 {
			return nil
		}
		end += i + 1
	}
	text := string(data[:end])
	values := make([]string, n)
	for i := range values {
		values[i], text, _ = strings.Cut(text, "\x00")
	}
	return values
}

// Integers are the values of an integer tag of any width; the zero value when it is absent or does not lie in the
// header.
func (h Header) Integers(tag Tag) Integers {
	for t, width := range [...]int{typeInt16: 2, typeInt32: 4, typeInt64: 8} {
		if width == 0 {
			continue
		}
		if data, n := h.find(tag, uint32(t)); n > 0 && n <= len(data)/width {
			return Integers{data: data[:n*width], width: width}
		}
	}
	return Integers{}
}

// Bytes are the values of a CHAR or INT8 array, one byte each.
func (h Header) Bytes(tag Tag) []byte {
	data, n := h.find(tag, 1, 2)
	if n > len(data) {
		return nil
	}
	return data[:n:n]
}

// Integers are unsigned numbers in a header.
type Integers struct {
	data  []byte
	width int
}

// Len is how many there are.
func (v Integers) Len() int {
	if v.width == 0 {
		return 0
	}
	return len(v.data) / v.width
}

// At is number i, or 0 when there is none.
func (v Integers) At(i int) uint64 {
	if i >= v.Len() {
		return 0
	}
	switch v.width {
	case 2:
		return uint64(be.Uint16(v.data[2*i:]))
	case 4:
		return uint64(be.Uint32(v.data[4*i:]))
	default:
		return be.Uint64(v.data[8*i:])
	}
}
