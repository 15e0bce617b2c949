package advisory

import (
	"fmt"
	"testing"

	"landwaiter.dev/image"
)

// BenchmarkMatch matches 500 packages, half of a distribution, each against 30 records of which a third holds: a packed
// image. The goal is 20 ms; the floor is to look at every entry once without reading a version.
func BenchmarkMatch(b *testing.B) {
	var pkgs []Package
	var records [][]*Record
	for i := range 500 {
		name := fmt.Sprintf("package-%d", i)
		p, ecosystem := python(name, "1.10.3"), "PyPI"
		if i%2 == 0 {
			p, ecosystem = debian(name, "1:1.10.3+dfsg-2+deb12u3"), "Debian:12"
		}
		var list []*Record
		for j := range 30 {
			id := fmt.Sprintf("CVE-2024-%05d", i*100+j)
			fixed := []string{"1.9", "1.10.3", "1.12." + string(rune('0'+j/3))}[j%3]
			if i%2 == 0 {
				fixed = "1:" + fixed + "+dfsg-1+deb12u1"
			}
			list = append(list, with(about("X-"+id, ecosystem, name, "0.."+fixed), func(r *Record) {
				r.Aliases, r.Summary = []string{id}, "A vulnerability of "+name
				r.Severity = []Score{{"CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}}
			}))
		}
		pkgs, records = append(pkgs, p), append(records, list)
	}
	b.Run("match", func(b *testing.B) {
		b.ReportAllocs()
		found := 0
		for b.Loop() {
			found = 0
			for i := range pkgs {
				findings, problems := Match(pkgs[i], records[i], nil)
				if problems != nil {
					b.Fatal(problems)
				}
				found += len(findings)
			}
		}
		b.ReportMetric(float64(found), "findings")
	})
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			named := 0
			for i := range pkgs {
				k := pkgs[i].Keys()[0]
				for _, r := range records[i] {
					if r.Affected[0].Package == k.Name && r.Affected[0].Ecosystem == k.Ecosystem {
						named++
					}
				}
			}
			if named != 15000 {
				b.Fatal(named)
			}
		}
	})
}

func BenchmarkAssemble(b *testing.B) {
	d := file(about("PYSEC-1", "PyPI", "x", "0.."))
	pkgs := make([]image.Package, 500)
	for i := range pkgs {
		pkgs[i] = image.Package{Type: image.Python, Name: "x", Version: "1"}
	}
	list := d.known(python("x", "1"))
	for b.Loop() {
		Assemble(pkgs, image.Distro{}, func(Package) []Knowledge { return list }, d.of)
	}
}
