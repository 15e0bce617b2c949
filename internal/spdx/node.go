// Package spdx reads SPDX licence expressions (SPDX 2.3, annex D) as a tree, and writes them. [Parse] reads what is written by the
// rules; [Reader] reads what somebody cut into words and operators by looser ones.
package spdx

import (
	"slices"
	"strings"
)

// Bounds of an expression; what has more is none.
const (
	MaxLength   = 8 << 10 // bytes
	MaxLicenses = 256
	MaxDepth    = 32 // of parentheses
)

// Op is what joins the operands of a node.
type Op byte

// The operators. A leaf is one licence.
const (
	Leaf Op = iota
	And
	Or
)

// Node is an expression: one licence, or several under one operator. Nodes do not change once made.
type Node struct {
	Op Op
	// ID is the licence of a leaf, with its exception: "GPL-2.0-only WITH Classpath-exception-2.0".
	ID  string
	Sub []*Node
}

// One is a single licence.
func One(id string) *Node { return &Node{ID: id} }

// Join puts expressions under one operator: flat, each once, in the order in which they come. Nil ones are left out; nil
// when nothing is left.
func Join(op Op, list []*Node) *Node {
	var flat []*Node
	seen := map[string]bool{}
	var add func(n *Node)
	add = func(n *Node) {
		switch {
		case n == nil:
		case n.Op == op:
			for _, s := range n.Sub {
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
	return &Node{Op: op, Sub: flat}
}

// key is equal for expressions that mean the same by their operands' order alone.
func (n *Node) key() string {
	if n.Op == Leaf {
		return n.ID
	}
	list := make([]string, len(n.Sub))
	for i, s := range n.Sub {
		list[i] = s.key()
	}
	slices.Sort(list)
	return "(" + strings.Join(list, n.Op.Word()) + ")"
}

// Word is the operator as expressions have it.
func (o Op) Word() string {
	if o == Or {
		return " OR "
	}
	return " AND "
}

// count counts licences.
func (n *Node) count() int {
	if n.Op == Leaf {
		return 1
	}
	count := 0
	for _, s := range n.Sub {
		count += s.count()
	}
	return count
}

// Licenses are those of the leaves, in order; none of a nil node.
func (n *Node) Licenses() []string { return n.licenses(nil) }

func (n *Node) licenses(to []string) []string {
	if n == nil {
		return to
	}
	if n.Op == Leaf {
		return append(to, n.ID)
	}
	for _, s := range n.Sub {
		to = s.licenses(to)
	}
	return to
}

// Text writes the expression, operands sorted when asked; false when it is over a bound, or nil.
func (n *Node) Text(sorted bool) (string, bool) {
	if n == nil || n.count() > MaxLicenses {
		return "", false
	}
	s := n.write(sorted)
	return s, len(s) <= MaxLength
}

func (n *Node) write(sorted bool) string {
	if n.Op == Leaf {
		return n.ID
	}
	list := make([]string, len(n.Sub))
	for i, s := range n.Sub {
		list[i] = s.write(sorted)
		if s.Op == Or { // the weaker operator inside the stronger one
			list[i] = "(" + list[i] + ")"
		}
	}
	if sorted {
		slices.Sort(list)
	}
	return strings.Join(list, n.Op.Word())
}
