package zipdir

import (
	"encoding/binary"
	"fmt"
	"io"
)

// place is where the central directory lies in the reader, and how many entries it claims.
type place struct{ start, end, count int64 }

// directory finds the end record and, through it, the central directory. It sets a.base.
func (a *Archive) directory() (place, error) {
	end, at, err := a.endRecord()
	if err != nil {
		return place{}, err
	}
	count := int64(binary.LittleEndian.Uint16(end[10:]))
	length := int64(binary.LittleEndian.Uint32(end[12:]))
	offset := int64(binary.LittleEndian.Uint32(end[16:]))
	if count == 1<<16-1 || length == 1<<32-1 || offset == 1<<32-1 {
		if end64, at64, ok := a.end64Record(at); ok {
			at = at64
			count = int64(binary.LittleEndian.Uint64(end64[32:]))
			length = int64(binary.LittleEndian.Uint64(end64[40:]))
			offset = int64(binary.LittleEndian.Uint64(end64[48:]))
		}
	}
	if count < 0 || length < 0 || offset < 0 || length > at || offset > at-length {
		return place{}, fmt.Errorf("%w: its directory lies outside the file", ErrFormat)
	}
	// The directory ends where the end record begins: a difference is what lies in front of the archive, unless the
	// offset is right as it stands (what lies between is a signature).
	a.base = at - length - offset
	if a.base > 0 && a.isEntry(offset) && !a.isEntry(a.base+offset) {
		a.base = 0
	}
	return place{start: a.base + offset, end: at, count: count}, nil
}

func (a *Archive) isEntry(at int64) bool {
	var h [4]byte
	n, _ := a.r.ReadAt(h[:], at)
	return n == len(h) && binary.LittleEndian.Uint32(h[:]) == entrySignature
}

// endRecord looks for the end record from the end of the file: near it first, then as far as a comment may reach.
func (a *Archive) endRecord() ([]byte, int64, error) {
	for _, reach := range []int64{1 << 10, endLength + maxComment} {
		reach = min(reach, a.size)
		buf := make([]byte, reach)
		if n, err := a.r.ReadAt(buf, a.size-reach); err != nil && (err != io.EOF || int64(n) < reach) {
			return nil, 0, err
		}
		for i := len(buf) - endLength; i >= 0; i-- {
			if binary.LittleEndian.Uint32(buf[i:]) != endSignature {
				continue
			}
			if comment := int(binary.LittleEndian.Uint16(buf[i+20:])); i+endLength+comment <= len(buf) {
				return buf[i : i+endLength], a.size - reach + int64(i), nil
			}
		}
		if reach == a.size {
			break
		}
	}
	return nil, 0, fmt.Errorf("%w: it has no end record", ErrFormat)
}

// end64Record reads the ZIP64 end record that the locator in front of the end record names.
func (a *Archive) end64Record(end int64) ([]byte, int64, bool) {
	locator := make([]byte, locatorLength)
	if end < locatorLength {
		return nil, 0, false
	}
	if n, _ := a.r.ReadAt(locator, end-locatorLength); n < len(locator) || binary.LittleEndian.Uint32(locator) != locatorSignature {
		return nil, 0, false
	}
	// The named offset does not count what lies in front; the usual place is right before the locator.
	for _, at := range []int64{end - locatorLength - end64Length, int64(binary.LittleEndian.Uint64(locator[8:]))} {
		if at < 0 || at > end-locatorLength-end64Length {
			continue
		}
		record := make([]byte, end64Length)
		if n, _ := a.r.ReadAt(record, at); n == len(record) && binary.LittleEndian.Uint32(record) == end64Signature {
			return record, at, true
		}
	}
	return nil, 0, false
}
