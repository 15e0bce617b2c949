package execfile

import "strings"

const (
	maxSymbols     = 8 << 20 // bytes of a symbol table
	maxSymbolNames = 8 << 20
)

// Symbols finds the addresses of dynamic symbols of an ELF file, for those of the names that it defines.
func (f *File) Symbols(names ...string) map[string]uint64 {
	table, ok1 := f.Section(".dynsym")
	strtab, ok2 := f.Section(".dynstr")
	if f.Format != ELF || !ok1 || !ok2 {
		return nil
	}
	entries, ok1, err1 := f.Data(table, maxSymbols)
	raw, ok2, err2 := f.Data(strtab, maxSymbolNames)
	if !ok1 || !ok2 || err1 != nil || err2 != nil {
		return nil
	}
	found, text := map[string]uint64{}, string(raw)
	entry, shndx := 16, 14
	if f.wide {
		entry, shndx = 24, 6
	}
	for ; len(entries) >= entry; entries = entries[entry:] {
		at := int64(f.order.Uint32(entries))
		if at >= int64(len(text)) || f.order.Uint16(entries[shndx:]) == 0 { // 0: defined elsewhere
			continue
		}
		for _, name := range names {
			if rest := text[at:]; strings.HasPrefix(rest, name) && strings.HasPrefix(rest[len(name):], "\x00") {
				found[name] = f.number(entries, 4, 8)
			}
		}
	}
	return found
}

// At reads n bytes at an address of the loaded program, out of the section that holds them all.
func (f *File) At(addr uint64, n int64) ([]byte, bool) {
	for _, s := range f.Sections {
		if s.Addr == 0 || addr < s.Addr || addr-s.Addr >= uint64(s.Size) || n < 0 || n > s.Size-int64(addr-s.Addr) {
			continue
		}
		b, err := f.in.bytes(s.Offset+int64(addr-s.Addr), n)
		return b, err == nil
	}
	return nil, false
}

// Uint reads an unsigned number of 8 bytes, or 4 in 32-bit files, at an address of the loaded program.
func (f *File) Uint(addr uint64) (uint64, bool) {
	n := int64(4)
	if f.wide {
		n = 8
	}
	b, ok := f.At(addr, n)
	if !ok {
		return 0, false
	}
	return f.number(b, 0, 0), true
}
