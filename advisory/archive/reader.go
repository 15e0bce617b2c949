package archive

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"landwaiter.dev/advisory/feed"
)

// Archive is a file whose bytes, as a whole, are those that its maker wrote.
type Archive struct {
	Contents
	// Name of the file, for messages.
	Name string
	// Signer is whose signature it bears; false where nobody signed, or somebody who is not trusted.
	Signer PublicKey
	Signed bool

	r io.ReaderAt
}

// Open checks a file as a whole and reads its directory. It fails with a [*feed.Refused], and reads no row yet.
func Open(r io.ReaderAt, size int64, file string, trust Trust) (*Archive, error) {
	refuse := func(format string, args ...any) (*Archive, error) {
		return nil, &feed.Refused{File: file, Reason: fmt.Sprintf(format, args...)}
	}
	if reason := notOurs(r, size); reason != "" {
		return refuse("%s", reason)
	}
	end := make([]byte, tail)
	if _, err := r.ReadAt(end, size-int64(tail)); err != nil && err != io.EOF {
		return refuse("it could not be read: %v", err)
	}
	if !bytes.HasSuffix(end, []byte(last)) {
		return refuse("it is cut off or damaged: copy it again")
	}
	sum, public, signature := end[8:40], PublicKey(end[40:72]), end[72:136]
	all := sha256.New()
	if n, err := io.Copy(all, io.NewSectionReader(r, 0, size-int64(tail)+8)); err != nil || n != size-int64(tail)+8 {
		return refuse("it could not be read to its end")
	}
	if !bytes.Equal(all.Sum(nil), sum) {
		return refuse("it is not what was written: its digest differs; copy it again")
	}
	a := &Archive{Name: file, Signer: public, r: r}
	if reason := a.verify(sum, signature, trust); reason != "" {
		return refuse("%s", reason)
	}
	length := binary.BigEndian.Uint64(end)
	if length > maxDirectory || int64(length) > size-int64(tail)-int64(len(magic)) {
		return refuse("its directory has an impossible size")
	}
	at := size - int64(tail) - int64(length)
	text := make([]byte, length)
	if _, err := r.ReadAt(text, at); err != nil {
		return refuse("it could not be read: %v", err)
	}
	if err := json.Unmarshal(text, &a.Contents); err != nil {
		return refuse("its directory cannot be read: %v", err)
	}
	if reason := a.check(at); reason != "" {
		return refuse("%s", reason)
	}
	return a, nil
}

// notOurs says what the file is instead of one of ours; "" when it begins as one.
func notOurs(r io.ReaderAt, size int64) string {
	head := make([]byte, min(size, int64(len(magic)+16)))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return "it could not be read: " + err.Error()
	}
	version, ours := bytes.CutPrefix(head, []byte(name))
	line, _, whole := bytes.Cut(version, []byte("\n"))
	switch {
	case size == 0:
		return "it is empty"
	case size > MaxSize:
		return fmt.Sprintf("it is larger than %d GiB", MaxSize>>30)
	case bytes.HasPrefix(head, []byte(magic)) && size < int64(len(magic)+tail):
		return "it is cut off or damaged: copy it again"
	case bytes.HasPrefix(head, []byte(magic)):
		return ""
	case ours && whole && isNumber(line):
		return fmt.Sprintf("it is of version %s of its form, and this program reads version 1: use a newer one", line)
	}
	return "it is not a file that landwaiter feeds export made"
}

func isNumber(b []byte) bool {
	return len(b) > 0 && len(b) <= 9 && bytes.IndexFunc(b, func(c rune) bool { return c < '0' || c > '9' }) < 0
}

// verify says why the signature is not enough; "" when it is.
func (a *Archive) verify(sum, signature []byte, trust Trust) string {
	none := a.Signer == PublicKey{} && !slices.ContainsFunc(signature, func(b byte) bool { return b != 0 })
	if none {
		if trust.Unsigned {
			return ""
		}
		return "nobody signed it: export it with --key, or take it as it is with --allow-unsigned"
	}
	if !ed25519.Verify(a.Signer[:], signed(sum), signature) {
		return "its signature is false: somebody altered it, or it was damaged"
	}
	if a.Signed = slices.Contains(trust.Keys, a.Signer); a.Signed || trust.Unsigned {
		return ""
	}
	if len(trust.Keys) == 0 {
		return fmt.Sprintf("it is signed with %s, and no key is trusted here: where you know that it is right, name it with --trust or LANDWAITER_FEEDS_TRUST", a.Signer)
	}
	return fmt.Sprintf("it is signed with %s, which is not among the keys that are trusted here (--trust, LANDWAITER_FEEDS_TRUST)", a.Signer)
}

// check says what is wrong with the directory, which stands at an offset; "" when nothing is.
func (a *Archive) check(end int64) string {
	if len(a.Sections) > maxSections {
		return fmt.Sprintf("it has more than %d sections", maxSections)
	}
	if !printable(a.MadeBy) && a.MadeBy != "" {
		return "its directory does not say by what it was made"
	}
	seen := map[string]bool{}
	at := int64(len(magic))
	for i := range a.Sections {
		s := &a.Sections[i]
		switch {
		case s.Kind == Records && !printable(s.Part), s.Kind != Records && s.Part != "":
			return fmt.Sprintf("section %d has no usable name", i+1)
		case seen[s.Kind+" "+s.Part]:
			return fmt.Sprintf("it has %s twice", s.title())
		case s.Offset != at, s.Size < 0, s.Size > end-at, s.Rows < 0, s.Rows > maxRows:
			return fmt.Sprintf("section %d of its directory is impossible", i+1)
		}
		seen[s.Kind+" "+s.Part] = true
		at += s.Size
	}
	return ""
}

// title names a section in messages.
func (s *Section) title() string {
	switch s.Kind {
	case Records:
		return "the records of " + s.Part
	case Exploited:
		return "the catalogue of exploited vulnerabilities"
	case Scores:
		return "the scores"
	}
	return fmt.Sprintf("a section of kind %.40q", s.Kind)
}

// printable says whether a name can be kept and shown.
func printable(s string) bool {
	return s != "" && len(s) <= maxName && utf8.ValidString(s) && strings.IndexFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) < 0
}
