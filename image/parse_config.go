package image

import (
	"encoding/json"
	"fmt"
	"time"
)

// ParseConfig reads an image config. It must be a JSON object whose diff IDs are valid digests; every other field that is
// not as the specification has it stays at its zero value and is named in [Config.Odd]. Errors are *[ParseError].
func ParseConfig(raw []byte) (*Config, error) {
	if len(raw) > MaxConfigSize {
		return nil, &ParseError{TooBig, fmt.Sprintf("the image config has %d bytes, more than %d", len(raw), MaxConfigSize)}
	}
	fields, err := object(raw)
	if err != nil {
		return nil, malformed("the image config cannot be read: %v", err)
	}
	c := &Config{Raw: raw, Digest: DigestOf(raw)}
	p := fieldReader{fields: fields, odd: &c.Odd}
	p.read("os", &c.Platform.OS)
	p.read("architecture", &c.Platform.Architecture)
	p.read("variant", &c.Platform.Variant)
	var created string
	p.read("created", &created)
	if created != "" {
		if c.Created, err = time.Parse(time.RFC3339Nano, created); err != nil {
			c.Created = time.Time{}
			p.note("created")
		}
	}
	if c.DiffIDs, err = parseDiffIDs(fields["rootfs"]); err != nil {
		return nil, err
	}
	if err := parseContainer(&p, &c.Container); err != nil {
		return nil, err
	}
	if c.History, err = parseHistory(&p); err != nil {
		return nil, err
	}
	return c, nil
}

func parseDiffIDs(rootfs json.RawMessage) ([]Digest, error) {
	if rootfs == nil {
		return nil, nil
	}
	fields, err := object(rootfs)
	if err != nil {
		return nil, malformed("the image config's rootfs: %v", err)
	}
	if fields["diff_ids"] == nil {
		return nil, nil
	}
	list, err := array(fields["diff_ids"], MaxLayers)
	if err != nil {
		return nil, wrapList(err, "the image config's diff_ids")
	}
	var ids []Digest
	for i, raw := range list {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, malformed("diff_id %d of the image config is no text", i+1)
		}
		d, err := ParseDigest(s)
		if err != nil {
			return nil, malformed("diff_id %d of the image config: %v", i+1, err)
		}
		ids = append(ids, d)
	}
	return ids, nil
}

func parseContainer(top *fieldReader, c *ContainerConfig) error {
	raw := top.fields["config"]
	if raw == nil {
		return nil
	}
	if raw[0] != '{' {
		top.note("config")
		return nil
	}
	fields, err := object(raw)
	if err != nil {
		return malformed("the image config's field \"config\": %v", err)
	}
	p := fieldReader{fields: fields, odd: top.odd, prefix: "config."}
	p.read("User", &c.User)
	p.read("WorkingDir", &c.WorkingDir)
	p.read("StopSignal", &c.StopSignal)
	c.Env = p.texts("Env")
	c.Entrypoint = p.texts("Entrypoint")
	c.Cmd = p.texts("Cmd")
	c.OnBuild = p.texts("OnBuild")
	c.Shell = p.texts("Shell")
	c.ExposedPorts = p.set("ExposedPorts")
	c.Volumes = p.set("Volumes")
	var labels map[string]string
	p.read("Labels", &labels)
	if len(labels) > maxElements {
		p.note("Labels")
		labels = nil
	}
	c.Labels = labels
	if raw := fields["Healthcheck"]; raw != nil {
		if _, err := object(raw); err != nil {
			p.note("Healthcheck")
		} else {
			c.Healthcheck = raw
		}
	}
	return nil
}

func parseHistory(p *fieldReader) ([]History, error) {
	raw := p.fields["history"]
	if raw == nil {
		return nil, nil
	}
	list, err := array(raw, MaxHistory)
	if err != nil {
		if pe, ok := err.(*ParseError); ok {
			return nil, wrapList(pe, "the image config's history")
		}
		p.note("history")
		return nil, nil
	}
	var lines []History
	for i, raw := range list {
		var h History
		fields, err := object(raw)
		if err != nil {
			p.note(fmt.Sprintf("history[%d]", i))
			lines = append(lines, h)
			continue
		}
		line := fieldReader{fields: fields, odd: p.odd, prefix: fmt.Sprintf("history[%d].", i)}
		line.read("created", &h.Created)
		line.read("created_by", &h.CreatedBy)
		line.read("author", &h.Author)
		line.read("comment", &h.Comment)
		line.read("empty_layer", &h.EmptyLayer)
		lines = append(lines, h)
	}
	return lines, nil
}

// fieldReader reads fields of one object and notes those that do not fit.
type fieldReader struct {
	fields map[string]json.RawMessage
	odd    *[]string
	prefix string
}

// maxOdd bounds the list of odd fields.
const maxOdd = 100

func (p *fieldReader) note(name string) {
	if len(*p.odd) < maxOdd {
		*p.odd = append(*p.odd, p.prefix+name)
	}
}

// read decodes one field; where the type does not fit, into is left alone.
func (p *fieldReader) read(name string, into any) {
	raw := p.fields[name]
	if raw == nil {
		return
	}
	if err := json.Unmarshal(raw, into); err != nil {
		p.note(name)
		switch v := into.(type) { // Unmarshal may have begun to fill it
		case *string:
			*v = ""
		case *bool:
			*v = false
		case *map[string]string:
			*v = nil
		}
	}
}

func (p *fieldReader) texts(name string) []string {
	raw := p.fields[name]
	if raw == nil {
		return nil
	}
	list, err := array(raw, maxElements)
	if err != nil {
		p.note(name)
		return nil
	}
	var out []string
	for _, e := range list {
		var s *string
		if err := json.Unmarshal(e, &s); err != nil || s == nil {
			p.note(name)
			return nil
		}
		out = append(out, *s)
	}
	return out
}

// set reads an object that is used as a set: the values say nothing.
func (p *fieldReader) set(name string) map[string]struct{} {
	raw := p.fields[name]
	if raw == nil {
		return nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || len(m) > maxElements {
		p.note(name)
		return nil
	}
	keys := make(map[string]struct{}, len(m))
	for k := range m {
		keys[k] = struct{}{}
	}
	return keys
}
