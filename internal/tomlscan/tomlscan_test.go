package tomlscan

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tables writes each table as one line: name, whether it is an element, and the keys that are asked for.
func tables(data string, keys ...string) ([]string, error) {
	var got []string
	err := Tables([]byte(data), func(t Table) bool {
		row := fmt.Sprintf("%s %v", t.Name, t.Array)
		for _, k := range keys {
			row += " " + t.String(k)
		}
		got = append(got, row)
		return true
	})
	return got, err
}

func TestTables(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   string
		want []string
		bad  bool
	}{
		"list":         {"version = 3\n[[package]]\nname = \"a\" # note\nv='1'\n\n[[ package ]]\nname = \"b\\u0021\"\n", []string{" false  ", "package true a 1", "package true b! "}, false},
		"multi":        {"[x]\nd = [\n \"q]\", # ]\n {a = '}'},\n]\nt = \"\"\"\n[no]\n\"\"\"\nname = \"c\"\r\nv = '2'", []string{"x false c 2"}, false},
		"bad line":     {"[x]\nwhat is this\nname = \"c\"\n= 4\nv = \"3\"\n", []string{"x false c 3"}, true},
		"unclosed":     {"[x]\nd = [\n[[y]]\nname = \"c\"\n", []string{"x false  ", "y true c "}, true},
		"quoted":       {"\"name\" = \"k\"\n", []string{" false k "}, false},
		"first":        {"[x]\nname = \"1\"\nname = \"2\"", []string{"x false 1 "}, false},
		"not a header": {"[x\nname = \"1\"\n", []string{" false 1 "}, true},
		"empty":        {"", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tables(tc.in, "name", "v")
			if diff := cmp.Diff(tc.want, got); diff != "" || errors.Is(err, ErrSyntax) != tc.bad {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestInline(t *testing.T) {
	t.Parallel()
	var got []string
	err := Fields([]byte(`{ git = "x", rev = 'y', deps = ["a", {b = "c"}], "q k" = 1 }`), func(k string, v []byte) bool {
		got = append(got, k+"="+string(v))
		return true
	})
	if diff := cmp.Diff([]string{`git="x"`, `rev='y'`, `deps=["a", {b = "c"}]`, `q k=1`}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"a", "b"}, Strings([]byte("[ 'a', 3,\n# x\n \"b\" ]"))); diff != "" {
		t.Error(diff)
	}
	for _, in := range []string{"{", "{a}", "{a=", "[", "x", ""} {
		if Fields([]byte(in), func(string, []byte) bool { return true }) == nil {
			t.Errorf("%q is no table", in)
		}
	}
}

// TestHostile holds when it ends: nothing here is quadratic or recursive.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"a = [\n", "[", "a = {", "a = \"\"\"\n", "'''", "[[x]]\n", "a = ["} {
		_, _ = tables(strings.Repeat(in, 1<<20))
	}
}

func FuzzTables(f *testing.F) {
	f.Add([]byte("a = 1\n[[package]]\nname = \"x\"\nsource = { git = 'y' }\nd = [\n 'a',\n]\n"))
	f.Add([]byte("[a.b]\nt = '''\n'''\n\"k\" = \"v\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Tables(data, func(table Table) bool {
			for k, raw := range table.Fields {
				if k == "" || !bytes.Contains(data, raw) {
					t.Fatalf("%q: %q is not of the text", k, raw)
				}
				_ = Fields(raw, func(string, []byte) bool { return true })
				_ = Strings(raw)
			}
			return true
		})
	})
}

// A text full of values that nothing ends is read a few times, not once for each.
func TestEndlessValues(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("a = [\n", 500_000) + "\"\nb\n", strings.Repeat("a = {\n", 500_000), strings.Repeat("a = \"\"\"\n", 500_000) + "\""} {
		start := time.Now()
		_ = Tables([]byte(text), func(Table) bool { return true })
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%.20q: %v", text, d)
		}
	}
}
