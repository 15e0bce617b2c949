package spdx

import "strings"

// Kind is what a [Token] is.
type Kind byte

// The kinds of tokens. An expression by the rules has no List, LowAnd and LowOr.
const (
	Word Kind = iota
	OpAnd
	OpOr
	OpWith
	OpList   // a comma or semicolon between licences
	OpLowAnd // ", and", which binds less than "or"
	OpLowOr
	Open
	Close
)

// Token is a word, an operator or a parenthesis.
type Token struct {
	Kind Kind
	Text string
}

// Reader makes a tree of tokens: WITH binds most, then AND, OR, and what lists have.
type Reader struct {
	// List is what an OpList stands for.
	List Op
	// Name makes a licence of the words of one, joined by blanks; nil is one that says nothing and is left out. Ok is false
	// where no licence can stand for them.
	Name func(words string) (n *Node, ok bool)
	// With adds an exception to a licence, or to what stood in parentheses; ok is false where that cannot be.
	With func(base *Node, exception string, parentheses bool) (n *Node, ok bool)
	// Remark, when it is there, takes words in parentheses that follow a name, as in "MIT License (Expat)", and gives the name
	// that counts. Without it they are an error.
	Remark func(name, inner string) string
	// Join puts operands under an operator.
	Join func(op Op, list []*Node) *Node

	tokens []Token
	at     int
	failed bool
}

// Read reads one expression; false when the tokens are none, or go deeper than [MaxDepth].
func (r *Reader) Read(tokens []Token) (*Node, bool) {
	r.tokens, r.at, r.failed = tokens, 0, false
	n := r.lowest(0)
	return n, !r.failed && r.at == len(r.tokens)
}

func (r *Reader) ended() bool { return r.at == len(r.tokens) }

// next says whether the next token is of a kind.
func (r *Reader) next(k Kind) bool { return !r.ended() && r.tokens[r.at].Kind == k }

// takes goes past the next token when it is of a kind.
func (r *Reader) takes(k Kind) bool {
	if r.next(k) {
		r.at++
		return true
	}
	return false
}

func (r *Reader) fail() *Node {
	r.failed = true
	return nil
}

// lowest reads what commas join.
func (r *Reader) lowest(depth int) *Node {
	if depth > MaxDepth {
		return r.fail()
	}
	left := r.choice(depth)
	for !r.failed && !r.ended() {
		op := r.List
		switch r.tokens[r.at].Kind {
		case OpList:
		case OpLowAnd:
			op = And
		case OpLowOr:
			op = Or
		default:
			return left
		}
		r.at++
		if r.ended() { // a comma at the end
			return left
		}
		left = r.Join(op, []*Node{left, r.choice(depth)})
	}
	return left
}

func (r *Reader) choice(depth int) *Node {
	list := []*Node{r.both(depth)}
	for !r.failed && r.takes(OpOr) {
		list = append(list, r.both(depth))
	}
	return r.Join(Or, list)
}

func (r *Reader) both(depth int) *Node {
	list := []*Node{r.operand(depth)}
	for !r.failed && r.takes(OpAnd) {
		list = append(list, r.operand(depth))
	}
	return r.Join(And, list)
}

// operand reads a name of one or more words, or an expression in parentheses, with its exception.
func (r *Reader) operand(depth int) *Node {
	var n *Node
	ok, parentheses := true, false
	switch words := r.words(); {
	case words != "":
		n, ok = r.Name(r.remark(words))
	case r.takes(Open):
		parentheses = true
		n = r.lowest(depth + 1)
		ok = r.takes(Close)
	default:
		ok = false
	}
	if ok && r.takes(OpWith) {
		if exception := r.words(); exception != "" {
			n, ok = r.With(n, exception, parentheses)
		} else {
			ok = false
		}
	}
	if !ok {
		return r.fail()
	}
	return n
}

// words takes words that follow each other.
func (r *Reader) words() string {
	from := r.at
	for r.takes(Word) {
	}
	if r.at == from+1 {
		return r.tokens[from].Text
	}
	list := make([]string, 0, r.at-from)
	for _, t := range r.tokens[from:r.at] {
		list = append(list, t.Text)
	}
	return strings.Join(list, " ")
}

// remark takes what stands in parentheses after a name.
func (r *Reader) remark(name string) string {
	if r.Remark == nil || !r.takes(Open) {
		return name
	}
	inner := r.words()
	if inner == "" || !r.takes(Close) {
		r.failed = true
		return name
	}
	return r.Remark(name, inner)
}
