package jsonscan

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestTwice(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		`{"a":1,"b":{"a":2},"c":[{"a":1},{"a":"a"}]}`: "",
		`{"a":1,"a":1}`: `a: the key "a" is given twice`,
		`{"a":[1,{"b":1},{"b":1,"c":[],"b":{}}]}`:        `a.2.b: the key "b" is given twice in a.2`,
		`{"a":1,"\u0061":2}`:                             `a: the key "a" is given twice`,
		`{"a":"a\",\"a","b":"{","c":"\\"}`:               "",
		`{"":1,"":2}`:                                    `: the key "" is given twice`,
		`{"a":1,"A":2}`:                                  "",
		`[[],[{"x":{"y":1},"z":1,"x":2}]]`:               `1.0.x: the key "x" is given twice in 1.0`,
		`"text"`:                                         "",
		`[1,2,"a","a"]`:                                  "",
		strings.Repeat("[", 10_001):                      "it is nested more than 10000 deep",
		"{" + strings.Repeat(`"a":{`, 5) + `"b":1,"b":2`: `a.a.a.a.a.b: the key "b" is given twice in a.a.a.a.a`,
	} {
		got := ""
		if err := Twice([]byte(doc)); err != nil {
			got = err.Error()
			if e, ok := errors.AsType[*TwiceError](err); ok {
				got = e.Path + ": " + got
			}
		}
		if got != want {
			t.Errorf("%.80s: %q, want %q", doc, got, want)
		}
	}
	var many strings.Builder
	for i := range 200_001 {
		fmt.Fprintf(&many, `"%d":0,`, i)
	}
	if err := Twice([]byte("{" + many.String() + `"z":0}`)); err == nil || !strings.Contains(err.Error(), "more than 200000 keys") {
		t.Errorf("an object of many keys: %v", err)
	}
}

// Whatever is found twice is there twice for the standard library's reader, and what is not, is not.
func FuzzTwice(f *testing.F) {
	for _, s := range []string{`{"a":1,"a":2}`, `{"a":[{"b":1,"\u0062":2}]}`, `[{}]`, `{"a":"\"a","b":1}`, "{", `{"\ud800":1,"\ud801":1}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		err := Twice([]byte(s))
		if !json.Valid([]byte(s)) {
			return
		}
		var found *TwiceError
		if err != nil && !errors.As(err, &found) {
			t.Fatalf("%q: %v", s, err)
		}
		if want := twiceSlowly(json.NewDecoder(strings.NewReader(s))); want != (found != nil) {
			t.Errorf("%q: %v, want %v", s, err, want)
		}
	})
}

// twiceSlowly reads one value.
func twiceSlowly(d *json.Decoder) bool {
	token, err := d.Token()
	if err != nil {
		return false
	}
	delim, is := token.(json.Delim)
	if !is {
		return false
	}
	found, seen := false, map[string]bool{}
	for d.More() {
		if delim == '{' {
			key, err := d.Token()
			if err != nil {
				return found
			}
			name := key.(string)
			found = found || seen[name]
			seen[name] = true
		}
		found = twiceSlowly(d) || found
	}
	_, _ = d.Token()
	return found
}
