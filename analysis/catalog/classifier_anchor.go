package catalog

import (
	"errors"
	"fmt"
	"regexp/syntax"
)

// anchor is a text that each match of an expression has in it. Files are searched for the text, and only what is around
// it, from before bytes ahead of its beginning to length bytes behind it, is given to the expression.
type anchor struct {
	text           string
	before, length int
}

// minAnchor is how long the fixed text must be: less is in every file too often.
const minAnchor = 3

func anchorOf(tree *syntax.Regexp) (anchor, error) {
	var parts []anchorPart
	width, ok := flatten(tree, &parts)
	if !ok {
		return anchor{}, errors.New("what it matches has no bounded length")
	}
	var best anchor
	at := 0
	for i := 0; i < len(parts); {
		run, from := "", at
		for ; i < len(parts) && parts[i].fixed; i++ {
			run += parts[i].text
			at += parts[i].width
		}
		if len(run) > len(best.text) {
			best = anchor{run, from, width - from}
		}
		if i < len(parts) {
			at += parts[i].width
			i++
		}
	}
	if len(best.text) < minAnchor {
		return anchor{}, fmt.Errorf("no fixed text of %d bytes in it", minAnchor)
	}
	return best, nil
}

// anchorPart is a piece of an expression: a fixed text, or something of at most width bytes.
type anchorPart struct {
	text  string
	width int
	fixed bool
}

// flatten appends the pieces of an expression and returns the greatest length of a match; false when that has no bound
// or depends on what is around.
func flatten(t *syntax.Regexp, parts *[]anchorPart) (width int, ok bool) {
	switch t.Op {
	case syntax.OpEmptyMatch:
		return 0, true
	case syntax.OpLiteral:
		s := string(t.Rune)
		*parts = append(*parts, anchorPart{s, len(s), t.Flags&syntax.FoldCase == 0})
		return len(s), t.Flags&syntax.FoldCase == 0
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		width = 4
		if n := len(t.Rune); t.Op == syntax.OpCharClass && n > 0 && t.Rune[n-1] < 0x80 {
			width = 1
		}
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range t.Sub {
			n, ok := flatten(sub, parts)
			if !ok {
				return 0, false
			}
			width += n
		}
		return width, true
	case syntax.OpAlternate, syntax.OpQuest, syntax.OpRepeat:
		var inner []anchorPart
		for _, sub := range t.Sub {
			n, ok := flatten(sub, &inner)
			if !ok {
				return 0, false
			}
			width = max(width, n)
		}
		if t.Op == syntax.OpRepeat {
			width *= t.Max
		}
		if width < 0 {
			return 0, false
		}
	default:
		return 0, false
	}
	*parts = append(*parts, anchorPart{"", width, false})
	return width, true
}
