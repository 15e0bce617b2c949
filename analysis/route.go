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
	below            []belowRoute
	executables      mask
	sameContent      mask
	matches          []matchRoute
	all              mask
}

type matchRoute struct {
	match func(image.Path, int64) bool
	mask  mask
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
	// above says that the suffix is that of the parent's parent.
	above bool
	// names and endings (".json") of the files.
	names, endings map[string]mask
}

// belowRoute has the names that are wanted below a directory, which ends in a slash.
type belowRoute struct {
	dir   string
	names map[string]mask
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
				route := parentRoute{names: map[string]mask{}, endings: map[string]mask{}}
				route.suffix, route.above = strings.CutSuffix(suffix, "/*")
				r.parents = append(r.parents, route)
			}
			for _, n := range names {
				if ending, ok := strings.CutPrefix(n, "*"); ok {
					r.parents[at].endings[ending] |= m
				} else {
					r.parents[at].names[n] |= m
				}
			}
		}
		for dir, names := range c.Want.Below {
			route := belowRoute{string(dir) + "/", map[string]mask{}}
			for _, n := range names {
				route.names[n] |= m
			}
			r.below = append(r.below, route)
		}
		if c.Want.Executables {
			r.executables |= m
		}
		if c.Want.SameContent {
			r.sameContent |= m
		}
		if c.Want.Match != nil {
			r.matches = append(r.matches, matchRoute{c.Want.Match, m})
		}
	}
	return r
}

// wanted is who wants a file of this path and size.
func (r *router) wanted(path image.Path, size int64) mask {
	m := r.byName(path)
	for i := range r.matches {
		if r.matches[i].match(path, size) {
			m |= r.matches[i].mask
		}
	}
	return m
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
	above := dir[:max(0, strings.LastIndexByte(dir, '/'))]
	if len(base) >= prefixKey && len(r.prefixes) > 0 {
		for _, route := range r.prefixes[base[:prefixKey]] {
			if strings.HasPrefix(base, route.prefix) {
				m |= route.who
			}
		}
	}
	for i := range r.parents {
		route := &r.parents[i]
		if !route.above && strings.HasSuffix(dir, route.suffix) || route.above && strings.HasSuffix(above, route.suffix) {
			m |= route.names[base]
			if dot := strings.LastIndexByte(base, '.'); dot >= 0 && len(route.endings) > 0 {
				m |= route.endings[base[dot:]]
			}
		}
	}
	for i := range r.below {
		if strings.HasPrefix(p, r.below[i].dir) {
			m |= r.below[i].names[base]
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
// not where distributions keep nothing, nor in an application's own trees below opt.
func systemFile(path image.Path) bool {
	top, rest, nested := strings.Cut(string(path), "/")
	if !nested {
		return false
	}
	switch {
	case top == "usr":
		return !strings.HasPrefix(rest, "local/") && !strings.HasPrefix(rest, "src/")
	case top == "opt":
		return !strings.Contains(rest, "/node_modules/") && !strings.Contains(rest, "/site-packages/")
	case top == "bin", top == "sbin", top == "etc", top == "boot", strings.HasPrefix(top, "lib"):
		return true
	}
	return false
}

// keptFile says whether the merge may need the content of a small file: the distribution's own words, and the users.
func keptFile(path image.Path) bool {
	switch path {
	case "etc/system-release-cpe", "etc/debian_version", "etc/lsb-release", "etc/openwrt_release", "etc/passwd", "etc/group", hintsFile:
		return true
	}
	if path.Dir() == "etc" && strings.HasSuffix(string(path), "-release") {
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
