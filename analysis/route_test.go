package analysis

import (
	"testing"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

func TestRouteByParents(t *testing.T) {
	t.Parallel()
	r := newRouter([]catalog.Cataloger{
		{Want: catalog.Want{Parents: map[string][]string{".dist-info": {"METADATA"}}}},
		{Want: catalog.Want{Parents: map[string][]string{"conda-meta": {"*.json"}}}},
		{Want: catalog.Want{Parents: map[string][]string{"wp-content/plugins/*": {"*.php"}, "/.meta/*": {"MYMETA.json"}}}},
	})
	for path, want := range map[image.Path]mask{
		"lib/a-1.dist-info/METADATA":            1,
		"lib/a-1.dist-info/RECORD":              0,
		"opt/conda/conda-meta/a-1.2-py3_0.json": 2,
		"opt/conda/conda-meta/history":          0,
		"opt/conda/conda-meta/x/a.json":         0,
		"w/wp-content/plugins/a/a.php":          4,
		"w/wp-content/plugins/a.php":            0,
		"w/wp-content/plugins/a/inc/b.php":      0,
		"usr/perl5/.meta/A-1/MYMETA.json":       4,
		"MYMETA.json":                           0,
		"a":                                     0,
	} {
		if got := r.byName(path); got != want {
			t.Errorf("%s: %b, want %b", path, got, want)
		}
	}
}

// The router asks a cataloguer for a file exactly when one of its conditions holds.
func TestRouter(t *testing.T) {
	t.Parallel()
	r := newRouter([]catalog.Cataloger{
		{Want: catalog.Want{Names: []string{"go"}, Prefixes: []string{"libcrypto.so", "lib"}}},
		{Want: catalog.Want{Prefixes: []string{"libcrypto.so", "python3."}, Suffixes: []string{".tar.gz"}}},
		{Want: catalog.Want{Paths: []image.Path{"etc/x"}, In: []image.Path{"etc/d"}, Parents: map[string][]string{".dist-info": {"METADATA"}}}},
	})
	for path, want := range map[image.Path]mask{
		"usr/lib/libcrypto.so.3": 0b11, "libcrypto.so": 0b11, "usr/lib/libcrypt": 0b01, "lib": 0b01, "lib/x": 0, "li": 0, "": 0,
		"usr/bin/python3.11": 0b10, "usr/bin/python3": 0, "python3./x": 0, "usr/bin/go": 0b01, "go/bin": 0, "a/LIBCRYPTO.SO": 0,
		"a/b.TAR.gz": 0b10, "lib.tar.gz": 0b11, "etc/x": 0b100, "etc/d/y": 0b100, "etc/d/y/z": 0, "p/a.dist-info/METADATA": 0b100, "METADATA": 0,
	} {
		if got := r.byName(path); got != want {
			t.Errorf("%q: got %b, want %b", path, got, want)
		}
	}
}

func BenchmarkRouter(b *testing.B) {
	r := newRouter(catalog.All())
	paths := []image.Path{"usr/lib/x86_64-linux-gnu/libcrypto.so.3", "usr/share/doc/bash/README", "opt/app/node_modules/a/package.json", "usr/bin/python3.11"}
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range paths {
			r.byName(p)
		}
	}
}

// A mask has a bit for each cataloguer: when there are more, it has to grow.
func TestCatalogersFitTheMask(t *testing.T) {
	t.Parallel()
	if n := len(catalog.All()); n > 64 {
		t.Errorf("%d cataloguers, and the mask of the router has 64 bits", n)
	}
}
