// Package binaries makes tiny executables for tests: valid headers around the sections that a test wants, no code.
package binaries

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// Section is a named piece of a made executable.
type Section struct {
	Name string
	Data []byte
}

const base = 0x400000 // where the made files are loaded; file offset 0 lies there

// ELF makes a 64-bit ELF program whose one segment holds the whole file.
func ELF(order binary.ByteOrder, sections ...Section) []byte {
	const head, program, entry = 64, 56, 64
	var body bytes.Buffer
	body.Write(make([]byte, head+program))
	names := []byte{0}
	type row struct {
		name, kind   uint32
		offset, size uint64
	}
	rows := []row{{}}
	for _, s := range append(sections, Section{Name: ".shstrtab"}) {
		body.Write(make([]byte, -body.Len()&15))
		r := row{uint32(len(names)), 1, uint64(body.Len()), uint64(len(s.Data))}
		names = append(append(names, s.Name...), 0)
		if s.Name == ".shstrtab" {
			r.kind, r.size, s.Data = 3, uint64(len(names)), names
		}
		body.Write(s.Data)
		rows = append(rows, r)
	}
	body.Write(make([]byte, -body.Len()&15))
	table := uint64(body.Len())
	for _, r := range rows {
		h := make([]byte, entry)
		order.PutUint32(h, r.name)
		order.PutUint32(h[4:], r.kind)
		order.PutUint64(h[16:], base+r.offset)
		order.PutUint64(h[24:], r.offset)
		order.PutUint64(h[32:], r.size)
		body.Write(h)
	}
	file := body.Bytes()
	copy(file, "\x7fELF\x02\x01\x01")
	if order == binary.BigEndian {
		file[5] = 2
	}
	order.PutUint16(file[16:], 2)     // executable
	order.PutUint16(file[18:], 62)    // x86-64
	order.PutUint32(file[20:], 1)     // version
	order.PutUint64(file[32:], head)  // program headers
	order.PutUint64(file[40:], table) // section headers
	order.PutUint16(file[52:], head)
	order.PutUint16(file[54:], program)
	order.PutUint16(file[56:], 1)
	order.PutUint16(file[58:], entry)
	order.PutUint16(file[60:], uint16(len(rows)))
	order.PutUint16(file[62:], uint16(len(rows)-1))
	p := file[head:]
	order.PutUint32(p, 1)     // load
	order.PutUint32(p[4:], 6) // writable, readable
	order.PutUint64(p[16:], base)
	order.PutUint64(p[24:], base)
	order.PutUint64(p[32:], uint64(len(file)))
	order.PutUint64(p[40:], uint64(len(file)))
	return file
}

// PE makes a 64-bit Windows program of writable data sections.
func PE(sections ...Section) []byte {
	const dos, optional, entry = 64, 240, 40
	le := binary.LittleEndian
	file := make([]byte, dos+24+optional+entry*len(sections))
	copy(file, "MZ")
	le.PutUint32(file[60:], dos)
	copy(file[dos:], "PE\x00\x00")
	le.PutUint16(file[dos+4:], 0x8664)
	le.PutUint16(file[dos+6:], uint16(len(sections)))
	le.PutUint16(file[dos+20:], optional)
	o := file[dos+24:]
	le.PutUint16(o, 0x20b)
	le.PutUint64(o[24:], base)
	le.PutUint32(o[108:], 16)
	for i, s := range sections {
		file = append(file, make([]byte, -len(file)&511)...)
		h := file[dos+24+optional+entry*i:]
		copy(h[:8], s.Name)
		le.PutUint32(h[8:], uint32(len(s.Data)))
		le.PutUint32(h[12:], uint32(0x1000*(i+1)))
		le.PutUint32(h[16:], uint32(len(s.Data)))
		le.PutUint32(h[20:], uint32(len(file)))
		le.PutUint32(h[36:], 0xc0000040)
		file = append(file, s.Data...)
	}
	return file
}

// MachO makes a 64-bit Mach-O program with one segment, __DATA.
func MachO(sections ...Section) []byte {
	const head = 32
	le := binary.LittleEndian
	command := 72 + 80*len(sections)
	file := make([]byte, head+command)
	le.PutUint32(file, 0xfeedfacf)
	le.PutUint32(file[4:], 0x0100000c)
	le.PutUint32(file[12:], 2)
	le.PutUint32(file[16:], 1)
	le.PutUint32(file[20:], uint32(command))
	for i, s := range sections {
		file = append(file, make([]byte, -len(file)&15)...)
		h := file[head+72+80*i:]
		copy(h[:16], s.Name)
		copy(h[16:32], "__DATA")
		le.PutUint64(h[32:], base+uint64(len(file)))
		le.PutUint64(h[40:], uint64(len(s.Data)))
		le.PutUint32(h[48:], uint32(len(file)))
		file = append(file, s.Data...)
	}
	c := file[head:]
	le.PutUint32(c, 0x19)
	le.PutUint32(c[4:], uint32(command))
	copy(c[8:24], "__DATA")
	le.PutUint64(c[24:], base)
	le.PutUint64(c[32:], uint64(len(file)))
	le.PutUint64(c[48:], uint64(len(file)))
	le.PutUint32(c[60:], 3)
	le.PutUint32(c[64:], uint32(len(sections)))
	return file
}

// Fat wraps Mach-O files as a universal one.
func Fat(files ...[]byte) []byte {
	be := binary.BigEndian
	out := make([]byte, 8+20*len(files))
	be.PutUint32(out, 0xcafebabe)
	be.PutUint32(out[4:], uint32(len(files)))
	for i, f := range files {
		out = append(out, make([]byte, -len(out)&0xfff)...)
		h := out[8+20*i:]
		be.PutUint32(h, 0x0100000c+uint32(i))
		be.PutUint32(h[8:], uint32(len(out)))
		be.PutUint32(h[12:], uint32(len(f)))
		out = append(out, f...)
	}
	return out
}

// GoBuildInfo is the content of a .go.buildinfo section (Go 1.18 and later) with the toolchain's version and the lines
// of module information as "go version -m" prints them.
func GoBuildInfo(version, modules string) []byte {
	b := append([]byte("\xff Go buildinf:\x08\x02"), make([]byte, 16)...)
	framed := fmt.Sprintf("%016d%s%016d", 0, modules, 0)
	b = append(binary.AppendUvarint(b, uint64(len(version))), version...)
	return append(binary.AppendUvarint(b, uint64(len(framed))), framed...)
}

// Note is the content of an ELF note section with one note, in little-endian order.
func Note(owner string, kind uint32, desc []byte) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, uint32(len(owner)+1))
	b = le.AppendUint32(b, uint32(len(desc)))
	b = append(append(le.AppendUint32(b, kind), owner...), 0)
	b = append(append(b, make([]byte, -len(b)&3)...), desc...)
	return append(b, make([]byte, -len(b)&3)...)
}

// Symbols are sections .dynsym and .dynstr of a 64-bit little-endian file with the given symbols.
func Symbols(addresses map[string]uint64) []Section {
	le := binary.LittleEndian
	table, names := make([]byte, 24), []byte{0}
	for _, name := range slices.Sorted(maps.Keys(addresses)) {
		entry := make([]byte, 24)
		le.PutUint32(entry, uint32(len(names)))
		le.PutUint16(entry[6:], 1)
		le.PutUint64(entry[8:], addresses[name])
		table, names = append(table, entry...), append(append(names, name...), 0)
	}
	return []Section{{".dynsym", table}, {".dynstr", names}}
}

// Address is where the content of the section begins that [ELF] would make of the same sections.
func Address(name string, sections ...Section) uint64 {
	at := uint64(64 + 56)
	for _, s := range sections {
		at = (at + 15) &^ 15
		if s.Name == name {
			return base + at
		}
		at += uint64(len(s.Data))
	}
	return 0
}

// PackedELF makes what UPX leaves of a program: no section table, and its mark behind the program header.
func PackedELF() []byte {
	file := ELF(binary.LittleEndian, Section{".text", make([]byte, 64)})
	for _, at := range []int{40, 41, 42, 60} { // section table and count
		file[at] = 0
	}
	copy(file[64+56+4:], "UPX!")
	return file
}
