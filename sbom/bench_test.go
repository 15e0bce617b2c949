package sbom_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/sbom"
)

// many is a document of 1,000 packages.
func many() *sbom.Document {
	d := sample()
	one := d.Analysis.Packages[0]
	d.Analysis.Packages = nil
	for i := range 1000 {
		one.Name, one.PURL = fmt.Sprintf("package-%d", i), ""
		d.Analysis.Packages = append(d.Analysis.Packages, one)
	}
	d.Analysis.Layers = []image.Layer{layer("0")}
	return d
}

func BenchmarkEncode(b *testing.B) {
	d := many()
	for _, form := range sbom.Formats() {
		b.Run(form, func(b *testing.B) {
			for b.Loop() {
				if err := sbom.Encode(io.Discard, form, d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	d := many()
	for _, form := range inForms {
		raw := encode(b, form, d)
		b.Run(form, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, err := sbom.Decode(bytes.NewReader(raw), ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
