package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxJSONDepth bounds how deep what nobody asked for may be nested.
const maxJSONDepth = 1000

// cursor goes through JSON text once, from left to right, and gives what it is asked for as parts of that text. It is for
// the hundreds of thousands of records of a bundle, of which most of the text is not wanted. It accepts what encoding/json
// accepts. After a failure it stands at the end, and everything that is asked is empty.
type cursor struct {
	text  string
	pos   int
	err   error
	stack []byte
}

// fail keeps the first error.
func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.pos = len(c.text)
}

func (c *cursor) syntax() {
	if c.pos >= len(c.text) {
		c.fail(errors.New("it ends in the middle"))
		return
	}
	c.fail(fmt.Errorf("%q at %d does not belong there", c.text[c.pos], c.pos))
}

// peek is the next byte that is not white space; 0 at the end.
func (c *cursor) peek() byte {
	for ; c.pos < len(c.text); c.pos++ {
		switch b := c.text[c.pos]; b {
		case ' ', '\t', '\n', '\r':
		default:
			return b
		}
	}
	return 0
}

// kind says what the next value is, in words.
func (c *cursor) kind() string {
	switch c.peek() {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "bool"
	default:
		return "number"
	}
}

// opens says whether the next value, that of key, begins with b; null is taken for none, anything else is an error.
func (c *cursor) opens(b byte, key string) bool {
	switch next := c.peek(); {
	case c.err != nil:
		return false
	case next == b:
		return true
	case next == 'n':
		c.skip()
	case next == 0 || next == ',' || next == ']' || next == '}' || next == ':':
		c.syntax()
	default:
		kind := c.kind()
		if c.skip(); c.err == nil {
			c.fail(fmt.Errorf("the value of %q is a %s", key, kind))
		}
	}
	return false
}

// object calls field with each key of the object that is the value of key; field takes the value.
func (c *cursor) object(key string, field func(key string)) {
	if !c.opens('{', key) {
		return
	}
	c.pos++
	if c.peek() == '}' {
		c.pos++
		return
	}
	for c.err == nil {
		if c.peek() != '"' {
			c.syntax()
			return
		}
		name := c.quoted()
		if c.peek() != ':' {
			c.syntax()
			return
		}
		c.pos++
		field(name)
		if !c.more('}') {
			return
		}
	}
}

// array calls element for each element of the array that is the value of key; element takes it.
func (c *cursor) array(key string, element func()) {
	if !c.opens('[', key) {
		return
	}
	c.pos++
	if c.peek() == ']' {
		c.pos++
		return
	}
	for c.err == nil {
		element()
		if !c.more(']') {
			return
		}
	}
}

// more takes a comma, or the end.
func (c *cursor) more(end byte) bool {
	next := c.peek()
	if c.err != nil || next != ',' && next != end {
		c.syntax()
		return false
	}
	c.pos++
	return next == ','
}

// str takes the string that is the value of key.
func (c *cursor) str(key string) string {
	if !c.opens('"', key) {
		return ""
	}
	return c.quoted()
}

// strs takes an array of strings.
func (c *cursor) strs(key string) (list []string) {
	c.array(key, func() { list = append(list, c.str(key)) })
	return list
}

// word takes a string, or passes over what is none.
func (c *cursor) word() string {
	if c.peek() == '"' {
		return c.quoted()
	}
	c.skip()
	return ""
}

// quoted takes a string. What is no UTF-8 is replaced.
func (c *cursor) quoted() string {
	start := c.pos
	end, plain := c.endOfString()
	if c.err != nil {
		return ""
	}
	if c.pos = end; plain {
		return c.text[start+1 : end-1]
	}
	raw := c.text[start:end]
	if strings.IndexByte(raw, '\\') < 0 {
		if raw = raw[1 : len(raw)-1]; utf8.ValidString(raw) {
			return raw
		}
		return strings.ToValidUTF8(raw, "\uFFFD")
	}
	var s string
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		c.fail(err)
	}
	return s
}

// endOfString looks for the end of the string that begins here; plain says that it stands for itself.
func (c *cursor) endOfString() (end int, plain bool) {
	plain = true
	for i := c.pos + 1; i < len(c.text); i++ {
		switch b := c.text[i]; {
		case b == '"':
			return i + 1, plain
		case b == '\\':
			plain = false
			i++
		case b < 0x20:
			c.pos = i
			c.syntax()
			return 0, false
		case b >= utf8.RuneSelf:
			plain = false
		}
	}
	c.pos = len(c.text)
	c.syntax()
	return 0, false
}

// skip passes over a value, however it is nested.
func (c *cursor) skip() {
	c.stack = c.stack[:0]
	for c.err == nil {
		// One value, or the beginning of one.
		switch b := c.peek(); b {
		case '{', '[':
			if len(c.stack) == maxJSONDepth {
				c.fail(errors.New("exceeded max depth"))
				return
			}
			c.pos++
			if c.peek() == b+2 { // } and ] follow two places behind
				c.pos++
				break
			}
			c.stack = append(c.stack, b+2)
			if b == '{' {
				c.key()
			}
			continue
		case '"':
			c.skipString()
		default:
			c.literal()
		}
		// After a value: what encloses it goes on, or ends.
		for len(c.stack) > 0 && c.err == nil {
			top := c.stack[len(c.stack)-1]
			if c.more(top) {
				if top == '}' {
					c.key()
				}
				break
			}
			c.stack = c.stack[:len(c.stack)-1]
		}
		if len(c.stack) == 0 {
			return
		}
	}
}

// key passes over the key of an object's member and the colon.
func (c *cursor) key() {
	if c.peek() != '"' {
		c.syntax()
		return
	}
	c.skipString()
	if c.peek() != ':' {
		c.syntax()
		return
	}
	c.pos++
}

// skipString passes over a string. Escapes in it must be some that JSON has.
func (c *cursor) skipString() {
	start := c.pos
	end, plain := c.endOfString()
	if c.err != nil {
		return
	}
	if c.pos = end; !plain && strings.IndexByte(c.text[start:end], '\\') >= 0 && !json.Valid([]byte(c.text[start:end])) {
		c.pos = start
		c.syntax()
	}
}

// literal passes over a number, true, false or null.
func (c *cursor) literal() {
	start := c.pos
	for c.pos < len(c.text) && strings.IndexByte(" \t\r\n,]}:\"[{", c.text[c.pos]) < 0 {
		c.pos++
	}
	switch word := c.text[start:c.pos]; word {
	case "null", "true", "false":
	default:
		if !json.Valid([]byte(word)) {
			c.pos = start
			c.syntax()
		}
	}
}

// end checks that nothing follows.
func (c *cursor) end() error {
	if c.err == nil && c.peek() != 0 || c.err == nil && c.pos < len(c.text) {
		c.syntax()
	}
	return c.err
}
