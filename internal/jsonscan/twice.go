package jsonscan

import (
	"fmt"
	"strconv"
	"strings"
)

// Bounds of [Twice]: what may be open at once.
const (
	maxDepth = 10_000
	maxOpen  = 200_000
)

// TwiceError says which key an object gives more than once. Readers differ in which one counts.
type TwiceError struct {
	// Path is where the key is, its own name and those above it: "artifacts.3.name".
	Path, Key string
}

func (e *TwiceError) Error() string {
	if above := strings.TrimSuffix(e.Path, e.Key); above != "" {
		return fmt.Sprintf("the key %.80q is given twice in %.200s", e.Key, strings.TrimSuffix(above, "."))
	}
	return fmt.Sprintf("the key %.80q is given twice", e.Key)
}

// Twice looks through a whole document for an object that gives a key more than once, which is a [*TwiceError]. Keys are
// compared as they are meant, whether or not they are written with escapes. A document that is too deep, or of which too
// much is open at once, is an error, too.
func Twice(data []byte) error {
	s := scanner{data: data}
	var stack []open
	keys := 0
	wanted := false // a key comes next
	for s.space(); s.pos < len(s.data); s.space() {
		switch c := s.data[s.pos]; c {
		case '{', '[':
			if len(stack) == maxDepth {
				return fmt.Errorf("it is nested more than %d deep", maxDepth)
			}
			o := open{}
			if wanted = c == '{'; wanted {
				o.keys = map[string]struct{}{}
			}
			stack = append(stack, o)
			s.pos++
		case '}', ']':
			if len(stack) == 0 {
				return s.fail("a value")
			}
			keys -= len(stack[len(stack)-1].keys)
			stack = stack[:len(stack)-1]
			wanted = false
			s.pos++
		case ',':
			if n := len(stack); n > 0 {
				stack[n-1].index++
				wanted = stack[n-1].keys != nil
			}
			s.pos++
		case '"':
			raw, err := s.string()
			if err != nil {
				return err
			}
			if !wanted {
				continue
			}
			wanted = false
			key, is := String(raw)
			if !is {
				return s.fail("a key")
			}
			top := &stack[len(stack)-1]
			top.key = key
			if _, twice := top.keys[key]; twice {
				return &TwiceError{path(stack), key}
			}
			top.keys[key] = struct{}{}
			if keys++; keys > maxOpen {
				return fmt.Errorf("its objects have more than %d keys", maxOpen)
			}
		case ':':
			s.pos++
		default:
			s.word()
		}
	}
	return nil
}

// open is an object or an array that has begun. keys is nil for an array.
type open struct {
	keys  map[string]struct{}
	key   string
	index int
}

func path(stack []open) string {
	var names []string
	for i := range stack {
		if stack[i].keys == nil {
			names = append(names, strconv.Itoa(stack[i].index))
		} else {
			names = append(names, stack[i].key)
		}
	}
	return strings.Join(names, ".")
}
