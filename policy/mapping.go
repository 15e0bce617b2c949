package policy

import (
	"encoding/json"
	"strings"

	"landwaiter.dev/internal/pyregex"
)

// pattern is what mapping rules and allowlists match with: literal text in which "*" stands for any characters, the whole
// of which must match, or after "regexp:" a regular expression that is matched from the start.
type pattern struct {
	parts []string // between the wildcards
	re    *pyregex.Regexp
}

const regexpPrefix = "regexp:"

func compilePattern(s string) (pattern, error) {
	if expression, ok := strings.CutPrefix(s, regexpPrefix); ok {
		re, err := pyregex.Compile(expression)
		return pattern{re: re}, err
	}
	return pattern{parts: strings.Split(s, "*")}, nil
}

// isLiteral says whether the text matches nothing but itself.
func isLiteral(s string) bool {
	return !strings.HasPrefix(s, regexpPrefix) && !strings.Contains(s, "*")
}

// matcher matches a regular expression within the limits of an evaluation.
type matcher func(re *pyregex.Regexp, text string) (bool, error)

func (p *pattern) match(m matcher, text string) (bool, error) {
	if p.re != nil {
		return m(p.re, text)
	}
	first, last := p.parts[0], p.parts[len(p.parts)-1]
	if len(p.parts) == 1 {
		return text == first, nil
	}
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false, nil
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range p.parts[1 : len(p.parts)-1] {
		_, rest, found := strings.Cut(text, part)
		if !found {
			return false, nil
		}
		text = rest
	}
	return true, nil
}

// imageRule selects images by name and by tag, digest or id.
type imageRule struct {
	raw                       json.RawMessage
	registry, repository, tag pattern
	imageType, value          string
}

// mappingRule says which policies and allowlists apply to the images it selects.
type mappingRule struct {
	imageRule
	policies, allowlists []string // ids, in order
}

// target is an image as mapping rules see it.
type target struct {
	registry, repository, tag string
	digest, id                string
}

// unmapped is the tag of an image without one; it matches only patterns for any tag, and those that spell it.
const unmapped = "*/*:*"

// newTarget takes a full tag apart by the rules of /v1: nothing is refused, since any tag may be tried out.
func newTarget(fullTag, digest, id string) target {
	t := target{registry: "docker.io", tag: "latest", digest: digest, id: id}
	rest := fullTag
	if host, path, ok := strings.Cut(fullTag, "/"); ok && (strings.ContainsAny(host, ":.") || host == "localhost" || host == "localbuild") {
		t.registry, rest = host, path
	}
	if name, _, byDigest := strings.Cut(rest, "@"); byDigest {
		t.repository, t.tag = name, ""
	} else if i := strings.LastIndexByte(rest, ':'); i >= 0 {
		t.repository, t.tag = rest[:i], rest[i+1:]
	} else {
		t.repository = rest
	}
	return t
}

// completeTag is the full tag under which an image is evaluated and shown.
func completeTag(tag string) string {
	if tag == "" {
		return unmapped
	}
	if rest, ok := strings.CutPrefix(tag, "dockerhub/"); ok {
		return "docker.io/" + rest
	}
	return tag
}

func (r *imageRule) selects(m matcher, t *target) (bool, error) {
	for _, test := range []struct {
		p    *pattern
		text string
	}{{&r.registry, t.registry}, {&r.repository, t.repository}} {
		if ok, err := test.p.match(m, test.text); !ok || err != nil {
			return false, err
		}
	}
	switch r.imageType {
	case "digest":
		return r.value == t.digest, nil
	case "id":
		return r.value == t.id, nil
	default:
		return r.tag.match(m, t.tag)
	}
}
