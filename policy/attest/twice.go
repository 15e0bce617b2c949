package attest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// twice says which key an object of a valid document gives more than once: readers differ in which one counts, so that what
// one of them verifies another may see otherwise. Keys that differ in the case of letters are the same for some readers, and
// here, except in facts, whose keys are names from elsewhere.
func twice(document []byte) error {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	type level struct {
		keys  map[string]bool // nil in an array
		value bool            // a key was read, its value comes next
		exact bool
		facts bool // that value is facts
	}
	var stack []level
	ended := func() {
		if n := len(stack); n > 0 {
			stack[n-1].value = false
		}
	}
	for {
		token, err := d.Token()
		if err != nil {
			return nil // the end: the document is valid
		}
		top := &level{}
		if n := len(stack); n > 0 {
			top = &stack[n-1]
		}
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{':
				stack = append(stack, level{keys: map[string]bool{}, exact: top.exact || top.facts})
			case '[':
				stack = append(stack, level{exact: top.exact || top.facts})
			default:
				stack = stack[:len(stack)-1]
				ended()
			}
			continue
		case string:
			if top.keys != nil && !top.value {
				key := t
				if !top.exact {
					key = strings.Map(folded, t)
				}
				if top.keys[key] {
					return fmt.Errorf("the key %.80q is given twice", t)
				}
				top.keys[key], top.value, top.facts = true, true, t == "facts"
				continue
			}
		}
		ended()
	}
}

// folded is the least of the letters that differ from r in case alone.
func folded(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
