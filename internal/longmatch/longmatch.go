// Package longmatch matches regular expressions against long texts in such a way that a match can be ended: the standard
// library's engine is linear in time, and over a megabyte that can still be seconds.
package longmatch

import (
	"io"
	"regexp"
	"unicode/utf8"
)

// stride is how many bytes are read between two looks at what ends the match.
const stride = 4096

// Match is re.MatchString, until stop gives an error, which is returned then.
func Match(re *regexp.Regexp, text string, stop func() error) (bool, error) {
	if len(text) <= stride {
		return re.MatchString(text), nil
	}
	r := &reader{rest: text, left: stride, stop: stop}
	matched := re.MatchReader(r)
	return matched && r.err == nil, r.err
}

// reader gives the characters of a text, and ends when it must.
type reader struct {
	rest string
	left int // bytes until the next look
	stop func() error
	err  error
}

// ReadRune implements [io.RuneReader].
func (r *reader) ReadRune() (c rune, size int, err error) {
	if r.left <= 0 {
		r.left = stride
		if r.err = r.stop(); r.err != nil {
			r.rest = ""
		}
	}
	if r.rest == "" {
		return 0, 0, io.EOF
	}
	c, size = utf8.DecodeRuneInString(r.rest)
	r.rest, r.left = r.rest[size:], r.left-size
	return c, size, nil
}
