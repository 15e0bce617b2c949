package gate

import (
	"slices"
	"strings"
	"time"

	"landwaiter.dev/internal/pyregex"
)

// The scores that a rule can ask for, in the order of messages.
var scoreNames = []string{"base", "exploitability", "impact"}

// packageParams are the parameters of the package trigger, in their order.
func packageParams() []Param {
	comparison := Enum(comparisons...)
	params := []Param{
		{Name: "package_type", Required: true, Type: packageTypes, Example: "all", Description: "Kind of packages to look at: those of the distribution, all others, or all."},
		{Name: "severity_comparison", Type: comparison, Example: ">", Description: "How the severity is compared; > when absent."},
		{Name: "severity", Type: Enum(severityWords...), Example: "high", Description: "Severity to compare with; unknown when absent, so that with neither given, vulnerabilities of unknown severity are left out."},
	}
	addScores := func(prefix, whose string) {
		for _, s := range scoreNames {
			params = append(params,
				Param{Name: prefix + s + "_score_comparison", Type: comparison, Example: ">=", Description: "How the CVSS version 3 " + s + " score " + whose + " is compared; >= when absent."},
				Param{Name: prefix + s + "_score", Type: Float, Description: "CVSS version 3 " + s + " score " + whose + " to compare with; a vulnerability without one counts as -1.0."})
		}
	}
	addScores("cvss_v3_", "of NVD")
	params = append(params,
		Param{Name: "fix_available", Type: Bool, Example: "true", Description: "Only vulnerabilities that have a fixed version (true), or have none (false)."},
		Param{Name: "vendor_only", Type: Bool, Example: "true", Description: "Leave out what the distribution has decided not to fix; true when absent."},
		Param{Name: "max_days_since_creation", Type: Int, Example: "7", Description: "Days for which a vulnerability is left out after it was first seen on this image."},
		Param{Name: "max_days_since_fix", Type: Int, Example: "30", Description: "Days for which a vulnerability is left out after a fix was first seen; only with fix_available=true."})
	addScores("vendor_cvss_v3_", "of the advisory's publisher")
	params = append(params,
		Param{Name: "package_path_exclude", Type: Text, Known: pathPattern, Example: ".*/test/.*\\.jar", Description: "Regular expression, matched from the start; packages that are not of the distribution and whose path it matches are left out."})
	for i := range params {
		params[i].Order = i + 1
	}
	return params
}

// scoreTest is a condition on one score.
type scoreTest struct {
	name       string // of the parameter
	index      int    // in scoreNames
	comparison string
	value      float64
}

func (s scores) at(i int) float64 { return [...]float64{s.base, s.exploitability, s.impact}[i] }

// scoreTests reads the conditions on the scores whose parameters begin with the prefix. A comparison without a score is
// ignored.
func scoreTests(v Values, prefix string) []scoreTest {
	var tests []scoreTest
	for i, s := range scoreNames {
		name := prefix + s + "_score"
		if value, ok := v.Float(name); ok {
			tests = append(tests, scoreTest{name, i, v.Word(name+"_comparison", ">="), value})
		}
	}
	return tests
}

// pass says whether the scores satisfy all tests.
func pass(tests []scoreTest, s scores) bool {
	return !slices.ContainsFunc(tests, func(t scoreTest) bool { return !compares(s.at(t.index), t.comparison, t.value) })
}

// scoreText shows the scores that were asked for, but for those that are 0.
func scoreText(tests []scoreTest, s scores) string {
	var parts []string
	for _, t := range tests {
		if f := s.at(t.index); f != 0 {
			parts = append(parts, t.name+"="+pythonFloat(f))
		}
	}
	return inParentheses(parts)
}

func inParentheses(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, " ") + ")"
}

// packageRule is one compiled rule of the package trigger.
type packageRule struct {
	packageType, comparison string
	severity                int
	exclude                 *pyregex.Regexp
	vendorOnly              bool
	sinceCreation, sinceFix int // days, -1 for no condition
	fixes                   func(*finding) bool
	nvd, vendor             []scoreTest
}

func compilePackage(v Values) (Check, error) {
	exclude, err := v.Regexp("package_path_exclude")
	if err != nil {
		return nil, err
	}
	r := &packageRule{
		packageType:   v["package_type"],
		comparison:    v.Word("severity_comparison", ">"),
		severity:      slices.Index(severityWords, v.Word("severity", "unknown")),
		exclude:       exclude,
		vendorOnly:    v.Bool("vendor_only", true),
		sinceCreation: v.Days("max_days_since_creation"),
		sinceFix:      -1,
		fixes:         fixCondition(v),
		nvd:           scoreTests(v, "cvss_v3_"),
		vendor:        scoreTests(v, "vendor_cvss_v3_"),
	}
	if v.Bool("fix_available", false) {
		r.sinceFix = v.Days("max_days_since_fix")
	}
	return r.check, nil
}

func (r *packageRule) check(c *Context, fire Fire) error {
	all := c.vulnerabilities()
	for i := range all {
		f := &all[i]
		if !f.counts(r.packageType, r.vendorOnly) || !compares(int(f.Severity), r.comparison, r.severity) || !r.fixes(f) {
			continue
		}
		nvd, vendor := f.cvss(true), f.cvss(false)
		if !pass(r.nvd, nvd) || !pass(r.vendor, vendor) {
			continue
		}
		if r.exclude != nil && !f.os {
			excluded, err := c.Match(r.exclude, f.path)
			if err != nil {
				return err
			}
			if excluded {
				continue
			}
		}
		dates, due := r.ages(c, f)
		if !due {
			continue
		}
		fire(f.id, f.opening("Vulnerability")+scoreText(r.nvd, nvd)+dates+scoreText(r.vendor, vendor)+f.closing())
	}
	return nil
}

// ages tests the conditions on age, the last ones: where they alone hold a row back, its moment is noted.
func (r *packageRule) ages(c *Context, f *finding) (dates string, due bool) {
	if r.sinceCreation < 0 && r.sinceFix < 0 {
		return "", true
	}
	var parts []string
	var from time.Time // the row is due from then on
	if r.sinceCreation >= 0 {
		detected := c.detectedAt(f)
		parts = append(parts, "max_days_since_creation="+day(detected))
		from = afterDays(detected, r.sinceCreation)
	}
	if r.sinceFix >= 0 && !f.FixSince.IsZero() {
		parts = append(parts, "max_days_since_fix="+day(f.FixSince))
		if t := afterDays(f.FixSince, r.sinceFix); t.After(from) {
			from = t
		}
	}
	if c.At.Before(from) {
		c.ChangesAt(from)
		return "", false
	}
	return inParentheses(parts), true
}

// detectedAt is when the finding was first seen on this image; now, when that is not known.
func (c *Context) detectedAt(f *finding) time.Time {
	t := f.Since
	if c.DetectedAt != nil {
		t = c.DetectedAt(f.ImageFinding)
	}
	if t.IsZero() {
		return c.At
	}
	return t
}
