package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"landwaiter.dev/image"
)

// PEAR reads the registry of PHP's older package managers, PEAR and PECL: .registry/[.channel.NAME/]*.reg, a PHP array
// in PHP's serialised form.
func PEAR() Cataloger {
	return Cataloger{
		Name:     "pear",
		Revision: 1,
		Doc:      "Installed PEAR and PECL packages: .registry/*.reg.",
		Want:     Want{Parents: map[string][]string{"/.registry": {"*.reg"}, "/.registry/*": {"*.reg"}}},
		Read:     readPEAR,
	}
}

func readPEAR(f *File, found *Found) error {
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	m := map[string]string{}
	err = phpScalars(data, func(path []string, value string) {
		switch {
		case len(path) == 1:
			switch path[0] {
			case "name", "package", "channel", "version", "license", "release_license":
				m[path[0]] = value
			}
		case len(path) == 2 && path[0] == "version" && path[1] == "release":
			m["version"] = value
		case len(path) == 2 && path[0] == "license" && path[1] == "_content":
			m["license"] = value
		}
	})
	p := image.Package{Type: image.PEAR, Location: f.Path, Licenses: declaredTexts([]string{firstOf(m["license"], m["release_license"])})}
	var okName, okVersion bool
	p.Name, okName = declaredName(firstOf(m["name"], m["package"]))
	p.Version, okVersion = declaredVersion(m["version"])
	if !okName || !okVersion {
		return errors.Join(errors.New("the record has no valid name and version"), err)
	}
	extra(&p, "channel", firstOf(m["channel"], "pear.php.net"))
	found.Packages = append(found.Packages, p)
	return err
}

var errPHP = errors.New("not well-formed serialised PHP")

// maxPHPDepth bounds the nesting of arrays.
const maxPHPDepth = 64

// phpScalars calls scalar for each string or number inside the array that data holds, with its keys from the outside. It
// makes no objects, and refuses data that has some.
func phpScalars(data []byte, scalar func(path []string, value string)) error {
	var path []string // keys of the open arrays; the last one is of the next value
	keyed := false    // the last element of path waits for its value
	depth := 0
	for pos := 0; pos < len(data); {
		if data[pos] == '}' {
			if depth--; depth < 0 || keyed {
				return fmt.Errorf("%w: at byte %d", errPHP, pos)
			}
			if pos++; depth == 0 {
				return nil
			}
			path = path[:depth-1]
			continue
		}
		if data[pos] == 'a' { // a:3:{
			open := bytes.IndexByte(data[pos:min(len(data), pos+24)], '{')
			if open < 0 || depth > 0 && !keyed || depth == maxPHPDepth {
				return fmt.Errorf("%w: at byte %d", errPHP, pos)
			}
			pos += open + 1
			depth++
			keyed = false
			continue
		}
		value, next, ok := phpScalar(data, pos)
		if !ok || depth == 0 {
			return fmt.Errorf("%w: at byte %d", errPHP, pos)
		}
		pos = next
		if !keyed {
			path, keyed = append(path[:depth-1], value), true
			continue
		}
		scalar(path, value)
		path, keyed = path[:depth-1], false
	}
	return fmt.Errorf("%w: it breaks off", errPHP)
}

// phpScalar reads s:3:"abc"; i:1; b:1; d:0.5; or N;
func phpScalar(data []byte, pos int) (value string, next int, ok bool) {
	rest := data[pos:]
	switch rest[0] {
	case 'N':
		return "", pos + 2, len(rest) > 1 && rest[1] == ';'
	case 'i', 'b', 'd':
		end := bytes.IndexByte(rest[:min(len(rest), 40)], ';')
		if end < 2 {
			return "", 0, false
		}
		return string(rest[2:end]), pos + end + 1, true
	case 's':
		colon := bytes.IndexByte(rest[min(2, len(rest)):min(len(rest), 24)], ':') + 2
		if colon < 3 {
			return "", 0, false
		}
		n, err := strconv.Atoi(string(rest[2:colon]))
		start := colon + 2
		if err != nil || n < 0 || n > len(rest) || start+n+2 > len(rest) || rest[start-1] != '"' || rest[start+n] != '"' {
			return "", 0, false
		}
		if n > maxTextLength { // a changelog
			return "", pos + start + n + 2, true
		}
		return string(rest[start : start+n]), pos + start + n + 2, true
	}
	return "", 0, false
}
