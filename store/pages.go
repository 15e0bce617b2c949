package store

import (
	"encoding/json"
	"sync"
	"time"

	"landwaiter.dev/image"
)

// How many ends of pages are remembered, and how long: about as long as somebody takes who asks for one page after the other.
const (
	keptPages = 2000
	pageLife  = time.Minute
)

// pages remembers where pages of long lists ended, so that the next one begins there, and how many elements were counted.
// A nil one remembers nothing.
type pages struct {
	mu   sync.Mutex
	ends map[string]pageEnd
}

// pageEnd is the digest that a page ended with, and the number of elements of all pages.
type pageEnd struct {
	last  string
	total int64
	at    time.Time
}

// pageKey names what begins after offset elements.
func pageKey(f *HolderFilter, offset int) string {
	of := *f
	of.Offset = offset
	key, _ := json.Marshal(of) // a struct of plain values
	return string(image.DigestOf(key))
}

// get is the end of the page before the one that is asked for.
func (p *pages) get(f *HolderFilter, now time.Time) (pageEnd, bool) {
	if p == nil || f.Limit == 0 || f.Offset == 0 {
		return pageEnd{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	end, ok := p.ends[pageKey(f, f.Offset)]
	age := now.Sub(end.at)
	return end, ok && age >= 0 && age < pageLife
}

// put remembers where a page of some elements ended.
func (p *pages) put(f *HolderFilter, elements int, last string, total int64, now time.Time) {
	if p == nil || elements < f.Limit || f.Limit == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.ends) >= keptPages || p.ends == nil {
		p.ends = map[string]pageEnd{}
	}
	p.ends[pageKey(f, f.Offset+elements)] = pageEnd{last, total, now}
}
