package execfile

import (
	"encoding/binary"
	"fmt"
)

// peSections reads the section table of a Windows executable (Microsoft PE format). A DOS program has none.
func peSections(in input) ([]Section, error) {
	dos, err := in.bytes(0, 64)
	if err != nil {
		return nil, ErrNotExecutable
	}
	at := int64(binary.LittleEndian.Uint32(dos[60:]))
	head, err := in.bytes(at, 24)
	if err != nil || string(head[:4]) != "PE\x00\x00" {
		return nil, ErrNotExecutable
	}
	count := int64(binary.LittleEndian.Uint16(head[6:]))
	if count > maxSections {
		return nil, fmt.Errorf("%w: it has more than %d sections", ErrFormat, maxSections)
	}
	const entry = 40
	table, err := in.bytes(at+24+int64(binary.LittleEndian.Uint16(head[20:])), count*entry)
	if err != nil {
		return nil, err
	}
	var all []Section
	for ; len(table) > 0; table = table[entry:] {
		size := binary.LittleEndian.Uint32(table[16:]) // padded to the file's alignment
		if virtual := binary.LittleEndian.Uint32(table[8:]); virtual != 0 {
			size = min(size, virtual)
		}
		if s, ok := in.section(text(table[:8]), uint64(binary.LittleEndian.Uint32(table[20:])), uint64(size)); ok {
			all = append(all, s)
		}
	}
	return all, nil
}
