package catalog

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"landwaiter.dev/internal/yamlscan"
)

// readYarnLock reads both formats of yarn: its own (version 1) and the YAML of later versions. Both have an entry for
// each version, under the ranges that asked for it.
func readYarnLock(data []byte, p *pins) error {
	var e yarnEntry
	odd := 0
	for raw := range bytes.Lines(data) {
		line := strings.TrimRight(string(raw), " \t\r\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] != ' ':
			e.pin(p)
			e = yarnEntry{}
			wanted, ok := strings.CutSuffix(strings.TrimPrefix(line, "? "), ":")
			if ok || strings.HasPrefix(line, "? ") {
				e.wanted = strings.Trim(wanted, `"'`)
			} else if line != ":" {
				odd++
			}
		case strings.HasPrefix(line, "  ") && line[2] != ' ':
			e.field(line[2:])
		}
	}
	e.pin(p)
	if odd > 0 {
		return fmt.Errorf("%d lines are neither an entry nor part of one", odd)
	}
	return nil
}

type yarnEntry struct {
	wanted, version, resolution, link string
}

func (e *yarnEntry) field(text string) {
	key, value, ok := strings.Cut(text, " ")
	if !ok {
		return
	}
	value = strings.Trim(strings.TrimSpace(value), `"'`)
	switch strings.Trim(strings.TrimSuffix(key, ":"), `"`) {
	case "version":
		e.version = value
	case "resolution":
		e.resolution = value
	case "linkType":
		e.link = value
	}
}

func (e *yarnEntry) pin(p *pins) {
	if e.wanted == "" || e.wanted == "__metadata" || e.link == "soft" {
		return
	}
	first, _, _ := strings.Cut(e.wanted, ", ")
	name, from, _ := nameAt(strings.Trim(first, `"'`))
	if e.resolution != "" {
		name, from, _ = nameAt(e.resolution)
	}
	protocol, rest, _ := strings.Cut(from, ":")
	switch {
	case protocol == "workspace" || protocol == "link" || protocol == "file" || protocol == "portal" || strings.HasPrefix(from, "."):
		return
	case protocol == "npm" && e.resolution == "": // version 1: "alias@npm:real-name@^1.0.0"
		if real, _, ok := nameAt(rest); ok {
			name = real
		}
	case protocol == "patch": // "a@patch:a@npm%3A1.0.0#…"
		if inner, err := url.PathUnescape(rest); err == nil {
			name, _, _ = nameAt(inner)
		}
	}
	p.add(name, e.version, false)
}

// readPNPMLock reads "packages" of all versions of the format: keys are "/name/1.0.0_peers" (5), "/name@1.0.0(peers)"
// (6) or "name@1.0.0" (9). The older ones say what only development needs.
func readPNPMLock(data []byte, p *pins) error {
	var e pnpmEntry
	section, seen := "", false
	yamlscan.Lines(data, func(l yamlscan.Line) bool {
		switch {
		case l.Indent == 0:
			section, seen = l.Key, seen || l.Key == "lockfileVersion"
		case section != "packages":
		case l.Indent == 2:
			e.pin(p)
			e = pnpmEntry{key: l.Key}
		case l.Indent == 4:
			e.field(l.Key, l.Value)
		case l.Indent == 6 && l.Key == "type" && l.Value == "directory":
			e.local = true
		}
		return true
	})
	e.pin(p)
	if !seen {
		return fmt.Errorf("the file has no lockfileVersion")
	}
	return nil
}

type pnpmEntry struct {
	key, name, version string
	dev, local         bool
}

func (e *pnpmEntry) field(key, value string) {
	switch key {
	case "name":
		e.name = value
	case "version":
		e.version = value
	case "dev":
		e.dev = value == "true"
	case "resolution":
		e.local = e.local || strings.Contains(value, "type: directory")
	}
}

func (e *pnpmEntry) pin(p *pins) {
	if e.key == "" || e.local {
		return
	}
	name, version := pnpmKey(e.key)
	if e.version != "" { // what came from elsewhere than the registry says both
		name, version = firstOf(e.name, name), e.version
	} else if strings.Contains(version, ":") {
		return
	} else if !digitFirst(version) {
		p.bad++
		return
	}
	p.add(name, version, e.dev)
}

func pnpmKey(key string) (name, version string) {
	key, usual := strings.CutPrefix(key, "/")
	key, _, _ = strings.Cut(key, "(")
	if host, rest, ok := strings.Cut(key, "/"); ok && !usual && strings.Contains(host, ".") && !strings.Contains(host, "@") {
		key = rest // of a registry that is not the usual one
	}
	start := 0
	if strings.HasPrefix(key, "@") {
		start = strings.IndexByte(key, '/') + 1
	}
	i := strings.IndexAny(key[start:], "@/")
	if i < 0 {
		return key, ""
	}
	i += start
	version = key[i+1:]
	if key[i] == '/' {
		version, _, _ = strings.Cut(version, "_")
	}
	return key[:i], version
}
