// Package pyregex matches as Python's re.match does: anchored at the start of the text and not at its end, with Python's
// syntax and Unicode classes. Bundles are full of such expressions, so their meaning must not move by a hair.
//
// A pattern is parsed by Python's own rules and written anew for two engines. The standard library's, which is linear in
// time, answers wherever the pattern and the text at hand mean the same to both (no look-around, no back-reference; and
// where a class, a boundary or "$" would differ, only for texts without the characters in question). All else goes to a
// backtracking engine under a time limit and a limit of its stack, because a policy is untrusted input.
package pyregex

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"

	"landwaiter.dev/internal/longmatch"
)

// Limits of one expression.
const (
	// MaxPattern is the longest pattern in bytes.
	MaxPattern = 4096
	// TimeLimit of one match by the backtracking engine.
	TimeLimit = 250 * time.Millisecond

	maxDepth   = 100     // nested groups
	maxProgram = 2000    // size up to which the linear engine is tried, in units of [size]
	maxStack   = 1 << 20 // entries of the backtracking engine's stack
)

// ErrTimeout says that a match was given up: neither yes nor no.
var ErrTimeout = errors.New("the regular expression took too long and was given up")

// Regexp is a compiled expression. It is safe for concurrent use.
type Regexp struct {
	pattern string
	fast    *regexp.Regexp // nil: never
	// The texts that fast may not judge.
	fastASCII, fastLine bool

	slowSource string
	slowOnce   sync.Once
	slow       *regexp2.Regexp
	slowErr    error
}

// Compile reads a pattern in Python's syntax. The error is a phrase for people that tells what is wrong and where.
func Compile(pattern string) (*Regexp, error) {
	if len(pattern) > MaxPattern {
		return nil, fmt.Errorf("the regular expression has %d bytes; %d are allowed", len(pattern), MaxPattern)
	}
	if !utf8.ValidString(pattern) {
		return nil, errors.New("the regular expression is not UTF-8")
	}
	tree, err := parse(pattern)
	if err != nil {
		return nil, fmt.Errorf("the regular expression %q is not valid: %w", pattern, err)
	}
	re := &Regexp{pattern: pattern, slowSource: tree.backtracking()}
	re.fast, re.fastASCII, re.fastLine = tree.linear()
	if re.fast == nil {
		if re.slowOnce.Do(re.compileSlow); re.slowErr != nil {
			return nil, fmt.Errorf("the regular expression %q is not supported: %w", pattern, re.slowErr)
		}
	}
	return re, nil
}

// String is the pattern as given.
func (re *Regexp) String() string { return re.pattern }

// Quick is the answer of [Regexp.Match] where the linear engine has it; else it is not sure.
func (re *Regexp) Quick(text string) (matched, sure bool) {
	if re.answers(text) {
		return re.fast.MatchString(text), true
	}
	return false, false
}

// answers says whether the linear engine may judge the text.
func (re *Regexp) answers(text string) bool {
	return re.fast != nil && (!re.fastASCII || ascii(text)) && (!re.fastLine || strings.IndexByte(text, '\n') < 0)
}

// Match says whether the text begins with a match. The error is [ErrTimeout] or wraps what the engine said.
func (re *Regexp) Match(text string) (bool, error) {
	return re.MatchUntil(text, func() error { return nil })
}

// MatchUntil is [Regexp.Match] until stop gives an error, which is returned then. The backtracking engine does not ask it, and
// ends at its own time limit.
func (re *Regexp) MatchUntil(text string, stop func() error) (bool, error) {
	if re.answers(text) {
		return longmatch.Match(re.fast, text, stop)
	}
	re.slowOnce.Do(re.compileSlow)
	if re.slowErr != nil {
		return false, fmt.Errorf("the regular expression %q is not supported: %w", re.pattern, re.slowErr)
	}
	ok, err := re.slow.MatchString(text)
	if err != nil {
		return false, ErrTimeout // a time-out or the limit of the stack; the engine knows no other error
	}
	return ok, nil
}

func (re *Regexp) compileSlow() {
	defer func() {
		if r := recover(); r != nil {
			re.slowErr = fmt.Errorf("the engine gave up: %v", r)
		}
	}()
	re.slow, re.slowErr = regexp2.Compile(re.slowSource, regexp2.OptionMaxBacktrackingStackSize(maxStack))
	if re.slowErr == nil {
		re.slow.MatchTimeout = TimeLimit
	}
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
