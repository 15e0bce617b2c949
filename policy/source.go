package policy

import (
	"encoding/json"
	"slices"

	"landwaiter.dev/internal/yamldoc"
)

// MaxYAML is the largest YAML source of a bundle in bytes. What it expands to must not be larger than [MaxDocument].
const MaxYAML = 4 << 20

// JSONOf makes the JSON document of a bundle's source: JSON is returned as it is, and need not be valid; YAML is converted.
// All values that a bundle knows are texts, so YAML need not quote them: version: 1_0 and value: 22 are texts, too. Comments
// of YAML are not kept. The error is an [*InvalidError].
func JSONOf(source []byte) (json.RawMessage, error) { return fromSource(source) }

func fromSource(source []byte) (json.RawMessage, error) {
	if yamldoc.IsJSON(source) || len(source) == 0 {
		return source, nil
	}
	refuse := func(format string, args ...any) error {
		p := problem("SchemaError", format, args...)
		return &InvalidError{Form: p.Details, Problems: []Problem{p}}
	}
	if len(source) > MaxYAML {
		return nil, refuse("the bundle has %d bytes; %d are allowed of YAML, and %d of JSON", len(source), MaxYAML, MaxDocument)
	}
	document, err := yamldoc.JSON(source, yamldoc.Options{MaxBytes: MaxDocument, Text: isText})
	if err != nil {
		return nil, refuse("the bundle is not valid YAML: %v", err)
	}
	if document[0] != '{' && !json.Valid(source) {
		return nil, refuse("the bundle is neither JSON nor a mapping of YAML")
	}
	return document, nil
}

// textKeys are the keys whose values, or whose elements, are texts.
var textKeys = []string{
	"id", "version", "name", "comment", "description", "gate", "trigger", "action", "value", "registry", "repository", "type",
	"policy_id", "policy_ids", "whitelist_ids", "trigger_id", "expires_on",
}

func isText(key string) bool { return slices.Contains(textKeys, key) }

// placed fills in where in the source faults are.
func placed(list []Problem, source []byte) {
	paths := make([]string, 0, len(list))
	for i := range list {
		if list[i].Path != "" {
			paths = append(paths, list[i].Path)
		}
	}
	if len(paths) == 0 || len(source) > MaxDocument {
		return
	}
	found := yamldoc.Places(source, paths)
	for i := range list {
		if p, ok := found[list[i].Path]; ok && list[i].Path != "" {
			list[i].Line, list[i].Column = p.Line, p.Column
		}
	}
}
