package feed

import (
	"regexp"
	"slices"
	"strconv"

	"landwaiter.dev/advisory"
)

// specific is what is read of the free-form parts, whoever wrote them; values of other types count as absent.
type specific struct {
	severity, urgency, informational string
	// scores are CVSS base scores without a vector, of version 4, 3 and 2, as RubySec has them; "" for none.
	scores [3]string
	// systems are the operating systems, else the architectures, to which all imports of a Go record are limited.
	systems []string
	// fixes are the versions that mend it, where they are named beside the ranges; unfixed says that there is none.
	fixes   []advisory.NamedFix
	unfixed bool
}

// specific takes the words that matter of a free-form part.
func (c *cursor) specific() (s specific) {
	c.lenient(func(key string) {
		switch key {
		case "severity":
			s.severity = c.word()
		case "urgency":
			s.urgency = c.word()
		case "informational":
			s.informational = c.word()
		case "cvss_score":
			c.lenient(func(key string) {
				if i := slices.Index([]string{"cvss_v4", "cvss_v3", "cvss_v2"}, key); i >= 0 {
					s.scores[i] = c.number()
					return
				}
				c.skip()
			})
		case "fixedin":
			c.fixedin(&s)
		case "patched_versions":
			c.patched(&s)
		case "imports":
			s.systems = c.imports()
		default:
			c.skip()
		}
	})
	return s
}

// lenient is object for what may be anything else, which is passed over.
func (c *cursor) lenient(field func(key string)) {
	if c.peek() != '{' {
		c.skip()
		return
	}
	c.object("", field)
}

// list takes an array, or passes over what is none.
func (c *cursor) list(element func()) {
	if c.peek() != '[' {
		c.skip()
		return
	}
	c.array("", element)
}

// number takes the text of a number, or passes over what is none.
func (c *cursor) number() string {
	start := c.peekAt()
	c.skip()
	if text := c.text[start:c.pos]; c.err == nil && text != "" && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') {
		return text
	}
	return ""
}

// peekAt is where the next value begins.
func (c *cursor) peekAt() int {
	c.peek()
	return c.pos
}

// maxSystems bounds how many systems of a record are kept.
const maxSystems = 64

var systemPattern = regexp.MustCompile(`^[a-z0-9]{1,20}$`)

// imports takes what a record of the Go vulnerability database says of its packages: the systems that it is limited to,
// nil when an import is not.
func (c *cursor) imports() []string {
	var systems, machines []string
	anySystem, anyMachine := false, false
	take := func(all *[]string) (limited bool) {
		c.list(func() {
			if s := c.word(); systemPattern.MatchString(s) {
				limited = true
				if len(*all) < maxSystems && !slices.Contains(*all, s) {
					*all = append(*all, s)
				}
			}
		})
		return limited
	}
	c.list(func() {
		onSystem, onMachine := false, false
		c.lenient(func(key string) {
			switch key {
			case "goos":
				onSystem = take(&systems)
			case "goarch":
				onMachine = take(&machines)
			default:
				c.skip()
			}
		})
		anySystem, anyMachine = anySystem || !onSystem, anyMachine || !onMachine
	})
	switch {
	case !anySystem:
		return systems
	case !anyMachine:
		return machines
	}
	return nil
}

// scored is the severity that the scores mean, the latest version of CVSS first; "" when there is none.
func (s *specific) scored() string {
	for i, version := range []string{"4.0", "3.1", "2.0"} {
		if n, err := strconv.ParseFloat(s.scores[i], 64); err == nil && n >= 0 && n <= 10 {
			return advisory.SeverityOfScore(version, n).String()
		}
	}
	return ""
}
