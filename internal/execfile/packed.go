package execfile

import "encoding/binary"

// Packed says whether UPX made the file: a small program that unpacks the true one, of which nothing can be seen.
func (f *File) Packed() bool {
	switch f.Format {
	case PE:
		_, ok := f.Section("UPX0")
		return ok
	case ELF:
		return len(f.Sections) == 0 && f.packedELF()
	}
	return false
}

// packedELF looks for the mark in the loader's header, which UPX puts behind the program headers: a checksum, then
// "UPX!". It leaves no section table.
func (f *File) packedELF() bool {
	head, err := f.in.bytes(0, 64)
	if err != nil {
		return false
	}
	at, sizes := f.number(head, 28, 32), head[42:46] // phentsize, phnum
	if f.wide {
		sizes = head[54:58]
	}
	at += uint64(f.order.Uint16(sizes)) * uint64(f.order.Uint16(sizes[2:]))
	if at > 1<<20 {
		return false
	}
	mark, err := f.in.bytes(int64(at), 8)
	return err == nil && binary.BigEndian.Uint32(mark[4:]) == 0x55505821
}
