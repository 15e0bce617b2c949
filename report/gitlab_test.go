package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// gitlabForm says in short what GitLab refuses a container scanning report of version 15.0.0 for. GitLab's own schema is not
// kept here; this one asks no less of what we write, and lets nothing through that we do not write.
const gitlabForm = `{
	"$schema": "http://json-schema.org/draft-07/schema#",
	"definitions": {
		"said": {"type": "string", "minLength": 1},
		"moment": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$"},
		"web": {"type": "string", "pattern": "^https?://.+"},
		"maker": {
			"type": "object", "additionalProperties": false, "required": ["id", "name", "version", "vendor"],
			"properties": {
				"id": {"$ref": "#/definitions/said"}, "name": {"$ref": "#/definitions/said"}, "version": {"$ref": "#/definitions/said"}, "url": {"$ref": "#/definitions/web"},
				"vendor": {"type": "object", "additionalProperties": false, "required": ["name"], "properties": {"name": {"$ref": "#/definitions/said"}}}
			}
		},
		"message": {
			"type": "object", "additionalProperties": false, "required": ["level", "value"],
			"properties": {"level": {"enum": ["info", "warn", "fatal"]}, "value": {"$ref": "#/definitions/said"}}
		},
		"identifier": {
			"type": "object", "additionalProperties": false, "required": ["type", "name", "value"],
			"properties": {"type": {"$ref": "#/definitions/said"}, "name": {"$ref": "#/definitions/said"}, "value": {"$ref": "#/definitions/said"}, "url": {"$ref": "#/definitions/web"}}
		},
		"place": {
			"type": "object", "additionalProperties": false, "required": ["dependency", "operating_system", "image"],
			"properties": {
				"operating_system": {"$ref": "#/definitions/said"},
				"image": {"type": "string", "pattern": "^[^:]+(:[0-9]+[^:]*)?:[^:]+(:[^:]+)?$"},
				"dependency": {
					"type": "object", "additionalProperties": false, "required": ["package", "version"],
					"properties": {
						"version": {"type": "string"},
						"package": {"type": "object", "additionalProperties": false, "required": ["name"], "properties": {"name": {"type": "string"}}}
					}
				}
			}
		},
		"finding": {
			"type": "object", "additionalProperties": false, "required": ["id", "identifiers", "location"],
			"properties": {
				"id": {"$ref": "#/definitions/said"},
				"name": {"type": "string", "maxLength": 255},
				"description": {"type": "string", "maxLength": 1048576},
				"severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
				"solution": {"type": "string", "maxLength": 7000},
				"identifiers": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/identifier"}},
				"links": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["url"], "properties": {"url": {"$ref": "#/definitions/web"}}}},
				"location": {"$ref": "#/definitions/place"}
			}
		}
	},
	"type": "object", "additionalProperties": false, "required": ["version", "scan", "vulnerabilities"],
	"properties": {
		"version": {"const": "15.0.0"},
		"scan": {
			"type": "object", "additionalProperties": false, "required": ["analyzer", "scanner", "start_time", "end_time", "status", "type"],
			"properties": {
				"type": {"const": "container_scanning"}, "status": {"enum": ["success", "failure"]},
				"start_time": {"$ref": "#/definitions/moment"}, "end_time": {"$ref": "#/definitions/moment"},
				"analyzer": {"$ref": "#/definitions/maker"}, "scanner": {"$ref": "#/definitions/maker"},
				"messages": {"type": "array", "items": {"$ref": "#/definitions/message"}}
			}
		},
		"vulnerabilities": {"type": "array", "items": {"$ref": "#/definitions/finding"}}
	}
}`

func TestGitLabReport(t *testing.T) {
	t.Parallel()
	form, err := jsonschema.UnmarshalJSON(strings.NewReader(gitlabForm))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("form.json", form); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("form.json")
	if err != nil {
		t.Fatal(err)
	}
	named := func(reference string) *Result {
		r := result()
		r.Reference = reference
		return r
	}
	empty := &Result{Matched: true, Analysis: &image.Analysis{}, Findings: []advisory.ImageFinding{{}}, Gaps: []image.Gap{{}}, Verdict: &Verdict{Rows: []Row{{}}, Problems: []string{""}}}
	for name, r := range map[string]*Result{
		"plain": result(), "hostile": hostile(), "many": many(), "nothing": {Name: "docker-archive:a b.tar", Analysis: &image.Analysis{}}, "empty": empty,
		"a port": named("localhost:5000/a/b:1@sha256:00"), "no tag": named("what"), "colons": named("a:b:c:d:e"), "a space": named("a b:c\n"),
	} {
		out := written(t, "gitlab", r)
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var d gitlabReport
		if err := json.Unmarshal([]byte(out), &d); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, v := range d.Vulnerabilities {
			if ids[v.ID] {
				t.Errorf("%s: two have the id %s", name, v.ID)
			}
			ids[v.ID] = true
		}
	}
}
