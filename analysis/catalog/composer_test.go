package catalog

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

const composerTwo = `{"packages":[
 {"name":"twig/twig","version":"v1.38.0","version_normalized":"1.38.0.0","license":["BSD-3-Clause"],"homepage":"https://twig","authors":[{"name":"F","email":"f@x.example"}]},
 {"name":"acme/broken","version":7},
 {"name":"phpunit/phpunit","version":"4.8.27","license":"BSD-3-Clause","source":{"url":"https://git"}}
],"dev":true,"dev-package-names":["phpunit/phpunit"]}`

func TestComposer(t *testing.T) {
	t.Parallel()
	at := image.Path("srv/vendor/composer/installed.json")
	for _, tc := range []struct {
		name, in string
		want     []image.Package
		gaps     int
	}{
		{"Composer 2", composerTwo, []image.Package{
			{Name: "twig/twig", Version: "v1.38.0", Licenses: []string{"BSD-3-Clause"}, Homepage: "https://twig", Origin: "F <f@x.example>"},
			{Name: "phpunit/phpunit", Version: "4.8.27", Licenses: []string{"BSD-3-Clause"}, Homepage: "https://git", Extra: map[string]string{"dev": "true"}},
		}, 1},
		{"Composer 1", `[{"name":"smarty/smarty","version":"v3.1.33"}]`, []image.Package{{Name: "smarty/smarty", Version: "v3.1.33"}}, 0},
		{"names after packages", `{"dev-package-names":["a/b"],"packages":[{"name":"a/b","version":"dev-main"}]}`,
			[]image.Package{{Name: "a/b", Version: "dev-main", Extra: map[string]string{"dev": "true"}}}, 0},
		{"nothing installed", `{"packages":[]}`, nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			found, err := readBytes(Composer(), string(at), []byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			for i := range tc.want {
				tc.want[i].Type, tc.want[i].Location = image.Composer, at
			}
			if d := cmp.Diff(tc.want, found.Packages); d != "" || len(found.Gaps) != tc.gaps {
				t.Error(d, found.Gaps)
			}
		})
	}
}

func TestComposerBroken(t *testing.T) {
	t.Parallel()
	for _, in := range []string{``, `<html>`, `{"packages":[{"name":"a/b"`, `[1,2`} {
		if found, err := readBytes(Composer(), "vendor/composer/installed.json", []byte(in)); err == nil || len(found.Packages) > 0 {
			t.Errorf("%q: got %v, %v; want an error", in, found.Packages, err)
		}
	}
	// What was read before the file breaks off stays.
	found, err := readBytes(Composer(), "vendor/composer/installed.json", []byte(`[{"name":"a/b","version":"1"},{"name":`))
	if err == nil || len(found.Packages) != 1 {
		t.Errorf("got %v, %v; want one package and an error", found.Packages, err)
	}
}

func FuzzComposer(f *testing.F) {
	f.Add([]byte(composerTwo))
	f.Add([]byte(`[{"name":"smarty/smarty","version":"v3.1.33"}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, _ := readBytes(Composer(), "vendor/composer/installed.json", data)
		checkPackages(t, found.Packages)
	})
}
