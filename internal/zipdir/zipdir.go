// Package zipdir reads the central directory of a ZIP archive (APPNOTE.TXT 6.3) that nobody vouches for, and the few
// entries of it that the caller wants.
//
// It differs from archive/zip in what it keeps: only wanted entries cost memory, so that an archive of a million
// entries, or one that lies about their number, costs a bounded walk and nothing else. Data in front of the archive (a
// start script) is allowed, as Java allows it.
package zipdir

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// Errors that callers tell apart; all others of this package wrap ErrFormat or come from the reader.
var (
	ErrFormat      = errors.New("not a valid ZIP archive")
	ErrTooMany     = errors.New("archive has more entries than allowed")
	ErrTooLarge    = errors.New("entry is larger than allowed")
	ErrUnsupported = errors.New("entry is encrypted or compressed by an unsupported method")
)

// Archive is an opened archive. Its methods may be called from several goroutines.
type Archive struct {
	// Entries are those that the caller wanted, in the order of the directory.
	Entries []Entry

	r    io.ReaderAt
	size int64
	base int64 // what lies in front of the archive
}

// Entry is one entry of the central directory.
type Entry struct {
	// Name as written: any bytes, possibly with "..".
	Name string
	// Size of the content and Compressed size of its stored form, in bytes, as the directory claims.
	Size, Compressed int64

	method, flags uint16
	crc           uint32
	offset        int64
}

const (
	methodStored, methodDeflated = 0, 8
	flagEncrypted                = 1

	endLength, entryLength, localLength = 22, 46, 30
	endSignature, entrySignature        = 0x06054b50, 0x02014b50
	localSignature, locatorSignature    = 0x04034b50, 0x07064b50
	end64Signature                      = 0x06064b50
	end64Length, locatorLength          = 56, 20
	maxComment                          = 1<<16 - 1

	// maxNames bounds the sum of the names that one archive may make us keep.
	maxNames = 8 << 20
)

// Open walks the central directory of the archive in the first size bytes of r and keeps the entries that want
// accepts. With more than maxEntries entries, or a directory that breaks off, it returns what it has and an error
// that wraps ErrTooMany or ErrFormat; the Archive is nil only when there is no directory at all.
func Open(r io.ReaderAt, size int64, maxEntries int, want func(name []byte) bool) (*Archive, error) {
	a := &Archive{r: r, size: size}
	dir, err := a.directory()
	if err != nil {
		return nil, err
	}
	// A header and its longest name must fit the buffer.
	in := bufio.NewReaderSize(io.NewSectionReader(r, dir.start, dir.end-dir.start), entryLength+maxComment+1)
	names := 0
	for n := int64(0); ; n++ {
		h, err := in.Peek(entryLength)
		if err != nil || binary.LittleEndian.Uint32(h) != entrySignature {
			if n < dir.count {
				return a, fmt.Errorf("%w: the directory ends after %d of %d entries", ErrFormat, n, dir.count)
			}
			return a, nil
		}
		if n >= int64(maxEntries) || names > maxNames {
			return a, fmt.Errorf("%w (%d)", ErrTooMany, maxEntries)
		}
		e := Entry{
			flags:      binary.LittleEndian.Uint16(h[8:]),
			method:     binary.LittleEndian.Uint16(h[10:]),
			crc:        binary.LittleEndian.Uint32(h[16:]),
			Compressed: int64(binary.LittleEndian.Uint32(h[20:])),
			Size:       int64(binary.LittleEndian.Uint32(h[24:])),
			offset:     int64(binary.LittleEndian.Uint32(h[42:])),
		}
		name := int(binary.LittleEndian.Uint16(h[28:]))
		extra, comment := int(binary.LittleEndian.Uint16(h[30:])), int(binary.LittleEndian.Uint16(h[32:]))
		h, err = in.Peek(entryLength + name)
		if err != nil {
			return a, fmt.Errorf("%w: the directory ends inside entry %d", ErrFormat, n)
		}
		wanted := want(h[entryLength:])
		if wanted {
			e.Name = string(h[entryLength:])
			names += name
		}
		_, _ = in.Discard(entryLength + name)
		if wanted {
			x, err := in.Peek(extra)
			if err != nil {
				return a, fmt.Errorf("%w: the directory ends inside entry %d", ErrFormat, n)
			}
			if e.large(x) {
				a.Entries = append(a.Entries, e)
			}
		}
		_, _ = in.Discard(extra + comment)
	}
}

// large takes the 64-bit numbers of extra field 1 where the header says so; false when they make no sense.
func (e *Entry) large(extra []byte) bool {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			break
		}
		field := extra[:n]
		extra = extra[n:]
		if id != 1 {
			continue
		}
		for _, v := range []*int64{&e.Size, &e.Compressed, &e.offset} {
			if *v == 1<<32-1 && len(field) >= 8 {
				*v = int64(binary.LittleEndian.Uint64(field))
				field = field[8:]
			}
		}
	}
	return e.Size >= 0 && e.Compressed >= 0 && e.offset >= 0
}

// Section is the content of an entry that is stored uncompressed, as random access into the archive; nil for others.
func (a *Archive) Section(e *Entry) (*io.SectionReader, error) {
	if e.method != methodStored || e.flags&flagEncrypted != 0 {
		return nil, nil
	}
	start, err := a.data(e)
	if err != nil {
		return nil, err
	}
	return io.NewSectionReader(a.r, start, e.Compressed), nil
}

// Read returns the content of an entry of at most limit bytes, its checksum verified.
func (a *Archive) Read(e *Entry, limit int64) ([]byte, error) {
	switch {
	case e.flags&flagEncrypted != 0 || e.method != methodStored && e.method != methodDeflated:
		return nil, ErrUnsupported
	case e.Size > limit:
		return nil, ErrTooLarge
	case e.method == methodStored && e.Size != e.Compressed,
		e.Size/1032 > e.Compressed+1: // no deflate stream does better
		return nil, fmt.Errorf("%w: the sizes of entry %.100q contradict each other", ErrFormat, e.Name)
	}
	start, err := a.data(e)
	if err != nil {
		return nil, err
	}
	var in io.Reader = io.NewSectionReader(a.r, start, e.Compressed)
	if e.method == methodDeflated {
		inflate := flate.NewReader(bufio.NewReaderSize(in, int(min(e.Compressed+16, 32<<10))))
		defer inflate.Close()
		in = inflate
	}
	data := make([]byte, e.Size)
	if _, err := io.ReadFull(in, data); err != nil {
		return nil, fmt.Errorf("%w: entry %.100q: %w", ErrFormat, e.Name, err)
	}
	if n, err := io.ReadFull(in, make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, fmt.Errorf("%w: entry %.100q is not as long as the directory says", ErrFormat, e.Name)
	}
	if crc32.ChecksumIEEE(data) != e.crc {
		return nil, fmt.Errorf("%w: checksum of entry %.100q", ErrFormat, e.Name)
	}
	return data, nil
}

// data finds where the stored form of an entry begins, behind its local header.
func (a *Archive) data(e *Entry) (int64, error) {
	var h [localLength]byte
	start := a.base + e.offset
	if start < 0 || start > a.size-localLength {
		return 0, fmt.Errorf("%w: entry %.100q lies outside the archive", ErrFormat, e.Name)
	}
	if _, err := a.r.ReadAt(h[:], start); err != nil && err != io.EOF {
		return 0, err
	}
	if binary.LittleEndian.Uint32(h[:]) != localSignature {
		return 0, fmt.Errorf("%w: entry %.100q has no local header", ErrFormat, e.Name)
	}
	start += localLength + int64(binary.LittleEndian.Uint16(h[26:])) + int64(binary.LittleEndian.Uint16(h[28:]))
	if start > a.size || e.Compressed > a.size-start {
		return 0, fmt.Errorf("%w: entry %.100q lies outside the archive", ErrFormat, e.Name)
	}
	return start, nil
}
