package feed

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"landwaiter.dev/internal/limit"
)

// document is one large file of JSON or XML that is read piece by piece, compressed or not. Each piece has its own
// bound, so that memory does not grow with what a file claims to be one word. It is an [io.ByteReader], so that a decoder
// takes no more of it than it reads.
type document struct {
	plain *bufio.Reader
	done  func()
	// left are the bytes that the piece at hand may still have.
	left int
}

// unfit is a reason to refuse a document that says all.
type unfit string

func (u unfit) Error() string { return string(u) }

const (
	errPiece unfit = "one entry of it is larger than any such entry"
	webPage  unfit = "it is a web page; the source, or a proxy before it, answered with an error page"
)

var errPlain = unfit(fmt.Sprintf("it holds more than %d GiB", int64(maxPlain)>>30))

// openDocument decompresses what is compressed. The error says in words what is wrong. done is to be called at the end.
func openDocument(r io.ReaderAt, size int64) (*document, error) {
	in := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 64<<10)
	d := &document{done: func() {}}
	var plain io.Reader = in
	if head, _ := in.Peek(512); !bytes.HasPrefix(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"), []byte("<")) {
		var err error
		if plain, d.done, err = decompress(in); err != nil {
			return nil, err
		}
	}
	d.plain = bufio.NewReaderSize(limit.NewReader(plain, maxPlain, errPlain), 64<<10)
	return d, nil
}

// piece begins a piece of at most n bytes.
func (d *document) piece(n int) { d.left = n }

// ReadByte reads one byte of the piece.
func (d *document) ReadByte() (byte, error) {
	if d.left <= 0 {
		return 0, errPiece
	}
	d.left--
	return d.plain.ReadByte()
}

// Read reads of the piece.
func (d *document) Read(p []byte) (int, error) {
	if d.left <= 0 {
		return 0, errPiece
	}
	n, err := d.plain.Read(p[:min(len(p), d.left)])
	d.left -= n
	return n, err
}

// skip reads to the end, which proves what checksums the compression has, and gives the last of what it read, without the
// blanks at the end.
func (d *document) skip() (string, error) {
	buf := make([]byte, 32<<10)
	var tail []byte
	for {
		n, err := d.plain.Read(buf)
		tail = append(tail, buf[:n]...)
		tail = bytes.TrimRight(tail[max(0, len(tail)-4096):], " \t\r\n")
		if err == io.EOF {
			return string(tail), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// elements goes through the elements of an XML document that stand at one path: {"updates", "update"}. The decoder knows
// no entities but the five of XML, so that none of them can grow.
type elements struct {
	*document
	xml  *xml.Decoder
	path []string
	open []string
}

func elementsOf(d *document, path ...string) *elements {
	return &elements{document: d, xml: xml.NewDecoder(d), path: path}
}

// next reads on to the next of the elements, past whatever is outside of them, and decodes it. io.EOF is the end of the
// element that holds them; all other errors mean that the document cannot be used.
func (e *elements) next(to any) error {
	last := len(e.path) - 1
	for {
		e.piece(maxElement)
		token, err := e.xml.Token()
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			name := t.Name.Local
			switch inside := slices.Equal(e.open, e.path[:last]); {
			case len(e.open) == 0 && strings.EqualFold(name, "html"):
				return webPage
			case len(e.open) == 0 && name != e.path[0]:
				return unfit(fmt.Sprintf("it is not what it should be: it begins with the element %.40q, not %q", name, e.path[0]))
			case inside && name == e.path[last]:
				return e.xml.DecodeElement(to, &t)
			case len(e.open) == maxNesting:
				return unfit(fmt.Sprintf("its elements are nested more than %d levels deep", maxNesting))
			}
			e.open = append(e.open, name)
		case xml.EndElement:
			if slices.Equal(e.open, e.path[:last]) {
				return io.EOF
			}
			e.open = e.open[:len(e.open)-1]
		}
	}
}

// broken says in words why reading a document ended.
func broken(err error) string {
	var reason unfit
	switch {
	case errors.As(err, &reason):
		return reason.Error()
	case errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "unexpected EOF"):
		return "it is cut off"
	}
	return "it is damaged: " + err.Error()
}
