package execfile

import (
	"encoding/binary"
	"fmt"
)

// fatSections reads a universal file: an index of Mach-O files. Java class files begin with the same bytes and have
// their version, 43 or more, where the count stands here.
func fatSections(in input) ([]Section, error) {
	head, err := in.bytes(0, 8)
	if err != nil {
		return nil, ErrNotExecutable
	}
	count := int64(binary.BigEndian.Uint32(head[4:]))
	if count == 0 || count > maxArches {
		return nil, ErrNotExecutable
	}
	entry := int64(20)
	if head[3] == 0xbf {
		entry = 32
	}
	table, err := in.bytes(8, count*entry)
	if err != nil {
		return nil, err
	}
	var all []Section
	for ; len(table) > 0; table = table[entry:] {
		at := uint64(binary.BigEndian.Uint32(table[8:]))
		if entry == 32 {
			at = binary.BigEndian.Uint64(table[8:])
		}
		if at == 0 || at > 1<<62 {
			return all, fmt.Errorf("%w: an architecture lies outside the file", ErrFormat)
		}
		s, err := machoSections(in, int64(at))
		if err != nil {
			return all, err
		}
		all = append(all, s...)
	}
	return all, nil
}

// machoSections reads the sections in the load commands of the Mach-O file that begins at base.
func machoSections(in input, base int64) ([]Section, error) {
	head, err := in.bytes(base, 32)
	if err != nil {
		return nil, err
	}
	var order binary.ByteOrder
	wide := false
	switch binary.LittleEndian.Uint32(head) {
	case 0xfeedfacf:
		order, wide = binary.LittleEndian, true
	case 0xfeedface:
		order = binary.LittleEndian
	case 0xcffaedfe:
		order, wide = binary.BigEndian, true
	case 0xcefaedfe:
		order = binary.BigEndian
	default:
		return nil, fmt.Errorf("%w: an architecture is not a Mach-O file", ErrFormat)
	}
	start := base + 28
	if wide {
		start = base + 32
	}
	const object = 1
	if order.Uint32(head[12:]) == object {
		return nil, ErrNotExecutable
	}
	count, length := order.Uint32(head[16:]), int64(order.Uint32(head[20:]))
	if length > maxNames {
		return nil, fmt.Errorf("%w: its load commands take more than %d bytes", ErrFormat, maxNames)
	}
	commands, err := in.bytes(start, length)
	if err != nil {
		return nil, err
	}
	var all []Section
	for range count {
		if len(commands) < 8 {
			return all, fmt.Errorf("%w: its load commands break off", ErrFormat)
		}
		kind, n := order.Uint32(commands), int(order.Uint32(commands[4:]))
		if n < 8 || n > len(commands) {
			return all, fmt.Errorf("%w: its load commands break off", ErrFormat)
		}
		all = append(all, segmentSections(in, base, order, kind, commands[:n])...)
		if len(all) > maxSections {
			return all, fmt.Errorf("%w: it has more than %d sections", ErrFormat, maxSections)
		}
		commands = commands[n:]
	}
	return all, nil
}

// segmentSections reads the sections of one LC_SEGMENT or LC_SEGMENT_64 command.
func segmentSections(in input, base int64, order binary.ByteOrder, kind uint32, command []byte) []Section {
	const segment, segment64 = 1, 0x19
	var head, entry int
	switch kind {
	case segment:
		head, entry = 56, 68
	case segment64:
		head, entry = 72, 80
	default:
		return nil
	}
	var all []Section
	for b := command[min(head, len(command)):]; len(b) >= entry; b = b[entry:] {
		size, at := uint64(order.Uint32(b[36:])), uint64(order.Uint32(b[40:]))
		if kind == segment64 {
			size, at = order.Uint64(b[40:]), uint64(order.Uint32(b[48:]))
		}
		if at == 0 { // zero-filled: nothing in the file
			continue
		}
		if s, ok := in.section(text(b[:16]), uint64(base)+at, size); ok {
			all = append(all, s)
		}
	}
	return all
}
