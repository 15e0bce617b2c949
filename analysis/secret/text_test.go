package secret

import (
	"strings"
	"testing"
	"unicode/utf16"
)

func TestIsText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":                                 true,
		"#!/bin/sh\n":                      true,
		"caf\xe9 latin 1":                  true,
		"\x7fELF\x02\x01\x01":              false,
		"a\x00b":                           false,
		"\x1f\x8b\x08\x00":                 false,
		"\x1f\x8b\x08\x01\x02":             false,
		"%PDF-1.7\n%\xe2\xe3":              false,
		"\xff\xfeh\x00i\x00":               true,
		"\xfe\xff\x00h\x00i":               true,
		"\xff\xfe\x00\x00h\x00\x00":        false, // UTF-32
		"\xef\xbb\xbfwith a mark":          true,
		"PKG_NAME=x":                       true,
		strings.Repeat("x", 8<<10):         true,
		strings.Repeat("x", 8191) + "\x00": false,
		strings.Repeat("x", 8192) + "\x00": true, // beyond what is looked at
	} {
		if got := IsText([]byte(text)); got != want {
			t.Errorf("%.20q: %t, want %t", text, got, want)
		}
	}
}

// TestUTF16 finds in both byte orders what it finds in UTF-8.
func TestUTF16(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{Detectors: true, Content: []Rule{{"smile", "\U0001F600"}}})
	text := "één\n\U0001F600\nx = \"np" + "m_" + made(alnum, 36) + "\"\n"
	for name, order := range map[string]bool{"little": true, "big": false} {
		var b []byte
		for _, u := range utf16.Encode([]rune("\uFEFF" + text)) {
			if order {
				b = append(b, byte(u), byte(u>>8))
			} else {
				b = append(b, byte(u>>8), byte(u))
			}
		}
		secrets, content, _ := searched(s, b)
		if len(secrets) != 1 || secrets[0].Line != 3 || len(content) != 1 || content[0].Line != 2 {
			t.Errorf("%s endian: %v, %v", name, secrets, content)
		}
	}
}
