package cases

import (
	"bytes"
	"encoding/json"
	"fmt"

	yaml "go.yaml.in/yaml/v3"

	"landwaiter.dev/internal/yamldoc"
)

// Update writes into the file of a case what its verdict is, and leaves everything else as it is, comments included. It
// changes what the case names and nothing besides: an action, a reason, and of the rows those that are not as asked; rows too
// many are added where the case says that there are no others. A case that expects nothing yet gets action and rows, and must
// have only these from then on. A verdict that could not be judged in full is refused.
func Update(source []byte, o *Outcome) ([]byte, error) {
	c, err := Parse(source)
	if err != nil {
		return nil, err
	}
	if o.problem != "" {
		return nil, fmt.Errorf("the case is not updated, because its verdict has a problem: %s", o.problem)
	}
	expect, kept := updated(c.Expect, o)
	if yamldoc.IsJSON(source) {
		text, err := json.Marshal(expect)
		if err != nil {
			return nil, err
		}
		return updateJSON(source, text)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(source, &doc); err != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("the case cannot be written: %w", err)
	}
	root := doc.Content[0]
	old := under(root, "expect")
	if old == nil || old.Kind != yaml.MappingNode {
		node, err := nodeOf(expect)
		if err != nil {
			return nil, err
		}
		set(root, "expect", node)
		return yamldoc.Encode(&doc)
	}
	for _, word := range []struct{ key, value string }{{"action", expect.Action}, {"reason", expect.Reason}} {
		if n := under(old, word.key); n != nil && n.Kind == yaml.ScalarNode {
			n.Value = word.value
		}
	}
	if len(expect.Rows) == 0 && under(old, "rows") == nil {
		return yamldoc.Encode(&doc)
	}
	before := under(old, "rows")
	if before == nil || before.Kind != yaml.SequenceNode {
		before = &yaml.Node{Kind: yaml.SequenceNode}
		set(old, "rows", before)
	}
	var rows []*yaml.Node
	for i := range expect.Rows {
		if kept[i] >= 0 && kept[i] < len(before.Content) {
			rows = append(rows, before.Content[kept[i]])
			continue
		}
		n, err := nodeOf(expect.Rows[i])
		if err != nil {
			return nil, err
		}
		rows = append(rows, n)
	}
	if len(before.Content) == 0 { // [] stood there
		before.Style = 0
	}
	before.Content = rows
	return yamldoc.Encode(&doc)
}

// updated is what a case expects once it is as its verdict is. kept says of each row which of the old ones it is, -1 for none.
func updated(old *Expect, o *Outcome) (expect Expect, kept []int) {
	whole := func(r Row) Row {
		r.Message, r.Policy = "", ""
		return r
	}
	add := func(r Row, from int) {
		expect.Rows, kept = append(expect.Rows, r), append(kept, from)
	}
	if old == nil {
		expect.Action, expect.Only = o.Action, true
		for _, r := range o.Rows {
			add(whole(r), -1)
		}
		return expect, kept
	}
	expect.Only, expect.Absent = old.Only, old.Absent
	if old.Action != "" {
		expect.Action = o.Action
	}
	if old.Reason != "" {
		expect.Reason = o.Reason
	}
	taken, owner := assign(old.Rows, o.Rows), map[int]int{}
	for i, j := range taken {
		if j >= 0 {
			owner[j] = i
		}
	}
	for i, j := range taken {
		want := old.Rows[i]
		if j >= 0 {
			add(want, i)
		} else if near := nearest(&want, o.Rows, owner); near >= 0 {
			owner[near] = i
			add(want.as(&o.Rows[near]), -1)
		}
	}
	for j := range o.Rows {
		if _, has := owner[j]; !has && (old.Only || old.Rows != nil && len(old.Rows) == 0) {
			add(whole(o.Rows[j]), -1)
		}
	}
	return expect, kept
}

// as asks the same of a row as it is.
func (r *Row) as(have *Row) Row {
	out := Row{}
	for _, f := range []struct{ to, asked, is *string }{
		{&out.Gate, &r.Gate, &have.Gate}, {&out.Trigger, &r.Trigger, &have.Trigger}, {&out.TriggerID, &r.TriggerID, &have.TriggerID},
		{&out.Action, &r.Action, &have.Action}, {&out.Message, &r.Message, &have.Message}, {&out.Policy, &r.Policy, &have.Policy},
		{&out.Allowed, &r.Allowed, &have.Allowed},
	} {
		if *f.asked != "" {
			*f.to = *f.is
		}
	}
	return out
}

// under is the value of a key; nil when it is not there.
func under(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// set gives a key a value, at the end when it is new.
func set(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
}

func nodeOf(v any) (*yaml.Node, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return yamldoc.Node(text)
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
