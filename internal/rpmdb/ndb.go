package rpmdb

import (
	"errors"
	"fmt"
	"hash/adler32"
	"io"
)

// NDB databases, rpm's own format: pages of slots at the start, each slot naming a package's number and the place and
// length of its blob in blocks of 16 bytes. A blob has a head (magic, number, generation, length) and a tail (checksum,
// length, magic). All numbers are little-endian.
const (
	ndbMagic     = "RpmP"
	ndbSlotMagic = "Slot"
	ndbBlobMagic = "BlbS"
	ndbTailMagic = "BlbE"
	ndbPage      = 4096
	ndbSlot      = 16
	ndbBlock     = 16
	ndbHead      = 16
	ndbTail      = 12
)

func isNDB(start []byte) bool { return len(start) >= 16 && string(start[:4]) == ndbMagic }

func readNDB(r io.ReaderAt, size int64, out *output) error {
	var head [16]byte
	if err := readAt(r, head[:], 0); err != nil {
		return fmt.Errorf("NDB: %w", err)
	}
	if v := le.Uint32(head[4:]); v != 0 {
		return fmt.Errorf("NDB: version %d is not known", v)
	}
	slotPages := int64(le.Uint32(head[12:]))
	if slotPages == 0 || slotPages > size/ndbPage {
		return fmt.Errorf("NDB: %d pages of slots do not fit into the file", slotPages)
	}
	d := ndb{r: r, size: size}
	page := make([]byte, ndbPage)
	for no := range slotPages {
		if err := readAt(r, page, no*ndbPage); err != nil {
			return fmt.Errorf("NDB: %w", err)
		}
		slots := page
		if no == 0 {
			slots = page[2*ndbSlot:] // the file's head takes the place of two slots
		}
		for ; len(slots) >= ndbSlot; slots = slots[ndbSlot:] {
			if string(slots[:4]) != ndbSlotMagic {
				return fmt.Errorf("NDB: page %d of the slots is damaged", no)
			}
			pkg, offset, blocks := le.Uint32(slots[4:]), le.Uint32(slots[8:]), le.Uint32(slots[12:])
			if pkg == 0 {
				continue // free
			}
			header, err := d.blob(pkg, int64(offset)*ndbBlock, int64(blocks)*ndbBlock, out)
			if err != nil {
				err = out.lost("NDB package %d: %w", pkg, err)
			} else {
				err = out.blob(header)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

type ndb struct {
	r    io.ReaderAt
	size int64
	buf  []byte
}

// blob reads the header of a package from the blob of n bytes at an offset.
func (d *ndb) blob(pkg uint32, at, n int64, out *output) ([]byte, error) {
	if at > d.size || n > d.size-at {
		return nil, errors.New("its blob lies outside of the file")
	}
	if err := out.take(n); err != nil {
		return nil, err
	}
	d.buf = grow(d.buf, int(n))
	if err := readAt(d.r, d.buf, at); err != nil {
		return nil, err
	}
	return ndbHeader(d.buf, pkg)
}

// ndbHeader takes head, padding and tail off a blob.
func ndbHeader(blob []byte, pkg uint32) ([]byte, error) {
	if len(blob) < ndbHead+ndbTail || string(blob[:4]) != ndbBlobMagic || le.Uint32(blob[4:]) != pkg {
		return nil, errors.New("its blob has no head")
	}
	body, tail := blob[:len(blob)-ndbTail], blob[len(blob)-ndbTail:]
	n := le.Uint32(blob[12:])
	switch {
	case int64(n) > int64(len(body)-ndbHead):
		return nil, fmt.Errorf("its blob of %d bytes is too short for %d", len(blob), n)
	case string(tail[8:]) != ndbTailMagic || le.Uint32(tail[4:]) != n:
		return nil, errors.New("its blob has no tail")
	case adler32.Checksum(body) != le.Uint32(tail):
		return nil, errors.New("its checksum does not match")
	}
	return body[ndbHead : ndbHead+int(n)], nil
}
