package cases

import (
	"bytes"
	"encoding/json"
	"fmt"

	yaml "go.yaml.in/yaml/v3"

	"landwaiter.dev/internal/yamldoc"
)

// Update writes into the file of a case what its verdict is, and leaves everything else as it is, comments included. A case
// that had no rows listed gets all of them, and must have only these from then on; where some were listed, those that are
// named by gate, trigger, id and action take their place.
func Update(source []byte, o *Outcome) ([]byte, error) {
	c, err := Parse(source)
	if err != nil {
		return nil, err
	}
	expect := Expect{Action: o.Action, Only: true}
	if old := c.Expect; old != nil {
		expect.Only, expect.Absent = old.Only, old.Absent
		if old.Reason != "" {
			expect.Reason = o.Reason
		}
	}
	for _, r := range o.Rows {
		r.Message, r.Policy = "", ""
		expect.Rows = append(expect.Rows, r)
	}
	text, err := json.Marshal(expect)
	if err != nil {
		return nil, err
	}
	if yamldoc.IsJSON(source) {
		return updateJSON(source, text)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(source, &doc); err != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("the case cannot be written: %w", err)
	}
	node, err := yamldoc.Node(text)
	if err != nil {
		return nil, err
	}
	root := doc.Content[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "expect" {
			root.Content[i+1] = node
			return yamldoc.Encode(&doc)
		}
	}
	root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "expect"}, node)
	return yamldoc.Encode(&doc)
}

// updateJSON writes the keys in the order in which they came.
func updateJSON(source, expect []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(source))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	out := []byte{'{'}
	add := func(key string, value []byte) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		name, _ := json.Marshal(key) // a text
		out = append(append(append(out, name...), ':'), value...)
	}
	done := false
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := t.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if key == "expect" {
			value, done = expect, true
		}
		add(key, value)
	}
	if !done {
		add("expect", expect)
	}
	var laid bytes.Buffer
	if err := json.Indent(&laid, append(out, '}'), "", "  "); err != nil {
		return nil, err
	}
	return append(laid.Bytes(), '\n'), nil
}
