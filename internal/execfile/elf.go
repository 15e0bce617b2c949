package execfile

import (
	"encoding/binary"
	"fmt"
)

// elfSections reads the section header table (System V ABI, chapter 4). Object files, which are not linked yet, are
// no executables. A file without a table has no sections.
func elfSections(in input) ([]Section, error) {
	head, err := in.bytes(0, 64)
	if err != nil {
		if head, err = in.bytes(0, 52); err != nil {
			return nil, err
		}
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[5] == 2 {
		order = binary.BigEndian
	}
	wide := head[4] == 2
	if wide && len(head) < 64 {
		return nil, fmt.Errorf("%w: the ELF header is cut off", ErrFormat)
	}
	const relocatable = 1
	if order.Uint16(head[16:]) == relocatable {
		return nil, ErrNotExecutable
	}
	// number reads a field that is 4 bytes in 32-bit files and 8 in 64-bit ones.
	number := func(b []byte, narrowAt, wideAt int) uint64 {
		if wide {
			return order.Uint64(b[wideAt:])
		}
		return uint64(order.Uint32(b[narrowAt:]))
	}
	table, tail := number(head, 32, 40), head[46:52] // shentsize, shnum, shstrndx
	entry := int64(40)
	if wide {
		tail, entry = head[58:64], 64
	}
	count, names := int64(order.Uint16(tail[2:])), int64(order.Uint16(tail[4:]))
	if table == 0 {
		return nil, nil
	}
	if table > 1<<62 || int64(order.Uint16(tail)) != entry {
		return nil, fmt.Errorf("%w: its section table makes no sense", ErrFormat)
	}
	if count == 0 || names == 0xffff { // the numbers did not fit: they stand in the first section
		first, err := in.bytes(int64(table), entry)
		if err != nil {
			return nil, err
		}
		if n := number(first, 20, 32); count == 0 && n <= maxSections {
			count = int64(n)
		} else if count == 0 {
			count = maxSections + 1
		}
		if names == 0xffff {
			names = int64(order.Uint32(first[24:]))
			if wide {
				names = int64(order.Uint32(first[40:]))
			}
		}
	}
	if count > maxSections {
		return nil, fmt.Errorf("%w: it has more than %d sections", ErrFormat, maxSections)
	}
	headers, err := in.bytes(int64(table), count*entry)
	if err != nil || names >= count {
		return nil, fmt.Errorf("%w: its section table makes no sense", ErrFormat)
	}
	place := func(i int64) (at, n uint64) {
		h := headers[i*entry:]
		return number(h, 16, 24), number(h, 20, 32)
	}
	at, n := place(names)
	strings, ok := in.section("", at, min(n, maxNames))
	if !ok {
		return nil, fmt.Errorf("%w: its section names lie outside the file", ErrFormat)
	}
	nameTable, err := in.bytes(strings.Offset, strings.Size)
	if err != nil {
		return nil, err
	}
	var all []Section
	for i := range count {
		h := headers[i*entry:]
		const noBits = 8
		name := int64(order.Uint32(h))
		if order.Uint32(h[4:]) == noBits || name >= int64(len(nameTable)) {
			continue
		}
		at, n := place(i)
		if s, ok := in.section(text(nameTable[name:]), at, n); ok {
			all = append(all, s)
		}
	}
	return all, nil
}
