package secret

import (
	"bytes"
	"fmt"
	"slices"
)

// maxLooked is how many bytes a detector looks at in one file.
const maxLooked = 4 << 20

// isToken says whether a byte can be part of a token: letters, digits and + - . / = _.
var isToken = func() (t [256]bool) {
	for c := range t {
		t[c] = isBase64(byte(c)) || c == '-' || c == '_' || c == '.'
	}
	return t
}()

// detect asks a detector about the place around buf[at], where a keyword of size bytes stands.
func (q *Search) detect(rule, at, size int) {
	p, d := &q.rules[rule], &q.scanner.detectors[rule-len(q.scanner.lines)]
	if q.base+int64(at) < p.done || p.stopped != "" {
		return
	}
	b := q.buf
	if end := at + size + d.tail; end > len(b) {
		return
	} else if d.tail > 0 {
		for i := at + size; i < end; i++ {
			if !isToken[b[i]] {
				return
			}
		}
	}
	if d.confirm != nil && !d.confirm(b, at, at+size) {
		return
	}
	before, after := d.before, d.after
	if before == 0 {
		before = 16
	}
	if after == 0 {
		after = size + d.tail + 64
	}
	from := max(at-before, 0)
	window := b[from:min(at+after, len(b)):min(at+after, len(b))]
	lacks := d.with != "" && !bytes.Contains(window, []byte(d.with)) || d.run > 0 && !hasRun(window, d.run)
	if lacks {
		p.looked += len(window) / 8 // it was quick
	} else {
		p.looked += len(window) * max(d.cost, 1)
	}
	if p.looked > maxLooked {
		p.stopped = "too many places to look at"
		return
	}
	if lacks {
		return
	}
	for _, f := range q.ask(rule, d, window) {
		place, known := f.at, 0
		if i := bytes.Index(window[f.at:], []byte(f.value)); i >= 0 {
			place, known = f.at+i, len(f.value)
		}
		// What the keyword is not part of has a keyword of its own, where all of it is seen.
		if !d.near && (f.at > at-from || known > 0 && place+known <= at-from) {
			continue
		}
		start := q.base + int64(from+place)
		if start < p.done {
			continue
		}
		if d.alone && !isAlone(b, from+place, known) {
			continue
		}
		p.done = max(start+int64(known), q.base+int64(at)+1)
		if isPlaceholder(f.value) || d.accept != nil && !d.accept(f.value) {
			continue
		}
		q.add(rule, start, digestible(f.value))
	}
}

// hasRun says whether n bytes of a token stand together in b. It looks at the last byte of each stretch first.
func hasRun(b []byte, n int) bool {
	for end := n; end <= len(b); {
		i := end - 1
		for i >= end-n && isToken[b[i]] {
			i--
		}
		if i < end-n {
			return true
		}
		end = i + 1 + n
	}
	return false
}

// isAlone says whether b[at:at+size] is not a part of a longer token. What assigns and separates may stand before it.
func isAlone(b []byte, at, size int) bool {
	if at > 0 && isToken[b[at-1]] && !bytes.Contains([]byte("=/."), b[at-1:at]) {
		return false
	}
	return at+size >= len(b) || !isToken[b[at+size]] || b[at+size] == '.'
}

type detected struct {
	at    int
	value string
}

// ask runs the detector, sorts what it found by place, and survives it.
func (q *Search) ask(rule int, d *detector, window []byte) (found []detected) {
	defer func() {
		if r := recover(); r != nil {
			found = nil
			q.rules[rule].stopped = fmt.Sprintf("the detector failed: %v", r)
		}
	}()
	secrets, at := d.Detect(window)
	for i, s := range secrets {
		if v := valueOf(s); v != "" && i < len(at) && 0 <= at[i] && at[i] <= len(window) {
			found = append(found, detected{at[i], v})
		}
	}
	slices.SortStableFunc(found, func(a, b detected) int { return a.at - b.at })
	return found
}
