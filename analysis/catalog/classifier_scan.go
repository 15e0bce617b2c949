package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	// scanWindow is how much of a large file is held at a time.
	scanWindow = 64 << 10
	// maxScanned bounds the file that is searched, maxTries how often the expression of one rule is tried on it.
	maxScanned = 2 << 30
	maxTries   = 500_000
	// maxHeadFile is the size of the largest file of which the beginning is the whole.
	maxHeadFile = 4 << 10
)

// errTries means that a file has the fixed text of a rule too often.
var errTries = fmt.Errorf("the search for a version ended after %d places", maxTries)

// hunt is the search of one file for what one rule asks.
type hunt struct {
	*rule
	number  string // that the version must begin with; "" for any
	version string
	match   string
	tries   int
	spoiled bool // two versions where there must be one
}

// done says that nothing more can change the outcome.
func (h *hunt) done() bool { return h.spoiled || h.version != "" && h.how&unique == 0 }

// look searches one window. What lies so near to its end that more could follow is left to the next, unless this one
// is the last.
func (h *hunt) look(window []byte, last bool) error {
	for from := 0; !h.done(); {
		i := bytes.Index(window[from:], []byte(h.anchor.text))
		if i < 0 {
			return nil
		}
		i += from
		end := i + h.anchor.length
		if end > len(window) {
			if !last {
				return nil
			}
			end = len(window)
		}
		if h.tries++; h.tries > maxTries {
			return errTries
		}
		h.try(window[max(0, i-h.anchor.before):end])
		from = i + 1
	}
	return nil
}

// try gives the expression a piece of the file.
func (h *hunt) try(piece []byte) {
	m := h.re.FindSubmatchIndex(piece)
	if m == nil || m[2*h.rule.version] < 0 {
		return
	}
	version := string(piece[m[2*h.rule.version]:m[2*h.rule.version+1]])
	if h.number != "" && version != h.number && !strings.HasPrefix(version, h.number+".") {
		return
	}
	switch {
	case h.version == "":
		h.version, h.match = version, string(piece[m[0]:m[1]])
	case h.version != version:
		h.spoiled = true
	}
}

// scan runs the hunts over a file, together, window by window, until the first of them has what it wants or all are
// done. The first hunt that has a version, in their order, tells what the file is.
func scan(f *File, hunts []*hunt) (*hunt, error) {
	overlap := 0
	for _, h := range hunts {
		overlap = max(overlap, h.anchor.before+h.anchor.length)
	}
	var errs []error
	look := func(window []byte, last bool) (over bool) {
		over = true
		for _, h := range hunts {
			if err := h.look(window, last); err != nil {
				errs = append(errs, err)
				h.spoiled = true
			}
			if over = over && h.done(); over && !h.spoiled {
				return true
			}
		}
		return over
	}
	if f.Bytes != nil {
		look(f.Bytes, true)
	} else if err := windows(io.NewSectionReader(f.Content, 0, f.Size), overlap, look); err != nil {
		return nil, err
	}
	for _, h := range hunts {
		if h.version != "" && !h.spoiled {
			return h, nil
		}
	}
	return nil, errors.Join(errs...)
}

// windows reads r in pieces that overlap, until look says that it is over.
func windows(r io.Reader, overlap int, look func(window []byte, last bool) bool) error {
	buf := make([]byte, scanWindow+overlap)
	kept := 0
	for {
		n, err := io.ReadFull(r, buf[kept:])
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return err
		}
		window := buf[:kept+n]
		if look(window, last) || last {
			return nil
		}
		kept = copy(buf, window[len(window)-overlap:])
	}
}

// beginning matches the rules for the beginning of small files.
func beginning(f *File, h *hunt) error {
	if f.Size > maxHeadFile {
		return nil
	}
	b := make([]byte, f.Size)
	if _, err := io.ReadFull(f.Reader(), b); err != nil {
		return err
	}
	h.try(b)
	return nil
}
