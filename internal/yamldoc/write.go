package yamldoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// YAML writes a JSON document as YAML, two blanks a level, with the keys in their order. Texts that would be read as
// something else are quoted.
func YAML(document []byte) ([]byte, error) {
	if err := json.Unmarshal(document, new(json.RawMessage)); err != nil {
		return nil, fmt.Errorf("it is not valid JSON: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	root, err := node(d, 0)
	if err != nil {
		return nil, err
	}
	return Encode(root)
}

// Encode writes a node with two blanks a level.
func Encode(root *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(root), e.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Node makes the tree of a JSON document.
func Node(document []byte) (*yaml.Node, error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	return node(d, 0)
}

// oldTruths are words that readers of YAML 1.1 take for true or false.
var oldTruths = []string{"y", "n", "yes", "no", "on", "off"}

func node(d *json.Decoder, depth int) (*yaml.Node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("lists and objects are more than %d deep", maxDepth)
	}
	switch v := t.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if v == '[' {
			n = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		}
		for d.More() {
			if n.Kind == yaml.MappingNode {
				key, err := node(d, depth+1)
				if err != nil {
					return nil, err
				}
				n.Content = append(n.Content, key)
			}
			one, err := node(d, depth+1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, one)
		}
		if len(n.Content) == 0 {
			n.Style = yaml.FlowStyle
		}
		_, err := d.Token()
		return n, err
	case string:
		n := &yaml.Node{}
		n.SetString(v)
		if n.Style == 0 && slices.Contains(oldTruths, strings.ToLower(v)) {
			n.Style = yaml.DoubleQuotedStyle
		}
		return n, nil
	case json.Number:
		// The tag is that of the text, so that 1e5 stays a number for whoever reads it.
		n := &yaml.Node{Kind: yaml.ScalarNode, Value: v.String()}
		return n, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(v)}, nil
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	}
}
