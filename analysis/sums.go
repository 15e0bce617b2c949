package analysis

import (
	"cmp"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// sums says which of the digests that only package databases ask for are taken below system directories. The content
// cannot be had again once it went by, and both cost more than SHA-256, so a layer begins with both and stops taking
// what its own package manager does not use as soon as a path shows which one that is. A guess that was wrong costs a
// second look and nothing else: see [Tree.lack].
type sums struct{ md5, sha1, settled bool }

// look learns from a path of the layer.
func (s *sums) look(p image.Path) {
	if s.settled {
		return
	}
	path := string(p) + "/"
	for _, sign := range sumSigns {
		if sign.inside && strings.Contains(path, sign.path) || strings.HasPrefix(path, sign.path) {
			*s = sums{md5: sign.md5, sha1: sign.sha1, settled: true}
			return
		}
	}
}

// sumSigns are paths that tell a package manager: dpkg records MD5, apk SHA-1, today's rpm neither.
var sumSigns = []struct {
	path      string
	inside    bool
	md5, sha1 bool
}{
	{path: "etc/apk/", sha1: true},
	{path: "lib/apk/", sha1: true},
	{path: "usr/lib/apk/", sha1: true},
	{path: "etc/apt/", md5: true},
	{path: "etc/dpkg/", md5: true},
	{path: "var/lib/dpkg/", md5: true},
	{path: "-linux-gnu/", inside: true, md5: true},
	{path: "etc/yum.repos.d/"},
	{path: "var/lib/rpm/"},
	{path: "usr/lib/sysimage/rpm/"},
	{path: "usr/lib64/"},
}

// lack notes the file at the place at, when a package records a digest of a kind that was not taken of it.
func (t *Tree) lack(at int32, o *image.OwnedFile) {
	f := &t.files[at]
	if o.Digest == "" || f.SHA256 == nil || !systemFile(f.Path) {
		return
	}
	if alg := strings.ToLower(o.Algorithm); alg == "md5" && f.MD5 == nil || alg == "sha1" && f.SHA1 == nil {
		t.lacking = append(t.lacking, at)
	}
}

// sums asks for the digests that the packages of the image record and the first look did not take.
func (n *needing) sums() {
	seen := map[int32]bool{}
	for _, at := range n.t.lacking {
		if seen[at] {
			continue
		}
		seen[at] = true
		f := &n.t.files[at]
		rep := n.reports[f.Layer]
		target := f.Path
		if f.HardLink {
			target = image.Path(f.Link)
		}
		if own, ok := rep.file(target); ok && own.Type == image.Regular && !own.HardLink && string(own.SHA256) == string(f.SHA256) {
			n.out[rep.Layer] = append(n.out[rep.Layer], again{target: target, as: f.Path, sums: true})
		}
	}
}

// file is the entry of the layer at a path.
func (r *Report) file(p image.Path) (*image.File, bool) {
	i, ok := slices.BinarySearchFunc(r.Files, p, func(f image.File, p image.Path) int { return cmp.Compare(f.Path, p) })
	if !ok {
		return nil, false
	}
	return &r.Files[i], true
}

// withSums returns the files of r with the digests of a second look.
func (r *Report) withSums(summed map[image.Path]image.File, asked []again) []image.File {
	if len(summed) == 0 {
		return r.Files
	}
	out := *r
	out.Files = slices.Clone(r.Files)
	for _, a := range asked {
		got, ok := summed[a.target]
		if f, has := out.file(a.as); ok && has && a.sums && string(f.SHA256) == string(got.SHA256) {
			f.MD5, f.SHA1 = got.MD5, got.SHA1
		}
	}
	return out.Files
}
