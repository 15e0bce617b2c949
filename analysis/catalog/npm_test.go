package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestNPMFields(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, in string
		want     image.Package
	}{
		{"strings", `{"name":"@hapi/hoek","version":"8.5.0","license":"BSD-3-Clause","author":"A <a@x.example>","homepage":"https://h"}`,
			image.Package{Name: "@hapi/hoek", Version: "8.5.0", Licenses: []string{"BSD-3-Clause"}, Origin: "A <a@x.example>", Homepage: "https://h"}},
		{"objects", `{"name":"x","version":"1.0.0","license":{"type":"MIT","url":"u"},"author":{"name":"A","email":"a@x.example"},"repository":{"type":"git","url":"git+https://r"}}`,
			image.Package{Name: "x", Version: "1.0.0", Licenses: []string{"MIT"}, Origin: "A <a@x.example>", Homepage: "git+https://r"}},
		{"lists", `{"name":"x","version":"1.0.0","licenses":[{"type":"MIT"},"Apache-2.0",7],"maintainers":[{"name":"A"},"B"]}`,
			image.Package{Name: "x", Version: "1.0.0", Licenses: []string{"MIT", "Apache-2.0"}, Origin: "A, B"}},
		{"one bad field spoils no other", `{"license":7,"author":[],"homepage":{},"name":"x","repository":null,"version":"1.0.0","engines":"node"}`,
			image.Package{Name: "x", Version: "1.0.0"}},
		{"as npm cleans versions", `{"name":"x","version":"v1.0.0 "}`, image.Package{Name: "x", Version: "1.0.0"}},
		{"byte order mark", "\xef\xbb\xbf" + `{"name":"x","version":"1.0.0"}`, image.Package{Name: "x", Version: "1.0.0"}},
		{"not UTF-8", "{\"name\":\"x\",\"version\":\"1.0.0\",\"author\":\"Andr\xe9\"}", image.Package{Name: "x", Version: "1.0.0", Origin: "Andr\uFFFD"}},
		{"deep", `{"name":"x","y":` + strings.Repeat("[", 50000) + strings.Repeat("]", 50000) + `,"version":"1.0.0"}`, image.Package{Name: "x", Version: "1.0.0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := "app/node_modules/any/package.json"
			found, err := readBytes(NPM(), path, []byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			tc.want.Type, tc.want.Location = image.NPM, image.Path(path)
			if d := cmp.Diff([]image.Package{tc.want}, found.Packages); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNPMPlaces(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"app/package.json":                                                      "outside",
		"app/node_modules/left-pad/package.json":                                "installed",
		"app/node_modules/alias/package.json":                                   "installed", // npm:left-pad under another name
		"app/node_modules/@scope/left-pad/package.json":                         "installed",
		"app/node_modules/a/node_modules/left-pad/package.json":                 "installed",
		"app/node_modules/.store/left-pad@1/node_modules/left-pad/package.json": "installed",
		"usr/local/lib/node_modules/npm/node_modules/left-pad/package.json":     "installed",
		"app/node_modules/test/package.json":                                    "installed", // a package of that name
		"usr/share/nodejs/left-pad/package.json":                                "outside",
		"app/vendor/left-pad/package.json":                                      "outside",
		"app/node_modules/next/dist/compiled/left-pad/package.json":             "embedded",
		"app/node_modules/next/dist/esm/package.json":                           "",
		"app/node_modules/resolve/test/left-pad/package.json":                   "",
		"app/test/fixtures/left-pad/package.json":                               "",
		"app/node_modules/package.json":                                         "",
		"app/node_modules/@scope/package.json":                                  "",
	} {
		found, err := readBytes(NPM(), path, []byte(`{"name":"left-pad","version":"1.1.3"}`))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, p := range found.Packages {
			got = fmt.Sprint(map[bool]string{false: "installed", true: "embedded"}[p.Embedded])
			if !strings.Contains(path, "node_modules") {
				got = "outside"
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestNPMNotPackages(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, path, in string
		gap, broken    bool
	}{
		{"configuration of a directory", "app/config/package.json", `{"private":true,"type":"module"}`, false, false},
		{"template", "app/skeleton/package.json", `{"name":"{{name}}","version":"{{version}}"}`, false, false},
		{"editor extension", "root/.vscode/extensions/git/package.json", `{"name":"git","version":"1.0.0","engines":{"vscode":"^1.5.0"}}`, false, false},
		{"cut off", "app/broken/package.json", `{"name":"broken","version":`, false, true},
		{"no JSON", "app/broken/package.json", `<html>`, false, true},
		{"empty", "app/broken/package.json", ``, false, true},
		{"wrong types where a package must be", "app/node_modules/x/package.json", `{"name":["a"],"version":{"x":1}}`, true, false},
		{"injection", "app/node_modules/x/package.json", `{"name":"x","version":"1.0.0';DROP TABLE images;--"}`, true, false},
	} {
		found, err := readBytes(NPM(), tc.path, []byte(tc.in))
		if len(found.Packages) > 0 || (err != nil) != tc.broken || (len(found.Gaps) > 0) != tc.gap {
			t.Errorf("%s: got %+v, %v", tc.name, found, err)
		}
	}
}

func FuzzNPM(f *testing.F) {
	f.Add([]byte(`{"name":"@hapi/hoek","version":"8.5.0","license":{"type":"MIT"},"author":{"name":"A","email":"a@x"},"repository":{"url":"u"}}`))
	f.Add([]byte(`{"name":"x","version":"1.0.0","licenses":[{"type":"MIT"},"Apache-2.0",7],"maintainers":[{"name":"A"},"B"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, _ := readBytes(NPM(), "app/node_modules/x/package.json", data)
		checkPackages(t, found.Packages)
	})
}

func BenchmarkNPM(b *testing.B) {
	data := []byte(`{"name":"express","description":"` + strings.Repeat("fast, unopinionated ", 20) + `","version":"4.17.1","author":"TJ <tj@x.example>","license":"MIT","dependencies":{` +
		strings.Repeat(`"a":"1.0.0",`, 40) + `"b":"1"},"scripts":{"test":"mocha"}}`)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if found, err := readBytes(NPM(), "app/node_modules/express/package.json", data); err != nil || len(found.Packages) != 1 {
			b.Fatal(found, err)
		}
	}
}
