package catalog

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"landwaiter.dev/image"
)

// MavenLock reads what Java projects pin: Gradle's lock files, and the dependencies of a pom.xml that have a literal
// version. Ranges, variables and what a parent decides are no versions.
func MavenLock() Cataloger {
	return lockCataloger("maven-lock", "Declared Java libraries: gradle.lockfile, pom.xml with literal versions.", image.Maven,
		Want{Names: []string{"pom.xml"}, Suffixes: []string{".lockfile"}}, []string{"META-INF", ".m2"},
		func(data []byte, p *pins) error {
			if p.file.Path.Base() == "pom.xml" {
				return readPOM(data, p)
			}
			readGradleLock(data, p)
			return nil
		})
}

// readGradleLock reads "group:artifact:version=configurations"; a comment and "empty=" may stand beside.
func readGradleLock(data []byte, p *pins) {
	gradle := false
	for raw := range bytes.Lines(data) {
		line := strings.TrimSpace(string(raw[:min(len(raw), maxLine)]))
		gradle = gradle || strings.Contains(line, "Gradle generated file")
		if line == "" || line[0] == '#' || strings.HasPrefix(line, "empty=") {
			continue
		}
		id, used, _ := strings.Cut(line, "=")
		parts := strings.Split(id, ":")
		if len(parts) != 3 {
			if gradle {
				p.bad++
			}
			continue
		}
		p.addIn(parts[0], parts[1], parts[2], onlyTests(used))
	}
}

// onlyTests says whether all of Gradle's configurations are those of tests.
func onlyTests(used string) bool {
	for c := range strings.SplitSeq(used, ",") {
		if !strings.HasPrefix(c, "test") {
			return false
		}
	}
	return true
}

// maxXMLDepth bounds the nesting of a pom.xml.
const maxXMLDepth = 200

// readPOM reads project/dependencies/dependency.
func readPOM(data []byte, p *pins) error {
	d := tolerantXML(data)
	var path []string
	var fields map[string]string
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("not well-formed XML: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if path = append(path, t.Name.Local); len(path) > maxXMLDepth {
				return fmt.Errorf("elements nest more than %d deep", maxXMLDepth)
			}
			if pomDependency(path) && len(path) == 3 {
				fields = map[string]string{}
			}
		case xml.CharData:
			if pomDependency(path) && len(path) == 4 && len(t)+len(fields[path[3]]) < maxTextLength {
				fields[path[3]] += strings.TrimSpace(string(t))
			}
		case xml.EndElement:
			if pomDependency(path) && len(path) == 3 {
				pinPOM(fields, p)
			}
			if len(path) > 0 {
				path = path[:len(path)-1]
			}
		}
	}
}

func pomDependency(path []string) bool {
	return len(path) >= 3 && path[0] == "project" && path[1] == "dependencies" && path[2] == "dependency"
}

func pinPOM(f map[string]string, p *pins) {
	version := strings.TrimSpace(f["version"])
	if exact, ok := strings.CutPrefix(version, "["); ok && strings.HasSuffix(exact, "]") && !strings.Contains(exact, ",") {
		version = strings.TrimSuffix(exact, "]") // [1.2] means 1.2 and nothing else
	}
	if version == "" || !literal(version) || !literal(f["groupId"]) || !literal(f["artifactId"]) {
		return
	}
	p.addIn(f["groupId"], f["artifactId"], version, f["scope"] == "test")
}
