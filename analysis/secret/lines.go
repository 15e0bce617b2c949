package secret

import (
	"bytes"
	"time"
)

// line is the line of the file on which the search is.
type line struct {
	start int64
	end   int64 // its newline, or the end of the file; -1: not known
	clear int64 // up to here, from start on, there is no newline
}

// window is a line, or a piece of a long one, that a rule is tried on.
type window struct{ line, start, end int64 }

// lineHit tries a rule on the line around buf[at], unless it was tried there.
func (q *Search) lineHit(rule, at int) {
	p, r := &q.rules[rule], &q.scanner.lines[rule]
	if p.stopped != "" {
		return
	}
	q.findLine(at)
	l, size := &q.line, int64(q.scanner.options.LineBytes)
	if p.matched == l.start+1 {
		return
	}
	begun := time.Time{}
	if r.user {
		begun = time.Now()
	}
	if l.end >= 0 && l.end-l.start <= size {
		q.try(rule, window{l.start, l.start, l.end})
	} else {
		half, here := max(size/2, 1), q.base+int64(at)-l.start
		for k := max(here/half-1, 0); k*half <= here; k++ {
			w := window{l.start, l.start + k*half, min(l.start+k*half+size, q.base+int64(len(q.buf)))}
			if l.end >= 0 {
				w.end = min(w.end, l.end)
			}
			q.try(rule, w)
		}
	}
	if r.user {
		q.spend(rule, time.Since(begun))
	}
}

func (q *Search) spend(rule int, d time.Duration) {
	p := &q.rules[rule]
	if p.spent += d; p.spent > q.scanner.fileTime && p.stopped == "" {
		p.stopped = "its regular expression takes too long"
	}
}

// findLine moves q.line to the line around buf[at]. Places come in order of lines, so that each byte is looked at once.
func (q *Search) findLine(at int) {
	here, l := q.base+int64(at), &q.line
	from := l.clear // from where on there may be a newline that ends q.line before here
	if l.end >= 0 {
		from = l.end
	}
	switch {
	case here < l.start || from < q.base:
		l.start, l.end, l.clear = q.lineStart, -1, q.base
		from = q.base
	}
	if here > from {
		if i := bytes.LastIndexByte(q.buf[from-q.base:at], '\n'); i >= 0 {
			l.start, l.end = from+int64(i)+1, -1
		}
		if l.end < 0 {
			l.clear = max(here, l.start)
		}
	}
	if l.end >= 0 {
		return
	}
	// One byte more than a short line has.
	to := min(here+int64(q.scanner.options.LineBytes)+1, q.base+int64(len(q.buf)))
	if l.clear < to {
		if i := bytes.IndexByte(q.buf[l.clear-q.base:to-q.base], '\n'); i >= 0 {
			l.end = l.clear + int64(i)
			return
		}
		l.clear = to
	}
	if q.last && to == q.base+int64(len(q.buf)) {
		l.end = to
	}
}

// try matches a rule with a window, unless it was tried on it or has matched on its line.
func (q *Search) try(rule int, w window) {
	p, r := &q.rules[rule], &q.scanner.lines[rule]
	if p.stopped != "" || p.tried > w.start || p.matched == w.line+1 || r.anchored && w.start != w.line {
		return
	}
	p.tried = w.start + 1
	text, rest := q.buf[w.start-q.base:w.end-q.base], q.buf[w.start-q.base:]
	value, ok, err := r.match(text, rest[:min(len(rest), reach)])
	if err != nil {
		p.stopped = "its regular expression takes too long"
		return
	}
	if ok {
		p.matched = w.line + 1
		q.add(rule, w.start, value)
	}
}

// everyLine tries the rules that have no keyword on all lines that begin, and all windows of long lines, before buf[end].
func (q *Search) everyLine(end int) {
	q.windows = q.windows[:0]
	size, n := int64(q.scanner.options.LineBytes), q.base+int64(len(q.buf))
	for q.next.start < q.base+int64(end) {
		w := q.next
		to := min(w.start+size+1, n)
		i := bytes.IndexByte(q.buf[w.start-q.base:to-q.base], '\n')
		switch {
		case i >= 0 && int64(i) <= size:
			w.end = w.start + int64(i)
			q.next = window{line: w.end + 1, start: w.end + 1}
		case i < 0 && q.last && to == n && n-w.start <= size:
			w.end = n
			q.next = window{line: n + 1, start: n + 1}
		default:
			w.end = w.start + size
			q.next.start += max(size/2, 1)
		}
		q.windows = append(q.windows, w)
	}
	for _, rule := range q.scanner.every {
		begun := time.Now()
		for i := range q.windows {
			if i%8 == 7 {
				now := time.Now()
				q.spend(rule, now.Sub(begun))
				begun = now
			}
			q.try(rule, q.windows[i])
		}
		q.spend(rule, time.Since(begun))
	}
}
