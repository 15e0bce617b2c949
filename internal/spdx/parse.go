package spdx

import (
	"errors"
	"strings"
)

// ErrSyntax says that a text is no expression.
var ErrSyntax = errors.New("this is no SPDX licence expression")

// Parse reads an expression as it is written: operands keep their order and may come twice, and names are not looked at.
// Operators are read in any case.
func Parse(s string) (*Node, error) {
	if len(s) > MaxLength {
		return nil, ErrSyntax
	}
	licenses := 0
	r := Reader{
		Name: func(words string) (*Node, bool) {
			licenses++
			return One(words), !strings.Contains(words, " ") && licenses <= MaxLicenses
		},
		With: func(base *Node, exception string, parentheses bool) (*Node, bool) {
			if parentheses || strings.Contains(exception, " ") {
				return nil, false
			}
			return One(base.ID + " WITH " + exception), true
		},
		Join: func(op Op, list []*Node) *Node {
			if len(list) == 1 {
				return list[0]
			}
			return &Node{Op: op, Sub: list}
		},
	}
	n, ok := r.Read(tokens(s))
	if !ok {
		return nil, ErrSyntax
	}
	return n, nil
}

var operators = map[string]Kind{"AND": OpAnd, "OR": OpOr, "WITH": OpWith, "(": Open, ")": Close}

func tokens(s string) []Token {
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
	list := make([]Token, len(words))
	for i, w := range words {
		list[i] = Token{operators[strings.ToUpper(w)], w}
	}
	return list
}
