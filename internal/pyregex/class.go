package pyregex

import (
	"strconv"
	"strings"
	"unicode"
)

// set is a class of characters: ranges and the categories d D s S w W.
type set struct {
	negate     bool
	ranges     []span
	categories []rune
}

type span struct{ lo, hi rune }

// class reads what follows "[", up to and with "]".
func (p *parser) class() (*set, error) {
	s := &set{negate: p.accept('^')}
	for empty := true; ; empty = false {
		r := p.peek()
		if r == -1 {
			return nil, p.errorf("unterminated character set")
		}
		if r == ']' && !empty {
			p.at++
			return s, nil
		}
		lo, category, err := p.classItem()
		if err != nil {
			return nil, err
		}
		if !p.accept('-') {
			s.add(lo, lo, category)
			continue
		}
		if p.peek() == ']' { // a "-" at the end is itself
			s.add(lo, lo, category)
			s.add('-', '-', false)
			continue
		}
		if p.peek() == -1 {
			return nil, p.errorf("unterminated character set")
		}
		hi, category2, err := p.classItem()
		if err != nil {
			return nil, err
		}
		if category || category2 || hi < lo {
			return nil, p.errorf("bad character range")
		}
		s.add(lo, hi, false)
	}
}

func (s *set) add(lo, hi rune, category bool) {
	if category {
		s.categories = append(s.categories, lo)
		return
	}
	s.ranges = append(s.ranges, span{lo, hi})
}

func (p *parser) classItem() (r rune, category bool, err error) {
	if !p.accept('\\') {
		r = p.peek()
		p.at++
		return r, false, nil
	}
	if r = p.peek(); r != -1 && strings.ContainsRune("dDsSwW", r) {
		p.at++
		return r, true, nil
	}
	r, err = p.character(true)
	return r, false, err
}

// character reads the escape of one character after the backslash.
func (p *parser) character(inClass bool) (rune, error) {
	r := p.peek()
	if r == -1 {
		return 0, p.errorf("bad escape (end of pattern)")
	}
	p.at++
	switch r {
	case 'a':
		return '\a', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'v':
		return '\v', nil
	case 'x':
		return p.hex(2)
	case 'u':
		return p.hex(4)
	case 'U':
		return p.hex(8)
	}
	switch {
	case r == 'b' && inClass:
		return '\b', nil
	case r == '0' || inClass && isOctal(r):
		v := r - '0'
		for range 2 {
			if d := p.peek(); isOctal(d) {
				v = v*8 + d - '0'
				p.at++
			}
		}
		if v > 0o377 {
			return 0, p.errorf("octal escape outside of range 0-0o377")
		}
		return v, nil
	case isDigit(r) || r < unicode.MaxASCII && unicode.IsLetter(r):
		return 0, p.errorf("bad escape \\%c", r)
	}
	return r, nil
}

func (p *parser) hex(digits int) (rune, error) {
	if p.at+digits > len(p.in) {
		return 0, p.errorf("incomplete escape")
	}
	v, err := strconv.ParseUint(string(p.in[p.at:p.at+digits]), 16, 32)
	if err != nil || v > unicode.MaxRune || v >= 0xD800 && v < 0xE000 {
		return 0, p.errorf("bad escape")
	}
	p.at += digits
	return rune(v), nil
}

// asciiTexts are the categories as they fall on ASCII texts, in the words of the linear engine; the negated ones reach to
// the end of Unicode. asciiFlag are those under "(?a)", which has fewer blanks, in words that both engines understand.
var (
	asciiTexts = map[rune]string{
		'd': `0-9`,
		'D': `\x00-/:-\x{10FFFF}`,
		's': `\t-\r\x1c-\x20`,
		'S': `\x00-\x08\x0e-\x1b!-\x{10FFFF}`,
		'w': `0-9A-Za-z_`,
		'W': "\\x00-/:-@\\[-\\^`{-\\x{10FFFF}",
	}
	asciiFlag = map[rune]string{
		'd': asciiTexts['d'],
		'D': asciiTexts['D'],
		's': `\t-\r\x20`,
		'S': `\x00-\x08\x0e-\x1f!-\x{10FFFF}`,
		'w': asciiTexts['w'],
		'W': asciiTexts['W'],
	}
)

// unicodeCategories in the words of the backtracking engine: what Python's str.isdecimal, isspace and isalnum say. The
// negated ones have no safe form inside a class there; see [set.alternatives].
var unicodeCategories = map[rune]string{
	'd': `\p{Nd}`,
	's': `\t-\r\x1c-\x20\x85\p{Z}`,
	'w': `\p{L}\p{N}_`,
}

// body writes the inside of a class.
func (s *set) body(categories map[rune]string) string {
	var b strings.Builder
	for _, r := range s.ranges {
		classRune(&b, r.lo)
		if r.hi != r.lo {
			b.WriteByte('-')
			classRune(&b, r.hi)
		}
	}
	for _, c := range s.categories {
		b.WriteString(categories[c])
	}
	return b.String()
}

// classRune writes a rune so that no engine gives it a meaning inside a class.
func classRune(b *strings.Builder, r rune) {
	switch {
	case r < ' ' || r == 0x7f || r == '-': // the backtracking engine reads "\\-" after a range's dash as its own
		b.WriteString(`\x`)
		b.WriteByte("0123456789abcdef"[r>>4])
		b.WriteByte("0123456789abcdef"[r&15])
	case r < unicode.MaxASCII && !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != ' ' && r != '_':
		b.WriteByte('\\')
		b.WriteRune(r)
	default:
		b.WriteRune(r)
	}
}
