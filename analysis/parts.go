package analysis

import (
	"cmp"
	"maps"
	"slices"

	"landwaiter.dev/image"
)

// with returns a report that has the new parts of fresh and the others of r, which may be nil.
func (r *Report) with(fresh *Report) *Report {
	if r == nil {
		return fresh
	}
	out := *r
	out.Revisions = maps.Clone(r.Revisions)
	for name, rev := range fresh.Revisions {
		out.Revisions[name] = rev
		switch name {
		case PartFiles:
			out.Compression, out.Size, out.TarSize = fresh.Compression, fresh.Size, fresh.TarSize
			out.Files, out.Whiteouts, out.Opaques, out.Gaps = fresh.Files, fresh.Whiteouts, fresh.Opaques, fresh.Gaps
		case PartPackages:
			out.Found, out.Borrowed = fresh.Found, fresh.Borrowed
		case PartKept:
			out.Kept = fresh.Kept
		}
	}
	return &out
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
