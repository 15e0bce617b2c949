package catalog

import (
	"bytes"
	"strings"
)

// jarFacts is what one archive says about itself.
type jarFacts struct {
	base     string // file name
	manifest map[string]string
	poms     []jarPom
	classes  string // as classRoot gives it
}

// jarPom holds the coordinates of one pom.properties.
type jarPom struct{ group, artifact, version string }

// jarHeaders are the wanted headers of a manifest's main section, in lower case.
var jarHeaders = map[string]bool{
	"specification-version": true, "specification-vendor": true,
	"implementation-title": true, "implementation-version": true, "implementation-vendor": true, "implementation-url": true,
	"bundle-symbolicname": true, "bundle-version": true, "bundle-vendor": true, "bundle-license": true, "bundle-docurl": true,
	"short-name": true, "plugin-version": true, "group-id": true, "url": true,
}

// parseManifest reads the main section of a manifest (JAR file specification): "Name: value" lines, continued by
// lines that begin with a blank, up to the first empty line. The first of two equal names counts.
func parseManifest(data []byte) map[string]string {
	m := map[string]string{}
	last := ""
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			if len(m) > 0 || last != "" {
				break
			}
			continue
		}
		if line[0] == ' ' {
			if jarHeaders[last] && len(m[last]) <= maxTextLength {
				m[last] += string(line[1:])
			}
			continue
		}
		key, value, ok := bytes.Cut(line, []byte(":"))
		last = strings.ToLower(string(key[:min(len(key), 64)]))
		if _, twice := m[last]; !ok || twice {
			last = "-"
			continue
		}
		if jarHeaders[last] {
			m[last] = string(bytes.TrimPrefix(value, []byte(" ")))
		}
	}
	for k, v := range m {
		if v = declaredText(v); v == "" || strings.Contains(v, "${") {
			delete(m, k)
		} else {
			m[k] = v
		}
	}
	return m
}

// parsePom reads pom.properties (java.util.Properties). Its place, META-INF/maven/<groupId>/<artifactId>/, fills in for
// a group or artifact that the file does not say; one that says neither artifact nor version gives nothing.
func parsePom(data []byte, name string) jarPom {
	kv := map[string]string{}
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' || line[0] == '!' {
			continue
		}
		if i := bytes.IndexAny(line, "=:"); i > 0 && i < 64 {
			kv[string(bytes.TrimSpace(line[:i]))] = string(bytes.TrimSpace(line[i+1:]))
		}
	}
	value := func(key string) string {
		v, ok := declaredName(kv[key])
		if !ok || strings.Contains(v, "${") || strings.Contains(v, "@") {
			return ""
		}
		return v
	}
	p := jarPom{value("groupId"), value("artifactId"), value("version")}
	if p.artifact == "" && p.version == "" {
		return jarPom{}
	}
	if parts := strings.Split(name[strings.LastIndex(name, "META-INF/maven/")+len("META-INF/maven/"):], "/"); len(parts) == 3 {
		if g, ok := declaredName(parts[0]); ok && p.group == "" {
			p.group = g
		}
		if a, ok := declaredName(parts[1]); ok && p.artifact == "" {
			p.artifact = a
		}
	}
	return p
}
