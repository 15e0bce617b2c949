package license

import (
	"slices"
	"strings"
)

const (
	// maxOperands bounds the licences of one expression, maxExpression its length in bytes. What has more is not known.
	maxOperands   = 256
	maxExpression = 8 << 10
)

type operator byte

const (
	leaf operator = iota
	and
	or
)

// node is an expression: one licence, or several under one operator. Nodes do not change once made.
type node struct {
	op operator
	// id is the licence of a leaf, with its exception: "GPL-2.0-only WITH Classpath-exception-2.0".
	id  string
	sub []*node
}

func one(id string) *node { return &node{id: id} }

// join puts expressions under one operator: flat, each once, in the order in which they come. Nil ones are left out; nil
// when nothing is left.
func join(op operator, list []*node) *node {
	var flat []*node
	seen := map[string]bool{}
	var add func(n *node)
	add = func(n *node) {
		switch {
		case n == nil:
		case n.op == op:
			for _, s := range n.sub {
				add(s)
			}
		default:
			if key := n.key(); !seen[key] {
				seen[key] = true
				flat = append(flat, n)
			}
		}
	}
	for _, n := range list {
		add(n)
	}
	switch len(flat) {
	case 0:
		return nil
	case 1:
		return flat[0]
	}
	return &node{op: op, sub: flat}
}

// key is equal for expressions that mean the same by their operands' order alone.
func (n *node) key() string {
	if n.op == leaf {
		return n.id
	}
	list := make([]string, len(n.sub))
	for i, s := range n.sub {
		list[i] = s.key()
	}
	slices.Sort(list)
	return "(" + strings.Join(list, n.op.word()) + ")"
}

func (o operator) word() string {
	if o == or {
		return " OR "
	}
	return " AND "
}

// operands counts licences.
func (n *node) operands() int {
	if n.op == leaf {
		return 1
	}
	count := 0
	for _, s := range n.sub {
		count += s.operands()
	}
	return count
}

// leaves are the licences, in order.
func (n *node) leaves(to []string) []string {
	if n == nil {
		return to
	}
	if n.op == leaf {
		return append(to, n.id)
	}
	for _, s := range n.sub {
		to = s.leaves(to)
	}
	return to
}

// text writes the expression, operands sorted when asked; false when it is too long to be one.
func (n *node) text(sorted bool) (string, bool) {
	if n == nil || n.operands() > maxOperands {
		return "", false
	}
	s := n.write(sorted)
	return s, len(s) <= maxExpression
}

func (n *node) write(sorted bool) string {
	if n.op == leaf {
		return n.id
	}
	list := make([]string, len(n.sub))
	for i, s := range n.sub {
		list[i] = s.write(sorted)
		if s.op == or { // the weaker operator inside the stronger one
			list[i] = "(" + list[i] + ")"
		}
	}
	if sorted {
		slices.Sort(list)
	}
	return strings.Join(list, n.op.word())
}
