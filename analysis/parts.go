package analysis

import (
	"cmp"
	"maps"
	"slices"

	"landwaiter.dev/image"
)

// The parts of a report.
const (
	PartFiles     = "files"
	PartPackages  = "packages"
	PartKept      = "kept"
	PartSearch    = "search"
	PartRetrieved = "retrieved"
	PartMalware   = "malware"
)

// part is one kind of thing that a report says of a layer: how it is written, read, and taken over from another report.
// A part is made alone where it is missing or old.
type part struct {
	name   string
	encode func(*encoder, *Report)
	decode func(*decoder, *Report)
	take   func(to, from *Report)
}

// parts lists every part, in the order in which they are written.
var parts = []part{
	{PartFiles, (*encoder).files, (*decoder).files, func(to, from *Report) {
		to.Compression, to.Size, to.TarSize = from.Compression, from.Size, from.TarSize
		to.Files, to.Whiteouts, to.Opaques, to.Gaps = from.Files, from.Whiteouts, from.Opaques, from.Gaps
	}},
	{PartPackages, (*encoder).packages, (*decoder).packages, func(to, from *Report) { to.Found, to.Borrowed = from.Found, from.Borrowed }},
	{PartKept, (*encoder).keptFiles, (*decoder).keptFiles, func(to, from *Report) { to.Kept = from.Kept }},
	{PartSearch, (*encoder).searched, (*decoder).searched, func(to, from *Report) { to.Searched = from.Searched }},
	{PartRetrieved, (*encoder).retrieved, (*decoder).retrieved, func(to, from *Report) { to.Retrieved = from.Retrieved }},
	{PartMalware, (*encoder).scanned, (*decoder).scanned, func(to, from *Report) { to.Scanned = from.Scanned }},
}

// with returns a report that has the new parts of fresh and the others of r, which may be nil.
func (r *Report) with(fresh *Report) *Report {
	if r == nil {
		return fresh
	}
	out := *r
	out.Revisions = maps.Clone(r.Revisions)
	for _, p := range parts {
		if rev, ok := fresh.Revisions[p.name]; ok {
			out.Revisions[p.name] = rev
			p.take(&out, fresh)
		}
	}
	return &out
}

// only returns a report with nothing but the parts in these revisions.
func (r *Report) only(revisions map[string]string) *Report {
	out := &Report{Layer: r.Layer, Revisions: map[string]string{}}
	for _, p := range parts {
		if rev, ok := r.Revisions[p.name]; ok && rev == revisions[p.name] {
			out.Revisions[p.name] = rev
			p.take(out, r)
		}
	}
	return out
}

// borrow returns a report that also has what a second look found.
func (r *Report) borrow(extra *Report, asked []again) *Report {
	out := *r
	out.Borrowed = append(slices.Clone(r.Borrowed), extra.Borrowed...)
	out.Kept = append(slices.Clone(r.Kept), extra.Kept...)
	out.Files = r.withSums(extra.summed, asked)
	// What was asked for and yielded nothing is noted too: nobody asks again.
	has := borrowedNames(&out)
	for _, a := range asked {
		if a.want != 0 && !has[[2]image.Path{a.as, a.target}] {
			b := Borrowed{As: a.as}
			b.Found.Path = a.target
			out.Borrowed = append(out.Borrowed, b)
		}
	}
	slices.SortStableFunc(out.Borrowed, func(a, b Borrowed) int {
		return cmp.Or(cmp.Compare(a.As, b.As), compareFound(a.Found, b.Found))
	})
	slices.SortStableFunc(out.Kept, func(a, b Kept) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.As, b.As), cmp.Compare(a.Fact, b.Fact))
	})
	return &out
}

// borrowedNames are the names under which files were read, each with the file's own.
func borrowedNames(r *Report) map[[2]image.Path]bool {
	m := map[[2]image.Path]bool{}
	for _, b := range r.Borrowed {
		m[[2]image.Path{b.As, b.Found.Path}] = true
	}
	return m
}
