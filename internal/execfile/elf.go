package execfile

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// readELF reads the section header table (System V ABI, chapter 4). Object files, which are not linked yet, are no
// executables. A file without a table has no sections.
func (f *File) readELF() error {
	in := f.in
	head, err := in.bytes(0, 64)
	if err != nil {
		if head, err = in.bytes(0, 52); err != nil {
			return err
		}
	}
	f.order = binary.LittleEndian
	if head[5] == 2 {
		f.order = binary.BigEndian
	}
	f.wide = head[4] == 2
	if f.wide && len(head) < 64 {
		return fmt.Errorf("%w: the ELF header is cut off", ErrFormat)
	}
	const relocatable = 1
	if f.order.Uint16(head[16:]) == relocatable {
		return ErrNotExecutable
	}
	table, tail := f.number(head, 32, 40), head[46:52] // shentsize, shnum, shstrndx
	entry := int64(40)
	if f.wide {
		tail, entry = head[58:64], 64
	}
	count, names := int64(f.order.Uint16(tail[2:])), int64(f.order.Uint16(tail[4:]))
	if table == 0 {
		return nil
	}
	if table > 1<<62 || int64(f.order.Uint16(tail)) != entry {
		return fmt.Errorf("%w: its section table makes no sense", ErrFormat)
	}
	if count == 0 || names == 0xffff { // the numbers did not fit: they stand in the first section
		first, err := in.bytes(int64(table), entry)
		if err != nil {
			return err
		}
		if n := f.number(first, 20, 32); count == 0 && n <= maxSections {
			count = int64(n)
		} else if count == 0 {
			count = maxSections + 1
		}
		if names == 0xffff {
			names = int64(f.order.Uint32(first[24:]))
			if f.wide {
				names = int64(f.order.Uint32(first[40:]))
			}
		}
	}
	if count > maxSections {
		return fmt.Errorf("%w: it has more than %d sections", ErrFormat, maxSections)
	}
	headers, err := in.bytes(int64(table), count*entry)
	if err != nil || names >= count {
		return fmt.Errorf("%w: its section table makes no sense", ErrFormat)
	}
	place := func(i int64) (at, n uint64) {
		h := headers[i*entry:]
		return f.number(h, 16, 24), f.number(h, 20, 32)
	}
	at, n := place(names)
	list, ok := in.section("", at, min(n, maxNames))
	if !ok {
		return fmt.Errorf("%w: its section names lie outside the file", ErrFormat)
	}
	raw, err := in.bytes(list.Offset, list.Size)
	if err != nil {
		return err
	}
	all := string(raw)
	for i := range count {
		h := headers[i*entry:]
		const noBits = 8
		name := int64(f.order.Uint32(h))
		if f.order.Uint32(h[4:]) == noBits || name >= int64(len(all)) {
			continue
		}
		at, n := place(i)
		short, _, _ := strings.Cut(all[name:], "\x00")
		if s, ok := in.section(short, at, n); ok {
			s.Addr = f.number(h, 12, 16)
			f.Sections = append(f.Sections, s)
		}
	}
	return nil
}

// number reads a field that is 4 bytes in 32-bit files and 8 in 64-bit ones.
func (f *File) number(b []byte, narrowAt, wideAt int) uint64 {
	if f.wide {
		return f.order.Uint64(b[wideAt:])
	}
	return uint64(f.order.Uint32(b[narrowAt:]))
}
