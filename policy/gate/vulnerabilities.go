package gate

import (
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
)

var vulnerabilitiesGate = Gate{
	Name:        "vulnerabilities",
	Description: "Checks of the known vulnerabilities of the packages in the image.",
	Triggers: []Trigger{
		{
			Name:        "package",
			Description: "Fires for each vulnerability of a package that satisfies all the conditions given.",
			Params:      packageParams(),
			Compile:     compilePackage,
			Odd:         oddPackage,
		},
		{
			Name:        "stale_feed_data",
			Description: "Fires when the advisory data for the image's distribution is absent or older than a number of days.",
			Params: []Param{{Name: "max_days_since_sync", Order: 1, Required: true, Type: Int, Example: "10",
				Description: "Age in days from which on the data is too old."}},
			Compile: func(v Values) (Check, error) {
				given, days := strings.TrimSpace(v["max_days_since_sync"]), v.Days("max_days_since_sync")
				return func(c *Context, fire Fire) error {
					if c.Feed.Present && !c.Feed.LastSync.IsZero() {
						if stale := afterDays(c.Feed.LastSync, days); c.At.Before(stale) {
							c.ChangesAt(stale)
							return nil
						}
					}
					fire("", "The vulnerability feed for this image distro is older than MAXAGE ("+decimal(given)+") days")
					return nil
				}, nil
			},
		},
		{
			Name:        "vulnerability_data_unavailable",
			Description: "Fires when there is no advisory data for the image's distribution, or the image has none that is known.",
			Compile: func(Values) (Check, error) {
				return func(c *Context, fire Fire) error {
					if !c.Feed.Present {
						fire("", "Distro-specific feed data not found for distro namespace: "+c.namespace()+". Cannot perform CVE scan OS/distro packages")
					}
					return nil
				}, nil
			},
		},
		{
			Name:        "blacklist",
			Description: "Fires once when any of the listed vulnerabilities is found.",
			Params: []Param{
				{Name: "vulnerability_ids", Order: 1, Required: true, Type: List, Known: knownVulnerabilities, Example: "CVE-2019-1234",
					Description: "Ids of vulnerabilities, in the exact spelling of the vulnerability list."},
				{Name: "vendor_only", Order: 2, Type: Bool, Example: "true",
					Description: "Leave out what the distribution has decided not to fix; true when absent."},
			},
			Compile: compileDeniedVulnerability,
		},
		{
			Name: "known_exploited",
			Description: "Fires for each vulnerability of a package that CISA's catalogue lists as exploited in the wild. The trigger id is that of the " +
				"package trigger, so that one entry of an allowlist covers both. An addition of Landwaiter.",
			Params: []Param{
				{Name: "package_type", Order: 1, Type: packageTypes, Example: "all", Description: "Kind of packages to look at; all when absent."},
				{Name: "fix_available", Order: 2, Type: Bool, Example: "true",
					Description: "Only those that have a fixed version (true), or have none (false)."},
			},
			Compile: compileKnownExploited,
		},
	},
}

var packageTypes = Enum("all", "os", "non-os")

// decimal writes a number of digits without leading zeros.
func decimal(digits string) string {
	if s := strings.TrimLeft(digits, "0"); s != "" {
		return s
	}
	return "0"
}

// distro is the distribution with its version, in the words of messages.
func (c *Context) distro() (id, version string) {
	d := c.Analysis.Distro
	if d.ID == "" {
		return "Unknown", "0"
	}
	return d.ID, orWord(d.VersionID, "0")
}

// namespace is the distribution with its version as one word.
func (c *Context) namespace() string {
	id, version := c.distro()
	return id + ":" + version
}

// counts says whether a finding is one that the rule is about by its package and the vendor's word.
func (f *finding) counts(packageType string, vendorOnly bool) bool {
	return (packageType == "all" || packageType == f.class()) && (!vendorOnly || f.State != advisory.WontFix)
}

func compileDeniedVulnerability(v Values) (Check, error) {
	ids, vendorOnly := v.List("vulnerability_ids"), v.Bool("vendor_only", true)
	return func(c *Context, fire Fire) error {
		found := map[string]bool{}
		all := c.vulnerabilities()
		for i := range all {
			f := &all[i]
			if f.counts("all", vendorOnly) {
				found[f.ID] = true
			}
		}
		listed := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !found[id] })
		if len(listed) > 0 {
			fire("", "Blacklisted vulnerabilities detected: "+PythonList(listed))
		}
		return nil
	}, nil
}

func compileKnownExploited(v Values) (Check, error) {
	packageType := v.Word("package_type", "all")
	fixes := fixCondition(v)
	return func(c *Context, fire Fire) error {
		all := c.vulnerabilities()
		for i := range all {
			f := &all[i]
			if f.KnownExploited != "" && f.counts(packageType, false) && fixes(f) {
				fire(f.id, f.opening("known exploited vulnerability")+"(exploited since "+f.KnownExploited+")"+f.closing())
			}
		}
		return nil
	}, nil
}

func fixCondition(v Values) func(*finding) bool {
	if !v.Has("fix_available") {
		return func(*finding) bool { return true }
	}
	wanted := v.Bool("fix_available", true)
	return func(f *finding) bool { return (len(f.Fixes) > 0) == wanted }
}

// day writes the date of t, in UTC.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
