package analysis

import (
	"bytes"
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

// FuzzLayer gives the walk any bytes for a tar. Whatever comes: no panic, an error of ours or a report that keeps the
// limits and survives being kept.
func FuzzLayer(f *testing.F) {
	f.Add(tarOf(f, file("a", "1"), dir("d"), symlink("l", "/a"), hard("h", "a"), file("d/.wh..wh..opq", ""), file(".wh.x", "")))
	f.Add(tarOf(f, file("x/package.json", "a 1\n"), hard("y/package.json", "x/package.json"), hard("z/package.json", "d"), file("lib/db", "b 1\n")))
	f.Add(tarOf(f, file(strings.Repeat("long/", 60)+"x", "1"), file("caf\xe9", "1")))
	f.Add([]byte("<html>"))
	f.Add(make([]byte, 1024))
	lim := Limits{LayerBytes: mib, LayerEntries: 100, MemoryFile: 4 * kib, Spool: 64 * kib, Memory: 64 * kib, KeptBytes: kib}
	r := NewReader(Options{Limits: lim, TempDir: f.TempDir(), Catalogers: testCatalogers()})
	f.Fuzz(func(t *testing.T, b []byte) {
		// The walk alone, in one goroutine: what is before it (digests, compression) would only hide it from the fuzzer.
		w := newWalk(context.Background(), r, task{parts: missing(nil, r.revisions)}, &totals{})
		err := w.run(bytes.NewReader(b))
		findings := w.parser.finish()
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("%v", err)
			}
			return
		}
		in := raw([][]byte{b}, [][]byte{b})
		a, tree, err := merge(in.Manifest, in.Config, []*Report{w.report(findings)}, nil, r.merging(""))
		if err != nil {
			t.Fatal(err)
		}
		if a.Files.Total != len(tree.Files()) {
			t.Errorf("%d files counted, %d listed", a.Files.Total, len(tree.Files()))
		}
		for i, f := range tree.Files() {
			if !isClean(string(f.Path)) || f.Path == "" || f.Size < 0 {
				t.Errorf("%+v", f)
			}
			if i > 0 && tree.Files()[i-1].Path >= f.Path {
				t.Errorf("not sorted at %q", f.Path)
			}
			if d := f.Path.Dir(); d != "" {
				if _, ok := tree.Lookup(d); !ok {
					t.Errorf("%q has no parent", f.Path)
				}
			}
		}
	})
}

// FuzzMerge compares the overlay with a plain model of it: for each path the newest layer that mentions the path or a
// parent decides. The input is a little language: a byte for what, a byte for where.
func FuzzMerge(f *testing.F) {
	f.Add([]byte("F1D2W1N O2F4N F5S1"))
	f.Add([]byte("F0F1F2NW0NF0N"))
	f.Add([]byte("D0F4NF0NF4"))
	names := []string{"a", "b", "a/x", "a/y", "a/x/1", "a/x/2", "b/z", "b/z/1"}
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 200 {
			return
		}
		var reports []*Report
		r := &Report{}
		seen := map[image.Path]bool{}
		next := func() {
			slices.SortFunc(r.Files, func(a, b image.File) int { return strings.Compare(string(a.Path), string(b.Path)) })
			reports = append(reports, r)
			r = &Report{}
			clear(seen)
		}
		for i := 0; i+1 < len(program); i += 2 {
			p := image.Path(names[int(program[i+1])%len(names)])
			add := func(kind image.FileType) {
				// No two kinds of one name, nothing below a file of the same layer: that is for the walk to sort out.
				for other := range seen {
					if other == p || p.Under(other) || other.Under(p) && kind != image.Directory {
						return
					}
				}
				if kind != image.Directory {
					seen[p] = true
				}
				if !slices.ContainsFunc(r.Files, func(f image.File) bool { return f.Path == p || f.Path.Under(p) && kind != image.Directory }) {
					r.Files = append(r.Files, image.File{Path: p, Type: kind, SHA256: []byte{1}})
				}
			}
			switch program[i] {
			case 'F':
				add(image.Regular)
			case 'D':
				add(image.Directory)
			case 'W':
				r.Whiteouts = append(r.Whiteouts, p)
			case 'O':
				r.Opaques = append(r.Opaques, p)
			default:
				next()
			}
		}
		next()
		b := raw(make([][]byte, len(reports)), make([][]byte, len(reports)))
		_, tree, err := Merge(b.Manifest, b.Config, reports, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(model(reports, names), show(tree)); d != "" {
			t.Error(d)
		}
	})
}

// model decides for each name alone, from the newest layer down.
func model(reports []*Report, names []string) []string {
	mentions := func(r *Report, p string) (found *image.File, implied bool) {
		for i := range r.Files {
			switch f := &r.Files[i]; {
			case string(f.Path) == p:
				return f, false
			case strings.HasPrefix(string(f.Path), p+"/"):
				implied = true
			}
		}
		return nil, implied
	}
	hides := func(r *Report, p string) bool {
		for q := p; q != "."; q = path.Dir(q) {
			if slices.Contains(r.Whiteouts, image.Path(q)) || q != p && slices.Contains(r.Opaques, image.Path(q)) {
				return true
			}
			if q != p {
				if f, _ := mentions(r, q); f != nil && f.Type != image.Directory {
					return true
				}
			}
		}
		return false
	}
	tree := &Tree{}
	for _, p := range names {
		var show *image.File
		for i := len(reports) - 1; i >= 0; i-- {
			f, implied := mentions(reports[i], p)
			if f != nil {
				if show == nil || f.Type == image.Directory && show.Type == image.Directory && show.HardLink {
					c := *f
					c.Layer, c.HardLink = i, false
					show = &c
				}
			} else if implied && (show == nil || show.HardLink) {
				// A directory by its children: a lower layer's own entry for it would count.
				show = &image.File{Path: image.Path(p), Type: image.Directory, Layer: i, HardLink: true}
			}
			if show != nil && (!show.HardLink) || hides(reports[i], p) {
				break
			}
			if f != nil && f.Type != image.Directory {
				break
			}
		}
		if show != nil {
			tree.files = append(tree.files, *show)
		}
	}
	slices.SortFunc(tree.files, func(a, b image.File) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return show(tree)
}
