package feed

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"landwaiter.dev/internal/limit"
)

// archived is one file of an archive. Its data is good until the next one is asked for.
type archived struct {
	name string
	data []byte
}

// archive reads the regular files of a tar that is compressed with zstd, xz or gzip, or not at all, one by one and in
// memory, those that want accepts; each may have up to most bytes. It yields a [*Problem] for one that is larger, with
// its name as the entry, and a [*Refused] as the last thing for an archive that is none, cut or damaged: that may only
// show at its end.
func archive(r io.Reader, file string, most int64, want func(name string) bool) iter.Seq2[archived, error] {
	return func(yield func(archived, error) bool) {
		refuse := func(reason string) { yield(archived{}, &Refused{file, reason}) }
		plain, done, err := decompress(r)
		if err != nil {
			refuse(err.Error())
			return
		}
		defer done()
		damaged := func(err error) {
			if errors.Is(err, errTooMuch) {
				refuse(err.Error())
				return
			}
			refuse("it is truncated or damaged: " + err.Error())
		}
		bounded := limit.NewReader(plain, maxTotal, errTooMuch)
		files := tar.NewReader(bounded)
		var content bytes.Buffer
		n := 0
		for ; ; n++ {
			h, err := files.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				damaged(err)
				return
			}
			if n == maxEntries {
				refuse(fmt.Sprintf("it has more than %d entries", maxEntries))
				return
			}
			if h.Typeflag != tar.TypeReg || !want(h.Name) {
				continue
			}
			if h.Size > most {
				if !yield(archived{name: h.Name}, &Problem{h.Name, fmt.Sprintf("it is larger than %d MiB; skipped", most>>20)}) {
					return
				}
				continue
			}
			content.Reset()
			if _, err := content.ReadFrom(files); err != nil {
				damaged(err)
				return
			}
			if !yield(archived{h.Name, content.Bytes()}, nil) {
				return
			}
		}
		// The checksums of the compression stand behind the end of the tar.
		if _, err := io.Copy(io.Discard, bounded); err != nil {
			damaged(err)
		}
	}
}

var errTooMuch = fmt.Errorf("it holds more than %d GiB", int64(maxTotal)>>30)

// decompress opens what the first bytes say it is; done frees what it took.
func decompress(r io.Reader) (plain io.Reader, done func(), err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(128)
	if err != nil && err != io.EOF {
		return nil, nil, fmt.Errorf("it could not be read: %w", err)
	}
	nothing := func() {}
	switch {
	case len(head) == 0:
		return nil, nil, errors.New("it is empty")
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, fmt.Errorf("it is not zstd: %w", err)
		}
		return z, z.Close, nil
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		if size := xzDictionary(head); size > maxWindow {
			return nil, nil, fmt.Errorf("to decompress it would take %d MiB of memory", size>>20)
		}
		z, err := xz.NewReader(in)
		if err != nil {
			return nil, nil, fmt.Errorf("it is truncated or damaged: %w", err)
		}
		return z, nothing, nil
	case bytes.HasPrefix(head, []byte("BZh")):
		return bzip2.NewReader(in), nothing, nil
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil, fmt.Errorf("it is truncated or damaged: %w", err)
		}
		return z, nothing, nil
	case bytes.HasPrefix(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"), []byte("<")):
		return nil, nil, errors.New("it is a web page, not an archive; the source, or a proxy before it, answered with an error page")
	default:
		return in, nothing, nil
	}
}

// xzDictionary is the size of the dictionary that the first block of an xz stream asks for (xz file format, sections
// 3.1 and 5.3.1); 0 when it does not say. The decoder would take what it asks for.
func xzDictionary(head []byte) int64 {
	const streamHeader, filterLZMA2 = 12, 0x21
	at := streamHeader + 2
	if len(head) < at || head[streamHeader] == 0 { // no block
		return 0
	}
	for _, present := range []byte{0x40, 0x80} { // the sizes, which may be left out, are numbers of seven bits a byte
		if head[streamHeader+1]&present == 0 {
			continue
		}
		for at < len(head) && head[at]&0x80 != 0 {
			at++
		}
		at++
	}
	if at+2 >= len(head) || head[at] != filterLZMA2 || head[at+1] != 1 {
		return 0
	}
	switch bits := int64(head[at+2]); {
	case bits > 40:
		return 0
	case bits == 40:
		return 1<<32 - 1
	default:
		return (2 | bits&1) << (bits/2 + 11)
	}
}
