package catalog

import "bytes"

// classRoot finds the directory in which, or below which, all classes of an archive lie.
type classRoot struct {
	dir  []byte
	seen bool
}

// maxClassRoot is the longest directory in bytes that is kept.
const maxClassRoot = 250

// add takes the name of an entry. Classes for single releases of Java, which META-INF holds, and those outside of any
// package, such as module-info, do not count; those of an application are in a directory of it.
func (c *classRoot) add(name []byte) {
	if !bytes.HasSuffix(name, []byte(".class")) || c.seen && len(c.dir) == 0 {
		return
	}
	if c.seen && len(name) > len(c.dir) && name[len(c.dir)] == '/' && bytes.HasPrefix(name, c.dir) {
		return
	}
	for _, prefix := range []string{"BOOT-INF/classes/", "WEB-INF/classes/"} {
		name = bytes.TrimPrefix(name, []byte(prefix))
	}
	slash := bytes.LastIndexByte(name, '/')
	if slash <= 0 || bytes.HasPrefix(name, []byte("META-INF/")) {
		return
	}
	if name = name[:slash]; !c.seen {
		c.seen = true
		if len(name) <= maxClassRoot {
			c.dir = bytes.Clone(name)
		}
		return
	}
	n := 0
	for n < len(c.dir) && n < len(name) && c.dir[n] == name[n] {
		n++
	}
	if n == len(c.dir) && (n == len(name) || name[n] == '/') {
		return
	}
	if n == len(name) && c.dir[n] == '/' {
		c.dir = c.dir[:n]
		return
	}
	c.dir = c.dir[:max(0, bytes.LastIndexByte(c.dir[:n], '/'))]
}

// String is the directory with slashes, "org/springframework/web"; "" when there is none that all classes share, or its name
// is not made of letters, digits and "_$-" as names of packages are.
func (c *classRoot) String() string {
	for _, b := range c.dir {
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '$' || b == '-' || b == '/') {
			return ""
		}
	}
	return string(c.dir)
}
