package vex

import (
	"errors"
	"fmt"
)

// Limits of documents that come in.
const (
	// MaxSize is the size in bytes of the largest document.
	MaxSize = 16 << 20
	// maxDepth is how deep a document's values may lie in others.
	maxDepth = 200
	// maxValues is how many values a document may hold: members of objects and elements of lists.
	maxValues = 1_000_000
	// maxStatements of one document, and maxNames that its statements may name in all, products and subcomponents.
	maxStatements = 50_000
	maxNames      = 100_000
	// maxText is the length in bytes of the longest text of a statement, maxID that of the longest id.
	maxText = 64 << 10
	maxID   = 512
	// maxProblems is how many problems of one document are listed one by one.
	maxProblems = 100
)

// Errors of [Parse].
var (
	ErrTooBig        = fmt.Errorf("the VEX document is larger than %d MiB", MaxSize>>20)
	ErrNotRecognised = errors.New("this is no VEX document that can be read: known are OpenVEX, CSAF 2.0 and CycloneDX 1.4 or later, all as JSON, and CycloneDX as XML too")
	errTooMany       = fmt.Errorf("it has more than %d statements or names more than %d products and components: part it into several documents", maxStatements, maxNames)
)

// shape bounds depth and number of values of JSON text before it is taken apart, so that a few bytes a value cannot
// become gigabytes. What is no JSON passes: the reader proper says so.
func shape(raw []byte) error {
	depth, values := 0, 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			values++
			if depth++; depth > maxDepth {
				return fmt.Errorf("its values lie more than %d deep in others", maxDepth)
			}
		case '}', ']':
			depth--
		case ',':
			if values++; values > maxValues {
				return fmt.Errorf("it holds more than %d values: part it into several documents", maxValues)
			}
		}
	}
	return nil
}
