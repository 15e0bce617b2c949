// Package license finds what licence a package has: as an SPDX licence expression (SPDX 2.3, annex D) of what the package
// declares ([Expression]) and of the licence texts that it ships ([Classify]). Identifiers are those of the SPDX licence
// list 3.29.0; what has none there becomes "LicenseRef-" and its name, so that nothing is lost and nothing is guessed.
package license

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"landwaiter.dev/image"
)

// MaxText is the largest licence text that is read, in bytes.
const MaxText = 256 << 10

// Threshold is the share of a text's words, in percent, that known licences must cover for the text to be one.
const Threshold = 75

// Forms of a text.
const (
	// FormDEP5 is Debian's machine-readable copyright file.
	FormDEP5 = "dep5"
	// FormText is a licence itself, or prose that holds one.
	FormText = "text"
	// FormReference only points to licences that the distribution keeps in usr/share/common-licenses.
	FormReference = "reference"
)

// Text is what a licence text of an image says.
type Text struct {
	Path image.Path
	// Expression is an SPDX licence expression; "" for a text that points only to licences that are not known here.
	Expression string
	// Confidence is the share of the words that known licences cover, in percent; 100 where the author wrote names.
	Confidence int
	// Form is one of the Form constants.
	Form string
	// Refs are the names in usr/share/common-licenses that it points to and whose text it does not hold itself.
	Refs []string
	// Names are the licences of a copyright file under the short names that its author used, sorted, each once.
	Names []string
}

// Revision changes whenever the same bytes may yield something else.
func Revision() string { return "1" }

// Classify says what the licence text at path, a file that [Wanted] named, means. It is false for what is no licence text
// or one that is not known. Equal input gives an equal answer.
func Classify(path image.Path, data []byte) (Text, bool) {
	if len(data) == 0 || len(data) > MaxText || bytes.IndexByte(data, 0) >= 0 {
		return Text{}, false
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	t, ok := Text{}, false
	if IsCopyright(path) {
		if t, ok = readDEP5(data); !ok {
			t, ok = readProse(data)
		}
	} else {
		t, ok = readText(data)
	}
	t.Path = path
	return t, ok
}

// readText takes a file that is a licence as a whole, or several one after the other.
func readText(data []byte) (Text, bool) {
	f := scan(data, true)
	if f.percent < Threshold {
		return Text{}, false
	}
	e := f.expression()
	if e == nil {
		return Text{}, false
	}
	s, ok := e.Text(true)
	return Text{Expression: s, Confidence: f.percent, Form: FormText}, ok
}

// printable bounds a name that a stranger wrote; false when it is none.
func printable(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxName || !utf8.ValidString(s) {
		return "", false
	}
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return "", false
		}
	}
	return s, true
}
