package gate

import "slices"

// narrowingParams are the parameters by which rules about vulnerabilities say which of them they are about, from a place on
// in the order.
func narrowingParams(order int) []Param {
	params := []Param{
		{Name: "severity", Type: Enum(severityWords...), Example: "high", Description: "Severity to compare with; every vulnerability when absent."},
		{Name: "severity_comparison", Type: Enum(comparisons...), Example: ">=", Description: "How the severity is compared; >= when absent."},
		{Name: "package_type", Type: packageTypes, Example: "all", Description: "Kind of packages to look at: those of the distribution, all others, or all; all when absent."},
		{Name: "fix_available", Type: Bool, Example: "true", Description: "Only vulnerabilities that have a fixed version (true), or have none (false)."},
		{Name: "vendor_only", Type: Bool, Example: "true", Description: "Leave out what the distribution has decided not to fix; false when absent."},
	}
	for i := range params {
		params[i].Order = order + i
	}
	return params
}

// narrow makes the condition that [narrowingParams] describe.
func narrow(v Values) func(*finding) bool {
	severity := slices.Index(severityWords, v.Word("severity", "unknown"))
	comparison, packageType, vendorOnly, fixes := v.Word("severity_comparison", ">="), v.Word("package_type", "all"), v.Bool("vendor_only", false), fixCondition(v)
	return func(f *finding) bool {
		return f.counts(packageType, vendorOnly) && compares(int(f.Severity), comparison, severity) && fixes(f)
	}
}
