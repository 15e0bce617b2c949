package vex_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
)

// BenchmarkApply lays a document of 5,000 statements on 500 findings of 500 packages.
func BenchmarkApply(b *testing.B) {
	var statements []object
	for i := range 5000 {
		statements = append(statements, object{
			"vulnerability": object{"name": fmt.Sprintf("CVE-2026-%d", i)}, "status": "fixed", "timestamp": early,
			"products": []object{{"@id": "pkg:oci/web", "subcomponents": []object{{"@id": fmt.Sprintf("pkg:deb/debian/p%d", i%1000)}}}},
		})
	}
	raw, err := json.Marshal(object{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "d", "statements": statements})
	if err != nil {
		b.Fatal(err)
	}
	doc, err := vex.Parse(raw)
	if err != nil {
		b.Fatal(err)
	}
	var pkgs []image.Package
	var findings []advisory.ImageFinding
	for i := range 500 {
		p := image.Package{Type: image.Deb, Name: fmt.Sprintf("p%d", i), Version: "1", SourceName: fmt.Sprintf("p%d", i), SourceVersion: "1"}
		pkgs = append(pkgs, p)
		findings = append(findings, advisory.ImageFinding{Finding: advisory.Finding{ID: fmt.Sprintf("CVE-2026-%d", i)}, Package: p})
	}
	b.Run("parse", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		for b.Loop() {
			if _, err := vex.Parse(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("apply", func(b *testing.B) {
		for b.Loop() {
			if left := vex.Apply(findings, pkgs, subject(), []vex.Attached{{Document: doc, Counts: true}}); len(left) != 4500 {
				b.Fatal(len(left))
			}
		}
	})
}
