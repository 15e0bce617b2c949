package pyregex_test

import (
	"testing"

	"landwaiter.dev/internal/pyregex"
)

func TestMayBegin(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]bool{
		`/etc/.*`: true, `.*\.pem`: true, `^/etc`: true, `(?:/a|b)`: true, `(?!/usr)/.*`: true, `[^a]x`: true, `\W`: true, `\S+`: true, `a?/b`: true, `(a*)/`: true, ``: true, `a*`: true,
		`(?i)etc`: true, `(`: true, `(a)?(?(1)b|/)`: true, `\/etc`: true, `[/]`: true, `(?s).*`: true, `\b/`: true, `(a|)/x`: true, `x{0}/`: true, `[\s/]a`: true, `$/`: true,
		`\.pem$`: false, `etc/passwd`: false, `^etc`: false, `[a-z]+/x`: false, `\w+`: false, `\d`: false, `(?:etc|usr)/x`: false, `[^/]+`: false, `a+/`: false, `(?P<x>b)`: false, `(?:a|b)?c`: false,
		`(?x) # comment
		etc`: false,
	} {
		if got := pyregex.MayBegin(pattern, '/'); got != want {
			t.Errorf("%q: got %v", pattern, got)
		}
	}
}

// What cannot begin so does not match.
func FuzzMayBegin(f *testing.F) {
	f.Add(`[a-z]+/x`, "/etc")
	f.Add(`(?:a|b)?\W`, "/")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := pyregex.Compile(pattern)
		if err != nil || text == "" {
			return
		}
		first := []rune(text)[0]
		if ok, err := re.Match(text); ok && err == nil && !pyregex.MayBegin(pattern, first) {
			t.Errorf("%q matches %q, which it may not begin", pattern, text)
		}
	})
}
