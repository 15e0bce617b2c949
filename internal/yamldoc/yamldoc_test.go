package yamldoc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func texts(key string) bool { return key == "version" || key == "ids" }

func TestJSON(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ source, want string }{
		"order is kept":       {"b: 1\na: two\n", `{"b":1,"a":"two"}`},
		"texts as written":    {"version: 1_0\nids: [1, true, 2026-01-01, 0x1f, x]\nnumber: 1_0\n", `{"version":"1_0","ids":["1","true","2026-01-01","0x1f","x"],"number":10}`},
		"words of YAML 1.1":   {"a: yes\nb: no\nc: on\nd: true\n", `{"a":"yes","b":"no","c":"on","d":true}`},
		"nothing":             {"a:\nb: ~\nc: null\nversion:\n", `{"a":null,"b":null,"c":null,"version":null}`},
		"quoted":              {`a: "1"` + "\nb: '1'\nc: |\n  x\n  y\nd: >-\n  x\n  y\n", `{"a":"1","b":"1","c":"x\ny\n","d":"x y"}`},
		"anchors":             {"a: &a {x: 1}\nb: *a\nc: [*a, *a]\n", `{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]}`},
		"merge keys":          {"a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc: {<<: [*a, {z: 4}]}\n", `{"a":{"x":1,"y":2},"b":{"y":3,"x":1},"c":{"x":1,"y":2,"z":4}}`},
		"empty":               {"a: {}\nb: []\nc: ''\n", `{"a":{},"b":[],"c":""}`},
		"no infinite numbers": {"a: .inf\nb: 1e5\nc: 0o17\n", `{"a":".inf","b":1e5,"c":15}`},
		"a list alone":        {"- a\n- 1\n", `["a",1]`},
		"comments":            {"# one\na: 1 # two\n", `{"a":1}`},
		"signs":               {`a: "<>&\u0007"`, `{"a":"<>&\u0007"}`},
		"with a head":         {"---\na: 1\n...\n", `{"a":1}`},
	} {
		got, err := JSON([]byte(tc.source), Options{Text: texts})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !json.Valid(got) {
			t.Errorf("%s: not JSON: %s", name, got)
		}
		var compact strings.Builder
		for line := range strings.Lines(string(got)) {
			compact.WriteString(strings.TrimSpace(line))
		}
		want := tc.want
		if diff := cmp.Diff(want, strings.ReplaceAll(compact.String(), `": `, `":`)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ source, want string }{
		"empty":             {"", "it is empty"},
		"only a comment":    {"# nothing\n", "it is empty"},
		"not YAML":          {"a: b: c\n", "mapping values are not allowed in this context"},
		"not UTF-8":         {"a: \xff\n", "it is not UTF-8"},
		"two documents":     {"a: 1\n---\nb: 2\n", "line 2: a second document begins; one is allowed"},
		"a key twice":       {"a: 1\nb: 2\na: 3\n", `line 3, column 1: the key "a" is given twice`},
		"a mapping as key":  {"{a: 1}: b\n", "line 1, column 1: a key must be a text"},
		"a tag of its own":  {"a: !ruby/object {}\n", "line 1, column 4: the tag !ruby/object is not understood: leave it out"},
		"binary":            {"a: !!binary aGk=\n", "line 1, column 4: the tag !!binary is not understood: leave it out"},
		"a set":             {"a: !!set {x}\n", "line 1, column 4: the tag !!set is not understood: leave it out"},
		"a cycle":           {"a: &a [*a]\n", "line 1, column 4: lists and mappings are more than 100 deep"},
		"a merge of itself": {"a: &a {<<: *a}\n", "line 1, column 4: too much is merged with <<"},
		"a merge of a text": {"a: {<<: x}\n", "line 1, column 9: << takes a mapping, or a list of mappings"},
		"unknown alias":     {"a: *b\n", "unknown anchor 'b' referenced"},
		"tabs":              {"a:\n\tb: 1\n", "line 2: found character that cannot start any token"},
		"deep":              {strings.Repeat("[", 200) + strings.Repeat("]", 200), "line 1, column 102: lists and mappings are more than 100 deep"},
	} {
		_, err := JSON([]byte(tc.source), Options{})
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s: got %v, want %s", name, err, tc.want)
		}
	}
}

// What expands, nests or repeats without end is refused soon.
func TestBombs(t *testing.T) {
	t.Parallel()
	bomb := func(first, each string) string {
		s := "a0: &a0 " + first + "\n"
		for i := 1; i < 40; i++ {
			s += fmt.Sprintf("a%d: &a%d %s\n", i, i, strings.ReplaceAll(each, "$", fmt.Sprintf("*a%d", i-1)))
		}
		return s
	}
	for name, source := range map[string]string{
		"lists":        bomb("[x]", "[$, $, $, $, $, $, $, $, $]"),
		"mappings":     bomb("{x: y}", "{a: $, b: $, c: $}"),
		"merges":       bomb("{x: y}", "{<<: [$, $, $]}"),
		"empty merges": bomb("{}", "{<<: [$, $, $]}"),
		"deep flow":    strings.Repeat("[", 1<<20),
		"deep block":   strings.Repeat("- ", 1<<20),
		"deep keys":    strings.Repeat("? ", 1<<20),
		"braces":       strings.Repeat("{a: ", 1<<18),
		"long line":    "a: " + strings.Repeat("x ", 1<<20) + ": y",
		"anchors":      strings.Repeat("&a ", 1<<18),
		"comments":     strings.Repeat("#\n", 1<<20),
		"quotes":       strings.Repeat(`"`, 1<<20),
		"directives":   strings.Repeat("%TAG ! tag:\n", 1<<16),
		"documents":    strings.Repeat("---\n", 1<<18),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			out, err := JSON([]byte(source), Options{MaxBytes: 1 << 20})
			if err == nil && len(out) > 2<<20 {
				t.Errorf("made %d bytes", len(out))
			}
			if err == nil && name != "comments" && name != "long line" {
				t.Errorf("was accepted: %.100s", out)
			}
			if spent := time.Since(start); spent > 20*time.Second {
				t.Errorf("took %v", spent)
			}
		})
	}
}

func TestYAML(t *testing.T) {
	t.Parallel()
	got, err := YAML([]byte(`{"version":"1_0","b":[],"a":{"num":1.50,"big":12345678901234567890,"e":1e5,"t":true,"z":null},"list":[{"name":"x","value":"22"},"yes","2026-01-01","# no","a: b","","~","two\nlines\n","\u0007"]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `version: "1_0"
b: []
a:
  num: 1.50
  big: 12345678901234567890
  e: 1e5
  t: true
  z: null
list:
  - name: x
    value: "22"
  - "yes"
  - "2026-01-01"
  - '# no'
  - 'a: b'
  - ""
  - "~"
  - |
    two
    lines
  - "\a"
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := YAML([]byte(`{"a":`)); err == nil {
		t.Error("broken JSON was written")
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	paths := []string{"", "id", "policies[1].rules[0].action", "policies[1]", "policies[7]", "id.x"}
	json := "{\n  \"id\" : \"é\", \"policies\":[\n{}, {\"x\":[1], \"rules\": [ {\"é\":1,\"action\":\t\"stop\"}]}]}"
	want := map[string]Place{"": {1, 1}, "id": {2, 10}, "policies[1]": {3, 5}, "policies[1].rules[0].action": {3, 43}}
	if diff := cmp.Diff(want, Places([]byte(json), paths)); diff != "" {
		t.Error(diff)
	}
	yaml := "# first\nid: é\npolicies:\n  - {}\n  - rules:\n      - action: stop\n"
	want = map[string]Place{"": {2, 1}, "id": {2, 5}, "policies[1]": {5, 5}, "policies[1].rules[0].action": {6, 17}}
	if diff := cmp.Diff(want, Places([]byte(yaml), paths)); diff != "" {
		t.Error(diff)
	}
	if got := Places([]byte("{"), paths); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

func FuzzYAML(f *testing.F) {
	for _, s := range []string{"a: 1\n", "a: &a [x, *a]\n", "{a: [b, ~]}", "a: |\n  x\n", "- !!str 1\n- <<: {a: b}\n", `{"a":"b"}`, "? a\n: b\n", "\ufeffa: 1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		_ = Places(source, []string{"a", "a[0]"})
		doc, err := JSON(source, Options{})
		if err != nil {
			return
		}
		var first, second any
		if err := json.Unmarshal(doc, &first); err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		written, err := YAML(doc)
		if err != nil {
			t.Fatal(err)
		}
		again, err := JSON(written, Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		if err := json.Unmarshal(again, &second); err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%s\nbecame\n%s\nand\n%s", doc, written, again)
		}
	})
}
