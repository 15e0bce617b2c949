package secret

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"landwaiter.dev/image"
)

// Search is the search of one file: what is written is searched, End has the finds.
//
// Offsets in a file are int64 and absolute; the buffer begins at base, which is always even, as the filter wants it.
type Search struct {
	scanner *Scanner
	path    image.Path
	decoder decoder

	buf  []byte // the text from base on; its capacity has room for overrun more
	base int64
	pos  int // up to where buf has been searched
	// lineMark is an offset in buf or before it, and lineNumber the line on which it stands.
	lineMark   int64
	lineNumber int
	// lineStart is where the line begins that holds the byte at base.
	lineStart int64
	line      line
	// next is the next window for rules that see every line.
	next    window
	windows []window
	// last says that buf ends where the file ends.
	last bool
	high int // up to where buf was ever filled

	rules []progress // of line rules, then of detectors
	found []find
	gaps  []image.Gap
}

// find is a match and the rule that made it.
type find struct {
	rule int
	image.TextMatch
}

// progress of a rule in the file.
type progress struct {
	done    int64 // up to where the rule has found what there is
	matched int64 // beginning of the last line that matched, plus 1
	tried   int64 // beginning of the last window that was tried, plus 1
	listed  int
	more    int
	looked  int // bytes
	spent   time.Duration
	stopped string // why the rule was given up; "": it was not
}

func (q *Search) begin(path image.Path) {
	n := len(q.scanner.lines) + len(q.scanner.detectors)
	if q.rules == nil {
		q.rules = make([]progress, n)
	}
	clear(q.rules)
	q.decoder.reset()
	*q = Search{
		scanner: q.scanner, path: path, decoder: q.decoder,
		buf: q.buf[:0], rules: q.rules, found: q.found[:0], windows: q.windows, lineNumber: 1, line: line{end: -1},
	}
}

// Write searches what can be searched. It never fails.
func (q *Search) Write(p []byte) (int, error) {
	if len(q.rules) == 0 {
		return len(p), nil
	}
	for rest := p; len(rest) > 0; {
		n := min(len(rest), piece)
		q.take(rest[:n], false)
		rest = rest[n:]
	}
	return len(p), nil
}

// take adds a piece, and searches when there is a block with enough after it.
func (q *Search) take(p []byte, last bool) {
	q.buf = q.decoder.append(q.buf, p, last)
	q.high = max(q.high, len(q.buf))
	for len(q.buf) >= q.pos+block+reach {
		q.search((q.pos + block) &^ 1)
		q.discard()
	}
}

// End searches the rest and gives the finds by line, then rule. The search must not be used afterwards.
func (q *Search) End() (secrets, content []image.TextMatch, gaps []image.Gap) {
	if len(q.rules) > 0 {
		q.take(nil, true)
		q.last = true
		q.search(len(q.buf))
		secrets, content = q.results()
		q.stops()
	}
	gaps = q.gaps
	q.gaps = nil
	clear(q.found[:cap(q.found)])
	clear(q.buf[:q.high]) // the pool keeps no secrets
	q.scanner.searches.Put(q)
	return secrets, content, gaps
}

// search looks at the places of buf from pos up to end. Unless the file has ended, buf has reach bytes more after end.
func (q *Search) search(end int) {
	if len(q.scanner.every) > 0 {
		q.everyLine(end)
	}
	f, n := q.scanner.filter, len(q.buf)
	if f == nil {
		q.pos = end
		return
	}
	b := append(q.buf, make([]byte, overrun)...)
	q.buf = b[:n]
	hit := q.hit
	for p := f.next(b, q.pos, end); p < end; p = f.next(b, p+2, end) {
		f.at(b, p, n, hit)
	}
	q.pos = end
}

// hit gives a keyword at buf[at:] to its rules.
func (q *Search) hit(w *keyword, at int) {
	for _, rule := range w.rules {
		if rule < len(q.scanner.lines) {
			q.lineHit(rule, at)
		} else {
			q.detect(rule, at, len(w.text))
		}
	}
}

// discard drops what lies further behind pos than any rule looks.
func (q *Search) discard() {
	drop := (q.pos - reach) &^ 1
	if drop <= 0 {
		return
	}
	q.lineAt(q.base + int64(drop))
	if i := bytes.LastIndexByte(q.buf[:drop], '\n'); i >= 0 {
		q.lineStart = q.base + int64(i) + 1
	}
	q.buf = q.buf[:copy(q.buf, q.buf[drop:])]
	q.base += int64(drop)
	q.pos -= drop
}

// lineAt is the number of the line on which the byte at an absolute offset stands.
func (q *Search) lineAt(at int64) int {
	from, to := int(q.lineMark-q.base), int(at-q.base)
	if from <= to {
		q.lineNumber += bytes.Count(q.buf[from:to], newline)
	} else {
		q.lineNumber -= bytes.Count(q.buf[to:from], newline)
	}
	q.lineMark = at
	return q.lineNumber
}

var newline = []byte{'\n'}

// add lists a find at an absolute offset, or counts it. The value is the secret; nil for a content search.
func (q *Search) add(rule int, at int64, value []byte) {
	p := &q.rules[q.scanner.counts[rule]]
	if p.listed >= q.scanner.options.MaxPerRule {
		p.more++
		return
	}
	p.listed++
	m := image.TextMatch{Path: q.path, Line: q.lineAt(at)}
	m.Rule, m.Pattern = q.scanner.names(rule)
	if value != nil {
		m.HMAC = q.scanner.hmac(value)
	}
	q.found = append(q.found, find{rule: rule, TextMatch: m})
}

func (s *Scanner) names(rule int) (name, pattern string) {
	if rule < len(s.lines) {
		return s.lines[rule].name, s.lines[rule].pattern
	}
	return s.detectors[rule-len(s.lines)].rule, ""
}

// results sorts the finds. A detector's secret that is equal to another one on the same line is left out, so that the rule
// that is listed first stays; each expression has its own, because policies ask for it by name.
func (q *Search) results() (secrets, content []image.TextMatch) {
	slices.SortStableFunc(q.found, func(a, b find) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.HMAC, b.HMAC), cmp.Compare(a.rule, b.rule))
	})
	q.found = slices.CompactFunc(q.found, func(a, b find) bool {
		return a.HMAC != "" && a.Line == b.Line && a.HMAC == b.HMAC && a.rule != b.rule && max(a.rule, b.rule) >= len(q.scanner.lines)
	})
	slices.SortStableFunc(q.found, func(a, b find) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Pattern, b.Pattern))
	})
	for i := len(q.found) - 1; i >= 0; i-- {
		f := &q.found[i]
		p := &q.rules[q.scanner.counts[f.rule]]
		f.More, p.more = p.more, 0
	}
	for i := range q.found {
		f := &q.found[i]
		if f.rule < len(q.scanner.lines) && q.scanner.lines[f.rule].content {
			content = append(content, f.TextMatch)
		} else {
			secrets = append(secrets, f.TextMatch)
		}
	}
	return secrets, content
}

// stops makes gaps of the rules that were given up in this file.
func (q *Search) stops() {
	for i := range q.rules {
		if q.rules[i].stopped == "" {
			continue
		}
		name, pattern := q.scanner.names(i)
		if name == "" {
			name = pattern
		}
		q.gaps = append(q.gaps, image.Gap{
			Kind: image.GapLimit, Path: q.path,
			Detail: fmt.Sprintf("the search for %q ended early in this file: %s", name, q.rules[i].stopped),
		})
	}
}
