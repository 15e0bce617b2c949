package longmatch_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"landwaiter.dev/internal/longmatch"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "ab", strings.Repeat("a", 5000) + "b", strings.Repeat("é", 5000) + "\nb", strings.Repeat("a\xff", 5000), strings.Repeat("x", 1<<20) + " end"} {
		for _, pattern := range []string{`^a*b$`, `b`, `\bend$`, `^$`, `(?m)^b$`, `^.*é`, `\x{FFFD}`, `(a|x)*z`} {
			re := regexp.MustCompile(pattern)
			got, err := longmatch.Match(re, text, func() error { return nil })
			if want := re.MatchString(text); got != want || err != nil {
				t.Errorf("%s on %d bytes: got %v, %v, want %v", pattern, len(text), got, err, want)
			}
		}
	}
}

func TestMatchEnds(t *testing.T) {
	t.Parallel()
	over, looks := errors.New("over"), 0
	_, err := longmatch.Match(regexp.MustCompile(`^a*$`), strings.Repeat("a", 1<<20), func() error {
		if looks++; looks == 3 {
			return over
		}
		return nil
	})
	if !errors.Is(err, over) || looks != 3 {
		t.Errorf("got %v after %d looks", err, looks)
	}
}
