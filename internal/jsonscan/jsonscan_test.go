package jsonscan

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFields(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, in string
		want     map[string]string
		broken   bool
	}{
		{name: "empty", in: " {} \n", want: map[string]string{}},
		{name: "kinds", in: `{"a":"x","b":[1,{"c":"}]"}],"d":null,"e":-1.5e3,"f":{"g":[]}}`,
			want: map[string]string{"a": `"x"`, "b": `[1,{"c":"}]"}]`, "d": "null", "e": "-1.5e3", "f": `{"g":[]}`}},
		{name: "escapes", in: `{"a\"b":"\\","\u0063":"\\\""}`, want: map[string]string{`a"b`: `"\\"`, "c": `"\\\""`}},
		{name: "byte order mark", in: "\xef\xbb\xbf" + `{"a":1}`, want: map[string]string{"a": "1"}},
		{name: "last one wins", in: `{"a":1,"a":2}`, want: map[string]string{"a": "2"}},
		{name: "depth", in: `{"a":` + strings.Repeat("[", 1e5) + strings.Repeat("]", 1e5) + `,"b":1}`,
			want: map[string]string{"a": strings.Repeat("[", 1e5) + strings.Repeat("]", 1e5), "b": "1"}},
		{name: "cut", in: `{"name":"broken","version":`, want: map[string]string{"name": `"broken"`}, broken: true},
		{name: "cut in a string", in: `{"name":"bro\"`, want: map[string]string{}, broken: true},
		{name: "trailing", in: `{"a":1} x`, want: map[string]string{"a": "1"}, broken: true},
		{name: "trailing comma", in: `{"a":1,}`, want: map[string]string{"a": "1"}, broken: true},
		{name: "no object", in: `["a"]`, want: map[string]string{}, broken: true},
		{name: "nothing", in: ``, want: map[string]string{}, broken: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := map[string]string{}
			err := Fields([]byte(tc.in), func(k, v []byte) bool { got[string(k)] = string(v); return true })
			if (err != nil) != tc.broken || err != nil && !errors.Is(err, ErrSyntax) {
				t.Errorf("error %v, want broken %v", err, tc.broken)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestStrings(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		`"MIT"`:              {"MIT"},
		`["MIT",7,"\u00e9"]`: {"MIT", "é"},
		`{"type":"MIT"}`:     nil,
		"\"Andr\xe9\"":       {"Andr\uFFFD"},
		`7`:                  nil,
	} {
		if d := cmp.Diff(want, Strings([]byte(in))); d != "" {
			t.Errorf("%s: %s", in, d)
		}
	}
}

// FuzzFields: what encoding/json accepts is accepted with the same keys, and nothing panics.
func FuzzFields(f *testing.F) {
	for _, s := range []string{`{"a":"x","b":[1,{"c":"}]"}]}`, `{"name":"broken","version":`, `{"a\"b":"\\"}`, "\xef\xbb\xbf{}", `[1,"a",[]]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := map[string]bool{}
		err := Fields(data, func(k, v []byte) bool { got[string(k)] = true; Strings(v); return true })
		_ = Elements(data, func([]byte) bool { return true })
		var want map[string]json.RawMessage
		if json.Unmarshal(data, &want) != nil || want == nil {
			return
		}
		if err != nil {
			t.Fatalf("refused what is JSON: %v", err)
		}
		for k := range want {
			if !got[k] && !strings.Contains(k, "\uFFFD") {
				t.Fatalf("key %q is missing", k)
			}
		}
	})
}
