package yamlscan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func lines(data string) []Line {
	var got []Line
	Lines([]byte(data), func(l Line) bool {
		got = append(got, l)
		return true
	})
	return got
}

func TestLines(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   string
		want []Line
	}{
		"mapping": {"---\n# c\na: 1\nb:\n  'c: d': \"e\\\"f\" # g\n  /x@1:2.0(y):\n", []Line{
			{Key: "a", Value: "1"}, {Key: "b"}, {Indent: 2, Key: "c: d", Value: `e"f`}, {Indent: 2, Key: "/x@1:2.0(y)"}}},
		"list":       {"p:\n  - A (1.0):\n    - B (= 2)\n- k: v\n  w: x\n", []Line{{Key: "p"}, {4, true, "A (1.0)", ""}, {6, true, "", "B (= 2)"}, {2, true, "k", "v"}, {2, false, "w", "x"}}},
		"long key":   {"? 'a, b'\n:\n  v: 1\n? c\n: d: 2\n", []Line{{Key: "a, b"}, {Indent: 2, Key: "v", Value: "1"}, {Key: "c"}, {Indent: 2, Key: "d", Value: "2"}}},
		"flow":       {"r: {integrity: sha512-x==}\n[a, b]\n", []Line{{Key: "r", Value: "{integrity: sha512-x==}"}, {Value: "[a, b]"}}},
		"quotes":     {"'it''s': ''\n\"open\nurl: http://x:1/#y\n", []Line{{Key: "it's"}, {Value: `"open`}, {Key: "url", Value: "http://x:1/#y"}}},
		"too long":   {strings.Repeat("x", maxLine) + ": 1\na: 1", []Line{{Key: "a", Value: "1"}}},
		"byte order": {"\xef\xbb\xbfa: 1\r\n", []Line{{Key: "a", Value: "1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, lines(tc.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestHostile holds when it ends: nothing here is quadratic or recursive.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"- ", "? ", ": ", "? \n", "a:\n", "'", "{", "*a ", " "} {
		lines(strings.Repeat(in, 1<<18))
		lines(strings.Repeat(strings.Repeat(in, 1000)+"\n", 200))
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a:\n  - 'b': \"c\"\n  ? d\n  : e\n"))
	f.Add([]byte("p:\n- {x: y}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		Lines(data, func(l Line) bool {
			if l.Indent < 0 || l.Indent > len(data) || len(l.Key)+len(l.Value) > 4*len(data) {
				t.Fatalf("impossible line %+v", l)
			}
			return true
		})
	})
}
