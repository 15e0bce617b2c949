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
