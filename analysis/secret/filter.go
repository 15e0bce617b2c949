package secret

import (
	"encoding/binary"
	"math/bits"
)

// filter finds keywords without regard to the case of ASCII letters. It looks at four bytes at every second place: they
// are folded, hashed and looked up in a table of bits that fits into the first-level cache, and only where the bit is set
// the keywords themselves are compared. The look-ups of neighbouring places do not wait for each other, which a state
// machine's do.
//
// Every occurrence is seen at exactly one place. Of a keyword of five bytes and more, five are chosen, and either the
// first four or the last four of them begin at a place. Of a shorter one all bytes count, and the place is entered for
// every byte that could stand beside it.
type filter struct {
	bits  [1 << (hashBits - 6)]uint64
	slots []slot // open addressing by hash
	mask  uint32
	cands []cand
	words []keyword
}

// keyword is a text that stands for rules.
type keyword struct {
	text   string // as given
	folded string
	// fold says that the case of letters does not matter.
	fold  bool
	rules []int
}

type slot struct {
	gram  uint32
	first int32 // index of the first candidate plus 1; 0: empty
}

// cand is a keyword that may stand at a place.
type cand struct {
	word int32
	next int32 // index plus 1
	off  int8  // where the keyword begins, from the place
}

const (
	hashBits = 17
	foldMask = 0x20202020
	// minKeyword is the shortest keyword that the filter can find.
	minKeyword = 3
	// overrun is how many bytes after the end of the text the filter reads.
	overrun = 16
)

func hash(gram uint32) uint32 { return gram * 0x9E3779B1 >> (32 - hashBits) }

// newFilter wants keywords of at least three ASCII bytes.
func newFilter(words []keyword) *filter {
	f := &filter{words: words}
	type entry struct {
		gram uint32
		word int32
		off  int8
	}
	seen := map[entry]bool{}
	var entries []entry
	add := func(b [4]byte, word int, off int8) {
		e := entry{binary.LittleEndian.Uint32(b[:]) | foldMask, int32(word), off}
		if !seen[e] {
			seen[e] = true
			entries = append(entries, e)
		}
	}
	for i := range words {
		w := &f.words[i]
		w.folded = fold(w.text)
		t := w.folded
		switch {
		case len(t) >= 5:
			k := rarest(t)
			add([4]byte{t[k], t[k+1], t[k+2], t[k+3]}, i, int8(-k))
			add([4]byte{t[k+1], t[k+2], t[k+3], t[k+4]}, i, int8(-k-1))
		case len(t) == 4:
			add([4]byte{t[0], t[1], t[2], t[3]}, i, 0)
			for c := range 256 {
				add([4]byte{t[1], t[2], t[3], byte(c)}, i, -1)
			}
		default:
			for c := range 256 {
				add([4]byte{t[0], t[1], t[2], byte(c)}, i, 0)
				add([4]byte{byte(c), t[0], t[1], t[2]}, i, 1)
			}
		}
	}
	size := uint32(1) << bits.Len32(uint32(4*len(entries)+1))
	f.slots, f.mask = make([]slot, size), size-1
	for _, e := range entries {
		h := hash(e.gram)
		f.bits[h>>6] |= 1 << (h & 63)
		s := f.slot(e.gram)
		f.cands = append(f.cands, cand{word: e.word, off: e.off, next: s.first})
		s.gram, s.first = e.gram, int32(len(f.cands))
	}
	return f
}

// rarest is where the five bytes of a keyword begin that are least like those of ordinary words: with marks and digits in
// them, and not the same byte again and again.
func rarest(t string) (best int) {
	most := -1
	for k := 0; k+5 <= min(len(t), 64); k++ {
		score := 0
		for i := k; i < k+5; i++ {
			if (t[i] < 'a' || t[i] > 'z') && t[i] != ' ' && (i == k || t[i] != t[i-1]) {
				score++
			}
		}
		if score > most {
			best, most = k, score
		}
	}
	return best
}

// slot of a gram, or the empty one where it belongs.
func (f *filter) slot(gram uint32) *slot {
	for i := gram * 0x85EBCA6B >> 7; ; i++ {
		s := &f.slots[i&f.mask]
		if s.first == 0 || s.gram == gram {
			return s
		}
	}
}

// next looks for a place in b[p:end], where p is even, that a keyword may be seen at; end or more when there is none. b
// has at least overrun bytes after end.
func (f *filter) next(b []byte, p, end int) int {
	t := &f.bits
	for ; p < end; p += 8 {
		w := b[p : p+10 : p+10]
		x := binary.LittleEndian.Uint64(w) | foldMask<<32 | foldMask
		y := binary.LittleEndian.Uint32(w[6:]) | foldMask
		h0, h1, h2, h3 := hash(uint32(x)), hash(uint32(x>>16)), hash(uint32(x>>32)), hash(y)
		if (t[h0>>6]>>(h0&63)|t[h1>>6]>>(h1&63)|t[h2>>6]>>(h2&63)|t[h3>>6]>>(h3&63))&1 == 0 {
			continue
		}
		switch {
		case t[h0>>6]>>(h0&63)&1 != 0:
			return p
		case t[h1>>6]>>(h1&63)&1 != 0:
			return p + 2
		case t[h2>>6]>>(h2&63)&1 != 0:
			return p + 4
		}
		return p + 6
	}
	return p
}

// at calls found for each keyword that is seen at p; n is the end of the text in b.
func (f *filter) at(b []byte, p, n int, found func(w *keyword, at int)) {
	s := f.slot(binary.LittleEndian.Uint32(b[p:]) | foldMask)
	for i := s.first; i != 0; i = f.cands[i-1].next {
		c := &f.cands[i-1]
		w, at := &f.words[c.word], p+int(c.off)
		if at < 0 || at+len(w.folded) > n || !w.stands(b[at:]) {
			continue
		}
		found(w, at)
	}
}

// stands says whether b begins with the keyword.
func (w *keyword) stands(b []byte) bool {
	if !w.fold {
		return string(b[:len(w.text)]) == w.text
	}
	for i := range len(w.folded) {
		if lower(b[i]) != w.folded[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func fold(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = lower(b[i])
	}
	return string(b)
}
