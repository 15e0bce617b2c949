package analysis

import (
	"context"
	"fmt"
	"time"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// job is one file for cataloguers. Whoever makes it hands its content over.
type job struct {
	slot, seq int32
	path      image.Path
	size      int64
	mode      uint16
	names     []asked
	content   *content
}

// asked is a name under which cataloguers see the file, mostly its own.
type asked struct {
	as   image.Path
	want mask
}

// finding is what one cataloguer said to one job.
type finding struct {
	slot, seq int32
	cataloger int
	as        image.Path
	found     catalog.Found
}

// parser is the stage that runs cataloguers while the walk goes on. It is fed by one goroutine.
type parser struct {
	ctx      context.Context
	list     []catalog.Cataloger
	limits   catalog.Limits
	timeout  time.Duration
	jobs     chan job
	done     chan struct{}
	findings []finding
	// packages so far, of at most room.
	packages, room int64
}

func startParser(ctx context.Context, list []catalog.Cataloger, lim *Limits) *parser {
	p := &parser{ctx: ctx, list: list, limits: lim.inside(), timeout: lim.fileTime(), room: lim.LayerPackages, jobs: make(chan job, 16), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		for j := range p.jobs {
			p.parse(j)
		}
	}()
	return p
}

// finish waits for what is under way and returns all findings.
func (p *parser) finish() []finding {
	close(p.jobs)
	<-p.done
	return p.findings
}

func (p *parser) parse(j job) {
	abandoned := false
	for _, name := range j.names {
		name.want.each(func(i int) {
			if p.ctx.Err() != nil || abandoned {
				return
			}
			found, inTime := p.ask(i, j, name.as)
			abandoned = !inTime
			p.bound(&found)
			if len(found.Packages)+len(found.Declared)+len(found.Lists)+len(found.Texts)+len(found.Gaps) > 0 {
				p.findings = append(p.findings, finding{j.slot, j.seq, i, name.as, found})
			}
		})
	}
	if abandoned {
		j.content.abandon()
		return
	}
	j.content.free()
}

// bound keeps the packages of a layer below the limit: many files, each within its own bounds, are many packages.
func (p *parser) bound(found *catalog.Found) {
	n := int64(len(found.Packages) + len(found.Declared))
	if n == 0 {
		return
	}
	if p.packages+n > p.room {
		found.Packages, found.Declared = nil, nil
		found.Gaps = append(found.Gaps, image.Gap{
			Kind: image.GapLimit, Path: found.Path, Detail: fmt.Sprintf("its %d packages were left out: the layer has more than LANDWAITER_LIMITS_LAYER_PACKAGES allows", n),
		})
		return
	}
	p.packages += n
}

// ask runs one cataloguer with its time limit. A cataloguer that is late is left behind, with a gap.
func (p *parser) ask(i int, j job, as image.Path) (found catalog.Found, inTime bool) {
	answer := make(chan catalog.Found, 1)
	file := &catalog.File{Path: as, Size: j.size, Mode: j.mode, Content: j.content, Bytes: j.content.bytes, Limits: p.limits}
	c := &p.list[i]
	go func() { answer <- protect(c, file) }()
	timer := time.NewTimer(p.timeout)
	defer timer.Stop()
	select {
	case found = <-answer:
		inTime = true
	case <-timer.C:
		found.Gap(image.GapLimit, fmt.Sprintf("the %s cataloguer was stopped after %v", p.list[i].Name, p.timeout))
	case <-p.ctx.Done():
	}
	found.Cataloger, found.Path = p.list[i].Name, j.path
	cleanFound(&found)
	return found, inTime
}

// protect turns errors and panics of a cataloguer into gaps; what it found before stays.
func protect(c *catalog.Cataloger, f *catalog.File) (found catalog.Found) {
	defer func() {
		if v := recover(); v != nil {
			found.Gap(image.GapParserFailed, fmt.Sprintf("the %s cataloguer panicked: %.200v", c.Name, v))
		}
	}()
	if err := c.Read(f, &found); err != nil {
		found.Gap(image.GapParserFailed, fmt.Sprintf("%s: %.300v", c.Name, err))
	}
	return found
}
