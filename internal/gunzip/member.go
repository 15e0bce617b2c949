package gunzip

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// What is wrong with a member.
var (
	ErrHeader   = errors.New("no gzip header")
	ErrChecksum = errors.New("the gzip checksum does not match")
)

// Reader decompresses one member.
type Reader struct {
	r    *bufio.Reader
	data inflater
	sum  uint32
	size uint32
	err  error
}

// NewReader reads the header of a member from r, whose buffer has 64 bytes or more.
func NewReader(r *bufio.Reader) (*Reader, error) {
	z := new(Reader)
	return z, z.Reset(r)
}

// Reset begins the next member.
func (z *Reader) Reset(r *bufio.Reader) error {
	z.r, z.sum, z.size = r, 0, 0
	z.data.reset(r)
	z.err = z.header()
	return z.err
}

// Read gives uncompressed bytes; io.EOF once the member has ended and its checksum and size are right. What follows the
// member is unread.
func (z *Reader) Read(p []byte) (int, error) {
	if z.err != nil || len(p) == 0 {
		return 0, z.err
	}
	n, err := z.data.Read(p)
	z.sum = crc32.Update(z.sum, crc32.IEEETable, p[:n])
	z.size += uint32(n)
	if err == io.EOF {
		err = z.trailer()
	}
	z.err = err
	return n, err
}

// Flags of the header.
const (
	hasChecksum = 1 << 1
	hasExtra    = 1 << 2
	hasName     = 1 << 3
	hasComment  = 1 << 4
)

// maxText bounds name and comment, as the standard library does.
const maxText = 512

func (z *Reader) header() error {
	h := headerReader{r: z.r}
	var fixed [10]byte
	if h.read(fixed[:]) != nil {
		return h.err
	}
	if fixed[0] != 0x1f || fixed[1] != 0x8b || fixed[2] != 8 {
		return ErrHeader
	}
	flags := fixed[3]
	if flags&hasExtra != 0 {
		var n [2]byte
		h.read(n[:])
		h.skip(int(binary.LittleEndian.Uint16(n[:])))
	}
	for _, flag := range []byte{hasName, hasComment} {
		if flags&flag != 0 {
			h.text()
		}
	}
	if flags&hasChecksum != 0 {
		sum := uint16(h.sum)
		var want [2]byte
		if h.read(want[:]) == nil && binary.LittleEndian.Uint16(want[:]) != sum {
			return ErrHeader
		}
	}
	return h.err
}

func (z *Reader) trailer() error {
	var t [8]byte
	if _, err := io.ReadFull(z.r, t[:]); err != nil {
		return cut(err)
	}
	if binary.LittleEndian.Uint32(t[:]) != z.sum || binary.LittleEndian.Uint32(t[4:]) != z.size {
		return ErrChecksum
	}
	return io.EOF
}

// headerReader reads a header and takes its checksum; after an error nothing more is read.
type headerReader struct {
	r   *bufio.Reader
	sum uint32
	err error
}

func (h *headerReader) read(p []byte) error {
	if h.err == nil {
		_, h.err = io.ReadFull(h.r, p)
		h.err = cut(h.err)
		h.sum = crc32.Update(h.sum, crc32.IEEETable, p)
	}
	return h.err
}

func (h *headerReader) skip(n int) {
	var buf [256]byte
	for n > 0 && h.err == nil {
		k := min(n, len(buf))
		h.read(buf[:k])
		n -= k
	}
}

// text skips a text that a zero ends.
func (h *headerReader) text() {
	var one [1]byte
	for range maxText {
		if h.read(one[:]) != nil || one[0] == 0 {
			return
		}
	}
	if h.err == nil {
		h.err = ErrHeader
	}
}

// cut makes an end where there must be more an unexpected one.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
