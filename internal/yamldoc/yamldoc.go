// Package yamldoc reads one YAML document of unknown origin as JSON, writes JSON as YAML, and says where in a document a
// value stands. Anchors and merge keys are expanded within a bound; tags of an author's own, several documents in one text,
// keys that are no texts and keys given twice are refused.
package yamldoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"
)

const (
	// maxDepth of lists and mappings in one another.
	maxDepth = 100
	// maxSigns bounds the signs that begin values, of which the tree is made: a value costs some 250 bytes and a microsecond,
	// be it one letter.
	maxSigns = 600_000
)

// Options of [JSON].
type Options struct {
	// MaxBytes of the JSON text; what expands beyond it is refused. 0 stands for ten times the source and 64 KiB.
	MaxBytes int
	// Text says of a key whether its value, or each value of its list, is a text however it is written: version: 1_0 and
	// value: 22 are texts then. Nil stands for none.
	Text func(key string) bool
}

// IsJSON says whether a source is meant as JSON: it begins with a brace or a bracket.
func IsJSON(source []byte) bool {
	source = bytes.TrimLeft(source, " \t\r\n")
	return len(source) > 0 && (source[0] == '{' || source[0] == '[')
}

// JSON writes the only document of a YAML source as JSON, two blanks a level, with the keys in their order.
func JSON(source []byte, o Options) (json.RawMessage, error) {
	root, err := parse(source)
	if err != nil {
		return nil, err
	}
	c := &converter{options: o, most: o.MaxBytes}
	if c.most == 0 {
		c.most = 10*len(source) + 64<<10
	}
	c.value(root, 0, false)
	if c.err != nil {
		return nil, c.err
	}
	return append(c.out, '\n'), nil
}

// parse reads the only document and gives its value; aliases in it are not expanded.
func parse(source []byte) (root *yaml.Node, err error) {
	if !utf8.Valid(source) {
		return nil, errors.New("it is not UTF-8")
	}
	if n := signs(source); n > maxSigns {
		return nil, fmt.Errorf("it has %d commas, colons, dashes, brackets and line ends; %d are allowed: write it as JSON", n, maxSigns)
	}
	defer func() {
		if v := recover(); v != nil {
			root, err = nil, fmt.Errorf("it cannot be read as YAML: %v", v)
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(source))
	var doc, second yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		return nil, errors.New("it is empty")
	case err != nil:
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
		}
		return nil, fmt.Errorf("line %d: a second document begins; one is allowed", second.Line)
	}
	return doc.Content[0], nil
}

// signs counts what can begin a value; there are no more values than that, and one.
func signs(source []byte) int {
	n := 0
	for _, c := range source {
		switch c {
		case ',', ':', '-', '?', '[', '{', '\n', '\r':
			n++
		}
	}
	return n
}

type converter struct {
	options Options
	out     []byte
	most    int
	err     error
}

func (c *converter) fail(n *yaml.Node, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("line %d, column %d: %s", n.Line, n.Column, fmt.Sprintf(format, args...))
	}
}

// value writes a node; text says that a scalar is a text whatever it looks like.
func (c *converter) value(n *yaml.Node, depth int, text bool) {
	switch {
	case c.err != nil:
		return
	case len(c.out) > c.most:
		c.fail(n, "the document grows to more than %d bytes when its aliases are expanded", c.most)
		return
	case depth > maxDepth:
		c.fail(n, "lists and mappings are more than %d deep", maxDepth)
		return
	}
	switch n.Kind {
	case yaml.AliasNode:
		c.value(n.Alias, depth+1, text)
	case yaml.MappingNode:
		c.mapping(n, depth)
	case yaml.SequenceNode:
		c.sequence(n, depth, text)
	case yaml.ScalarNode:
		c.scalar(n, text)
	default:
		c.fail(n, "it is neither a mapping nor a list nor a single value")
	}
}

func (c *converter) line(depth int) {
	c.out = append(c.out, '\n')
	for range depth {
		c.out = append(c.out, ' ', ' ')
	}
}

func (c *converter) mapping(n *yaml.Node, depth int) {
	c.tag(n, "!!map")
	pairs := c.pairs(n, 0)
	if len(pairs) == 0 {
		c.out = append(c.out, '{', '}')
		return
	}
	c.out = append(c.out, '{')
	for i := 0; i < len(pairs) && c.err == nil; i++ {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		c.line(depth + 1)
		key := pairs[i].key.Value
		c.text(key)
		c.out = append(c.out, ':', ' ')
		c.value(pairs[i].value, depth+1, c.options.Text != nil && c.options.Text(key))
	}
	c.line(depth)
	c.out = append(c.out, '}')
}

type pair struct{ key, value *yaml.Node }

// pairs are the keys of a mapping in their order, those that are merged into it last; the first of one name counts.
func (c *converter) pairs(n *yaml.Node, depth int) []pair {
	var own, merged []pair
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content) && c.err == nil; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch {
		case isMerge(key):
			merged = append(merged, c.merged(value, depth+1)...)
		case key.Kind != yaml.ScalarNode:
			c.fail(key, "a key must be a text")
		case seen[key.Value]:
			c.fail(key, "the key %q is given twice", key.Value)
		default:
			seen[key.Value] = true
			own = append(own, pair{key, value})
		}
	}
	for _, p := range merged {
		if !seen[p.key.Value] {
			seen[p.key.Value] = true
			own = append(own, p)
		}
	}
	return own
}

func isMerge(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.Tag == "!!merge" }

// merged are the keys that "<<" takes from a mapping or from each of a list of them.
func (c *converter) merged(n *yaml.Node, depth int) []pair {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	// What is merged is looked through each time: it counts as if it were written.
	if c.most -= 16 * len(n.Content); depth > maxDepth || c.most < 0 {
		c.fail(n, "too much is merged with <<")
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		return c.pairs(n, depth)
	case yaml.SequenceNode:
		var all []pair
		for _, one := range n.Content {
			if c.err != nil {
				return nil
			}
			if one.Kind == yaml.AliasNode {
				one = one.Alias
			}
			if one.Kind != yaml.MappingNode {
				c.fail(one, "<< takes a mapping, or a list of mappings")
				return nil
			}
			all = append(all, c.merged(one, depth+1)...)
		}
		return all
	}
	c.fail(n, "<< takes a mapping, or a list of mappings")
	return nil
}

func (c *converter) sequence(n *yaml.Node, depth int, text bool) {
	c.tag(n, "!!seq")
	if len(n.Content) == 0 {
		c.out = append(c.out, '[', ']')
		return
	}
	c.out = append(c.out, '[')
	for i := 0; i < len(n.Content) && c.err == nil; i++ {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		c.line(depth + 1)
		c.value(n.Content[i], depth+1, text)
	}
	c.line(depth)
	c.out = append(c.out, ']')
}

// tag refuses a tag that the form of a value does not say by itself.
func (c *converter) tag(n *yaml.Node, want ...string) {
	if n.Tag == "" {
		return
	}
	for _, w := range want {
		if n.Tag == w {
			return
		}
	}
	c.fail(n, "the tag %s is not understood: leave it out", n.Tag)
}

func (c *converter) scalar(n *yaml.Node, text bool) {
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	c.tag(n, "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!merge")
	switch {
	case quoted && n.Tag == "!!str":
		c.text(n.Value)
	case n.Tag == "!!null":
		c.out = append(c.out, "null"...)
	case text, n.Tag == "!!str", n.Tag == "!!timestamp", n.Tag == "!!merge":
		c.text(n.Value)
	default:
		c.plain(n)
	}
}

// plain writes a number or a truth.
func (c *converter) plain(n *yaml.Node) {
	valid := json.Valid([]byte(n.Value))
	if valid && n.Style&yaml.TaggedStyle == 0 { // read so already
		c.out = append(c.out, n.Value...)
		return
	}
	var v any
	if err := n.Decode(&v); err != nil {
		c.fail(n, "%q cannot be read: put it in quotes", n.Value)
		return
	}
	if valid {
		c.out = append(c.out, n.Value...)
		return
	}
	raw, err := json.Marshal(v)
	if err != nil { // infinity and its like
		c.text(n.Value)
		return
	}
	c.out = append(c.out, raw...)
}

func (c *converter) text(s string) {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		c.out = append(append(append(c.out, '"'), s...), '"')
		return
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text in memory
	c.out = append(c.out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
