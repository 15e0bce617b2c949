package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
)

// everything is a bundle with a rule for each trigger, those of [triggerCases] that fire, and an allowlist.
func everything(t testing.TB) *policy.Bundle {
	var rules []string
	for i := range triggerCases {
		tc := &triggerCases[i]
		gateName, trigger, _ := strings.Cut(tc.trigger, "/")
		rules = append(rules, rule("STOP", gateName, trigger, tc.hit...))
	}
	rules = append(rules,
		rule("WARN", "files", "name_match", `regex=/(?!usr)[a-z]+/\.ssh/.*`),
		rule("WARN", "packages", "required_package", "name=package-7", "version=1.0", "version_match_type=minimum"),
		rule("STOP", "packages", "blacklist", "name=package-8"),
		rule("STOP", "vulnerabilities", "package", "package_type=all", "severity_comparison=>=", "severity=medium", "package_path_exclude=.*/test/.*"),
		rule("WARN", "vulnerabilities", "package", "package_type=all", "severity_comparison=>=", "cvss_v3_base_score=7.0", "max_days_since_creation=7"))
	items := `{"gate":"vulnerabilities","trigger_id":"CVE-1-7+*"}`
	for i := range 200 {
		items += fmt.Sprintf(`,{"gate":"vulnerabilities","trigger_id":"CVE-2-%d+package-%d"}`, i, i)
	}
	return mustParse(t, bundleWith(strings.Join(rules, ","), items, ""))
}

// largeImage is the image with bait, with 500 packages, the given number of files and of findings.
func largeImage(t testing.TB, numFiles, findings int) policy.Input {
	_, f := goldenCase(t, "testdata/golden/policy-bait")
	in := f.input()
	a := in.Analysis
	types := []image.PackageType{image.Deb, image.Python, image.NPM}
	for i := range 500 - len(a.Packages) {
		p := image.Package{Type: types[i%3], Name: fmt.Sprintf("package-%d", i), Version: "1.2.3-4", Licenses: []string{"MIT", "GPL-2+"}}
		if !p.Type.OS() {
			p.Location = image.Path(fmt.Sprintf("usr/lib/some/where/package-%d/package.json", i))
		}
		a.Packages = append(a.Packages, p)
	}
	files := f.files()
	for i := range numFiles - len(files) {
		path := fmt.Sprintf("usr/share/some/where/directory-%d/a-file-with-a-name-%d.txt", i/20, i)
		files = append(files, image.File{Path: image.Path(path), Type: image.Regular, Mode: 0o644, SHA256: make([]byte, 32)})
	}
	slices.SortFunc(files, func(a, b image.File) int { return strings.Compare(string(a.Path), string(b.Path)) })
	in.Files = func() []image.File { return files }
	for i := range findings {
		in.Findings = append(in.Findings, advisory.ImageFinding{
			Package: a.Packages[i%500],
			Finding: advisory.Finding{ID: fmt.Sprintf("CVE-%d-%d", i%3, i), Severity: advisory.Severity(i % 6), Fixes: []string{"1.2.4"}, URL: "https://example.org/"},
			Since:   now.AddDate(0, 0, -i%20),
		})
	}
	return in
}

// BenchmarkEvaluate evaluates a bundle with every trigger; the goal for 500 packages and 50,000 files is 50 ms.
func BenchmarkEvaluate(b *testing.B) {
	bundle := everything(b)
	for _, size := range [][2]int{{50_000, 0}, {50_000, 300}, {50_000, 3000}, {200_000, 300}} {
		in := largeImage(b, size[0], size[1])
		b.Run(fmt.Sprintf("files=%d,findings=%d", size[0], size[1]), func(b *testing.B) {
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				e := evaluated(bundle, in)
				rows = len(e.Rows)
				e.Evidence()
			}
			b.ReportMetric(float64(rows), "rows")
		})
	}
}

func BenchmarkParse(b *testing.B) {
	doc := policy.Default()
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := policy.Parse(doc); err != nil {
			b.Fatal(err)
		}
	}
}
