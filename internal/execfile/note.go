package execfile

import "bytes"

// Note is an entry of an ELF note section: its owner's name, the kind that this owner gives it, and its description.
type Note struct {
	Owner string
	Type  uint32
	Desc  []byte
}

// maxNotes bounds the notes of one section; real ones have one or two.
const maxNotes = 64

// Notes reads the notes of a section (System V ABI, chapter 5), aligned to 4 bytes as all that we ask for are. It
// returns none where there is no such section or where it has more than limit bytes, and those before a broken one.
func (f *File) Notes(section string, limit int64) []Note {
	s, ok := f.Section(section)
	if !ok || f.Format != ELF {
		return nil
	}
	b, ok, err := f.Data(s, limit)
	if !ok || err != nil {
		return nil
	}
	var all []Note
	for len(b) >= 12 && len(all) < maxNotes {
		owner, desc := int64(f.order.Uint32(b)), int64(f.order.Uint32(b[4:]))
		n := Note{Type: f.order.Uint32(b[8:])}
		b = b[12:]
		end := padded(owner) + desc
		if end > int64(len(b)) {
			break
		}
		n.Owner = string(bytes.TrimRight(b[:owner], "\x00"))
		n.Desc = b[padded(owner):end]
		all = append(all, n)
		b = b[min(padded(end), int64(len(b))):]
	}
	return all
}

// padded rounds up to a multiple of 4.
func padded(n int64) int64 { return (n + 3) &^ 3 }
