package yamldoc

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"
)

// Place is where a value begins; line and column, in characters, count from 1.
type Place struct{ Line, Column int }

// Places finds where the values at paths like "policies[0].rules[3]" begin in a JSON or YAML source; "" is the whole
// document. What is not there is left out.
func Places(source []byte, paths []string) map[string]Place {
	f := finder{wanted: &step{}, found: map[string]Place{}, source: source}
	for _, p := range paths {
		f.want(p)
	}
	if IsJSON(source) {
		if json.Unmarshal(source, new(json.RawMessage)) != nil { // bounds the depth, too
			return f.found
		}
		f.decoder = json.NewDecoder(bytes.NewReader(source))
		f.json(f.wanted)
		return f.found
	}
	if root, err := parse(source); err == nil {
		f.yaml(root, f.wanted)
	}
	return f.found
}

// step is one level of the paths that are wanted.
type step struct {
	path string
	here bool
	next map[string]*step
}

type finder struct {
	wanted  *step
	found   map[string]Place
	source  []byte
	decoder *json.Decoder
	// The last place that was counted, since they are met in order.
	at, line, begin int
}

func (f *finder) want(path string) {
	s := f.wanted
	for _, key := range strings.FieldsFunc(path, func(c rune) bool { return c == '.' || c == '[' || c == ']' }) {
		if s.next == nil {
			s.next = map[string]*step{}
		}
		if s.next[key] == nil {
			s.next[key] = &step{}
		}
		s = s.next[key]
	}
	s.here, s.path = true, path
}

// start is the offset at which the value after a token begins.
func (f *finder) start() int {
	i := int(f.decoder.InputOffset())
	for i < len(f.source) && strings.IndexByte(" \t\r\n:,", f.source[i]) >= 0 {
		i++
	}
	return i
}

func (f *finder) place(offset int) Place {
	f.line += bytes.Count(f.source[f.at:offset], []byte("\n"))
	if i := bytes.LastIndexByte(f.source[f.at:offset], '\n'); i >= 0 {
		f.begin = f.at + i + 1
	}
	f.at = offset
	return Place{f.line + 1, utf8.RuneCount(f.source[f.begin:offset]) + 1}
}

func (f *finder) json(s *step) {
	if s != nil && s.here {
		f.found[s.path] = f.place(f.start())
	}
	if s == nil || s.next == nil {
		_ = f.decoder.Decode(new(json.RawMessage)) // the source is valid
		return
	}
	open, _ := f.decoder.Token()
	if open != json.Delim('{') && open != json.Delim('[') {
		return
	}
	for i := 0; f.decoder.More(); i++ {
		key := strconv.Itoa(i)
		if open == json.Delim('{') {
			t, _ := f.decoder.Token()
			key, _ = t.(string)
		}
		f.json(s.next[key])
	}
	_, _ = f.decoder.Token()
}

func (f *finder) yaml(n *yaml.Node, s *step) {
	if s == nil {
		return
	}
	if s.here {
		f.found[s.path] = Place{n.Line, n.Column}
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for i, one := range n.Content {
			f.yaml(one, s.next[strconv.Itoa(i)])
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			f.yaml(n.Content[i+1], s.next[n.Content[i].Value])
		}
	}
}
