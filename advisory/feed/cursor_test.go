package feed

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
)

func TestDecodeRecord(t *testing.T) {
	t.Parallel()
	text := `{ "schema_version" : "1.6.0", "id":"A-1", "unknown":[{"a":[],"b":{}},-1.5e3,null,true,"\"]}"],
		"details":"one\ntwo \u00e9 \ud83d\ude00", "summary":null, "aliases":["B","C"], "related":[],
		"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N"}], "references":[{"type":"WEB","url":"https://a.example/"}],
		"database_specific":{"severity":"HIGH","more":{"severity":"LOW"}},
		"affected":[{"package":{"ecosystem":"Debian:12","name":"a","purl":"p"},
			"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1"},{"last_affected":"2","limit":"3","x":1}],"repo":"r"}],
			"versions":["0.1"],"ecosystem_specific":{"urgency":"low","severity":7},"database_specific":[1]}] }`
	want := osvRecord{
		schemaVersion: "1.6.0", id: "A-1", details: "one\ntwo \u00e9 \U0001F600", aliases: []string{"B", "C"},
		severity:   []advisory.Score{{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N"}},
		references: []advisory.Reference{{Type: "WEB", URL: "https://a.example/"}},
		specific:   specific{severity: "HIGH"},
		affected: []osvAffected{{
			ecosystem: "Debian:12", name: "a", versions: []string{"0.1"}, free: specific{urgency: "low"},
			ranges: []advisory.Range{{Type: "ECOSYSTEM", Events: []advisory.Event{{Introduced: "0"}, {Fixed: "1"}, {LastAffected: "2", Limit: "3"}}}},
		}},
	}
	have, err := decodeRecord(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, have, cmp.AllowUnexported(osvRecord{}, osvAffected{}, specific{})); diff != "" {
		t.Error(diff)
	}
}

// FuzzDecodeRecord compares with encoding/json what is well-formed.
func FuzzDecodeRecord(f *testing.F) {
	files, _ := filepath.Glob("testdata/osv/*.json")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	for _, s := range []string{`{"id":"\ud800","details":"\x"}`, `{"a":[1,]}`, `{"a":{"b":}}`, `{"a":01}`, `{"affected":[null,{}]}`, `{"id":1}`, "{\"a\":\"\xff\"}", `{} {}`, `{"a":tru}`, `{"a" "b"}`, `{"details":"\u12"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" || text[0] != '{' {
			return
		}
		r, err := decodeRecord(text)
		valid := json.Valid([]byte(text))
		switch {
		case err == nil && !valid:
			t.Fatal("taken, though it is no JSON")
		case err != nil && valid && !strings.HasPrefix(err.Error(), "the value of ") && !strings.Contains(err.Error(), "max depth"):
			t.Fatal("refused, though it is JSON: ", err)
		case err == nil && utf8.ValidString(text):
			var fields map[string]json.RawMessage
			if err := json.Unmarshal([]byte(text), &fields); err != nil || fields["details"] == nil {
				return
			}
			var want string
			if err := json.Unmarshal(fields["details"], &want); err != nil || want != r.details {
				t.Fatalf("details %q, want %q (%v)", r.details, want, err)
			}
		}
	})
}

func BenchmarkParseRecord(b *testing.B) {
	raw, err := os.ReadFile("testdata/osv/" + largest(b))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if r, _ := parseRecord(raw); r == nil {
			b.Fatal("no record")
		}
	}
}

// largest is the name of the largest fixture.
func largest(b *testing.B) (name string) {
	entries, err := os.ReadDir("testdata/osv")
	if err != nil {
		b.Fatal(err)
	}
	var most int64
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Size() > most {
			name, most = e.Name(), info.Size()
		}
	}
	return name
}
