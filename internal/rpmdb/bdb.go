package rpmdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Berkeley DB hash databases, versions 7 to 10: a file of equal pages. Page 0 describes the table. A hash page holds
// pairs of items, key and value; a value that does not fit is a reference to a chain of overflow pages. rpm's keys are
// header numbers of 4 bytes, and number 0 holds no header but the next number.
const (
	bdbHashMagic    = 0x061561
	bdbMetaSize     = 512
	bdbPageHeader   = 26
	bdbMinPage      = 512
	bdbMaxPage      = 64 << 10
	bdbHashUnsorted = 2
	bdbOverflow     = 7
	bdbHash         = 13
	bdbItemInline   = 1
	bdbItemOffPage  = 3
	bdbOffPageSize  = 12
)

type bdb struct {
	r        io.ReaderAt
	order    binary.ByteOrder
	pageSize int
	pages    uint32
	visited  []bool // overflow pages that a chain has used: each belongs to one value
	page     []byte // the hash page
	chain    []byte // the overflow page
	blob     []byte
}

func bdbOrder(start []byte) binary.ByteOrder {
	if len(start) < 16 {
		return nil
	}
	switch magic := start[12:16]; {
	case binary.LittleEndian.Uint32(magic) == bdbHashMagic:
		return binary.LittleEndian
	case binary.BigEndian.Uint32(magic) == bdbHashMagic:
		return binary.BigEndian
	}
	return nil
}

func isBDB(start []byte) bool { return bdbOrder(start) != nil }

func readBDB(r io.ReaderAt, size int64, out *output) error {
	d, err := openBDB(r, size)
	if err != nil {
		return fmt.Errorf("reading the Berkeley DB: %w", err)
	}
	for no := uint32(1); no < d.pages; no++ {
		if err := readAt(r, d.page, int64(no)*int64(d.pageSize)); err != nil {
			return fmt.Errorf("page %d of the Berkeley DB: %w", no, err)
		}
		if t := d.page[25]; t != bdbHash && t != bdbHashUnsorted {
			continue
		}
		if err := d.hashPage(no, out); err != nil {
			return err
		}
	}
	if size%int64(d.pageSize) != 0 {
		return errors.New("the Berkeley DB ends inside a page")
	}
	return nil
}

func openBDB(r io.ReaderAt, size int64) (*bdb, error) {
	meta := make([]byte, bdbMetaSize)
	if err := readAt(r, meta, 0); err != nil {
		return nil, err
	}
	order := bdbOrder(meta)
	pageSize := order.Uint32(meta[20:])
	switch {
	case pageSize < bdbMinPage || pageSize > bdbMaxPage || pageSize&(pageSize-1) != 0:
		return nil, fmt.Errorf("a page size of %d bytes is not valid", pageSize)
	case meta[24] != 0:
		return nil, errors.New("the database is encrypted")
	}
	// The page count comes from the file's size: what the meta page says of the last page is not needed.
	pages := min(size/int64(pageSize), 1<<31)
	return &bdb{
		r: r, order: order, pageSize: int(pageSize), pages: uint32(pages),
		visited: make([]bool, pages), page: make([]byte, pageSize), chain: make([]byte, pageSize),
	}, nil
}

// hashPage yields the values of a hash page.
func (d *bdb) hashPage(no uint32, out *output) error {
	entries := int(d.order.Uint16(d.page[20:]))
	if entries%2 != 0 || bdbPageHeader+2*entries > d.pageSize {
		return out.lost("page %d of the Berkeley DB: %d items do not fit", no, entries)
	}
	for i := 0; i < entries; i += 2 {
		key, ok := d.item(i)
		if !ok {
			if err := out.lost("page %d of the Berkeley DB: item %d lies outside of the page", no, i); err != nil {
				return err
			}
			continue
		}
		if len(key) == 5 && d.order.Uint32(key[1:]) == 0 {
			continue // the next free header number
		}
		value, ok := d.item(i + 1)
		if !ok || len(value) == 0 {
			if err := out.lost("page %d of the Berkeley DB: item %d lies outside of the page", no, i+1); err != nil {
				return err
			}
			continue
		}
		if err := d.value(no, value, out); err != nil {
			return err
		}
	}
	return nil
}

// item returns item i of the page, which begins with its type. Items lie from the end of the page downwards.
func (d *bdb) item(i int) ([]byte, bool) {
	at := func(i int) int { return int(d.order.Uint16(d.page[bdbPageHeader+2*i:])) }
	start, end := at(i), d.pageSize
	if i > 0 {
		end = at(i - 1)
	}
	if start < bdbPageHeader || start >= end || end > d.pageSize {
		return nil, false
	}
	return d.page[start:end], true
}

func (d *bdb) value(no uint32, item []byte, out *output) error {
	switch {
	case item[0] == bdbItemInline:
		if err := out.take(int64(len(item) - 1)); err != nil {
			return out.lost("page %d of the Berkeley DB: %w", no, err)
		}
		return out.blob(item[1:])
	case item[0] == bdbItemOffPage && len(item) >= bdbOffPageSize:
		first, length := d.order.Uint32(item[4:]), d.order.Uint32(item[8:])
		if err := out.take(int64(length)); err != nil {
			return out.lost("page %d of the Berkeley DB: %w", no, err)
		}
		if err := d.overflow(first, int(length)); err != nil {
			return out.lost("page %d of the Berkeley DB: %w", no, err)
		}
		return out.blob(d.blob)
	default:
		return out.lost("page %d of the Berkeley DB: an item of type %d is not known", no, item[0])
	}
}

// overflow reads a chain of overflow pages into d.blob.
func (d *bdb) overflow(no uint32, length int) error {
	d.blob = d.blob[:0]
	for ; no != 0; no = d.order.Uint32(d.chain[16:]) {
		switch {
		case no >= d.pages:
			return fmt.Errorf("overflow page %d lies outside of the file", no)
		case d.visited[no]:
			return fmt.Errorf("overflow page %d belongs to two values", no)
		}
		d.visited[no] = true
		if err := readAt(d.r, d.chain, int64(no)*int64(d.pageSize)); err != nil {
			return err
		}
		n := int(d.order.Uint16(d.chain[22:]))
		if d.chain[25] != bdbOverflow || bdbPageHeader+n > d.pageSize {
			return fmt.Errorf("page %d is no overflow page", no)
		}
		if d.blob = append(d.blob, d.chain[bdbPageHeader:bdbPageHeader+n]...); len(d.blob) > length {
			break
		}
	}
	if len(d.blob) != length {
		return fmt.Errorf("overflow pages hold %d bytes of %d", len(d.blob), length)
	}
	return nil
}
