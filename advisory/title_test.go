package advisory

import (
	"strings"
	"testing"
)

func TestOneLine(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", " ", "a", "a b", " a b", "a b ", "a  b", "a\tb", "a\nb\n", "a\u00a0b", "é b", "a \u2028 b", "\x00", "a~b ~", "\x7f a", "\xff  a"} {
		if have, want := oneLine(s), strings.Join(strings.Fields(s), " "); have != want {
			t.Errorf("oneLine(%q) = %q, want %q", s, have, want)
		}
	}
}

// The range that most records have is evaluated on a way of its own, with the same outcome.
func TestBeforeIsTheGeneralRange(t *testing.T) {
	t.Parallel()
	for _, installed := range []string{"1.0-1", "1.0-2", "0.9-1", "", "not a version!", "1:0"} {
		for _, fixed := range []string{"0", "1.0-1", "1.0-1+deb12u1", "2", "no version", "1:0"} {
			short := []Event{{Introduced: "0"}, {Fixed: fixed}}
			long := []Event{{Introduced: "0"}, {Fixed: fixed}, {Fixed: fixed}}
			p := parseInstalled("Debian:12", installed)
			have, haveErr := p.in(short)
			want, wantErr := p.in(long)
			if have != want || (haveErr == nil) != (wantErr == nil) {
				t.Errorf("%q before %q: %+v, %v; want %+v, %v", installed, fixed, have, haveErr, want, wantErr)
			}
		}
	}
}
