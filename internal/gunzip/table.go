package gunzip

import "math/bits"

// entry is what the next bits of input mean.
//
//	bits  0 to 4   how many bits to take: those of the code and the extra ones
//	bits  8 to 11  how many of them are the code's; in a link, how many bits index the table that it leads to
//	bit  13        end of the block
//	bit  14        a link: the code is longer than the first table's index
//	bit  15        none of literal, length and distance: a link, the end of the block, or no code at all
//	bits 16 to 30  the literal, the base of a length or distance, or where the table begins that a link leads to
//	bit  31        a literal
type entry = uint32

const (
	isLiteral entry = 1 << 31
	isOther   entry = 1 << 15
	isLink    entry = 1 << 14
	isEnd     entry = 1 << 13
)

const (
	maxCode     = 15 // bits
	symbolBits  = 11 // that index the first table of literals and lengths
	offsetBits  = 8  // that index the first table of distances
	lengthBits  = 7  // the longest code of code lengths
	maxSymbols  = 288
	maxOffsets  = 32
	endOfBlock  = 256
	firstLength = 257
)

// symbolTable and offsetTable hold the first table and those that its links lead to. No complete code needs more than
// 2342 and 402 entries; these sizes let an index be cut to fit.
type (
	symbolTable [4096]entry
	offsetTable [1024]entry
	lengthTable [1 << lengthBits]entry
)

// Bases and extra bits of RFC 1951, 3.2.5.
var (
	lengthBase  = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	offsetBase  = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
		4097, 6145, 8193, 12289, 16385, 24577}
	offsetExtra = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

func symbolEntry(symbol int) entry {
	switch {
	case symbol < endOfBlock:
		return isLiteral | entry(symbol)<<16
	case symbol == endOfBlock:
		return isOther | isEnd
	case symbol-firstLength < len(lengthBase):
		return entry(lengthBase[symbol-firstLength])<<16 | entry(lengthExtra[symbol-firstLength])
	}
	return isOther
}

func offsetEntry(symbol int) entry {
	if symbol < len(offsetBase) {
		return entry(offsetBase[symbol])<<16 | entry(offsetExtra[symbol])
	}
	return isOther
}

func lengthEntry(symbol int) entry { return entry(symbol) << 16 }

// build fills table, whose first part is indexed by first bits, from the length of each symbol's code. It says false when
// the lengths are no code: when they ask for more codes than there are, or leave some unused, but for the one code of one
// bit that encoders write where one symbol is all there is. No code at all is a table in which nothing is found.
func build(table []entry, first uint, lengths []uint8, entryOf func(symbol int) entry) bool {
	var count [maxCode + 1]int
	longest := 0
	for _, n := range lengths {
		count[n]++
		longest = max(longest, int(n))
	}
	count[0] = 0
	var next [maxCode + 2]int
	code := 0
	for n := 1; n <= longest; n++ {
		code <<= 1
		next[n] = code
		code += count[n]
	}
	if longest > 0 && code != 1<<longest && !(code == 1 && longest == 1) {
		return false
	}
	for i := range table[:1<<first] {
		table[i] = isOther
	}
	// Longer codes share their first bits; how long the longest of each is, is known when its table is laid out.
	end := 1 << first
	var below [1 << symbolBits]uint8
	if longest > int(first) {
		at := next
		for _, n := range lengths {
			if int(n) > int(first) {
				prefix := reversed(at[n], int(n)) & (1<<first - 1)
				below[prefix] = max(below[prefix], n-uint8(first))
			}
			at[n]++
		}
		for prefix, n := range below[:1<<first] {
			if n == 0 {
				continue
			}
			if end+1<<n > len(table) {
				return false
			}
			table[prefix] = isOther | isLink | entry(end)<<16 | entry(n)<<8 | entry(first)
			for i := range table[end : end+1<<n] {
				table[end+i] = isOther
			}
			end += 1 << n
		}
	}
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		c := reversed(next[n], int(n))
		next[n]++
		e := entryOf(symbol)
		if n := uint(n); n <= first {
			e += entry(n)<<8 | entry(n)
			for i := c; i < 1<<first; i += 1 << n {
				table[i] = e
			}
			continue
		}
		link := table[c&(1<<first-1)]
		rest := uint(n) - first
		e += entry(rest)<<8 | entry(rest)
		for i := c >> first; i < 1<<(link>>8&15); i += 1 << rest {
			table[int(link>>16&0x7fff)+i] = e
		}
	}
	return true
}

// reversed are the lowest n bits of code, first bit last: codes are packed that way round.
func reversed(code, n int) int { return int(bits.Reverse16(uint16(code)) >> (16 - n)) }

// fixedLengths are the code lengths of a block with fixed codes (RFC 1951, 3.2.6).
func fixedLengths() (symbols [maxSymbols]uint8, offsets [maxOffsets]uint8) {
	for i := range symbols {
		switch {
		case i < 144, i >= 280:
			symbols[i] = 8
		case i < 256:
			symbols[i] = 9
		default:
			symbols[i] = 7
		}
	}
	for i := range offsets {
		offsets[i] = 5
	}
	return symbols, offsets
}
