package terminal

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                           "",
		"openssl 3.0 – größer 漢字":    "openssl 3.0 – größer 漢字",
		"\x1b[2J\x1b]0;owned\a":      `\x1b[2J\x1b]0;owned\a`,
		"a\r\nb\tc":                  `a\r\nb\tc`,
		"\xff\xfe":                   `\xff\xfe`,
		"evil\u202etxt.exe":          `evil\u202etxt.exe`,
		"\u009b31m":                  `\u009b31m`,
		"a\u2028b\u2029\u2066\ufeff": `a\u2028b\u2029\u2066\ufeff`,
	} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"größer 漢字\n\tb": "größer 漢字\n\tb", "a\x1b[31m\r\n": "a\ufffd[31m\ufffd\n", "a\u2028\u2029\u202e\u2067\ufeff\u0085\xff": "a" + strings.Repeat("\ufffd", 7),
	} {
		if got := Plain(in); got != want {
			t.Errorf("Plain(%q) = %q, want %q", in, got, want)
		}
	}
	if got := EscapeLines("a\n\tb\x1b"); got != "a\n\tb"+`\x1b` {
		t.Errorf("EscapeLines keeps lines and tabs alone, and gives %q", got)
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("\x1b[31m\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("Escape(%q) = %q", s, got)
		}
		if again := Escape(got); again != got {
			t.Errorf("escaping twice differs: %q, %q", got, again)
		}
	})
}
