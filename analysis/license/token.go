package license

import (
	"strings"

	"landwaiter.dev/internal/spdx"
)

// scanner cuts what people write into words and operators.
type scanner struct{ tokens []spdx.Token }

func (p *scanner) add(kind spdx.Kind, text string) {
	if n := len(p.tokens); n > 0 && p.tokens[n-1].Kind == spdx.OpList && (kind == spdx.OpAnd || kind == spdx.OpOr) {
		p.tokens[n-1].Kind = map[spdx.Kind]spdx.Kind{spdx.OpAnd: spdx.OpLowAnd, spdx.OpOr: spdx.OpLowOr}[kind]
		return
	}
	p.tokens = append(p.tokens, spdx.Token{Kind: kind, Text: text})
}

// scan cuts s into tokens.
func (p *scanner) scan(s string) bool {
	start := -1
	flush := func(end int) {
		if start >= 0 {
			p.word(s[start:end])
			start = -1
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '(' && strings.HasPrefix(s[i:], "(>") || c == '(' && strings.HasPrefix(s[i:], "(=="): // R: GPL (>= 2)
			end := strings.IndexByte(s[i:], ')')
			if end < 0 {
				return false
			}
			flush(i)
			version := strings.Trim(s[i:i+end], "(>= ")
			if n := len(p.tokens); n > 0 && p.tokens[n-1].Kind == spdx.Word {
				p.tokens[n-1].Text += "-" + version
				if s[i+1] == '>' {
					p.tokens[n-1].Text += "+"
				}
			}
			i += end
		case c == '(':
			flush(i)
			p.add(spdx.Open, "(")
		case c == ')':
			flush(i)
			p.add(spdx.Close, ")")
		case c == ',' || c == ';' || c == '\n':
			flush(i)
			p.add(spdx.OpList, ",")
		case c == '|':
			flush(i)
			p.add(spdx.OpOr, "|")
		case c == '&':
			flush(i)
			p.add(spdx.OpAnd, "&")
		case c == ' ' || c == '\t':
			flush(i)
		case start < 0:
			start = i
		}
	}
	flush(len(s))
	return len(p.tokens) > 0
}

// word adds a word, an operator in letters, or the parts of "MIT/Apache-2.0".
func (p *scanner) word(w string) {
	switch strings.ToLower(w) {
	case "and", "+":
		p.add(spdx.OpAnd, w)
		return
	case "or", "/":
		p.add(spdx.OpOr, w)
		return
	case "with":
		p.add(spdx.OpWith, w)
		return
	}
	if !strings.Contains(w, "/") || lookup(w) != nil || strings.Contains(w, "://") {
		p.add(spdx.Word, w)
		return
	}
	for i, part := range strings.Split(w, "/") {
		if i > 0 {
			p.add(spdx.OpOr, "/")
		}
		if part != "" {
			p.add(spdx.Word, part)
		}
	}
}
