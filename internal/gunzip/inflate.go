package gunzip

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	window = 32 << 10  // how far back a distance may reach
	room   = 256 << 10 // what is decoded at once beyond it
	// slack is room beyond the end: what one round of the loop may write.
	slack = 2 + 258 + 16
	// ahead is how many bytes one round of the loop may read.
	ahead = 24
)

var errCorrupt = errors.New("the deflate stream is corrupt")

func corrupt(what string) error { return fmt.Errorf("%w: %s", errCorrupt, what) }

// state is what the next bits of input are.
type state uint8

const (
	atHeader state = iota
	inStored
	inCodes
	atEnd
)

// inflater decodes one deflate stream (RFC 1951).
type inflater struct {
	r *bufio.Reader
	// in is input at hand, of which pos bytes were taken into hold. It is what r has buffered, or, when last is set, a
	// copy of the last bytes of all with zeros behind.
	in   []byte
	pos  int
	have int // bytes of in that are input
	last bool
	tail [2 * ahead]byte
	// hold has held bits of input, the next one lowest; above them may be bits that will be read again.
	hold uint64
	held uint

	// out[given:made] is decoded and not yet read; before it are up to window bytes of history.
	out         []byte
	given, made int
	// past is how much of out before made is history of this stream.
	past int

	state  state
	final  bool
	stored int // bytes left of a stored block
	err    error

	symbols symbolTable
	offsets offsetTable
	lengths lengthTable
	fixed   bool // the tables are those of the fixed codes
}

func (d *inflater) reset(r *bufio.Reader) {
	d.r, d.in, d.pos, d.have, d.last = r, nil, 0, 0, false
	d.hold, d.held = 0, 0
	if d.out == nil {
		d.out = make([]byte, window+room+slack)
	}
	d.given, d.made, d.past = 0, 0, 0
	d.state, d.final, d.err = atHeader, false, nil
}

// Read gives what was decoded; io.EOF at the end of the stream, with r at the byte behind it.
func (d *inflater) Read(p []byte) (int, error) {
	for d.given == d.made {
		if d.err != nil {
			return 0, d.err
		}
		if d.made >= window+room {
			copy(d.out, d.out[d.made-window:d.made])
			d.made, d.given = window, window
			d.past = window
		}
		if d.err = d.decode(); d.err != nil {
			if end := d.release(); end != nil && d.err == io.EOF {
				d.err = end
			}
			if d.err != io.EOF {
				d.made = d.given // nothing of a broken stretch is given out
			}
		}
	}
	n := copy(p, d.out[d.given:d.made])
	d.given += n
	return n, nil
}

// decode goes on until there is no more room, or the stream ends or fails.
func (d *inflater) decode() error {
	for d.made < window+room {
		var err error
		switch d.state {
		case atHeader:
			err = d.header()
		case inStored:
			err = d.copyStored()
		case inCodes:
			err = d.codes()
		case atEnd:
			return io.EOF
		}
		if err != io.ErrUnexpectedEOF && d.last && d.overrun() {
			err = io.ErrUnexpectedEOF // what was wrong was made of zeros that are no input
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// more sees to it that a round of the loop has enough to read.
func (d *inflater) more() error {
	if d.have-d.pos >= ahead || d.last {
		if d.last && d.overrun() {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	// Whole bytes that are held go back, so that no byte behind the stream is ever taken.
	d.pos -= int(d.held >> 3)
	d.held &= 7
	d.hold &= 1<<d.held - 1
	if _, err := d.r.Discard(d.pos); err != nil {
		return err
	}
	in, err := d.r.Peek(ahead)
	if err != nil && err != io.EOF {
		d.in, d.pos, d.have = nil, 0, 0
		return err
	}
	d.pos = 0
	if len(in) < ahead {
		clear(d.tail[:])
		d.have, d.last = copy(d.tail[:], in), true
		d.in = d.tail[:]
		return nil
	}
	d.in, _ = d.r.Peek(d.r.Buffered())
	d.have = len(d.in)
	return nil
}

// overrun says that bits were taken that are no input.
func (d *inflater) overrun() bool { return d.pos-int(d.held>>3) > d.have }

// release takes from r what was read of it, and no more.
func (d *inflater) release() error {
	used := min(d.pos-int(d.held>>3), d.have)
	d.hold, d.held, d.in = 0, 0, nil
	_, err := d.r.Discard(max(used, 0))
	d.pos, d.have = 0, 0
	return err
}

// need has at least n bits held; n is 32 at most.
func (d *inflater) need(n uint) error {
	if d.held >= n {
		return nil
	}
	if err := d.more(); err != nil {
		return err
	}
	d.fill()
	return nil
}

// fill holds 56 bits or more.
func (d *inflater) fill() {
	if d.pos+8 > len(d.in) { // behind the end of all, which overrun tells
		d.pos += int(63-d.held) >> 3
		d.held |= 56
		return
	}
	d.hold |= binary.LittleEndian.Uint64(d.in[d.pos:]) << (d.held & 63)
	d.pos += int(63-d.held) >> 3
	d.held |= 56
}

func (d *inflater) take(n uint) int {
	v := int(d.hold & (1<<n - 1))
	d.hold >>= n
	d.held -= n
	return v
}

func (d *inflater) header() error {
	if d.final {
		d.state = atEnd
		return nil
	}
	if err := d.need(3); err != nil {
		return err
	}
	d.final = d.take(1) == 1
	switch d.take(2) {
	case 0:
		return d.storedHeader()
	case 1:
		if !d.fixed {
			symbols, offsets := fixedLengths()
			build(d.symbols[:], symbolBits, symbols[:], symbolEntry)
			build(d.offsets[:], offsetBits, offsets[:], offsetEntry)
			d.fixed = true
		}
	case 2:
		d.fixed = false
		if err := d.dynamicHeader(); err != nil {
			return err
		}
	default:
		return corrupt("there is no such type of block")
	}
	d.state = inCodes
	return nil
}

// storedHeader reads the length of a stored block, which begins at a byte.
func (d *inflater) storedHeader() error {
	d.take(d.held & 7)
	if err := d.need(32); err != nil {
		return err
	}
	n, inverse := d.take(16), d.take(16)
	if d.last && d.overrun() {
		return io.ErrUnexpectedEOF
	}
	if n != ^inverse&0xffff {
		return corrupt("the length of a stored block does not fit its complement")
	}
	// What is held are whole bytes: they go back.
	d.pos -= int(d.held >> 3)
	d.hold, d.held = 0, 0
	d.stored, d.state = n, inStored
	return nil
}

func (d *inflater) copyStored() error {
	for d.stored > 0 && d.made < window+room {
		if d.pos == d.have {
			if err := d.more(); err != nil {
				return err
			}
			if d.pos >= d.have {
				return io.ErrUnexpectedEOF
			}
		}
		n := copy(d.out[d.made:window+room], d.in[d.pos:min(d.have, d.pos+d.stored)])
		d.pos += n
		d.made += n
		d.past = min(d.past+n, window)
		d.stored -= n
	}
	if d.stored == 0 {
		d.state = atHeader
	}
	return nil
}

// order of the lengths of the codes of code lengths (RFC 1951, 3.2.7).
var order = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func (d *inflater) dynamicHeader() error {
	if err := d.need(14); err != nil {
		return err
	}
	symbols, offsets, codes := d.take(5)+firstLength, d.take(5)+1, d.take(4)+4
	if symbols > 286 || offsets > 30 {
		return corrupt("a block has more codes than there are symbols")
	}
	var lengths [maxSymbols + maxOffsets]uint8
	for _, at := range order[:codes] {
		if err := d.need(3); err != nil {
			return err
		}
		lengths[at] = uint8(d.take(3))
	}
	if !build(d.lengths[:], lengthBits, lengths[:len(order)], lengthEntry) {
		return corrupt("the code of code lengths is none")
	}
	clear(lengths[:])
	for i := 0; i < symbols+offsets; {
		if err := d.need(lengthBits + 7); err != nil {
			return err
		}
		e := d.lengths[d.hold&(1<<lengthBits-1)]
		if e&isOther != 0 {
			return corrupt("a code length has no code")
		}
		d.take(uint(e & 31))
		symbol := e >> 16
		if symbol < 16 {
			lengths[i] = uint8(symbol)
			i++
			continue
		}
		var value uint8
		var times int
		switch symbol {
		case 16:
			if i == 0 {
				return corrupt("the first code length repeats the one before")
			}
			value, times = lengths[i-1], 3+d.take(2)
		case 17:
			times = 3 + d.take(3)
		default:
			times = 11 + d.take(7)
		}
		if i+times > symbols+offsets {
			return corrupt("code lengths are repeated beyond their end")
		}
		for range times {
			lengths[i] = value
			i++
		}
	}
	if !build(d.symbols[:], symbolBits, lengths[:symbols], symbolEntry) || !build(d.offsets[:], offsetBits, lengths[symbols:symbols+offsets], offsetEntry) {
		return corrupt("the code lengths of a block are no code")
	}
	return nil
}

// codes decodes literals and copies until the block ends or there is no more room.
func (d *inflater) codes() error {
	for d.made < window+room {
		if err := d.more(); err != nil {
			return err
		}
		done, err := d.stretch()
		if err != nil {
			return err
		}
		if done {
			d.state = atHeader
			return nil
		}
	}
	return nil
}

// stretch is the loop in which the time goes: it runs as long as there is input and room for one more round. It says
// whether the block has ended.
func (d *inflater) stretch() (done bool, err error) {
	in, pos, hold, held := d.in, d.pos, d.hold, d.held
	out, made := d.out[:window+room+slack], d.made
	oldest := made - d.past // the first byte of history
	symbols, offsets := &d.symbols, &d.offsets
	until := len(in) - ahead
	if d.last {
		until = d.have + 8 // zeros follow; overrun tells when they were taken
	}
	for pos <= until && made < window+room {
		hold |= binary.LittleEndian.Uint64(in[pos:]) << (held & 63)
		pos += int((63 - held) >> 3)
		held |= 56
		e := symbols[hold&(1<<symbolBits-1)]
		if e&isLiteral != 0 {
			// Three literals need no more than 45 bits.
			hold >>= e & 31
			held -= uint(e & 31)
			out[made] = byte(e >> 16)
			made++
			e = symbols[hold&(1<<symbolBits-1)]
			if e&isLiteral != 0 {
				hold >>= e & 31
				held -= uint(e & 31)
				out[made] = byte(e >> 16)
				made++
				e = symbols[hold&(1<<symbolBits-1)]
				if e&isLiteral != 0 {
					hold >>= e & 31
					held -= uint(e & 31)
					out[made] = byte(e >> 16)
					made++
					continue
				}
			}
		}
		if e&isOther != 0 {
			if e&isLink != 0 {
				hold >>= symbolBits
				held -= symbolBits
				e = symbols[(uint(e>>16&0x7fff)+uint(hold&(1<<(e>>8&15)-1)))&uint(len(symbols)-1)]
			}
			if e&isLiteral != 0 {
				hold >>= e & 31
				held -= uint(e & 31)
				out[made] = byte(e >> 16)
				made++
				continue
			}
			if e&isOther != 0 {
				if e&isEnd == 0 {
					err = corrupt("bits are no code of a literal or length")
					break
				}
				hold >>= e & 31
				held -= uint(e & 31)
				done = true
				break
			}
		}
		length := int(e>>16) + int(hold&(1<<(e&31)-1)>>(e>>8&15))
		hold >>= e & 31
		held -= uint(e & 31)
		hold |= binary.LittleEndian.Uint64(in[pos:]) << (held & 63)
		pos += int((63 - held) >> 3)
		held |= 56
		e = offsets[hold&(1<<offsetBits-1)]
		if e&isOther != 0 {
			if e&isLink == 0 {
				err = corrupt("bits are no code of a distance")
				break
			}
			hold >>= offsetBits
			held -= offsetBits
			e = offsets[(uint(e>>16&0x7fff)+uint(hold&(1<<(e>>8&15)-1)))&uint(len(offsets)-1)]
			if e&isOther != 0 {
				err = corrupt("bits are no code of a distance")
				break
			}
		}
		distance := int(e>>16) + int(hold&(1<<(e&31)-1)>>(e>>8&15))
		hold >>= e & 31
		held -= uint(e & 31)
		from := made - distance
		if from < oldest {
			err = corrupt("a distance reaches before the beginning")
			break
		}
		end := made + length
		switch {
		case distance >= 8:
			// Eight bytes at a time, beyond the end too: what is there is written later.
			src, dst := out[from:], out[made:]
			for n := 0; n < length; n += 8 {
				*(*[8]byte)(dst[n:]) = *(*[8]byte)(src[n:])
			}
		case distance == 1:
			b := uint64(out[from]) * 0x0101010101010101
			for dst := out[made:]; len(dst) >= 8 && length > 0; length -= 8 {
				binary.LittleEndian.PutUint64(dst, b)
				dst = dst[8:]
			}
		default:
			for i := made; i < end; i++ {
				out[i] = out[i-distance]
			}
		}
		made = end
	}
	d.past = min(d.past+made-d.made, window)
	d.pos, d.hold, d.held, d.made = pos, hold, held, made
	return done, err
}
