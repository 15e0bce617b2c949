package license

import (
	"os"
	"strings"
	"testing"

	"landwaiter.dev/image"
)

func BenchmarkWanted(b *testing.B) {
	paths := []image.Path{"usr/lib/x86_64-linux-gnu/libc.so.6", "usr/share/doc/bash/copyright", "app/node_modules/a/index.js", "app/node_modules/a/LICENSE"}
	for b.Loop() {
		for _, p := range paths {
			Wanted(p, 1000)
		}
	}
}

// BenchmarkClassify reads one text of each form anew, as if it had never been seen.
func BenchmarkClassify(b *testing.B) {
	apache, err := os.ReadFile("../../LICENSE")
	if err != nil {
		b.Fatal(err)
	}
	dep5 := "Format: 1.0\n\n" + strings.Repeat("Files: *\nCopyright: 2020 A\nLicense: GPL-2+\n\n", 50) + "License: GPL-2+\n " + strings.ReplaceAll(gplNotice, "\n", "\n ")
	for _, c := range []struct {
		name string
		path image.Path
		data string
	}{
		{"MIT", "a/LICENSE", mit}, {"Apache", "a/LICENSE", string(apache)}, {"DEP-5", copyrightPath, dep5},
		{"prose", copyrightPath, "Copyright.\n" + gplNotice + mit + isc + "/usr/share/common-licenses/GPL-2"},
	} {
		data := []byte(c.data)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			Classify(c.path, data) // makes the scanners
			for b.Loop() {
				known.m = nil
				if _, ok := Classify(c.path, data); !ok {
					b.Fatal("not classified")
				}
			}
		})
	}
}

func BenchmarkExpression(b *testing.B) {
	for b.Loop() {
		for _, s := range []string{"MIT", "GPLv2+ and (LGPLv2+ or MIT)", "http://www.apache.org/licenses/LICENSE-2.0.txt"} {
			Expression([]string{s}, image.RPM)
		}
	}
}
