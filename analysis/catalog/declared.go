package catalog

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"landwaiter.dev/image"
)

// What packages say about themselves is text by strangers. These helpers bound it and make it printable; they are for
// the cataloguers of language packages.

const (
	maxNameLength    = 512
	maxVersionLength = 256
	maxTextLength    = 1024
	// maxListed bounds how many packages one file may declare.
	maxListed = 50_000
)

// metadata is the whole content of a small file; false, and a gap, when it is over the limit.
func metadata(f *File, found *Found) ([]byte, bool, error) {
	if f.Size > f.Limits.MetadataBytes {
		found.Gap(image.GapLimit, fmt.Sprintf("package metadata of %d bytes is over the limit of %d", f.Size, f.Limits.MetadataBytes))
		return nil, false, nil
	}
	if f.Bytes != nil {
		return f.Bytes, true, nil
	}
	b := make([]byte, f.Size)
	if _, err := io.ReadFull(f.Reader(), b); err != nil {
		return nil, false, err
	}
	return b, true, nil
}

// declaredName accepts what can be a name in any ecosystem: no blanks, no control characters, not too long.
func declaredName(s string) (string, bool) { return word(s, maxNameLength) }

// declaredVersion accepts what can be a version.
func declaredVersion(s string) (string, bool) { return word(s, maxVersionLength) }

func word(s string, limit int) (string, bool) {
	s = strings.TrimSpace(s)
	bad := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == unicode.ReplacementChar }
	return s, s != "" && len(s) <= limit && strings.IndexFunc(s, bad) < 0
}

// declaredText makes one printable line of an author, a licence or an address; text that is too long for one (a whole
// licence in the licence field) comes back empty.
func declaredText(s string) string {
	if len(s) > 4*maxTextLength {
		return ""
	}
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
	if len(s) > maxTextLength {
		return ""
	}
	return s
}

// declaredTexts is declaredText for a list, without what is empty or said twice; at most 50.
func declaredTexts(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if s = declaredText(s); s != "" && !seen[s] && len(out) < 50 {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// joined is "name <address>", or the one that there is.
func joined(name, address string) string {
	name, address = declaredText(name), declaredText(address)
	switch {
	case name == "":
		return address
	case address == "" || strings.Contains(name, address):
		return name
	case strings.Contains(address, "<"): // "Name <address>" already
		return address
	}
	return name + " <" + address + ">"
}

// firstOf is the first that is not empty.
func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
