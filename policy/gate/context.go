package gate

import (
	"context"
	"errors"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/pyregex"
)

// Mode says where a Dockerfile comes from.
type Mode string

// The modes of a Dockerfile. In any other mode there is none.
const (
	Actual  Mode = "Actual"  // given by the user
	Guessed Mode = "Guessed" // made from the image's history
)

// Feed is what is known of the advisory data for the image's distribution.
type Feed struct {
	// Present is false when there is no data for the distribution, or no distribution.
	Present bool
	// LastSync is when the data was last brought up to date; zero when never.
	LastSync time.Time
}

// Compare orders two versions of an ecosystem ("Debian", "Red Hat", "Alpine", "PyPI" …): negative when a is older.
type Compare func(ecosystem, a, b string) (int, error)

// Context is all that gates see of one image at one moment. It belongs to one evaluation and is not safe for concurrent
// use; what it is made of is never changed.
type Context struct {
	Analysis *image.Analysis
	// Tag in full, "registry/repository:tag".
	Tag string
	// Gaps are what could not be seen.
	Gaps []image.Gap
	// Dockerfile as the user gave it or as guessed, by its mode.
	Dockerfile     string
	DockerfileMode Mode
	Findings       []advisory.ImageFinding
	// Unmatched says that nobody looked for findings. A check that looks at them then notes it, see [Context.Missed].
	Unmatched bool
	// DetectedAt says when a finding was first seen on this image; nil stands for its Since.
	DetectedAt func(*advisory.ImageFinding) time.Time
	Feed       Feed
	Facts      Facts
	// Files of the merged tree, sorted by path; asked for once, when the first rule needs them. Nil when they are not known. They
	// are shared with other evaluations and never changed.
	Files func() []image.File
	// At is the moment of the verdict.
	At      time.Time
	Compare Compare
	// Deadline ends the evaluation on the wall clock; zero for never.
	Deadline time.Time
	// Running ends it when it is done; nil for never. There is no verdict then, whatever checks make of it.
	Running context.Context
	// RuleID is the id of the rule that is being checked, "None" when it has none.
	RuleID string

	missed       bool
	next         time.Time
	instructions []instruction
	prepared     bool
	findings     []finding
	laidOut      bool
	matches      int
	values       map[string]any // for expressions
	categories   map[string]string
	tree         once[[]image.File]
	paths        once[[]string]
	packages     once[[]*image.Package]
	licenses     once[[]licensed]
	passwd       once[[]account]
	secrets      once[[]sighting]
	contents     once[[]sighting]
}

// once is a fact that is prepared when the first rule needs it.
type once[T any] struct {
	value T
	done  bool
}

func (o *once[T]) get(prepare func() T) T {
	if !o.done {
		o.value, o.done = prepare(), true
	}
	return o.value
}

// NextAt is the earliest moment after At at which a check that has run would answer differently though nothing but time
// has changed; zero for never.
func (c *Context) NextAt() time.Time { return c.next }

// Missed says that a check that has run looked at findings for which nobody has looked.
func (c *Context) Missed() bool { return c.missed }

// lastMoment is the end of what times in documents can say.
var lastMoment = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// ChangesAt notes a moment at which the answer changes. Moments that have passed are ignored.
func (c *Context) ChangesAt(t time.Time) {
	if t.After(c.At) && t.Before(lastMoment) && (c.next.IsZero() || t.Before(c.next)) {
		c.next = t
	}
}

// Match matches text as Python's re.match does. The error wraps [pyregex.ErrTimeout] when time ran out.
func (c *Context) Match(re *pyregex.Regexp, text string) (bool, error) {
	// To ask the clock takes as long as most matches: it is not asked for each that is sure to end soon.
	if c.matches++; c.matches%64 != 0 && len(text) <= 4096 {
		if matched, sure := re.Quick(text); sure {
			return matched, nil
		}
	}
	if err := c.matchOver(); err != nil {
		return false, err
	}
	return re.MatchUntil(text, c.matchOver)
}

func (c *Context) matchOver() error {
	err := c.Over()
	if errors.Is(err, ErrTooLong) {
		return pyregex.ErrTimeout
	}
	return err
}

// Over says why the evaluation must end: [ErrTooLong], or what ended [Context.Running]; nil when it need not. What takes long
// asks now and then.
func (c *Context) Over() error {
	if c.Running != nil && c.Running.Err() != nil {
		return c.Running.Err()
	}
	if !c.Deadline.IsZero() && time.Now().After(c.Deadline) {
		return ErrTooLong
	}
	return nil
}

// ErrTooLong says that a check was given up because the time of the evaluation was over.
var ErrTooLong = errors.New("the evaluation took too long and was ended")

// files of the merged tree, sorted by path; nil when they are not known.
func (c *Context) files() []image.File {
	return c.tree.get(func() []image.File {
		if c.Files == nil {
			return nil
		}
		return c.Files()
	})
}

// absPaths are the absolute paths of the files, in one piece of memory.
func (c *Context) absPaths() []string {
	return c.paths.get(func() []string {
		files := c.files()
		size := 0
		for i := range files {
			size += 1 + len(files[i].Path)
		}
		var all strings.Builder
		all.Grow(size)
		for i := range files {
			all.WriteByte('/')
			all.WriteString(string(files[i].Path))
		}
		paths, rest := make([]string, len(files)), all.String()
		for i := range files {
			paths[i], rest = rest[:1+len(files[i].Path)], rest[1+len(files[i].Path):]
		}
		return paths
	})
}

// afterDays is t and n days of 86,400 seconds.
func afterDays(t time.Time, n int) time.Time { return t.UTC().AddDate(0, 0, n) }
