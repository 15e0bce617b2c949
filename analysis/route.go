package analysis

import (
	"math/bits"
	"strings"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// mask is a set of cataloguers, by their index.
type mask uint64

func (m mask) each(f func(i int)) {
	for ; m != 0; m &= m - 1 {
		f(bits.TrailingZeros64(uint64(m)))
	}
}

// router answers which cataloguers want a file. It is made once and then only read.
type router struct {
	paths, in, names map[string]mask
	suffixes         map[string]mask
	prefixes         map[string][]prefixRoute
	parents          []parentRoute
	executables      mask
	all              mask
}

// prefixRoute is what stands in the router under the first prefixKey bytes of its prefix.
type prefixRoute struct {
	prefix string
	who    mask
}

// prefixKey is the shortest prefix that may be asked for.
const prefixKey = 3

type parentRoute struct {
	suffix string
	names  map[string]mask
}

func newRouter(list []catalog.Cataloger) *router {
	r := &router{paths: map[string]mask{}, in: map[string]mask{}, names: map[string]mask{}, suffixes: map[string]mask{}, prefixes: map[string][]prefixRoute{}}
	parents := map[string]int{}
	for i, c := range list {
		m := mask(1) << i
		r.all |= m
		for _, p := range c.Want.Paths {
			r.paths[string(p)] |= m
		}
		for _, d := range c.Want.In {
			r.in[string(d)] |= m
		}
		for _, n := range c.Want.Names {
			r.names[n] |= m
		}
		for _, s := range c.Want.Suffixes {
			r.suffixes[strings.ToLower(s)] |= m
		}
		for _, p := range c.Want.Prefixes {
			r.prefixes[p[:prefixKey]] = append(r.prefixes[p[:prefixKey]], prefixRoute{p, m})
		}
		for suffix, names := range c.Want.Parents {
			at, ok := parents[suffix]
			if !ok {
				at = len(r.parents)
				parents[suffix] = at
				r.parents = append(r.parents, parentRoute{suffix, map[string]mask{}})
			}
			for _, n := range names {
				r.parents[at].names[n] |= m
			}
		}
		if c.Want.Executables {
			r.executables |= m
		}
	}
	return r
}

// byName is who wants the file for its path alone.
func (r *router) byName(path image.Path) mask {
	p := string(path)
	slash := strings.LastIndexByte(p, '/')
	base, dir := p[slash+1:], ""
	if slash > 0 {
		dir = p[:slash]
	}
	m := r.paths[p] | r.names[base]
	if len(r.in) > 0 {
		m |= r.in[dir]
	}
	if len(r.suffixes) > 0 {
		// ".tar.gz" and ".gz" are both suffixes; the last two dots are looked at.
		for i, dots := len(base)-1, 0; i >= 0 && dots < 2 && len(base)-i <= 16; i-- {
			if base[i] == '.' {
				dots++
				m |= r.suffixes[lower(base[i:])]
			}
		}
	}
	if len(base) >= prefixKey && len(r.prefixes) > 0 {
		for _, route := range r.prefixes[base[:prefixKey]] {
			if strings.HasPrefix(base, route.prefix) {
				m |= route.who
			}
		}
	}
	for i := range r.parents {
		if names := r.parents[i].names[base]; names != 0 && strings.HasSuffix(dir, r.parents[i].suffix) {
			m |= names
		}
	}
	return m
}

func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return strings.ToLower(s)
		}
	}
	return s
}

// systemFile says whether package verification may ask for the MD5 or SHA-1 of a file: below system directories, but
// not in the trees of language package managers.
func systemFile(path image.Path) bool {
	top, _, nested := strings.Cut(string(path), "/")
	if !nested {
		return false
	}
	switch {
	case top == "bin", top == "sbin", top == "usr", top == "etc", top == "opt", strings.HasPrefix(top, "lib"):
	default:
		return false
	}
	return !strings.Contains(string(path), "/node_modules/") && !strings.Contains(string(path), "/site-packages/")
}

// keptFile says whether the merge may need the content of a small file: the distribution's own words, and the users.
func keptFile(path image.Path) bool {
	switch path {
	case "etc/system-release-cpe", "etc/redhat-release", "etc/centos-release", "etc/system-release", "etc/alpine-release",
		"etc/debian_version", "etc/lsb-release", "etc/passwd", "etc/group":
		return true
	}
	return osRelease(path)
}

// osRelease is any file of that name below etc and usr/lib: links between them are followed when the tree is merged.
func osRelease(path image.Path) bool {
	return strings.Contains(path.Base(), "os-release") && (path.Under("etc") || path.Under("usr/lib") || path.Under("lib"))
}

// maybeBusybox says whether an executable may be busybox, which some images have instead of any release file.
func maybeBusybox(path image.Path, size int64) bool {
	if size > 4*mib {
		return false
	}
	switch path.Dir() {
	case "bin", "sbin", "usr/bin", "usr/sbin":
		return true
	}
	return false
}
